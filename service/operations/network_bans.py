"""Bans by network: nobody takes part from there but staff."""

from __future__ import annotations

from datetime import datetime

from service.deps import Deps
from service.domain.errors import ValidationFailed
from service.domain.identity import FOREVER
from service.domain.networks import Network, parse_network
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.authors import Author
from service.operations.lists import Listed, listed
from service.store import decisions, events, network_bans
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening


def named_network(text: str) -> Network:
    """The network that somebody typed. Raises ValidationFailed."""
    try:
        return parse_network(text)
    except ValueError as error:
        raise ValidationFailed({"network": [str(error)]}) from None


async def read_network_bans(deps: Deps, site: Site, limit: int, cursor: str | None) -> Listed:
    """A site's running bans in the order of their networks. Raises InvalidCursor."""
    scope = f"network_bans:{site.name}"
    after = None if cursor is None else parse_network(str(deps.cursors.open(scope, cursor)[0]))
    rows = await network_bans.read_network_bans(deps.database, site.key, after, limit + 1)
    return listed(deps, scope, rows, limit, lambda last: [str(last["network"])])


async def ban_network(
    deps: Deps, site: Site, network: Network, until: datetime | None, reason: str, actor: Author
) -> Row:
    """Ban a network until a time, or for good (None), or ban it anew. Raises ValidationFailed."""
    if until is not None and until.timestamp() <= deps.now():
        raise ValidationFailed({"until": ["This time is over already."]})
    async with deps.database.transaction("ban_network") as tx:
        row = await network_bans.upsert_network_ban(tx, site.key, network, until or FOREVER, reason, actor.key)
        await log(tx, site, "ban_network", actor, "network.banned", reason)
    deps.wake_followers()
    return {**dict(row), "moderator_id": actor.id, "moderator_name": actor.name}


async def unban_network(deps: Deps, site: Site, network: Network, actor: Author) -> None:
    """Lift a ban; a network that is not banned stays so."""
    async with deps.database.transaction("unban_network") as tx:
        if await network_bans.delete_network_ban(tx, site.key, network):
            await log(tx, site, "unban_network", actor, "network.unbanned", None)
    deps.wake_followers()


async def log(tx: Transaction, site: Site, action: str, actor: Author, kind: str, note: str | None) -> None:
    """Log that it was done, and why; networks are told by the list alone, as it forgets them."""
    decision_id = await decisions.insert_decision(tx, Decision(site.key, action, moderator_key=actor.key, note=note))
    await events.insert_outbox(tx, Happening(kind, site.key, decision_id=decision_id))
