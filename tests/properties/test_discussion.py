"""Whatever is done to a discussion, pages show exactly what the contract says of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.deps import Deps
from service.domain.errors import Conflict
from service.domain.moderation import Action
from service.followers.sequencer import advance
from service.followers.tails import read_tail
from service.operations.moderation import decide, delete_comment
from service.store import comments, events
from tests.client import Service, SiteClient, as_id
from tests.oracle import CONFLICT, UNCHANGED, Comment, Discussion, pages, seen, tally, walk

SORTS = ("newest", "oldest", "top", "controversial")
ACTIONS: tuple[Action, ...] = ("hold", "approve", "remove", "spam", "restore", "delete")
articles = count(1)

# Numbers choose among the comments there are, the newest by 0: chains get long, and what was done gets undone.
CHOICE = st.integers(0, 3) | st.integers(0, 40)
STEP = st.one_of(
    st.tuples(st.just("post"), st.just(0)),
    st.tuples(st.just("reply"), CHOICE),
    st.tuples(st.just("chain"), st.integers(2, 11)),
    st.tuples(st.sampled_from(ACTIONS), CHOICE),
    st.tuples(st.sampled_from(("remove", "spam", "hold", "approve", "restore")), CHOICE),
)
STEPS = st.lists(STEP, min_size=3, max_size=18)
LIMITS = st.integers(1, 5) | st.sampled_from((20, 100))

Step = tuple[str, int]


@dataclass
class Player:
    """Does the same to the service and to the model."""

    site: SiteClient
    token: str
    article: str = field(default_factory=lambda: f"article-{next(articles)}")
    model: Discussion = field(default_factory=Discussion)

    @property
    def deps(self) -> Deps:
        return self.site.service.deps

    def chosen(self, number: int) -> Comment | None:
        known = self.model.comments
        return known[-1 - number % len(known)] if known else None

    async def play(self, steps: list[Step]) -> None:
        for kind, number in steps:
            await self.step(kind, number)

    async def step(self, kind: str, number: int) -> None:
        if kind == "post":
            await self.post(None)
        elif kind == "reply":
            await self.post(self.chosen(number))
        elif kind == "chain":
            for _ in range(number):
                await self.post(self.chosen(0))
        elif comment := self.chosen(number):
            await self.act(kind, comment)  # type: ignore[arg-type]

    async def post(self, parent: Comment | None) -> None:
        answer = await self.site.comment(self.article, parent=parent.id if parent else None, token=self.token)
        if parent is not None and parent.status != "published":
            assert answer.status in (404, 409)
            return
        assert answer.status == 201, answer.body
        written = self.model.add(answer.json["id"], parent)
        assert answer.json["depth"] == written.depth
        assert answer.json["root_id"] == written.root.id

    async def act(self, action: Action, comment: Comment) -> None:
        expected = comment.after(action)
        try:
            decided = await self.decide(action, comment.id)
        except Conflict:
            assert expected == CONFLICT
            return
        assert decided.changed == (expected != UNCHANGED)
        assert decided.status == (comment.status if expected == UNCHANGED else expected)
        comment.become(decided.status)

    async def decide(self, action: Action, comment_id: str) -> Any:
        site, key = await self.site.site(), as_id(comment_id)
        if action == "delete":
            own = await comments.find_own(self.deps.database, site.key, key)
            assert own is not None
            return await delete_comment(self.deps, site, key, own["author_key"])
        return await decide(self.deps, site, key, action)

    async def drain(self) -> None:
        """Until everything that was done stands in the log and this process has read it."""
        while True:
            await advance(self.deps)
            if not (await events.log_lag(self.deps.database))["waiting"]:
                break
            await asyncio.sleep(0)  # the service's own follower has the lane
        await read_tail(self.deps)

    async def vote(self, votes: list[tuple[int, int]]) -> None:
        """Votes as they stand in the rows: who gave them is no matter of these tests."""
        async with self.deps.database.transaction("votes") as tx:
            for comment, (up, down) in zip(self.model.comments, votes, strict=False):
                await tx.connection.execute(
                    "UPDATE comments SET up = $2, down = $3 WHERE id = $1", as_id(comment.id), up, down
                )
                comment.votes = (up, down)


@pytest.fixture(scope="module")
def anybody() -> list[Any]:
    """The module's site and a token on it, made once."""
    return []


async def player(service: Service, anybody: list[Any]) -> Player:
    if not anybody:
        site = await service.new_site()
        anybody.extend((site, await site.token()))
    return Player(*anybody)


def examples(number: int) -> Callable[[Any], Any]:
    return settings(max_examples=number, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@examples(80)
@given(steps=STEPS, sort=st.sampled_from(SORTS), limit=LIMITS, replies=st.sampled_from((0, 1, 2, 10, 50)))
async def test_pages_show_the_tree_with_its_tombstones_and_counts(
    service: Service, anybody: list[Any], steps: list[Step], sort: str, limit: int, replies: int
) -> None:
    game = await player(service, anybody)
    await game.play(steps)
    await game.drain()
    walked = await walk(game.site, game.article, sort=sort, limit=limit, replies=replies, replies_limit=limit)
    shown = [seen(comment) for comment in walked]
    assert shown == game.model.walk(sort)
    counted = tally(walked)
    assert {c["id"]: (c["reply_count"], c["descendant_count"]) for c in walked} == counted
    assert await game.site.count(game.article) == sum(c["status"] == "published" for c in walked)
    page = await game.site.page(game.article)
    assert page["article"]["comment_count"] == game.model.comment_count
    places = {comment["id"]: place for place, comment in enumerate(walked)}
    for comment in walked:
        assert places.get(comment["parent_id"], -1) < places[comment["id"]], "a reply before its parent"


@examples(25)
@given(steps=STEPS)
async def test_a_permalink_shows_a_listed_comment_below_its_root_and_nearest(
    service: Service, anybody: list[Any], steps: list[Step]
) -> None:
    game = await player(service, anybody)
    await game.play(steps)
    await game.drain()
    for comment in game.model.comments:
        answer = await game.site.get(f"/comments/{comment.id}")
        if not comment.listed:
            assert (answer.status, answer.json["code"]) == (404, "comment_not_found")
            continue
        assert seen(answer.json["comment"]) == comment.shown()
        above: list[Comment] = []
        while (above[0] if above else comment).parent is not None:
            above.insert(0, (above[0] if above else comment).parent)  # type: ignore[arg-type]
        nearest = [*above[:1], *above[1:][-8:]] if len(above) > 8 else above
        shown = [seen(ancestor) for ancestor in answer.json["ancestors"]]
        assert shown == [ancestor.shown() for ancestor in nearest if ancestor.listed]


@examples(45)
@given(
    before=STEPS,
    meanwhile=st.lists(st.lists(STEP, min_size=1, max_size=3), min_size=1, max_size=6),
    votes=st.lists(st.sampled_from(((0, 0), (1, 0), (3, 3), (0, 2), (9, 1))), max_size=20),
    sort=st.sampled_from(SORTS),
    limit=st.integers(1, 4),
    replies=st.integers(0, 3),
)
async def test_a_walk_shows_once_what_was_visible_throughout(
    service: Service,
    anybody: list[Any],
    before: list[Step],
    meanwhile: list[list[Step]],
    votes: list[tuple[int, int]],
    sort: str,
    limit: int,
    replies: int,
) -> None:
    game = await player(service, anybody)
    await game.play(before)
    await game.drain()
    await game.vote(votes)
    interludes = iter(meanwhile)
    throughout = ever = game.model.listed
    walked: list[str] = []
    async for page in pages(game.site, game.article, sort=sort, limit=limit, replies=replies, replies_limit=limit):
        walked.extend(comment["id"] for comment in page)
        for step in next(interludes, ()):
            await game.step(*step)
            await game.drain()
            throughout, ever = throughout & game.model.listed, ever | game.model.listed
    assert len(walked) == len(set(walked))
    assert throughout <= set(walked) <= ever


@examples(10)
@given(before=STEPS, writes=STEPS, sort=st.sampled_from(("newest", "oldest")), limit=st.integers(1, 4))
async def test_a_walk_while_somebody_writes_all_the_time(
    service: Service, anybody: list[Any], before: list[Step], writes: list[Step], sort: str, limit: int
) -> None:
    game = await player(service, anybody)
    await game.play(before)
    await game.drain()
    published = {c.id for c in game.model.comments if c.status == "published"}
    writing = asyncio.create_task(game.play([step for step in writes if step[0] in ("post", "reply", "chain")]))
    walked = [c["id"] for c in await walk(game.site, game.article, sort=sort, limit=limit, replies=limit)]
    await writing
    assert len(walked) == len(set(walked))
    assert published <= set(walked)
