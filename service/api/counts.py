"""Counts over HTTP: numbers from memory, and the answer's bytes again while the numbers are the same."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from schemas.comments import CountsRequestSchema
from service.api.pages import charge_read, public_json
from service.api.representations import Representation, respond
from service.api.requests import DEPS, body_of, checked_article_id, site_of
from service.deps import Deps
from service.domain.errors import ValidationFailed
from service.operations.counts import known_counts, read_counts

CACHE_CONTROL = "public, max-age=5, s-maxage=1"
MOST = 200
REQUEST = CountsRequestSchema()
MAXIMAL_ANSWERS = 2_000
MAXIMAL_LENGTH = 2_048  # characters of a path worth remembering
BELIEVED = 1.0  # seconds


@dataclass(slots=True)
class Answer:
    """A request for counts as it was last answered."""

    site: str
    article_ids: list[str]
    counts: list[int]
    representation: Representation
    changes: int  # of any count, when these were last looked at
    looked_at: float


class Answers:
    """Answers by raw path."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}

    def find(self, raw_path: str) -> Answer | None:
        """How this path was last answered."""
        return self._answers.get(raw_path)

    def keep(self, raw_path: str, answer: Answer) -> None:
        """Remember an answer; strangers' paths must not fill the memory."""
        if len(raw_path) > MAXIMAL_LENGTH:
            return
        if len(self._answers) >= MAXIMAL_ANSWERS:
            self._answers.clear()
        self._answers[raw_path] = answer


ANSWERS = web.AppKey("counts_answers", Answers)


async def get_counts(request: web.Request) -> web.Response:
    """Counts of the articles the query names."""
    app = request.app
    answer = app[ANSWERS].find(request.raw_path)
    if answer is not None and still_right(app[DEPS], answer):
        app[DEPS].counts.hits += 1
        return respond(request, answer.representation)
    answer = await counted(request, checked(request.query.getall("article", [])))
    app[ANSWERS].keep(request.raw_path, answer)
    return respond(request, answer.representation)


def still_right(deps: Deps, answer: Answer) -> bool:
    """Whether the numbers are the same as then; they are looked at only when some count changed, or after a while."""
    now = deps.monotonic()
    if deps.counts.changes == answer.changes and now - answer.looked_at < BELIEVED and not deps.tail.silent(now):
        return True
    changes = deps.counts.changes
    if known_counts(deps, answer.site, answer.article_ids) != answer.counts:
        return False
    answer.changes, answer.looked_at = changes, now
    return True


async def post_counts(request: web.Request) -> web.Response:
    """Counts of the articles the body names: the same read for longer lists."""
    article_ids = checked((await body_of(request, REQUEST))["articles"])
    return respond(request, (await counted(request, article_ids)).representation)


def checked(article_ids: list[str]) -> list[str]:
    """1 to 200 ids, each once. Raises ValidationFailed, InvalidArticleId."""
    if not 1 <= len(article_ids) <= MOST:
        raise ValidationFailed({"article": [f"Name 1 to {MOST} articles."]})
    return list(dict.fromkeys(checked_article_id(article_id) for article_id in article_ids))


async def counted(request: web.Request, article_ids: list[str]) -> Answer:
    """Read the counts, from memory where they are known; the read limit is charged when they are not."""
    site, deps = await site_of(request), request.app[DEPS]
    changes, now = deps.counts.changes, deps.monotonic()
    counts = known_counts(deps, site.name, article_ids)
    if counts is not None:
        deps.counts.hits += 1
    else:
        deps.counts.misses += 1
        await charge_read(request, deps)
        counts = await read_counts(deps, site, article_ids)
    document = {"counts": dict(zip(article_ids, counts, strict=True))}
    representation = public_json(document, CACHE_CONTROL, site.name)
    return Answer(site.name, article_ids, counts, representation, changes, now)
