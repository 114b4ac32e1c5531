"""Notices of illegal content (EU Digital Services Act, article 16)."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate

from schemas.common import TEXT, Closed, Id, Time

STATES = ("open", "upheld", "dismissed")


def must_be_true(value: object) -> None:
    """Good faith is stated, not implied."""
    if value is not True:
        raise ValidationError("Must be true.")


class FlagNoticeSchema(Closed):
    """Why a comment is illegal; goes with a flag for that reason. For moderators only."""

    explanation = fields.String(
        required=True,
        validate=validate.Length(min=1, max=5000),
        metadata={"pattern": TEXT, "description": "Why it is illegal, in the sender's words"},
    )
    legal_ground = fields.String(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"pattern": TEXT, "description": "The law it breaks; the transparency report counts by it"},
    )
    good_faith = fields.Raw(
        required=True,
        validate=must_be_true,
        metadata={
            "type": "boolean",
            "const": True,
            "description": "That all this is believed to be accurate and complete",
        },
    )


class NoticeRequestSchema(FlagNoticeSchema):
    """The same from somebody without an account."""

    comment_id = Id(required=True, metadata={"description": "The comment"})
    name = fields.String(
        required=True,
        validate=validate.Length(min=1, max=200),
        metadata={"pattern": TEXT, "description": "Who gives notice; for moderators only"},
    )
    contact = fields.String(
        required=True,
        validate=validate.Length(min=1, max=500),
        metadata={"pattern": TEXT, "description": "How to reach them; for moderators only"},
    )


class NoticeSchema(Closed):
    """A notice that was taken. Keep its id: it is the key to the answer."""

    id = Id(required=True, metadata={"description": "Cannot be guessed"})
    created_at = Time(required=True, metadata={"description": "When it came"})


class NoticeStateSchema(NoticeSchema):
    """How a notice stands; none of its words."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(STATES),
        metadata={"description": "`upheld`: the comment is gone; `dismissed`: it stays"},
    )
    answered_at = Time(required=True, allow_none=True, metadata={"description": "Null while it is open"})
    reason = fields.String(required=True, allow_none=True, metadata={"description": "The decision's, as a code"})
