"""Forgets people who asked for it."""

from __future__ import annotations

from service.deps import Deps
from service.operations.rights import work_on_erasure


async def erase_people(deps: Deps) -> None:
    """Work until nothing is left that no other process is at. Raises Unavailable."""
    while await work_on_erasure(deps):
        pass
