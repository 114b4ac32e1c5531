"""What the service tells operators about itself."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import Closed


class AliveSchema(Closed):
    """The process answers."""

    status = fields.String(required=True, validate=validate.Equal("ok"))


class ReadySchema(Closed):
    """The servers behind the service, as this process sees them."""

    postgres = fields.String(required=True, validate=validate.OneOf(("up", "down")))
    redis = fields.String(required=True, validate=validate.OneOf(("up", "down")))
