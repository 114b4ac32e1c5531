"""What somebody is told of."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import Closed, Time, cursor

TYPES = ("reply", "approved", "removed", "appeal_decided", "flag_answered", "ban_changed")


class NotificationSchema(Closed):
    """One thing somebody was told of."""

    id = fields.String(
        required=True,
        metadata={"pattern": "^[0-9]+-[a-z_]+$", "description": "The event log's position, and the type"},
    )
    type = fields.String(required=True, validate=validate.OneOf(TYPES), metadata={"description": "What happened"})
    comment = fields.Raw(
        required=True,
        metadata={
            "anyOf": [
                {"$ref": "#/components/schemas/OwnComment"},
                {"$ref": "#/components/schemas/Comment"},
                {"type": "null"},
            ],
            "description": "The reply or the flagged comment as everybody sees it now, one's own as its author does; "
            "null when there is none, or none to be seen",
        },
    )
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "`removed`: the decision's reason or the rule's name; `appeal_decided`: granted or refused; "
            "`flag_answered`: upheld or dismissed; `ban_changed`: the ban's reason until it is lifted, "
            "or banned, or unbanned"
        },
    )
    created_at = Time(required=True, metadata={"description": "When it happened"})


class NotificationsSchema(Closed):
    """Newest first."""

    items = fields.List(fields.Nested(NotificationSchema), required=True)
    next_cursor = cursor()
