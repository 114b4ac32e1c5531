"""Lists to find articles and people by."""

from __future__ import annotations

from marshmallow import fields, validate

from schemas.comments import ArticleSchema, AuthorSchema
from schemas.common import Closed, cursor
from schemas.people import AuthorRecordSchema


class ListedArticleSchema(ArticleSchema):
    """An article as moderators see it."""

    moderation = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(("pre", "post")),
        metadata={"description": "Null: as its section or site"},
    )
    visibility = fields.String(
        required=True,
        validate=validate.OneOf(("shown", "hidden")),
        metadata={"description": "Hidden: everybody else gets an empty, locked article with count 0"},
    )
    slow_mode_seconds = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"minimum": 1, "description": "Seconds between two comments of one reader; null: no slow mode"},
    )


class ArticlesSchema(Closed):
    """A page of articles, newest first."""

    items = fields.List(fields.Nested(ListedArticleSchema), required=True)
    next_cursor = cursor()


class ListedAuthorSchema(AuthorSchema):
    """A person and what became of what they wrote."""

    author_record = fields.Nested(AuthorRecordSchema, required=True)


class AuthorsSchema(Closed):
    """A page of people, by name."""

    items = fields.List(fields.Nested(ListedAuthorSchema), required=True)
    next_cursor = cursor()
