"""Flags."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import Closed, Time

REASONS = ("spam", "abuse", "hate", "off_topic", "misinformation", "other")


class FlagRequestSchema(Closed):
    """A report of a comment."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS), metadata={"description": "What is wrong"})
    note = fields.String(
        allow_none=True, validate=validate.Length(1, 1000), metadata={"description": "For moderators only"}
    )


class FlagSchema(Closed):
    """The flag that stands."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS), metadata={"description": "What is wrong"})
    created_at = Time(required=True, metadata={"description": "When it was made"})
