"""What live streams tell, worked out from the event log's rows, and the bytes that go out together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from uuid import UUID

from service.domain.rows import Row

SILENT = frozenset({"comment.flagged", "comment.judged", "comment.edit_held"})  # readers see no change
VOTED = "comment.voted"
ALWAYS = 2**63  # after every position


@dataclass(slots=True)
class Touch:
    """What happened to one comment since it was last told of.

    `position` of its last event; `published`: it became so; `public`: it was, or became so; `above`: the position of
    the last event that changed the counters of the comments above it, or 0; `voted`: there were only votes.
    """

    position: int
    published: bool
    public: bool
    above: int
    voted: bool


@dataclass(slots=True)
class News:
    """What happened on one article since it was last told of; `article` and `last` are positions, 0 for nothing.

    `people`: authors (by key) of whom everything was hidden, or is shown again, with the position and which of both.
    """

    last: int = 0
    article: int = 0
    touched: dict[UUID, Touch] = field(default_factory=dict)
    people: dict[int, tuple[int, bool]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.article or self.touched or self.people)

    def hear(self, event: Row) -> None:
        """Take in the next event of the log."""
        kind, position = str(event["kind"]), int(event["position"])
        self.last = position
        if kind.startswith("article."):
            self.article = position
        elif kind in ("author.hidden", "author.shown"):
            self.people[event["author_key"]] = (position, kind == "author.shown")
        elif kind.startswith("comment.") and event["comment_id"] is not None and kind not in SILENT:
            self._touch(event["comment_id"], touch_of(kind, position, event["from_status"], event["to_status"]))

    def precede(self, later: News) -> None:
        """Take in what happened after this."""
        self.last = max(self.last, later.last)
        self.article = later.article or self.article
        self.people |= later.people
        for comment_id, touch in later.touched.items():
            self._touch(comment_id, touch)

    def meet(self, author_key: int, comment_id: UUID) -> None:
        """Everything of an author was hidden or shown, and this comment is one of theirs."""
        position, shown = self.people[author_key]
        if comment_id not in self.touched:
            self._touch(comment_id, Touch(position, shown, True, 0, False))

    def _touch(self, comment_id: UUID, touch: Touch) -> None:
        before = self.touched.get(comment_id)
        if before is not None:
            touch = Touch(
                touch.position,
                touch.published or before.published,
                touch.public or before.public,
                touch.above or before.above,
                touch.voted and before.voted,
            )
        self.touched[UUID(bytes=comment_id.bytes)] = touch


def touch_of(kind: str, position: int, before: str | None, after: str | None) -> Touch:
    """What one event does to its comment."""
    was, became = before == "published", after == "published"
    voted = kind == VOTED
    return Touch(position, became and not was, was or became or voted, position if was != became else 0, voted)


@dataclass(frozen=True)
class Burst:
    """What is told at once: frames, each for streams whose position is before `since`; `last` is the position then."""

    last: int
    frames: Sequence[tuple[int, bytes]]

    @cached_property
    def whole(self) -> bytes:
        """All of it."""
        return b"".join(frame for _, frame in self.frames)

    @cached_property
    def chunk(self) -> bytes:
        """All of it, as a chunk of an HTTP/1.1 body."""
        return chunked(self.whole)

    @cached_property
    def first(self) -> int:
        """Streams before this position get all of it."""
        return min((since for since, _ in self.frames), default=0)

    def after(self, position: int) -> bytes:
        """What a stream at this position has not been told."""
        return b"".join(frame for since, frame in self.frames if since > position)


def chunked(text: bytes) -> bytes:
    """Bytes as a chunk of an HTTP/1.1 body."""
    return b"%x\r\n%b\r\n" % (len(text), text)
