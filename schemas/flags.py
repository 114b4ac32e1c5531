"""Flags."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from schemas.common import Closed, Time
from schemas.notices import FlagNoticeSchema

REASONS = ("spam", "abuse", "hate", "off_topic", "misinformation", "illegal", "other")


class FlagRequestSchema(Closed):
    """A report of a comment."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS), metadata={"description": "What is wrong"})
    note = fields.String(
        allow_none=True, validate=validate.Length(1, 1000), metadata={"description": "For moderators only"}
    )
    notice = fields.Nested(FlagNoticeSchema, metadata={"description": "With the reason `illegal`, and only then"})

    @validates_schema
    def illegal_has_a_notice(self, data: dict[str, Any], **kwargs: Any) -> None:
        """The Digital Services Act asks for more than a word."""
        if (data.get("reason") == "illegal") != ("notice" in data):
            raise ValidationError({"notice": ["Goes with the reason illegal, and only with that."]})


class FlagSchema(Closed):
    """The flag that stands."""

    reason = fields.String(required=True, validate=validate.OneOf(REASONS), metadata={"description": "What is wrong"})
    created_at = Time(required=True, metadata={"description": "When it was made"})
