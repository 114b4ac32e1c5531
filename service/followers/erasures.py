"""Forgets people who asked for it: every process does, and each step is one's alone."""

from __future__ import annotations

from service.deps import ERASURES, Deps
from service.operations.rights import work_on_erasure

LOOK_SECONDS = 1.0  # between two looks for work that nobody told of


async def follow_erasures(deps: Deps) -> None:
    """Do the work there is, again and again. Raises Unavailable."""
    with deps.wakeups.follow(ERASURES) as wake:
        while True:
            while await work_on_erasure(deps):
                pass
            await wake.wait(LOOK_SECONDS)
