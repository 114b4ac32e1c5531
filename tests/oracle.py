"""A discussion as the contract describes it, kept in Python, and a reader who walks the public pages.

Nothing here asks the database: what pages should show is worked out from what was done, and what they do show is read
as any reader would.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

from service.domain.ranking import controversy, wilson_lower_bound
from tests.client import SiteClient

MAXIMAL_DEPTH = 8
TOMBSTONES = {"deleted": "deleted", "removed": "removed", "pending": "hidden", "spam": "hidden"}
UNCHANGED, CONFLICT = "unchanged", "conflict"


@dataclass(eq=False)
class Comment:
    """One comment and everything the contract derives from."""

    id: str
    parent: Comment | None
    status: str = "published"
    restored_to: str = "published"  # the last of pending and published it was
    votes: tuple[int, int] = (0, 0)
    replies: list[Comment] = field(default_factory=list)

    @property
    def real_depth(self) -> int:
        return 0 if self.parent is None else self.parent.real_depth + 1

    @property
    def depth(self) -> int:
        return min(self.real_depth, MAXIMAL_DEPTH)

    @property
    def root(self) -> Comment:
        return self if self.parent is None else self.parent.root

    def below(self) -> Iterator[Comment]:
        """Everything that answers it, and what answers that."""
        for reply in self.replies:
            yield reply
            yield from reply.below()

    @property
    def reply_count(self) -> int:
        return sum(reply.status == "published" for reply in self.replies)

    @property
    def descendant_count(self) -> int:
        if self.depth == MAXIMAL_DEPTH:
            return self.reply_count
        return sum(comment.status == "published" for comment in self.below())

    @property
    def listed(self) -> bool:
        return self.status == "published" or self.descendant_count > 0

    def in_reading_order(self) -> Iterator[Comment]:
        """What stands below it: siblings oldest first, each before its own replies; all beyond depth 8 are siblings."""
        beside = self.replies if self.depth < MAXIMAL_DEPTH - 1 else self.below()
        for comment in sorted(beside, key=lambda c: c.id):
            yield comment
            if self.depth < MAXIMAL_DEPTH - 1:
                yield from comment.in_reading_order()

    def shown(self) -> dict[str, Any]:
        """What a page says of it, as far as it is known here."""
        published = self.status == "published"
        return {
            "id": self.id,
            "parent_id": self.parent.id if self.parent else None,
            "root_id": self.root.id,
            "depth": self.depth,
            "status": "published" if published else TOMBSTONES[self.status],
            "reply_count": self.reply_count,
            "descendant_count": self.descendant_count,
            "votes": self.votes if published else (0, 0),
            "words": published,
        }

    def after(self, action: str) -> str:
        """The status an action leads to, or that it is so already, or that there is no such step."""
        if self.status == "deleted":
            return UNCHANGED if action == "delete" else CONFLICT
        match action, self.status:
            case ("approve", "published") | ("hold", "pending") | ("remove", "removed") | ("spam", "spam"):
                return UNCHANGED
            case ("restore", "published" | "pending"):
                return UNCHANGED
            case ("hold", "removed" | "spam"):
                return CONFLICT
            case ("restore", _):
                return self.restored_to
        return {"approve": "published", "hold": "pending", "remove": "removed", "spam": "spam", "delete": "deleted"}[
            action
        ]

    def become(self, status: str) -> None:
        """Take a new status."""
        self.status = status
        if status in ("pending", "published"):
            self.restored_to = status


@dataclass
class Discussion:
    """An article's comments."""

    comments: list[Comment] = field(default_factory=list)

    def add(self, comment_id: str, parent: Comment | None, status: str = "published") -> Comment:
        """Somebody posted."""
        comment = Comment(comment_id, parent, status, status)
        self.comments.append(comment)
        if parent is not None:
            parent.replies.append(comment)
        return comment

    @property
    def comment_count(self) -> int:
        return sum(comment.status == "published" for comment in self.comments)

    @property
    def listed(self) -> set[str]:
        return {comment.id for comment in self.comments if comment.listed}

    def walk(self, sort: str) -> list[dict[str, Any]]:
        """Everything a walk shows, in order."""
        roots = [comment for comment in self.comments if comment.parent is None and comment.listed]
        ranks = {"top": wilson_lower_bound, "controversial": controversy}
        roots.sort(key=lambda c: (ranks[sort](*c.votes) if sort in ranks else 0.0, c.id), reverse=sort != "oldest")
        return [comment.shown() for root in roots for comment in (root, *root.in_reading_order()) if comment.listed]


def seen(comment: dict[str, Any]) -> dict[str, Any]:
    """A comment of an answer under the names of `Comment.shown`."""
    kept = ("id", "parent_id", "root_id", "depth", "status", "reply_count", "descendant_count")
    return {
        **{name: comment[name] for name in kept},
        "votes": (comment["votes"]["up"], comment["votes"]["down"]),
        "words": comment["html"] is not None and comment["author"] is not None,
    }


async def pages(
    site: SiteClient, article: str, *, sort: str = "newest", limit: int = 20, replies: int = 10, replies_limit: int = 20
) -> AsyncIterator[list[dict[str, Any]]]:
    """What a reader sees request by request: each page's roots with their first replies, then the rest of each."""
    cursor = ""
    while True:
        page = await site.page(article, f"?sort={sort}&limit={limit}&replies={replies}{cursor}")
        assert len(page["comments"]) <= limit
        assert all(len(root["replies"]["items"]) <= replies for root in page["comments"])
        for root in page["comments"]:
            yield [root, *root["replies"]["items"]]
            rest = root["replies"]["next_cursor"]
            while rest:
                answer = await site.get(f"/comments/{root['id']}/replies?limit={replies_limit}&cursor={rest}")
                if answer.status == 404:
                    break  # gone meanwhile, with everything below
                assert answer.status == 200, answer.body
                assert len(answer.json["items"]) <= replies_limit
                yield answer.json["items"]
                rest = answer.json["next_cursor"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"


async def walk(site: SiteClient, article: str, **how: Any) -> list[dict[str, Any]]:
    """Everything a reader sees, in order."""
    return [comment async for page in pages(site, article, **how) for comment in page]


def tally(walked: list[dict[str, Any]]) -> dict[str, tuple[int, int]]:
    """Published replies and descendants of everything walked, counted by looking: (direct, below) by id.

    What stands below a comment is what follows it at greater depths; beyond depth 8 only direct replies are told.
    """
    direct = {comment["id"]: 0 for comment in walked}
    below = dict(direct)
    above: list[str] = []
    for comment in walked:
        del above[comment["depth"] :]
        if comment["status"] == "published":
            for ancestor in above:
                below[ancestor] += 1
            if comment["parent_id"] in direct:
                direct[comment["parent_id"]] += 1
        above.append(comment["id"])
    deepest = {comment["id"] for comment in walked if comment["depth"] == MAXIMAL_DEPTH}
    return {key: (direct[key], direct[key] if key in deepest else below[key]) for key in direct}
