"""Comments and pages of them."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.common import ARTICLE_ID, TEXT, Closed, Id, Time, count, cursor

ROLES = ("staff", "moderator", "admin")
STATUSES = ("published", "pending", "removed", "spam", "deleted")
SHOWN = ("published", "deleted", "removed", "hidden")  # what others see: pending and spam look alike
MAX_TEXT = 100_000  # code points a body may hold at all; the site's max_length is what counts


class AuthorSchema(Closed):
    """Who wrote a comment, as everybody sees them."""

    id = Id(required=True)
    name = fields.String(required=True, metadata={"minLength": 1, "maxLength": 80})
    avatar_url = fields.String(
        required=True, allow_none=True, metadata={"description": "https, on one of the site's picture hosts"}
    )
    roles = fields.List(
        fields.String(validate=validate.OneOf(ROLES)),
        required=True,
        metadata={"description": "Roles that count here beyond reader"},
    )
    labels = fields.List(
        fields.String(metadata={"minLength": 1, "maxLength": 30}),
        required=True,
        metadata={"maxItems": 5, "description": "Shown as badges"},
    )
    guest = fields.Boolean(required=True)


class VotesSchema(Closed):
    """Totals of a comment's votes; score = up - down."""

    up = count("Votes for it")
    down = count("Votes against it")
    score = fields.Integer(required=True)


class CommentSchema(Closed):
    """A comment, or the tombstone of one (then html and author are null)."""

    id = Id(required=True)
    article_id = fields.String(required=True, metadata={"pattern": ARTICLE_ID})
    parent_id = Id(required=True, allow_none=True, metadata={"description": "Null for a root comment"})
    root_id = Id(required=True, metadata={"description": "A root's own id"})
    depth = fields.Integer(
        required=True,
        metadata={"minimum": 0, "maximum": 8, "description": "0 for a root; what is deeper than 8 says 8"},
    )
    author = fields.Nested(AuthorSchema, required=True, allow_none=True)
    html = fields.String(required=True, allow_none=True, metadata={"description": "Sanitised; safe to insert"})
    status = fields.String(
        required=True,
        validate=validate.OneOf(SHOWN),
        metadata={"description": "All but `published` are tombstones, kept for what is below them"},
    )
    featured = fields.Boolean(required=True, metadata={"description": "An editor's pick"})
    created_at = Time(required=True)
    edited_at = Time(required=True, allow_none=True)
    votes = fields.Nested(VotesSchema, required=True)
    reply_count = count("Published direct replies")
    descendant_count = count("Published comments below")


class OwnCommentSchema(CommentSchema):
    """A comment as its author sees it."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(STATUSES),
        metadata={"description": "What is `pending` waits for a moderator"},
    )
    text = fields.String(required=True, metadata={"description": "The Markdown source"})
    editable_until = Time(required=True, allow_none=True, metadata={"description": "Null when it cannot be edited"})
    held_by = fields.List(
        fields.String(), required=True, metadata={"description": "Names of the checks that hold it for a moderator"}
    )


class RepliesSchema(Closed):
    """Replies in reading order, and where they go on."""

    items = fields.List(fields.Nested(CommentSchema), required=True)
    next_cursor = cursor()


class RootSchema(CommentSchema):
    """A root comment with its first replies."""

    replies = fields.Nested(RepliesSchema, required=True)


class ArticleSchema(Closed):
    """An article; created_at is null when nobody has commented on it yet."""

    id = fields.String(required=True, metadata={"pattern": ARTICLE_ID})
    title = fields.String(required=True, allow_none=True)
    url = fields.String(required=True, allow_none=True)
    section = fields.String(required=True, allow_none=True)
    locked = fields.Boolean(required=True)
    locked_reason = fields.String(required=True, allow_none=True)
    comment_count = count("Published comments")
    created_at = Time(required=True, allow_none=True)


class PageSchema(Closed):
    """A page of an article's discussion."""

    article = fields.Nested(ArticleSchema, required=True)
    comments = fields.List(fields.Nested(RootSchema), required=True)
    next_cursor = cursor()
    last_event_id = fields.String(
        required=True,
        metadata={"pattern": "^[0-9]+$", "description": 'The article\'s last event in this page; "0" if none'},
    )


class PermalinkSchema(Closed):
    """A comment in its context: ancestors are the root and at most the eight nearest, root first."""

    comment = fields.Nested(CommentSchema, required=True)
    ancestors = fields.List(fields.Nested(CommentSchema), required=True, metadata={"maxItems": 9})
    article = fields.Nested(ArticleSchema, required=True)


class OpenedArticleSchema(Closed):
    """What a comment may say of the article it opens."""

    title = fields.String(validate=validate.Length(min=1, max=500), metadata={"pattern": TEXT})
    url = fields.URL(schemes={"http", "https"}, require_tld=False, validate=validate.Length(max=2000))


class PostSchema(Closed):
    """A comment to post."""

    text = fields.String(
        required=True,
        validate=validate.Length(max=MAX_TEXT),
        metadata={"pattern": TEXT, "description": "Markdown source; the site's `max_length` counts"},
    )
    parent_id = Id(allow_none=True, metadata={"description": "The comment this replies to"})
    article = fields.Nested(OpenedArticleSchema)


class PreviewRequestSchema(Closed):
    """A text to look at before it is posted."""

    text = fields.String(
        required=True,
        validate=validate.Length(max=MAX_TEXT),
        metadata={"pattern": TEXT, "description": "Markdown source; the site's `max_length` counts"},
    )


class PreviewSchema(Closed):
    """The text as it would look."""

    html = fields.String(required=True)


class CountsRequestSchema(Closed):
    """Articles to count the comments of."""

    articles = fields.List(
        fields.String(metadata={"pattern": ARTICLE_ID}), required=True, validate=validate.Length(min=1, max=200)
    )


class CountsSchema(Closed):
    """Published comments by article id; 0 where nobody commented."""

    counts = fields.Dict(keys=fields.String(), values=count("Published comments"), required=True)


class EditSchema(Closed):
    """New words for a comment."""

    text = fields.String(
        required=True, validate=validate.Length(max=MAX_TEXT), metadata={"description": "Markdown source"}
    )


class EditedSchema(Closed):
    """A held edit: the comment as published, and the words that wait."""

    comment = fields.Nested(OwnCommentSchema, required=True, metadata={"description": "As published"})
    pending_text = fields.String(required=True, metadata={"description": "Waits for a moderator"})
