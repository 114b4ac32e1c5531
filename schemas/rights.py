"""Taking everything about oneself along, and being forgotten."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.authors import BanSchema
from schemas.comments import VotesSchema
from schemas.common import SITE, Closed, Id, Time, count


class ErasureBegunSchema(Closed):
    """Everything about the person is being erased."""

    erase_id = Id(required=True, metadata={"description": "To ask how far it is"})


class ErasureSchema(Closed):
    """How far an erasure is."""

    state = fields.String(
        required=True,
        validate=validate.OneOf(("pending", "done")),
        metadata={"description": "`done`: nothing is left to erase"},
    )


class ExportedAuthorSchema(Closed):
    """A person as they are stored."""

    id = Id(required=True)
    issuer = fields.String(required=True, metadata={"description": "Who vouches for them"})
    subject = fields.String(required=True, metadata={"description": "Their account there"})
    name = fields.String(required=True)
    avatar_url = fields.String(required=True, allow_none=True)
    roles = fields.List(fields.String(), required=True)
    granted_role = fields.String(required=True, allow_none=True, metadata={"description": "Given by the site"})
    labels = fields.List(fields.String(), required=True)
    guest = fields.Boolean(required=True)
    created_at = Time(required=True)
    revoked_before = Time(required=True, allow_none=True, metadata={"description": "Older tokens are refused"})


class ExportedRevisionSchema(Closed):
    """One wording of a comment."""

    version = fields.Integer(required=True)
    text = fields.String(required=True, metadata={"description": "Markdown source"})
    html = fields.String(required=True)
    status = fields.String(required=True)
    created_at = Time(required=True)


class ExportedOriginSchema(Closed):
    """Where an imported comment was before."""

    name = fields.String()
    id = fields.String()
    thread = fields.String()
    url = fields.String()


class ExportedCommentSchema(Closed):
    """A comment, whatever its status, with every wording it had."""

    id = Id(required=True)
    article_id = fields.String(required=True)
    parent_id = Id(required=True, allow_none=True)
    status = fields.String(required=True)
    featured = fields.Boolean(required=True)
    created_at = Time(required=True)
    edited_at = Time(required=True, allow_none=True)
    deleted_at = Time(required=True, allow_none=True)
    votes = fields.Nested(VotesSchema, required=True)
    held_by = fields.List(fields.String(), required=True)
    source = fields.Nested(ExportedOriginSchema, required=True, allow_none=True)
    revisions = fields.List(fields.Nested(ExportedRevisionSchema), required=True)


class ExportedVoteSchema(Closed):
    """A vote; 0 is one that was withdrawn."""

    comment_id = Id(required=True)
    value = fields.Integer(required=True)


class ExportedFlagSchema(Closed):
    """A flag."""

    comment_id = Id(required=True)
    reason = fields.String(required=True)
    note = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    created_at = Time(required=True)


class ExportedNoticeSchema(Closed):
    """A notice of illegal content."""

    id = Id(required=True)
    comment_id = Id(required=True)
    explanation = fields.String(required=True)
    legal_ground = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    contact = fields.String(required=True, allow_none=True)
    state = fields.String(required=True)
    created_at = Time(required=True)
    answered_at = Time(required=True, allow_none=True)


class ExportedAppealSchema(Closed):
    """An appeal."""

    comment_id = Id(required=True)
    text = fields.String(required=True)
    state = fields.String(required=True)
    created_at = Time(required=True)
    decided_at = Time(required=True, allow_none=True)


class ExportedNotificationSchema(Closed):
    """Something they were told."""

    type = fields.String(required=True)
    comment_id = Id(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    created_at = Time(required=True)


class ExportedDecisionSchema(Closed):
    """A decision on them or on what they wrote; who decided is not told."""

    comment_id = Id(required=True, allow_none=True)
    action = fields.String(required=True)
    from_ = fields.String(required=True, allow_none=True, data_key="from")
    to = fields.String(required=True, allow_none=True)
    check = fields.String(required=True, allow_none=True)
    reason = fields.String(required=True, allow_none=True)
    created_at = Time(required=True)


class ExportedAddressSchema(Closed):
    """When they posted from one of their addresses; only its keyed hash is stored."""

    first_seen = Time(required=True)
    last_seen = Time(required=True)


class ExportSchema(Closed):
    """Everything that is stored of a person on a site."""

    site = fields.String(required=True, metadata={"pattern": SITE})
    exported_at = Time(required=True)
    author = fields.Nested(ExportedAuthorSchema, required=True)
    ban = fields.Nested(BanSchema, required=True, allow_none=True)
    idempotency_keys = count("Idempotency-Keys remembered for 24 hours")
    recent_texts = count("Fingerprints of texts remembered for 24 hours")
    comments = fields.List(fields.Nested(ExportedCommentSchema), required=True)
    votes = fields.List(fields.Nested(ExportedVoteSchema), required=True)
    flags = fields.List(fields.Nested(ExportedFlagSchema), required=True)
    notices = fields.List(fields.Nested(ExportedNoticeSchema), required=True)
    appeals = fields.List(fields.Nested(ExportedAppealSchema), required=True)
    notifications = fields.List(fields.Nested(ExportedNotificationSchema), required=True)
    decisions = fields.List(fields.Nested(ExportedDecisionSchema), required=True)
    addresses = fields.List(fields.Nested(ExportedAddressSchema), required=True)
