"""What moderators send and see."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import Closed, Id

ACTIONS = (
    "approve", "remove", "spam", "restore", "reject_edit", "uphold", "feature", "unfeature", "dismiss_flags",
)  # fmt: skip
RESULTS = ("applied", "unchanged", "conflict", "not_found")


class WishSchema(Closed):
    """What to do with one comment; version is the one that was looked at."""

    comment_id = Id(required=True, metadata={"description": "The comment"})
    action = fields.String(required=True, validate=validate.OneOf(ACTIONS), metadata={"description": "What to do"})
    reason = fields.String(
        allow_none=True, validate=validate.Length(1, 200), metadata={"description": "A code; its author reads it"}
    )
    note = fields.String(
        allow_none=True, validate=validate.Length(1, 2000), metadata={"description": "For moderators only"}
    )
    version = fields.Integer(
        allow_none=True, strict=True, validate=validate.Range(1), metadata={"description": "The version looked at"}
    )


class DecisionsRequestSchema(Closed):
    """At most 100 decisions, each comment once."""

    decisions = fields.List(
        fields.Nested(WishSchema),
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "Each its own transaction, in order"},
    )


class OutcomeSchema(Closed):
    """What came of one decision."""

    comment_id = Id(required=True, metadata={"description": "The comment"})
    result = fields.String(required=True, validate=validate.OneOf(RESULTS), metadata={"description": "What came of it"})
    status = fields.String(required=True, allow_none=True, metadata={"description": "The comment's status now"})
    version = fields.Integer(required=True, allow_none=True, metadata={"description": "The comment's version now"})


class DecisionsAnswerSchema(Closed):
    """What came of each decision, in the order they were asked for."""

    results = fields.List(fields.Nested(OutcomeSchema), required=True, metadata={"description": "In order"})
