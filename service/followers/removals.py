"""Removes what banned people wrote, and restores it: every process does, and each comment is one's alone."""

from __future__ import annotations

from service.deps import REMOVALS, Deps
from service.operations.removals import work_on_removal

LOOK_SECONDS = 1.0  # between two looks for work that nobody told of


async def follow_removals(deps: Deps) -> None:
    """Do the work there is, again and again. Raises Unavailable."""
    with deps.wakeups.follow(REMOVALS) as wake:
        while True:
            while await work_on_removal(deps):
                pass
            await wake.wait(LOOK_SECONDS)
