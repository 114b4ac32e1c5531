"""Who is asking."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.comments import ROLES, AuthorSchema
from schemas.common import SITE, TEXT, Closed, Time


class BanSchema(Closed):
    """A running ban."""

    until = Time(required=True, allow_none=True, metadata={"description": "Null: for good"})
    reason = fields.String(required=True, allow_none=True)


class MeSchema(Closed):
    """The person behind the token."""

    author = fields.Nested(AuthorSchema, required=True)
    roles = fields.List(
        fields.String(validate=validate.OneOf(("reader", *ROLES))),
        required=True,
        metadata={"minItems": 1, "description": "Everything that counts here, `reader` included"},
    )
    guest = fields.Boolean(required=True)
    ban = fields.Nested(BanSchema, required=True, allow_none=True)
    site = fields.String(required=True, metadata={"pattern": SITE})


class GuestRequestSchema(Closed):
    """A guest gives a name."""

    name = fields.String(
        required=True,
        validate=validate.Length(min=1, max=1000),
        metadata={"pattern": TEXT, "description": "1 to 80 characters (code points after NFC), in one line"},
    )


class GuestSchema(Closed):
    """A guest's token (30 days) and author."""

    token = fields.String(required=True, metadata={"description": "Send it as Authorization: Bearer TOKEN"})
    author = fields.Nested(AuthorSchema, required=True)
