"""Votes."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.comments import VotesSchema
from schemas.common import Closed


class VoteRequestSchema(Closed):
    """A vote; 0 withdraws it."""

    value = fields.Integer(
        required=True, strict=True, validate=validate.OneOf((-1, 0, 1)), metadata={"description": "-1, 0 or 1"}
    )


class VoteSchema(Closed):
    """The comment's totals with this vote in them."""

    votes = fields.Nested(VotesSchema, required=True, metadata={"description": "Totals"})
    value = fields.Integer(required=True, metadata={"description": "The vote"})
