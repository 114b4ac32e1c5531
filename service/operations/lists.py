"""Lists that go on: a page of rows, and the cursor to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from service.deps import Deps
from service.domain.rows import Row


@dataclass(frozen=True, slots=True)
class Listed:
    """Some rows of a list, and where it goes on."""

    items: Sequence[Row]
    next_cursor: str | None


def listed(
    deps: Deps, scope: str, rows: Sequence[Row], limit: int, place: Callable[[Row], Sequence[str | int | float]]
) -> Listed:
    """At most `limit` of the rows, with a cursor to the place of the last of them when there are more."""
    if len(rows) <= limit:
        return Listed(rows, None)
    return Listed(rows[:limit], deps.cursors.seal(scope, place(rows[limit - 1])))
