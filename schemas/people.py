"""What moderators see of people, and what they do with them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.authors import BanSchema
from schemas.comments import ROLES, AuthorSchema
from schemas.common import TEXT, Closed, Id, Time, count, cursor
from schemas.decisions import DecisionSchema, ModeratorSchema

MAX_REASON, MAX_NOTE = 500, 2000


def reason() -> fields.String:
    """Why, in words that the person reads."""
    return fields.String(
        required=True,
        validate=[validate.Length(1, MAX_REASON), validate.Regexp(r"(?s).*\S")],
        metadata={"pattern": TEXT, "description": "Whoever is banned reads it"},
    )


def until() -> Time:
    """When a ban ends."""
    return Time(allow_none=True, metadata={"description": "When it ends; null or left out: for good"})


class BanRequestSchema(Closed):
    """Ban an author."""

    until = until()
    reason = reason()
    remove_comments = fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "Remove everything they wrote, too"}
    )


class RemovalSchema(Closed):
    """How far the removal of everything an author wrote is. It is out of sight from the beginning."""

    id = Id(required=True)
    state = fields.String(
        required=True,
        validate=validate.OneOf(("running", "done", "undoing", "undone")),
        metadata={"description": "`undoing` restores what was removed"},
    )
    done = count("Comments removed, or restored once it is being undone")
    total = count("Comments to remove, or to restore")


class AuthorBanSchema(Closed):
    """A running ban."""

    author_id = Id(required=True)
    until = Time(required=True, allow_none=True, metadata={"description": "Null: for good"})
    reason = fields.String(required=True)
    removal = fields.Nested(
        RemovalSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The last removal of everything they wrote"},
    )


class AuthorRecordSchema(Closed):
    """What became of what an author wrote."""

    approved = count("Published comments")
    removed = count("Removed comments and spam")
    pending = count("Held comments")
    flags_upheld = count("Flags against their comments that moderators agreed with; in lists counted up to 100")
    first_seen = Time(required=True)
    ban = fields.Nested(BanSchema, required=True, allow_none=True)


class NoteRequestSchema(Closed):
    """What moderators tell each other."""

    text = fields.String(required=True, validate=validate.Length(1, MAX_NOTE), metadata={"pattern": TEXT})


class NoteSchema(Closed):
    """A note on an author, for moderators only."""

    id = Id(required=True)
    text = fields.String(required=True)
    moderator = fields.Nested(ModeratorSchema, required=True)
    created_at = Time(required=True)


class NeighbourSchema(Closed):
    """Somebody who posted from the same network."""

    author = fields.Nested(AuthorSchema, required=True)
    last_seen = Time(required=True, metadata={"description": "When they last did, to the day"})


class SameNetworkSchema(Closed):
    """Who else posted from the networks an author posted from lately. Addresses themselves are not stored."""

    count = count("How many (at most 50 of each network are looked at)")
    authors = fields.List(fields.Nested(NeighbourSchema), required=True, metadata={"maxItems": 20})


class PersonSchema(Closed):
    """What moderators know of an author."""

    author = fields.Nested(AuthorSchema, required=True)
    roles = fields.List(
        fields.String(validate=validate.OneOf(("reader", *ROLES))),
        required=True,
        metadata={"minItems": 1, "description": "Everything that counts here, `reader` included"},
    )
    author_record = fields.Nested(AuthorRecordSchema, required=True)
    comment_count = count("Everything they wrote, whatever became of it")
    notes = fields.List(
        fields.Nested(NoteSchema), required=True, metadata={"maxItems": 100, "description": "Newest first"}
    )
    decisions = fields.List(
        fields.Nested(DecisionSchema),
        required=True,
        metadata={"maxItems": 20, "description": "On them and what they wrote, newest first"},
    )
    same_network = fields.Nested(SameNetworkSchema, required=True)
    removal = fields.Nested(RemovalSchema, required=True, allow_none=True)


class RoleRequestSchema(Closed):
    """A role that no token needs to carry."""

    role = fields.String(
        required=True,
        validate=validate.OneOf(("reader", *ROLES)),
        metadata={"description": "`reader` takes a granted role away; what tokens carry stays"},
    )


class RolesSchema(Closed):
    """An author's roles now."""

    author_id = Id(required=True)
    roles = fields.List(
        fields.String(validate=validate.OneOf(("reader", *ROLES))), required=True, metadata={"minItems": 1}
    )


class NetworkBanRequestSchema(Closed):
    """Ban a network."""

    network = fields.String(
        required=True,
        validate=validate.Length(1, 60),
        metadata={
            "pattern": TEXT,
            "description": "Like 192.0.2.0/24, no wider than /16; like 2001:db8::/48, no wider than /32",
        },
    )
    until = until()
    reason = reason()


class NetworkBanSchema(Closed):
    """A network from which only staff take part."""

    network = fields.String(required=True)
    until = Time(required=True, allow_none=True, metadata={"description": "Null: for good"})
    reason = fields.String(required=True)
    moderator = fields.Nested(ModeratorSchema, required=True, allow_none=True)
    created_at = Time(required=True)


class NetworkBansSchema(Closed):
    """Running bans, in the order of their networks."""

    items = fields.List(fields.Nested(NetworkBanSchema), required=True)
    next_cursor = cursor()
