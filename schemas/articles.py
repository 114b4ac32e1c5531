"""What publishers' servers and moderators say of articles, and which are talked about most."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from schemas.comments import ArticleSchema
from schemas.common import ARTICLE_ID, TEXT, Closed, Time, Truth, count
from service.domain.articles import check_article_id
from service.domain.errors import InvalidArticleId
from service.domain.text import clean_line

STATES = ("merging", "done")


def line(longest: int, description: str) -> fields.String:
    """A line of text, null to clear it."""
    return fields.String(
        allow_none=True, validate=validate.Length(1, longest), metadata={"pattern": TEXT, "description": description}
    )


class ArticleChangesSchema(Closed):
    """What both may change; what is left out stays, null clears."""

    title = line(500, "Its headline")
    url = fields.URL(
        allow_none=True,
        schemes={"http", "https"},
        require_tld=False,
        validate=validate.Length(max=2048),
        metadata={"description": "Where readers find it"},
    )
    section = line(100, "Where it stands in the publication; `section_moderation` goes by it")
    locked = Truth(metadata={"description": "Takes no new comments"})
    moderation = fields.String(
        allow_none=True,
        validate=validate.OneOf(("pre", "post")),
        metadata={"description": "Hold its comments first, or not; null: as its section or site"},
    )

    @post_load
    def clean(self, loaded: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Lines as they are stored; nothing is left of one that shows nothing."""
        for name in ("title", "section", "locked_reason"):
            if isinstance(loaded.get(name), str):
                loaded[name] = clean_line(loaded[name]) or None
        if "slow_mode_seconds" in loaded:
            loaded["slow_mode_seconds"] = loaded["slow_mode_seconds"] or None
        return loaded


class RegistrationSchema(ArticleChangesSchema):
    """An article as its publisher knows it; what is left out stays as it is, null clears."""

    opens_at = Time(allow_none=True, metadata={"description": "Locked until then"})
    closes_at = Time(
        allow_none=True, metadata={"description": "Locked from then on; it counts instead of `auto_lock_days`"}
    )


class ArticlePatchSchema(ArticleChangesSchema):
    """What moderators change of an article; what is left out stays as it is, null clears."""

    locked_reason = line(500, "What readers are told while it is locked")
    visibility = fields.String(
        validate=validate.OneOf(("shown", "hidden")),
        metadata={"description": "Hidden: everybody gets an empty, locked article with count 0"},
    )
    slow_mode_seconds = fields.Integer(
        strict=True,
        allow_none=True,
        validate=validate.Range(0, 86_400),
        metadata={"description": "Seconds between two comments of one reader; 0 or null: none"},
    )


def check_id(value: str) -> None:
    """An article's id."""
    try:
        check_article_id(value)
    except InvalidArticleId as error:
        raise ValidationError(error.detail) from None


class MergeRequestSchema(Closed):
    """Which article takes the comments."""

    into = fields.String(required=True, validate=check_id, metadata={"pattern": ARTICLE_ID})


class MergeSchema(Closed):
    """The article that takes the comments; `merging` while some are still to come, which goes on by itself."""

    article = fields.Nested(ArticleSchema, required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES), metadata={"description": "How far it is"})


class DiscussedArticleSchema(ArticleSchema):
    """An article and what was said there lately."""

    recent_count = count("Published comments that were written in the window")


class MostDiscussedSchema(Closed):
    """Articles by what was said there lately, most first."""

    articles = fields.List(fields.Nested(DiscussedArticleSchema), required=True, metadata={"maxItems": 100})


class HourSchema(Closed):
    """What happened on a site in one hour."""

    at = Time(required=True, metadata={"description": "When the hour began"})
    comments = count("Comments posted")
    held = count("Comments and edits held, when posted or later")
    removed = count("Comments removed or marked as spam")
    waiting = count("Comments waiting to be approved when last looked at in this hour")
    oldest_seconds = count("How long the oldest of them had waited then")


class StatsSchema(Closed):
    """What happened on a site by the hour, oldest first; the last hour is still running."""

    hours = fields.List(fields.Nested(HourSchema), required=True)
    by_check = fields.Dict(
        keys=fields.String(), values=count("Held by it"), required=True, metadata={"description": "By what held them"}
    )
    by_reason = fields.Dict(
        keys=fields.String(), values=count("Flags"), required=True, metadata={"description": "Flags by their reason"}
    )
    articles = fields.List(
        fields.Nested(DiscussedArticleSchema), required=True, metadata={"description": "The most discussed"}
    )
