"""Webhooks: what admins do with them, and sending what the event log has for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import structlog

from service.adapters.outbound import OutboundError, check_target
from service.adapters.signatures import new_secret, signed_headers
from service.deps import Deps
from service.domain.errors import Conflict, DiscussError, NotFound, ValidationFailed
from service.domain.ids import FIRST_ID, LAST_ID, uuid7
from service.domain.rows import Row
from service.domain.sites import Site
from service.domain.webhooks import GIVE_UP_AFTER, KEPT, MAX_WEBHOOKS, TYPE_OF_KIND, message, retry_after
from service.operations.lists import Listed, listed
from service.store import webhooks
from service.store.webhooks import Claim

log = structlog.get_logger()

BATCH = 500  # events made into deliveries at once
LEASE = timedelta(seconds=30)  # more than an attempt can take, saving included
DELETED_AT_ONCE = 5_000


# ---- what admins do


async def create_webhook(
    deps: Deps, site: Site, url: str, types: Sequence[str], active: bool
) -> tuple[asyncpg.Record, str]:
    """A new webhook and its secret, which is never told again. Raises ValidationFailed, Conflict for one too many."""
    check_url(deps, url)
    secret = new_secret()
    webhook_id = uuid7(int(deps.now() * 1000))
    async with deps.database.transaction("create_webhook") as tx:
        await webhooks.lock_site(tx, site.key)
        made = await webhooks.insert_webhook(
            tx, webhook_id, site.key, url=url, secret=secret, types=types, active=active, most=MAX_WEBHOOKS
        )
        if made is None:
            raise Conflict(f"A site has at most {MAX_WEBHOOKS} webhooks; delete one first.")
    return made, secret


def check_url(deps: Deps, url: str) -> None:
    """Raise ValidationFailed for an address no webhook may have; where a name leads is seen when it is called."""
    try:
        check_target(url, allow_private=deps.settings.allow_private_targets)
    except OutboundError as error:
        raise ValidationFailed({"url": [f"This address cannot be used: {error.detail}."]}) from error


async def list_webhooks(deps: Deps, site: Site, limit: int, cursor: str | None) -> Listed:
    """A site's webhooks, oldest first. Raises InvalidCursor."""
    scope = f"webhooks:{site.name}"
    rows = await webhooks.list_webhooks(deps.database, site.key, place(deps, scope, cursor, FIRST_ID), limit + 1)
    return listed(deps, scope, rows, limit, lambda last: [str(last["id"])])


async def change_webhook(deps: Deps, site: Site, webhook_id: UUID, changes: dict[str, Any]) -> asyncpg.Record:
    """Change url, types or active; made active again, it is sent what waited. Raises NotFound, ValidationFailed."""
    if "url" in changes:
        check_url(deps, changes["url"])
    changed = await webhooks.update_webhook(
        deps.database, site.key, webhook_id, changes.get("url"), changes.get("types"), changes.get("active")
    )
    if changed is None:
        raise NotFound
    return changed


async def delete_webhook(deps: Deps, site: Site, webhook_id: UUID) -> None:
    """Delete a webhook, its secret and its deliveries. Raises NotFound."""
    webhook = await change_webhook(deps, site, webhook_id, {"active": False})  # so that nothing is added meanwhile
    while await webhooks.delete_deliveries(deps.database, webhook["key"], DELETED_AT_ONCE) == DELETED_AT_ONCE:
        pass
    await webhooks.delete_webhook(deps.database, webhook["key"])


async def list_deliveries(deps: Deps, site: Site, webhook_id: UUID, limit: int, cursor: str | None) -> Listed:
    """A webhook's deliveries of the last 30 days, newest first. Raises NotFound, InvalidCursor."""
    scope = f"deliveries:{site.name}:{webhook_id}"
    before = place(deps, scope, cursor, LAST_ID)
    webhook = await found_webhook(deps, site, webhook_id)
    rows = await webhooks.list_deliveries(deps.database, webhook["key"], before, limit + 1)
    return listed(deps, scope, rows, limit, lambda last: [str(last["id"])])


async def replay_delivery(deps: Deps, site: Site, webhook_id: UUID, delivery_id: UUID) -> asyncpg.Record:
    """Send a delivery again, under its own id. Raises NotFound, Conflict while the webhook is inactive."""
    webhook = await found_webhook(deps, site, webhook_id)
    if not webhook["active"]:
        raise Conflict("This webhook is not active; activate it first.")
    delivery = await webhooks.replay_delivery(deps.database, webhook["key"], delivery_id)
    if delivery is None:
        raise NotFound
    return delivery


async def found_webhook(deps: Deps, site: Site, webhook_id: UUID) -> asyncpg.Record:
    """The site's webhook. Raises NotFound."""
    webhook = await webhooks.find_webhook(deps.database, site.key, webhook_id)
    if webhook is None:
        raise NotFound
    return webhook


def place(deps: Deps, scope: str, cursor: str | None, start: UUID) -> UUID:
    """The id a list goes on from. Raises InvalidCursor."""
    return start if cursor is None else UUID(str(deps.cursors.open(scope, cursor)[0]))


# ---- what followers do


async def write_deliveries(deps: Deps) -> tuple[int, int]:
    """Make the next events into deliveries; how many of each. Raises Unavailable."""
    return await webhooks.tell_webhooks(deps.database, BATCH, TYPE_OF_KIND)


async def claim_deliveries(
    deps: Deps, busy: Collection[int], most: int, each: int
) -> dict[int, list[tuple[Claim, asyncpg.Record]]]:
    """Lease what is due: of at most so many webhooks, the `busy` ones left out, a few each. Raises Unavailable."""
    claims = await webhooks.claim_deliveries(deps.database, busy, most, each, LEASE)
    found: dict[int, list[tuple[Claim, asyncpg.Record]]] = {}
    if claims:
        by_id = {claim.id: claim for claim in claims}
        for row in await webhooks.read_deliveries(deps.database, claims):
            found.setdefault(row["webhook_key"], []).append((by_id[row["delivery_id"]], row))
    return found


async def send_all(deps: Deps, deliveries: Sequence[tuple[Claim, Row]]) -> None:
    """Attempt one webhook's deliveries, all at once."""
    await asyncio.gather(*(send(deps, claim, row) for claim, row in deliveries))


async def send(deps: Deps, claim: Claim, row: Row) -> None:
    """Attempt a delivery and save what came of it; if that fails, the lease's end brings it back under the same id."""
    http_status = await attempt(deps, claim, row)
    status, wait = judged(claim, http_status)
    deps.counters[f"webhook_attempts:{'delivered' if status == 'delivered' else 'retry' if wait else 'failed'}"] += 1
    unwanted = http_status == GONE
    try:
        deactivated = await webhooks.save_attempt(
            deps.database,
            claim,
            status,
            wait=wait,
            http_status=http_status,
            unwanted=unwanted,
            patience=GIVE_UP_AFTER,
        )
    except DiscussError as error:
        log.warning("webhook attempt not saved", webhook=str(row["webhook_id"]), reason=error.code)
        return
    if deactivated:
        reason = "its receiver answered 410" if unwanted else f"it failed for {GIVE_UP_AFTER.days} days"
        log.warning("webhook deactivated", site=row["site"], webhook=str(row["webhook_id"]), reason=reason)


GONE = 410


async def attempt(deps: Deps, claim: Claim, row: Row) -> int | None:
    """POST it; the receiver's status, None when there was no answer."""
    body = orjson.dumps(message(row))
    headers = signed_headers(row["secret"], str(claim.id), body, deps.now())
    try:
        return (await deps.outbound.post(row["url"], body, headers)).status
    except OutboundError as error:
        log.info("webhook not reached", webhook=str(row["webhook_id"]), reason=error.reason)
        return None


def judged(claim: Claim, http_status: int | None) -> tuple[str, timedelta | None]:
    """The status an attempt gives its delivery, and how long to wait for the next one if there is one."""
    if http_status is not None and 200 <= http_status < 300:
        return "delivered", None
    wait = None if http_status == GONE else retry_after(claim.attempts, random.random())
    return ("failed", None) if wait is None else ("pending", timedelta(seconds=wait))


async def forget_deliveries(deps: Deps) -> None:
    """Drop deliveries after 30 days. Raises Unavailable."""
    await webhooks.forget_deliveries(deps.database, KEPT, DELETED_AT_ONCE)


async def tell_overdue(deps: Deps) -> None:
    """Tell the log of queues that have become overdue. Raises Unavailable."""
    if await webhooks.tell_overdue(deps.database):
        deps.wake_followers()
