"""Appeals against removals."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import TEXT, Closed, Id, Time


class AppealRequestSchema(Closed):
    """Why the comment should come back."""

    text = fields.String(
        required=True,
        validate=validate.Length(min=1, max=2000),
        metadata={"pattern": TEXT, "description": "For moderators only"},
    )


class AppealSchema(Closed):
    """An appeal that waits for a moderator."""

    comment_id = Id(required=True, metadata={"description": "The comment"})
    created_at = Time(required=True, metadata={"description": "When it was made"})
