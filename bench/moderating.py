"""What moderators get, on a big site and on a small one, and what the checks take."""

from __future__ import annotations

import datetime
import json
import random
import statistics
import string
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from bench import seed
from bench import stage as on
from bench.load import Run
from bench.rounds import Row, cost, interleave, reader
from bench.stage import Stage
from bench.texts import POSTED, WORDS
from service.domain.markup import link_targets, render_markdown, text_of
from service.domain.moderation import Draft, Refused, judge
from service.domain.rules import Rules, rules_from
from service.domain.sites import SiteSettings


def listed(site: str, **filters: str | int) -> str:
    """The address of a list of comments as moderators see them."""
    return f"/api/v1/sites/{site}/moderation/comments?{urlencode(filters)}"


def _beside_small(stage: Stage, what: str, paths: dict[str, str], slowest: float | None) -> Row:
    """One list of both sites, one connection: its p50, and with `slowest` (milliseconds) what that may be at most."""
    contenders = {}
    for site, path in paths.items():
        answer = on.expected(stage.service, path, token=on.moderator(site))
        contenders[site] = reader(stage.service, path, answer, 1)
    runs = interleave(stage, contenders)
    big, small = runs[seed.SITE], runs[seed.SMALL_SITE]
    found = [a.p50 / b.p50 for a, b in zip(big, small, strict=True)]
    p50 = statistics.median(run.p50 for run in big)
    return Row(
        what,
        f"{p50:.2f} ms",
        f"{statistics.median(run.p50 for run in small):.2f} ms with 10,000 comments",
        found,
        "≤ 1.3" if slowest is None else f"≤ 1.3, p50 ≤ {slowest:g} ms",
        statistics.median(found) <= 1.3 and (slowest is None or p50 <= slowest),
        "",
        cost(big, small),
        *_wrong([*big, *small]),
    )


def _wrong(runs: Sequence[Run]) -> tuple[int, str]:
    return sum(run.wrong for run in runs), next((run.sample for run in runs if run.sample), "")


# ---- the queue


def queue(stage: Stage) -> Iterator[Row]:
    """The first page of what waits, which is the most urgent."""
    for site in (seed.SITE, seed.SMALL_SITE):
        _check_queue(stage, site)
    waiting = on.query(stage.database_url, "SELECT count(*) FROM queue WHERE site_key = 1 AND kind = 'pending'")
    stored = on.query(stage.database_url, "SELECT count(*) FROM comments WHERE site_key = 1")
    what = f"queue page, {stored:,} comments, {waiting:,} waiting: p50"
    paths = {site: listed(site, queue="pending") for site in (seed.SITE, seed.SMALL_SITE)}
    yield _beside_small(stage, what, paths, 5)


def _check_queue(stage: Stage, site: str) -> None:
    """A walk meets everything that waits once, the most urgent first and the oldest first among equals."""
    sql = """SELECT id::text, q.urgency FROM comments c JOIN sites s ON s.key = c.site_key
             JOIN queue q ON q.article_key = c.article_key AND q.comment_id = c.id AND q.kind = 'pending'
             WHERE s.name = $1 AND c.status = 'pending' ORDER BY q.urgency DESC, c.id"""
    right = [row["id"] for row in on.rows_of(stage.database_url, sql, site)]
    found, first = [], None
    cursor: dict[str, str] = {}
    while True:
        page = _read(stage, listed(site, queue="pending", limit=100, **cursor), site)
        first = first or page["items"][0]
        found += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    if found != right:
        raise on.WrongAnswerError(f"the queue of {site} has {len(found)} items in another order than {len(right)} wait")
    if "illegal" not in first["why"] or first["flags"]["total"] != 3:
        raise on.WrongAnswerError(f"the most urgent item of {site} is {first}")


def _read(stage: Stage, path: str, site: str) -> Any:
    return json.loads(on.fetch(stage.service, path, token=on.moderator(site)))


# ---- search

FEW = 5  # on a page, so that the small site has as many as the big one
COMMON = "street"


def search(stage: Stage) -> Iterator[Row]:
    """Words that few comments have, beside the small site; then others, which may take longer but not too long."""
    _check_found(stage, seed.SITE, seed.RARE, complete=True)
    _check_found(stage, seed.SMALL_SITE, seed.RARE, complete=True)
    paths = {site: listed(site, queue="all", q=seed.RARE, limit=FEW) for site in (seed.SITE, seed.SMALL_SITE)}
    yield _beside_small(stage, "search, a word in 0.08 % of comments: p50", paths, None)
    asked = {
        "a word in a quarter of the comments": (COMMON, False),
        "a word in 0.9 %": (seed.SELDOM, True),
        "a word that was common once": (seed.BYGONE, False),
        "two words, one common and one rare": (f"{COMMON} {seed.RARE}", True),
    }
    for what, (words, complete) in asked.items():
        _check_found(stage, seed.SITE, words, complete=complete)
        path = listed(seed.SITE, queue="all", q=words)
        answer = on.expected(stage.service, path, token=on.moderator())
        runs = interleave(stage, {"service": reader(stage.service, path, answer, 1)})["service"]
        p99 = max(run.p99 for run in runs)
        yield Row(
            f"search, {what}",
            f"p99 {p99:.0f} ms, p50 {statistics.median(run.p50 for run in runs):.1f} ms",
            "",
            [],
            "p99 ≤ 300 ms",
            p99 <= 300,
            "",
            cost(runs),
            *_wrong(runs),
        )


def _check_found(stage: Stage, site: str, words: str, *, complete: bool) -> None:
    """The first page has the newest comments with these words, and says whether all can be seen."""
    sql = """SELECT c.id::text FROM comments c JOIN sites s ON s.key = c.site_key
             JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id AND r.number = c.revision
             WHERE s.name = $1 AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS word WHERE r.text !~* ('\\m' || word))
             ORDER BY c.id DESC LIMIT 20"""
    right = [row["id"] for row in on.rows_of(stage.database_url, sql, site, words.split())]
    page = _read(stage, listed(site, queue="all", q=words), site)
    found = [item["id"] for item in page["items"]]
    if found != right[: len(found)] or (len(found) < len(right) and page["next_cursor"] is None):
        raise on.WrongAnswerError(f"a search for {words!r} on {site} finds {found}, not {right}")
    if page["complete"] is not complete:
        raise on.WrongAnswerError(f"a search for {words!r} on {site} says complete: {page['complete']}")


# ---- the checks

LISTED_WORDS = 10_000
LONGEST = 10_000  # characters
ONCE_MORE = 5
LOOKED_AT = 49  # each so manieth word is looked for: banned and suspect ones in turn


def checks(stage: Stage) -> Iterator[Row]:
    """All checks of a comment in one process, with and without long lists of words."""
    rng = random.Random("checks")
    made_up = sorted(
        {"".join(rng.choices(string.ascii_lowercase, k=rng.randrange(6, 14))) for _ in range(LISTED_WORDS)}
    )
    phrases = [f"{word} {rng.choice(WORDS)}" if number % 10 == 0 else word for number, word in enumerate(made_up)]
    settings = SiteSettings(banned_words=phrases[::2], suspect_words=phrases[1::2])
    rules, none = rules_from(settings), rules_from(SiteSettings())
    texts = [*seed.written()[: seed.TEXTS], POSTED]
    abroad = [text.replace("e", "é").replace("o", "ο") for text in texts]  # the second is a Greek letter
    longest = [" ".join(abroad)[:LONGEST]] * 20
    _check_verdicts(settings, rules, phrases)
    with_lists = _times(settings, rules, [*texts, *abroad])
    without = _times(SiteSettings(), none, [*texts, *abroad])
    p99 = statistics.quantiles(with_lists, n=100)[98]
    yield Row(
        f"checks of a comment, {len(phrases):,} banned and suspect words",
        f"{statistics.mean(with_lists):.3f} ms, p99 {p99:.3f} ms, "
        f"of {LONGEST:,} characters {statistics.median(_times(settings, rules, longest)):.2f} ms",
        f"{statistics.mean(without):.3f} ms without words",
        [],
        "p99 ≤ 1 ms",
        p99 <= 1,
    )


def _draft(settings: SiteSettings, rules: Rules, text: str) -> Draft:
    html = render_markdown(text)
    return Draft(
        now=datetime.datetime.now(datetime.UTC),
        settings=settings,
        rules=rules,
        links=1,
        guest=False,
        name="Reader",
        texts=(text_of(html), *link_targets(html)),
        length=len(text),
    )


def _times(settings: SiteSettings, rules: Rules, texts: Sequence[str]) -> list[float]:
    """Milliseconds that judging each of these took; the best of a few times, as others use the machine too."""
    found = []
    for text in texts:
        times = []
        for _ in range(ONCE_MORE):
            draft = _draft(settings, rules, text)
            started = time.perf_counter()
            held = judge(draft)
            times.append((time.perf_counter() - started) * 1000)
            if held:
                raise on.WrongAnswerError(f"{held} held a comment without any of the words: {text[:200]}")
        found.append(min(times))
    return found


def _check_verdicts(settings: SiteSettings, rules: Rules, phrases: Sequence[str]) -> None:
    """Listed words are found, as a whole word and whatever its letters look like, and not within another."""
    for number, phrase in list(enumerate(phrases))[::LOOKED_AT]:
        disguised = POSTED % phrase.upper().replace("A", "Α")  # a Greek letter
        try:
            held = judge(_draft(settings, rules, disguised))
        except Refused as refused:
            right = number % 2 == 0 and refused.check == "banned_word"
        else:
            right = number % 2 == 1 and "suspect_word" in held
        if not right:
            raise on.WrongAnswerError(f"the listed word {phrase!r} was not found")
        if judge(_draft(settings, rules, f"not x{phrase}x at all")):
            raise on.WrongAnswerError(f"the listed word {phrase!r} was found within another word")
