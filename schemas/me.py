"""A reader's own on an article."""

from __future__ import annotations

from marshmallow import fields

from schemas.comments import OwnCommentSchema
from schemas.common import Closed, Id, Time


class EditableSchema(Closed):
    """A comment that may still be edited."""

    id = Id(required=True, metadata={"description": "The comment"})
    text = fields.String(required=True, metadata={"description": "Markdown source, with an edit that waits"})
    editable_until = Time(required=True, metadata={"description": "When the window closes"})


class RemovedSchema(Closed):
    """A comment of theirs that was removed."""

    id = Id(required=True, metadata={"description": "The comment"})
    reason = fields.String(required=True, allow_none=True, metadata={"description": "Why, as a code"})
    appealable = fields.Boolean(required=True, metadata={"description": "Whether an appeal is open to them"})


class MineSchema(Closed):
    """What a reader sees of their own beside a discussion that is the same for everybody."""

    votes = fields.Dict(
        keys=fields.String(), values=fields.Integer(), required=True, metadata={"description": "Votes by comment"}
    )
    flags = fields.List(Id(), required=True, metadata={"description": "Comments they flagged"})
    held = fields.List(
        fields.Nested(OwnCommentSchema), required=True, metadata={"description": "Comments that wait for a moderator"}
    )
    editable = fields.List(
        fields.Nested(EditableSchema), required=True, metadata={"description": "What may still be edited"}
    )
    removed = fields.List(fields.Nested(RemovedSchema), required=True, metadata={"description": "What was removed"})
    can_post = fields.Boolean(required=True, metadata={"description": "Whether they may post now"})
    why_not = fields.String(required=True, allow_none=True, metadata={"description": "The code of why not"})
