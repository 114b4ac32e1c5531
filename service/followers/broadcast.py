"""Tells the open streams of this process what the tail of the log hears: loaded once, encoded once, for everybody.

Several things that happen within a quarter of a second go out together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from service.adapters.streams import Stream, Topic
from service.deps import Deps
from service.domain.live import News
from service.domain.rows import Row
from service.operations.live import Bearer, Moderation, decided, load, personal, read_news, tell, welcome
from service.operations.queue import read_queue_counts

WRITE_SECONDS = 0.25  # at most four writes a second for each stream
VOTE_SECONDS = 5.0  # votes alone tell a comment at most this often
IDLE_SECONDS = 1.0
LOOK_SECONDS = 0.05  # while something waits for its time


@dataclass(slots=True)
class Room:
    """An article somebody listens to: what is still to be told, and what was."""

    topics: list[Topic]
    news: News = field(default_factory=News)
    late: set[UUID] = field(default_factory=set)  # comments with votes that are told later
    told_votes: dict[UUID, float] = field(default_factory=dict)  # when a comment was told for votes alone
    told_at: float = float("-inf")
    count: int | None = None

    def due(self, now: float) -> bool:
        """Whether something may be told now."""
        return now - self.told_at >= WRITE_SECONDS and (bool(self.news) or bool(self.ripe(now)))

    def ripe(self, now: float) -> set[UUID]:
        """Late comments whose time has come."""
        return {one for one in self.late if now - self.told_votes.get(one, float("-inf")) >= VOTE_SECONDS}

    def take(self, now: float) -> tuple[News, set[UUID]]:
        """What is told now; votes on what was told for votes a moment ago become late."""
        news, self.news = self.news, News()
        for comment_id, touch in list(news.touched.items()):
            if touch.voted and now - self.told_votes.get(comment_id, float("-inf")) < VOTE_SECONDS:
                del news.touched[comment_id]
                self.late.add(comment_id)
        late = self.ripe(now)
        self.late -= late | news.touched.keys()
        return news, late

    def give_back(self, news: News, late: set[UUID]) -> None:
        """It could not be told."""
        news.precede(self.news)
        self.news = news
        self.late |= late

    def told(self, now: float, news: News, late: set[UUID], count: int) -> None:
        """It was told."""
        self.told_at = now
        self.count = count
        self.told_votes = {one: at for one, at in self.told_votes.items() if now - at < VOTE_SECONDS}
        self.told_votes |= dict.fromkeys(late, now)
        self.told_votes |= {one: now for one, touch in news.touched.items() if touch.voted}


@dataclass(slots=True)
class Desk:
    """A site whose moderators listen: decisions to tell, and whether its queues may have changed."""

    site_key: int
    decisions: list[Row] = field(default_factory=list)
    moved: bool = False
    told_at: float = float("-inf")
    counts: Row | None = None

    def due(self, now: float) -> bool:
        """Whether something may be told now."""
        return now - self.told_at >= WRITE_SECONDS and (self.moved or bool(self.decisions))


@dataclass(slots=True)
class Broadcaster:
    """What is still to be told, by article and by site. It outlives failures, so that nothing is missed."""

    deps: Deps
    rooms: dict[int, Room] = field(default_factory=dict)
    desks: dict[str, Desk] = field(default_factory=dict)
    told_people: list[Row] = field(default_factory=list)  # notifications that were read and may not have been sent

    async def run(self) -> None:
        """Tell whatever is heard, for ever. Raises Unavailable."""
        streams = self.deps.streams
        while True:
            busy = self.rooms_due_later() or any(desk.moved or desk.decisions for desk in self.desks.values())
            listening = busy or bool(streams.topics("me"))
            await streams.wake.wait(LOOK_SECONDS if busy else WRITE_SECONDS if listening else IDLE_SECONDS)
            self.sort_heard()
            await self.tell_readers()
            await self.tell_moderators()
            await self.tell_people()

    def rooms_due_later(self) -> bool:
        """Whether something on an article waits for its time."""
        return any(room.news or room.late for room in self.rooms.values())

    def sort_heard(self) -> None:
        """Put what the tail heard where it belongs."""
        for row in self.deps.streams.take_heard():
            topics: list[Topic] = [("article", row["site"], article_id) for article_id in row["article_ids"]]
            if any(map(self.deps.streams.listened, topics)):
                room = self.rooms.setdefault(row["article_key"], Room(topics))
                room.topics = topics
                room.news.hear(row)
            if self.deps.streams.listened(("moderation", row["site"])):
                desk = self.desks.setdefault(row["site"], Desk(row["site_key"]))
                desk.moved = True
                if row["decision_id"] is not None:
                    desk.decisions.append(row)

    # ---- articles

    async def tell_readers(self) -> None:
        """Tell what is due of articles: one query for all of them."""
        self.forget_rooms()
        now = self.deps.monotonic()
        taken = {key: room.take(now) for key, room in self.rooms.items() if room.due(now)}
        wanted = {key: (news, late) for key, (news, late) in taken.items() if news or late}
        if not wanted:
            return
        try:
            known = await load(self.deps, wanted, self.deps.tail.position or 0)
        except BaseException:
            for key, (news, late) in taken.items():
                self.rooms[key].give_back(news, late)
            raise
        for key, (news, late) in wanted.items():
            room = self.rooms[key]
            if key in known and known[key].changing:
                room.give_back(news, late)
            elif key in known:
                changes = tell(known[key], news, late, room.count)
                room.told(now, news, late, changes.article["comment_count"])
                if changes.changes:
                    await self.deps.streams.send(room.topics, self.deps.streams.encode(changes))

    def forget_rooms(self) -> None:
        """Nobody listens there any more."""
        for key in [key for key, room in self.rooms.items() if not any(map(self.deps.streams.listened, room.topics))]:
            del self.rooms[key]
        for site in [site for site in self.desks if not self.deps.streams.listened(("moderation", site))]:
            del self.desks[site]

    # ---- moderators

    async def tell_moderators(self) -> None:
        """Tell the decisions of sites, and their queues' counts when they are others than before."""
        now = self.deps.monotonic()
        for site, desk in self.desks.items():
            if not desk.due(now):
                continue
            happened, moved = list(desk.decisions), desk.moved
            told = await decided(self.deps, happened) if happened else []
            counts = await read_queue_counts(self.deps, desk.site_key) if moved else desk.counts
            del desk.decisions[: len(happened)]
            desk.moved, desk.told_at = False, now
            changed, desk.counts = counts != desk.counts, counts
            if told or changed:
                message = Moderation(told, counts if changed else None)
                await self.deps.streams.send([("moderation", site)], self.deps.streams.encode(message))

    # ---- people

    async def tell_people(self) -> None:
        """Tell people what the notifications' lane has written for them since."""
        streams = self.deps.streams
        topics = streams.topics("me")
        if not topics:
            streams.told = None
        if streams.told is None:
            return  # the next stream says where to begin
        rows, streams.told = await read_news(self.deps, streams.told)
        self.told_people += rows
        # whoever is ready by now has not heard of these, and whoever is not sees the new position and reads them itself
        bearers: dict[int, Bearer] = {s.bearer.author_key: s.bearer for s in streams.listeners(streams.topics("me"))}
        for author_key, message in (await personal(self.deps, self.told_people, bearers)).items():
            await streams.send([("me", str(author_key))], streams.encode(message))
        self.told_people.clear()


async def beat(deps: Deps) -> None:
    """Comment lines, so that proxies and dead connections are known in time."""
    deps.streams.keep_alive()


async def end_unwelcome(deps: Deps) -> None:
    """End the streams of those who may not listen any more. Raises Unavailable."""
    private = [*deps.streams.topics("me"), *deps.streams.topics("moderation")]
    streams: list[Stream] = deps.streams.listeners(private)
    if not streams:
        return
    for stream, author in zip(streams, await welcome(deps, [stream.bearer for stream in streams]), strict=True):
        if author is None:
            stream.end()
