"""Charging rate limits, the one way every operation does it."""

from __future__ import annotations

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import RateLimited
from service.domain.limits import charges_for


async def charge(deps: Deps, *actions: str, address: str, account: tuple[str, str] | None = None) -> Verdict:
    """Charge these actions to the network, and to the account (site, author id) where the action has such a limit.

    All of them are charged, or none. Raises RateLimited.
    """
    charges = [one for action in actions for one in charges_for(action, account=account, address=address)]
    verdict = await deps.limiter.charge(charges)
    if verdict.refused is not None:
        deps.counters[f"limited:{verdict.refused.name}"] += 1
        raise RateLimited(verdict.retry_after, headers=verdict.headers)
    return verdict
