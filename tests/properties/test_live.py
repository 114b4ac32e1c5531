"""State plus events equals fresh state: a page, and whatever its stream tells, is the page as it is now."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.followers import broadcast
from service.operations.articles import change_article
from service.operations.moderation import decide
from tests.client import Service, SiteClient, as_id, canary
from tests.oracle import Comment
from tests.properties.test_discussion import ACTIONS, CHOICE, Player, examples
from tests.streams import Event, Stream, streaming

VOTERS = 3
STEP = st.one_of(
    st.tuples(st.just("post"), st.just(0)),
    st.tuples(st.just("reply"), CHOICE),
    st.tuples(st.just("chain"), st.integers(2, 11)),
    st.tuples(st.sampled_from(ACTIONS), CHOICE),
    st.tuples(st.sampled_from(("vote", "unvote", "edit", "feature")), CHOICE),
    st.tuples(st.sampled_from(("lock", "hide", "show", "cut", "quiet")), st.integers(0, 4)),
)
SEEN = {"hide": "hidden", "show": "shown"}
STEPS = st.lists(STEP, min_size=3, max_size=14)


@pytest.fixture(scope="module", autouse=True)
def _quick() -> Iterator[None]:
    """Broadcasts follow each other as closely as may be, so that many fit into a test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broadcast, "WRITE_SECONDS", 0.01)
        patch.setattr(broadcast, "LOOK_SECONDS", 0.005)
        patch.setattr(broadcast, "VOTE_SECONDS", 0.05)
        yield


@dataclass(repr=False)
class Reader:
    """A page that follows its stream as docs/embedding.md says."""

    site: SiteClient
    article: str
    state: dict[str, Any] = field(default_factory=dict)
    comments: dict[str, Any] = field(default_factory=dict)
    last_id: int = 0

    async def load(self) -> None:
        """Read the page."""
        self.last_id = int((await self.site.page(self.article))["last_event_id"])
        self.state, self.comments = await fresh(self.site, self.article)

    def apply(self, event: Event) -> bool:
        """Take in one event; False when the page must be read again."""
        if event.type == "article.updated":
            article = event.data["article"]
            if article["comment_count"] not in (0, self.state["comment_count"]):
                return False
            self.state = article
        elif event.type == "comment.removed":
            self.comments.pop(event.data["id"], None)
            if event.data["tombstone"]:
                self.comments[event.data["id"]] = event.data["tombstone"]
        elif event.type in ("comment.published", "comment.updated"):
            self.comments[event.data["comment"]["id"]] = event.data["comment"]
        self.state = {**self.state, "comment_count": event.data.get("comment_count", self.state["comment_count"])}
        if self.state["comment_count"] == 0:
            self.comments = {}
        if event.id is not None:
            assert event.id > self.last_id, "a repeat, or ids that do not grow"
            self.last_id = event.id
        return True


async def fresh(site: SiteClient, article: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The article and every comment of it by id, as a reader who comes now sees them."""
    page = await site.page(article)
    walked = await site.walk(article)
    comments = {comment["id"]: {name: comment[name] for name in comment if name != "replies"} for comment in walked}
    return page["article"], comments


@dataclass(repr=False)
class Crowd:
    """Does things to a discussion that readers see."""

    game: Player
    voters: list[str]
    so: dict[str, Any] = field(default_factory=dict)  # what was changed of the article
    edited: list[Comment] = field(default_factory=list)
    closed: bool = False

    async def step(self, kind: str, number: int) -> None:
        game, site = self.game, self.game.site
        comment = game.chosen(number)
        if kind in ("post", "reply", "chain", *ACTIONS):
            unseen = kind == "approve" and comment in self.edited  # which moderators must look at first
            if not unseen and (kind in ACTIONS or not self.closed):
                await game.step(kind, number)
        elif kind in ("lock", "hide", "show"):
            if game.model.comments:
                await self.change({"locked": bool(number % 2)} if kind == "lock" else {"visibility": SEEN[kind]})
        elif comment is None:
            return
        elif kind in ("vote", "unvote"):
            value = 0 if kind == "unvote" else 1 - 2 * (number % 2)
            await site.put(f"/comments/{comment.id}/vote", {"value": value}, token=self.voters[number % VOTERS])
        elif kind == "edit":
            self.edited.append(comment)
            await site.patch(f"/comments/{comment.id}", {"text": f"Other words {canary()}."}, token=game.token)
        elif comment.status == "published":
            await decide(game.deps, await site.site(), as_id(comment.id), "feature")

    async def change(self, changes: dict[str, Any]) -> None:
        await change_article(self.game.deps, await self.game.site.site(), self.game.article, changes)
        self.so |= changes
        self.closed = bool(self.so.get("locked")) or self.so.get("visibility") == "hidden"


async def crowd(service: Service, known: list[Any]) -> Crowd:
    if not known:
        site = await service.new_site()
        known += [site, await site.token(), [await site.token(f"Voter {n}") for n in range(VOTERS)]]
    return Crowd(Player(known[0], known[1], f"live-{next(numbers)}"), known[2])


numbers = count(1)


@pytest.fixture(scope="module")
def known() -> list[Any]:
    """The module's site and tokens on it, made once."""
    return []


async def follow(reader: Reader, stream: Stream, until_same: bool) -> bool:
    """Apply what comes until the page is as a fresh one, or only what is there; False when it must be read again."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with asyncio.timeout(0.03):
                    event = await stream.next()
            except TimeoutError:
                if not until_same or (reader.state, reader.comments) == await fresh(reader.site, reader.article):
                    return True
                continue
            assert event is not None
            if not reader.apply(event):
                await reader.load()
                return False


def differences(reader: Reader, now: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """What the reader has otherwise than a fresh page: theirs and its."""
    has, should = {"article": reader.state, **reader.comments}, {"article": now[0], **now[1]}
    return {
        key: (has.get(key), should.get(key)) for key in has.keys() | should.keys() if has.get(key) != should.get(key)
    }


@examples(12)
@given(before=STEPS, after=STEPS)
async def test_state_plus_events_is_fresh_state(
    service: Service, known: list[Any], before: list[tuple[str, int]], after: list[tuple[str, int]]
) -> None:
    people = await crowd(service, known)
    game = people.game
    for kind, number in before:
        await people.step(kind, number)
    reader = Reader(game.site, game.article)
    await reader.load()
    pending = list(after)
    settled = False
    while not settled:
        async with streaming(game.site, f"/articles/{game.article}/events?after={reader.last_id}") as stream:
            while pending:
                kind, number = pending.pop(0)
                if kind == "cut" or (kind == "quiet" and not await follow(reader, stream, until_same=False)):
                    break
                if kind != "quiet":
                    await people.step(kind, number)
            else:
                await game.drain()
                try:
                    settled = await follow(reader, stream, until_same=True)
                except TimeoutError:
                    now = await fresh(game.site, game.article)
                    assert differences(reader, now) == {}
