"""The log of decisions."""

from __future__ import annotations

from marshmallow import fields

from schemas.common import Closed, Id, Time, cursor


class ModeratorSchema(Closed):
    """Who did it."""

    id = Id(required=True)
    name = fields.String(required=True)


class DecisionSchema(Closed):
    """Who did what to which comment or author, by a rule or by hand."""

    id = Id(required=True)
    comment_id = Id(required=True, allow_none=True)
    author_id = Id(required=True, allow_none=True, metadata={"description": "Who wrote the comment, or was banned"})
    action = fields.String(required=True)
    from_ = fields.String(
        data_key="from", required=True, allow_none=True, metadata={"description": "The comment's status before"}
    )
    to = fields.String(required=True, allow_none=True, metadata={"description": "The comment's status after"})
    check = fields.String(required=True, allow_none=True, metadata={"description": "The check that decided"})
    moderator = fields.Nested(
        ModeratorSchema, required=True, allow_none=True, metadata={"description": "Null: a rule, or the author"}
    )
    reason = fields.String(required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True, metadata={"description": "For moderators only"})
    version = fields.Integer(
        required=True, allow_none=True, metadata={"minimum": 1, "description": "The comment's version after"}
    )
    created_at = Time(required=True)


class DecisionLogSchema(Closed):
    """A page of the log, newest first."""

    items = fields.List(fields.Nested(DecisionSchema), required=True)
    next_cursor = cursor()
