"""Comments as moderators see them, and how many wait."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.comments import STATUSES, ArticleSchema, AuthorSchema, CommentSchema
from schemas.common import Closed, Id, Time, count, cursor
from schemas.decisions import DecisionSchema
from schemas.notices import STATES as NOTICE_STATES
from schemas.people import AuthorRecordSchema
from service.domain.queue import WHY

APPEAL_STATES = ("open", "granted", "refused", "withdrawn")
REVISION_STATUSES = ("published", "pending", "rejected")


class SeenCommentSchema(CommentSchema):
    """A comment as moderators see it: its true status, and its words and author whatever that is."""

    author = fields.Nested(AuthorSchema, required=True)
    html = fields.String(required=True, metadata={"description": "Sanitised; safe to insert"})
    status = fields.String(
        required=True, validate=validate.OneOf(STATUSES), metadata={"description": "What it really is"}
    )


class HoldSchema(Closed):
    """A check that holds a comment, and what it found."""

    check = fields.String(required=True, metadata={"description": "The check's name"})
    detail = fields.String(
        required=True, allow_none=True, metadata={"description": "What it found, where there is more to say"}
    )


class FlagSummarySchema(Closed):
    """What readers say of a comment; dismissed flags don't count."""

    total = count("Flags and notices")
    by_reason = fields.Dict(
        keys=fields.String(), values=count("Flags"), required=True, metadata={"description": "By their reason"}
    )
    notes = fields.List(
        fields.String(),
        required=True,
        metadata={"maxItems": 50, "description": "What they wrote with it, newest first"},
    )


class PendingRevisionSchema(Closed):
    """An edit that waits beside the published words."""

    text = fields.String(required=True, metadata={"description": "Markdown source"})
    html = fields.String(required=True, metadata={"description": "Sanitised; safe to insert"})
    created_at = Time(required=True)


class ItemSchema(SeenCommentSchema):
    """A comment with everything it is judged by."""

    text = fields.String(required=True, metadata={"description": "Markdown source"})
    version = fields.Integer(
        required=True, metadata={"minimum": 1, "description": "Send it with a decision, to decide on what was seen"}
    )
    article = fields.Nested(ArticleSchema, required=True)
    held_by = fields.List(fields.Nested(HoldSchema), required=True)
    flags = fields.Nested(FlagSummarySchema, required=True)
    author_record = fields.Nested(
        AuthorRecordSchema, required=True, metadata={"description": "Over everything they wrote"}
    )
    pending_revision = fields.Nested(PendingRevisionSchema, required=True, allow_none=True)
    why = fields.List(
        fields.String(validate=validate.OneOf(WHY)),
        required=True,
        metadata={
            "description": "Why it waits: `illegal` (somebody says it breaks the law), `flags` (flagged for something "
            "else), `held` (by the checks of `held_by`), `edit_waiting`, `appeal`, `old` (longer than the site's "
            "`overdue_minutes`, or a day)"
        },
    )


class ItemsSchema(Closed):
    """A page of comments; it may have fewer than `limit`, even none, and still go on."""

    items = fields.List(fields.Nested(ItemSchema), required=True)
    next_cursor = cursor()
    complete = fields.Boolean(
        metadata={
            "description": "With `q` only. False: the words are so common that only the newest 10,000 comments that "
            "have them, or fewer, can be walked through, or nothing but words that every text has"
        }
    )


class RevisionSchema(Closed):
    """One wording of a comment."""

    version = fields.Integer(required=True, metadata={"minimum": 1, "description": "1 for the first words"})
    text = fields.String(required=True, metadata={"description": "Markdown source"})
    created_at = Time(required=True)
    status = fields.String(required=True, validate=validate.OneOf(REVISION_STATUSES))


class ItemDetailSchema(ItemSchema):
    """A comment with its surroundings and its history."""

    ancestors = fields.List(
        fields.Nested(SeenCommentSchema),
        required=True,
        metadata={"maxItems": 9, "description": "The root and at most the eight nearest, root first"},
    )
    neighbours = fields.List(
        fields.Nested(SeenCommentSchema),
        required=True,
        metadata={"maxItems": 6, "description": "Siblings readers see around it, at most three each way, oldest first"},
    )
    revisions = fields.List(fields.Nested(RevisionSchema), required=True, metadata={"description": "First to last"})
    decisions = fields.List(
        fields.Nested(DecisionSchema), required=True, metadata={"maxItems": 100, "description": "Newest first"}
    )


class AppealStatementSchema(Closed):
    """Why its author wants a removed comment back."""

    text = fields.String(required=True, metadata={"description": "Empty once its author was forgotten"})
    state = fields.String(required=True, validate=validate.OneOf(APPEAL_STATES))
    created_at = Time(required=True)
    decided_at = Time(required=True, allow_none=True, metadata={"description": "Null while it is open"})


class NoticeStatementSchema(Closed):
    """Why somebody says that a comment is illegal, and who says so."""

    id = Id(required=True)
    explanation = fields.String(required=True)
    legal_ground = fields.String(required=True)
    name = fields.String(required=True, allow_none=True, metadata={"description": "Null: somebody with an account"})
    contact = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf(NOTICE_STATES))
    created_at = Time(required=True)
    answered_at = Time(required=True, allow_none=True, metadata={"description": "Null while it is open"})


class StatementsSchema(Closed):
    """What people told moderators about a comment, newest first."""

    appeals = fields.List(fields.Nested(AppealStatementSchema), required=True)
    notices = fields.List(fields.Nested(NoticeStatementSchema), required=True, metadata={"maxItems": 100})


class QueueCountsSchema(Closed):
    """How many comments wait, and how many are out of sight."""

    pending = count("Held comments, and published ones with an edit that waits")
    flagged = count("With open flags or notices")
    appeals = count("With an open appeal")
    spam = count("Spam")
    removed = count("Removed")
    oldest_pending_at = Time(
        required=True, allow_none=True, metadata={"description": "Since when the oldest pending one waits"}
    )
