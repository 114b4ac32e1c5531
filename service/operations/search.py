"""Finding comments by their words, newest first, at a cost that no word can drive up.

Words that are common among a site's newest comments are looked for by reading those; how many matches there are is
only estimated. Rare ones come from the index, which knows. Either way only the newest MOST matches are shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from service.deps import Deps
from service.domain.rows import Row
from service.store import queue
from service.store.queue import Asked, Wanted

RECENT: Final = 1000  # comments that tell how common the words are
SCAN: Final = 10_000  # comments read for one page of common words
MOST: Final = 10_000  # matches that can be walked through

_PUNCTUATION: Final = re.compile(r"""[!#$%&'()*+,./:;<=>?@\[\\\]^_`{|}~’‘“”„«»…–—·]|(?<=\S)-""")


@dataclass(frozen=True, slots=True)
class Found:
    """Ids on a page, the place it ends at (id and matches so far) when more may follow, and whether that is all.

    `complete` is False when there seem to be more matches than can be walked through.
    """

    ids: Sequence[UUID]
    end: tuple[UUID, int] | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A comment with the words: its number among them, and whether it may be shown."""

    id: UUID
    n: int
    shown: bool


def search_words(text: str) -> str:
    """Words as the store takes them: punctuation parts them, but "quoted words" stay together and -word excludes."""
    return " ".join(_PUNCTUATION.sub(" ", text).split())


async def search_comments(deps: Deps, wanted: Wanted, asked: Asked, seen: int, limit: int) -> Found:
    """A page of comments with the words; `seen` matches came before it. Raises Unavailable."""
    rows = await queue.search_recent(deps.database, wanted, asked, scan=RECENT)
    if not rows[0]["asked_words"]:
        return Found([], None, complete=False)  # nothing but words that every text has
    matches = matches_in(rows)
    if not walked_to(rows, RECENT):
        return page(matches, seen, limit, complete=seen + len(matches) <= MOST)
    common = len(matches) / RECENT * (rows[0]["comments"] or 0) > MOST
    if sum(match.shown for match in matches) > limit:
        return page(matches, seen, limit, complete=not common)
    if common:
        rows = await queue.search_recent(deps.database, wanted, asked, scan=SCAN)
        end = rows[-1]["id"] if walked_to(rows, SCAN) else None
        return page(matches_in(rows), seen, limit, complete=False, end=end)
    most = MOST - seen
    rows = await queue.search_words(deps.database, wanted, asked, scan=most + 1, limit=limit + 1)
    matches = [Match(row["id"], row["n"], True) for row in rows if row["id"] is not None and row["n"] <= most]
    return page(matches, seen, limit, complete=rows[0]["found"] <= most)


def matches_in(rows: Sequence[Row]) -> list[Match]:
    """Those that a walk found, numbered."""
    found = (row for row in rows if row["found"])
    return [Match(row["id"], number, row["matches"]) for number, row in enumerate(found, start=1)]


def walked_to(rows: Sequence[Row], scan: int) -> bool:
    """Whether the walk ended because it had looked at so many."""
    return bool(rows[-1]["n"] == scan)


def page(matches: Sequence[Match], seen: int, limit: int, *, complete: bool, end: UUID | None = None) -> Found:
    """The first matches that may be shown; `end` is where the walk ended, if it did not come to the last comment."""
    shown = [match for match in matches if match.shown and seen + match.n <= MOST]
    last: tuple[UUID, int] | None = None
    if len(shown) > limit:
        last = shown[limit - 1].id, seen + shown[limit - 1].n
    elif end is not None and seen + len(matches) < MOST:
        last = end, seen + len(matches)
    return Found([match.id for match in shown[:limit]], last, complete)


def before(wanted: Wanted, comment_id: UUID) -> Wanted:
    """The same search, on from a comment."""
    return replace(wanted, before=min(wanted.before, comment_id))
