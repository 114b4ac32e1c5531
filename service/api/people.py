"""People as moderators see them, over HTTP."""

from __future__ import annotations

from aiohttp import web

from schemas.people import BanRequestSchema, NetworkBanRequestSchema, NoteRequestSchema, RoleRequestSchema
from service.api import present
from service.api.requests import DEPS, body_of, cursor_of, id_of, json_response, listed, staff_of, whole_number
from service.domain.errors import ValidationFailed
from service.domain.identity import Role
from service.operations import network_bans, people, removals

BAN, NETWORK_BAN = BanRequestSchema(), NetworkBanRequestSchema()
NOTE, ROLE = NoteRequestSchema(), RoleRequestSchema()


async def get_author(request: web.Request) -> web.Response:
    """What moderators know of an author: their record, roles, notes, and who posts from the same networks."""
    site, _ = await staff_of(request)
    return json_response(present.person(await people.read_person(request.app[DEPS], site, id_of(request, "author_id"))))


async def get_ban(request: web.Request) -> web.Response:
    """An author's running ban, and how far the removal of what they wrote is; 404 when they are not banned."""
    site, _ = await staff_of(request)
    return json_response(present.ban(await people.read_ban(request.app[DEPS], site, id_of(request, "author_id"))))


async def put_ban(request: web.Request) -> web.Response:
    """Ban an author for good, or suspend them until a time; they read the reason.

    With `remove_comments` everything they wrote is out of sight at once, and removed comment by comment soon after.
    """
    site, moderator = await staff_of(request)
    author_id, body = id_of(request, "author_id"), await body_of(request, BAN)
    banned = await people.ban_author(
        request.app[DEPS],
        site,
        author_id,
        body.get("until"),
        body["reason"].strip(),
        actor=moderator,
        remove_comments=body.get("remove_comments", False),
    )
    return json_response(present.ban(banned))


async def delete_ban(request: web.Request) -> web.Response:
    """Lift an author's ban. What was removed stays so."""
    site, moderator = await staff_of(request)
    await people.unban_author(request.app[DEPS], site, id_of(request, "author_id"), actor=moderator)
    return web.Response(status=204)


async def undo_removal(request: web.Request) -> web.Response:
    """Restore exactly what a removal removed, but for what was decided on since; also while it still runs."""
    site, moderator = await staff_of(request)
    removal = await removals.undo_removal(request.app[DEPS], site, id_of(request, "removal_id"), moderator)
    return json_response(present.removal(removal))


async def post_note(request: web.Request) -> web.Response:
    """Tell the other moderators something about an author."""
    site, moderator = await staff_of(request)
    author_id, body = id_of(request, "author_id"), await body_of(request, NOTE)
    note = await people.add_note(request.app[DEPS], site, author_id, body["text"], moderator)
    return json_response(present.note(note), 201)


async def post_revoke(request: web.Request) -> web.Response:
    """Refuse every token an author holds now, in every process; those they get later count again."""
    site, admin = await staff_of(request, Role.ADMIN)
    await people.revoke_author(request.app[DEPS], site, id_of(request, "author_id"), actor=admin)
    return web.Response(status=204)


async def put_roles(request: web.Request) -> web.Response:
    """Give an author a role that no token needs to carry, or take it away with `reader`."""
    site, admin = await staff_of(request, Role.ADMIN)
    author_id, body = id_of(request, "author_id"), await body_of(request, ROLE)
    roles = await people.grant_role(request.app[DEPS], site, author_id, Role(body["role"]), actor=admin)
    return json_response({"author_id": str(author_id), "roles": ["reader", *roles]})


async def get_network_bans(request: web.Request) -> web.Response:
    """The networks from which only staff take part."""
    site, _ = await staff_of(request)
    limit = whole_number(request, "limit", 20, 1, 100)
    found = await network_bans.read_network_bans(request.app[DEPS], site, limit, cursor_of(request))
    return listed(found, present.network_ban)


async def put_network_ban(request: web.Request) -> web.Response:
    """Ban a network for good or until a time: only staff post, vote and flag from there."""
    site, moderator = await staff_of(request)
    body = await body_of(request, NETWORK_BAN)
    network = network_bans.named_network(body["network"])
    row = await network_bans.ban_network(
        request.app[DEPS], site, network, body.get("until"), body["reason"].strip(), moderator
    )
    return json_response(present.network_ban(row))


async def delete_network_ban(request: web.Request) -> web.Response:
    """Lift the ban of a network."""
    site, moderator = await staff_of(request)
    text = request.query.get("network")
    if text is None:
        raise ValidationFailed({"network": ["Name the network."]})
    await network_bans.unban_network(request.app[DEPS], site, network_bans.named_network(text), moderator)
    return web.Response(status=204)
