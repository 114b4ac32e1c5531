"""Webhooks over HTTP, for admins."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from schemas.webhooks import WebhookChangeSchema, WebhookRequestSchema
from service.api.requests import DEPS, body_of, cursor_of, id_of, json_response, listed, staff_of, whole_number
from service.domain.identity import Role
from service.domain.rows import Row
from service.domain.times import rfc3339
from service.operations import webhooks

REQUEST, CHANGE = WebhookRequestSchema(), WebhookChangeSchema()


async def get_webhooks(request: web.Request) -> web.Response:
    """The site's webhooks, oldest first, without their secrets."""
    site, _ = await staff_of(request, Role.ADMIN)
    limit = whole_number(request, "limit", 20, 1, 100)
    return listed(await webhooks.list_webhooks(request.app[DEPS], site, limit, cursor_of(request)), webhook)


async def post_webhook(request: web.Request) -> web.Response:
    """Tell a server of the publisher's what happens from now on. A site has at most 20 webhooks.

    Requests are signed as Standard Webhooks are; the secret is in this answer only.
    """
    site, _ = await staff_of(request, Role.ADMIN)
    made, secret = await webhooks.create_webhook(request.app[DEPS], site, **await body_of(request, REQUEST))
    return json_response({**webhook(made), "secret": secret}, 201)


async def patch_webhook(request: web.Request) -> web.Response:
    """Change a webhook, or let one start again that was deactivated."""
    site, _ = await staff_of(request, Role.ADMIN)
    webhook_id = id_of(request, "webhook_id")
    changes = await body_of(request, CHANGE)
    return json_response(webhook(await webhooks.change_webhook(request.app[DEPS], site, webhook_id, changes)))


async def delete(request: web.Request) -> web.Response:
    """Delete a webhook with its secret and its deliveries."""
    site, _ = await staff_of(request, Role.ADMIN)
    await webhooks.delete_webhook(request.app[DEPS], site, id_of(request, "webhook_id"))
    return web.Response(status=204)


async def get_deliveries(request: web.Request) -> web.Response:
    """A webhook's deliveries of the last 30 days, newest first."""
    site, _ = await staff_of(request, Role.ADMIN)
    limit = whole_number(request, "limit", 20, 1, 100)
    webhook_id = id_of(request, "webhook_id")
    found = await webhooks.list_deliveries(request.app[DEPS], site, webhook_id, limit, cursor_of(request))
    return listed(found, delivery)


async def post_replay(request: web.Request) -> web.Response:
    """Send a delivery again under the same webhook-id, whatever became of it; it says how things are now."""
    site, _ = await staff_of(request, Role.ADMIN)
    webhook_id, delivery_id = id_of(request, "webhook_id"), id_of(request, "delivery_id")
    return json_response(
        delivery(await webhooks.replay_delivery(request.app[DEPS], site, webhook_id, delivery_id)), 202
    )


def webhook(row: Row) -> dict[str, Any]:
    """A webhook without its secret."""
    return {
        "id": str(row["id"]),
        "url": row["url"],
        "types": row["types"],
        "active": row["active"],
        "created_at": rfc3339(row["created_at"]),
    }


def delivery(row: Row) -> dict[str, Any]:
    """A delivery as the log of them shows it."""
    return {
        "id": str(row["id"]),
        "type": row["type"],
        "status": row["status"],
        "attempts": row["attempts"],
        "next_at": rfc3339(row["next_at"]),
        "last_status": row["last_status"],
    }
