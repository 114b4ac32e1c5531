"""A site as the public sees it, and its settings as admins do."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validate

from schemas.common import SITE, Closed, Id, Truth, count


class SiteSchema(Closed):
    """What a page needs to know of a site."""

    site = fields.String(required=True, metadata={"pattern": SITE})
    posting = fields.String(required=True, validate=validate.OneOf(("open", "closed")))
    moderation = fields.String(required=True, validate=validate.OneOf(("post", "pre")))
    guests = fields.Boolean(required=True)
    edit_window_seconds = count("How long authors may edit what they wrote")
    max_length = count("Characters of a comment at most (code points after NFC)")
    sign_in_url = fields.String(required=True, allow_none=True)
    language = fields.String(required=True)


def check_origin(value: str) -> None:
    """An origin as browsers send it: scheme, host, port; lower case, no path."""
    try:
        parts = urlsplit(value)
        port = f":{parts.port}" if parts.port else ""
        written = f"{parts.scheme}://{parts.hostname}{port}"
    except ValueError:
        written = ""
    if parts_missing(value) or written != value:
        raise ValidationError("Not an origin like https://www.example.com (no path, lower case).")


def parts_missing(value: str) -> bool:
    """Whether scheme or host of an origin is missing or not http(s)."""
    parts = urlsplit(value)
    return parts.scheme not in ("http", "https") or not parts.hostname


def whole(low: int, high: int, **kwargs: Any) -> fields.Integer:
    """A whole number in a range, as a number."""
    return fields.Integer(strict=True, validate=validate.Range(low, high), **kwargs)


def one_of(*values: str) -> fields.String:
    """One of a few words."""
    return fields.String(validate=validate.OneOf(values))


def words(most: int) -> fields.List[Any]:
    """A list of words or names."""
    return fields.List(fields.String(validate=validate.Length(1, 100)), validate=validate.Length(max=most))


HOSTS = r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$"
CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"


class NearDuplicatesSchema(Closed):
    """Hold what so many authors say alike within so many minutes."""

    authors = whole(2, 100, required=True)
    minutes = whole(1, 1440, required=True)


class HistoryHoldSchema(Closed):
    """Hold authors of whose last comments this share was removed."""

    last = whole(1, 100, required=True)
    removed_share = fields.Float(required=True, validate=validate.Range(0, 1))


class HookSchema(Closed):
    """The publisher's own check."""

    url = fields.URL(required=True, schemes={"http", "https"}, require_tld=False)
    timeout_ms = whole(50, 5000, load_default=1000)
    on_failure = fields.String(validate=validate.OneOf(("hold", "publish")), load_default="hold")


@cache
def zones() -> frozenset[str]:
    """The time zones this machine knows."""
    return frozenset(available_timezones())


def check_zone(value: str) -> None:
    """A time zone of the IANA's list."""
    if value not in zones():
        raise ValidationError("Not a time zone like Europe/Paris.")


class OpenHoursSchema(Closed):
    """When posting is open, every day."""

    start = fields.String(required=True, data_key="from", attribute="from", validate=validate.Regexp(CLOCK))
    end = fields.String(required=True, data_key="to", attribute="to", validate=validate.Regexp(CLOCK))
    zone = fields.String(required=True, validate=check_zone)


class RetentionSchema(Closed):
    """Days."""

    deleted_text = whole(0, 3650)
    addresses = whole(0, 3650)


class SettingsSchema(Closed):
    """A site's rules; what is left out stays as it is."""

    posting = one_of("open", "closed")
    moderation = one_of("post", "pre")
    guests = Truth()
    guest_moderation = one_of("pre", "post")
    guest_votes = Truth()
    token_roles = one_of("none", "staff", "moderator", "admin")
    require_registered_articles = Truth()
    edit_window_seconds = whole(0, 31_536_000)
    max_length = whole(1, 10_000)
    max_links = whole(0, 1000)
    flag_threshold = whole(1, 1000)
    new_author_approvals = whole(0, 1000)
    banned_words = words(10_000)
    suspect_words = words(10_000)
    reserved_names = words(1000)
    allowed_origins = fields.List(fields.String(validate=check_origin), validate=validate.Length(max=100))
    picture_hosts = fields.List(fields.String(validate=validate.Regexp(HOSTS)), validate=validate.Length(max=100))
    repeat_minutes = whole(0, 1440)
    near_duplicates = fields.Nested(NearDuplicatesSchema, allow_none=True)
    held_domains = fields.List(fields.String(validate=validate.Regexp(HOSTS)), validate=validate.Length(max=10_000))
    history_hold = fields.Nested(HistoryHoldSchema, allow_none=True)
    hook = fields.Nested(HookSchema, allow_none=True)
    overdue_minutes = whole(1, 100_000, allow_none=True)
    closed_text = fields.String(allow_none=True, validate=validate.Length(1, 500))
    open_hours = fields.Nested(OpenHoursSchema, allow_none=True)
    section_moderation = fields.Dict(keys=fields.String(validate=validate.Length(1, 100)), values=one_of("pre", "post"))
    auto_lock_days = whole(1, 36_500, allow_none=True)
    sign_in_url = fields.URL(allow_none=True, schemes={"http", "https"}, require_tld=False)
    language = fields.String(validate=validate.Regexp(r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"))
    retention_days = fields.Nested(RetentionSchema)
    erase = one_of("anonymise", "delete")


class SettingsPatchSchema(SettingsSchema):
    """Settings to change, and the version they had when they were read."""

    version = whole(1, 2**31 - 1, metadata={"description": "As it was read; without it, or an older one: 409"})


def always(field: fields.Field[Any]) -> fields.Field[Any]:
    """The field as an answer has it: never left out."""
    copied = copy.deepcopy(field)
    copied.required = True
    return copied


SETTINGS_FIELDS = {name: always(field) for name, field in SettingsPatchSchema._declared_fields.items()}
WholeSettingsSchema = Closed.from_dict(SETTINGS_FIELDS, name="WholeSettingsSchema")
WholeSettingsSchema.__doc__ = "All settings of a site, with their version."


class TrialSchema(SettingsSchema):
    """Settings to try: what is left out is as the site has it."""


class TrialCommentSchema(Closed):
    """A comment that proposed rules would treat otherwise, or hold."""

    comment_id = Id(required=True)
    checks = fields.List(fields.String(), required=True, metadata={"description": "That hold, refuse or let it go"})


class TrialAnswerSchema(Closed):
    """What proposed rules would do to the last comments; nothing was changed."""

    tried = count("Comments that were looked at: the published and pending ones among the last 1,000")
    held = fields.List(fields.Nested(TrialCommentSchema), required=True)
    refused = fields.List(fields.Nested(TrialCommentSchema), required=True)
    freed = fields.List(
        fields.Nested(TrialCommentSchema),
        required=True,
        metadata={"description": "Held ones that would be published"},
    )
