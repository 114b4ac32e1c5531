"""Does what readers and moderators do, all at once, on a few dozen articles.

    python -m bench.mixer URL OPERATIONS CONNECTIONS < {"readers": [tokens], "moderator": token, "articles": [ids]}

URL is a site's. Every answer is checked: a refusal is right where somebody else may have been first (a comment that was
removed meanwhile, an author who is banned). Prints {"sent", "created", "refused", "wrong", "sample", "seconds",
"ended", "p99"} as JSON: `ended` on the monotonic clock, `p99` in milliseconds.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import uvloop

from bench.seed import ORIGIN
from bench.texts import POSTED

BANNED_NOW_AND_THEN = 10  # readers, the last ones
PREMODERATED = 6  # every so manieth article: what is posted there waits
REASONS = ("spam", "abuse", "hate", "off_topic", "misinformation", "other")


@dataclass(frozen=True)
class Said:
    """A comment that was taken; `reader` is the number of who wrote it."""

    id: str
    article: str
    reader: int


@dataclass
class Mixer:
    """What is known so far. `people` are authors' ids by reader."""

    session: aiohttp.ClientSession
    url: str
    readers: list[str]
    moderator: str
    articles: list[str]
    rng: random.Random = field(default_factory=lambda: random.Random("mixed"))
    numbers: Iterator[int] = field(default_factory=itertools.count)
    said: list[Said] = field(default_factory=list)
    refused_ids: list[str] = field(default_factory=list)  # removed, spam or waiting when last heard of
    people: dict[int, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    refused: int = 0
    wrong: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, token: str, body: object, right: str) -> tuple[int, Any]:
        """Status and answer of one request; `right` has statuses, and codes of refusals, that are no mistake."""
        sent = time.monotonic()
        headers = {"Authorization": f"Bearer {token}"}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
            content = await answer.json(content_type=None) if answer.status != 204 else None
        self.times.append((time.monotonic() - sent) * 1000)
        code = content["code"] if answer.status >= 400 else str(answer.status)
        if code not in right.split():
            self.wrong.append(f"{method} {path}: {answer.status} {content}")
        self.refused += answer.status >= 400
        return answer.status, content

    # ---- readers

    async def post(self) -> None:
        """A root comment."""
        await self._say(self.rng.choice(self.articles), {}, "201 202 banned")

    async def reply(self) -> None:
        """A reply to some comment."""
        above = self.rng.choice(self.said)
        await self._say(above.article, {"parent_id": above.id}, "201 202 banned parent_not_visible comment_not_found")

    async def _say(self, article: str, parent: dict[str, str], right: str) -> None:
        reader = self.rng.randrange(len(self.readers))
        body = {"text": POSTED % f"mixed-{next(self.numbers)}"} | parent
        path = f"/articles/{article}/comments"
        status, comment = await self.ask("POST", path, self.readers[reader], body, right)
        if status < 300:
            self.said.append(Said(comment["id"], article, reader))
            self.people[reader] = comment["author"]["id"]
            if status == 202:
                self.refused_ids.append(comment["id"])

    async def edit(self) -> None:
        """New words for a comment by its author."""
        own = self.rng.choice(self.said)
        body = {"text": POSTED % f"edited-{next(self.numbers)}"}
        right = "200 202 banned not_visible"
        status, _ = await self.ask("PATCH", f"/comments/{own.id}", self.readers[own.reader], body, right)
        if status == 202:
            self.refused_ids.append(own.id)

    async def vote(self) -> None:
        """Up, down, or not any more."""
        comment, token = self._somebody_elses()
        body = {"value": self.rng.choice((1, 1, -1, 0))}
        right = "200 banned not_visible comment_not_found"
        await self.ask("PUT", f"/comments/{comment.id}/vote", token, body, right)

    async def flag(self) -> None:
        """Three of them hold a comment, so a few comments get many."""
        comment, token = self._somebody_elses(few=True)
        body = {"reason": self.rng.choice(REASONS)}
        right = "200 201 banned not_visible comment_not_found"
        await self.ask("POST", f"/comments/{comment.id}/flags", token, body, right)
        self.refused_ids.append(comment.id)

    def _somebody_elses(self, *, few: bool = False) -> tuple[Said, str]:
        comment = self.rng.choice(self.said[:: 10 if few else 1])
        reader = (comment.reader + self.rng.randrange(1, len(self.readers))) % len(self.readers)
        return comment, self.readers[reader]

    async def delete(self) -> None:
        """A comment by its author."""
        own = self.rng.choice(self.said)
        await self.ask("DELETE", f"/comments/{own.id}", self.readers[own.reader], None, "204")

    # ---- moderators

    async def approve(self) -> None:
        """What waits, or was removed."""
        await self._decide("approve", self.rng.choice(self.refused_ids or [self.said[0].id]))

    async def restore(self) -> None:
        """What was removed."""
        await self._decide("restore", self.rng.choice(self.refused_ids or [self.said[0].id]))

    async def remove(self) -> None:
        """Any comment."""
        await self._decide("remove", self.rng.choice(self.said).id)

    async def spam(self) -> None:
        """Any comment."""
        await self._decide("spam", self.rng.choice(self.said).id)

    async def _decide(self, action: str, id: str) -> None:
        body = {"decisions": [{"comment_id": id, "action": action, "reason": "rude"}]}
        _, answer = await self.ask("POST", "/moderation/decisions", self.moderator, body, "200")
        (result,) = answer.get("results", [{"result": "none"}])
        if result["result"] not in ("applied", "unchanged", "conflict"):
            self.wrong.append(f"{action} {id}: {answer}")
        if action in ("remove", "spam"):
            self.refused_ids.append(id)

    async def ban(self) -> None:
        """One of those who are banned now and then."""
        if person := self._troublesome():
            body = {"reason": "Rude.", "until": None}
            await self.ask("PUT", f"/moderation/authors/{person}/ban", self.moderator, body, "200")

    async def unban(self) -> None:
        """One of them again."""
        if person := self._troublesome():
            await self.ask("DELETE", f"/moderation/authors/{person}/ban", self.moderator, None, "204")

    def _troublesome(self) -> str | None:
        return self.people.get(len(self.readers) - self.rng.randrange(1, BANNED_NOW_AND_THEN + 1))


OPERATIONS: dict[Callable[[Mixer], Awaitable[None]], int] = {
    Mixer.post: 18,
    Mixer.reply: 26,
    Mixer.edit: 8,
    Mixer.vote: 24,
    Mixer.flag: 6,
    Mixer.delete: 3,
    Mixer.approve: 5,
    Mixer.restore: 3,
    Mixer.remove: 4,
    Mixer.spam: 1,
    Mixer.ban: 1,
    Mixer.unban: 1,
}


async def mix(url: str, operations: int, connections: int, given: dict[str, Any]) -> dict[str, object]:
    """Do so many operations on so many connections."""
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(headers={"Origin": ORIGIN}, connector=connector) as session:
        mixer = Mixer(session, url, given["readers"], given["moderator"], given["articles"])
        for reader, article in enumerate(mixer.articles):  # opens it, and is not counted
            body = {"text": POSTED % f"opened-{article}"}
            path = f"/articles/{article}/comments"
            _, comment = await mixer.ask("POST", path, mixer.readers[reader], body, "201")
            mixer.said.append(Said(comment["id"], article, reader))
            if reader % PREMODERATED == 0:
                path = f"/moderation/articles/{article}"
                await mixer.ask("PATCH", path, mixer.moderator, {"moderation": "pre"}, "200")
        mixer.times.clear()
        started = time.monotonic()

        async def work() -> None:
            while len(mixer.times) + connections <= operations:
                (operation,) = mixer.rng.choices(list(OPERATIONS), list(OPERATIONS.values()))
                await operation(mixer)

        await asyncio.gather(*(work() for _ in range(connections)))
        while len(mixer.times) < operations:
            await mixer.vote()
    ended = time.monotonic()
    return {
        "sent": len(mixer.times),
        "created": len(mixer.said),
        "refused": mixer.refused,
        "wrong": len(mixer.wrong),
        "sample": next(iter(mixer.wrong), ""),
        "seconds": ended - started,
        "ended": ended,
        "p99": statistics.quantiles(mixer.times, n=100)[98],
    }


if __name__ == "__main__":
    arguments = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.stdin.read())
    print(json.dumps(uvloop.run(mix(*arguments))))
