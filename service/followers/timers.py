"""What changes by time alone becomes an ordinary event; what is under way for long goes on."""

from __future__ import annotations

from service.deps import Deps
from service.operations.merging import move_next
from service.store import activity

TIMES_BATCH = 1000
HOURS_BATCH = 5000


async def tell_times(deps: Deps) -> None:
    """Tell of articles that open, close or are locked for their age now. Raises Unavailable."""
    while told := await activity.tell_times(deps.database, TIMES_BATCH):
        deps.wake_followers()
        if told < TIMES_BATCH:
            break


async def go_on_merging(deps: Deps) -> None:
    """Move what merges have left to move. Raises Unavailable, Conflict."""
    while await move_next(deps):
        pass


async def count_hours(deps: Deps) -> bool:
    """Count the next events by the hour; whether there may be more. Raises Unavailable."""
    return await activity.count_hours(deps.database, HOURS_BATCH) == HOURS_BATCH
