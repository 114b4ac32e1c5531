"""A site (one publication), its settings and its readers' signing keys."""

from __future__ import annotations

import functools
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

Algorithm = Literal["HS256", "RS256", "ES256", "EdDSA"]
SITE_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class SigningKey:
    """One active key of a site: a shared `secret` (HS256), a pasted `public_jwk` or a `jwks_url`, for one issuer."""

    id: str
    kid: str | None
    algorithm: Algorithm
    issuer: str
    secret: bytes | None = field(default=None, repr=False)
    public_jwk: Mapping[str, Any] | None = None
    jwks_url: str | None = None

    @functools.cached_property
    def fingerprint(self) -> bytes:
        """Changes whenever anything about the key changes."""
        public = json.dumps(self.public_jwk, sort_keys=True)
        parts = (self.id, self.kid, self.algorithm, self.secret, public, self.jwks_url, self.issuer)
        return hashlib.sha256(repr(parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """A site's rules with the contract's defaults. What a value may be stands in schemas/sites.py."""

    posting: str = "open"
    moderation: str = "post"
    guests: bool = False
    guest_moderation: str = "pre"
    guest_votes: bool = False
    token_roles: str = "none"
    require_registered_articles: bool = False
    edit_window_seconds: int = 300
    max_length: int = 10_000
    max_links: int = 3
    flag_threshold: int = 3
    new_author_approvals: int = 0
    banned_words: list[str] = field(default_factory=list)
    suspect_words: list[str] = field(default_factory=list)
    reserved_names: list[str] = field(default_factory=list)
    allowed_origins: list[str] = field(default_factory=list)
    picture_hosts: list[str] = field(default_factory=list)
    repeat_minutes: int = 5
    near_duplicates: dict[str, int] | None = None
    held_domains: list[str] = field(default_factory=list)
    history_hold: dict[str, float] | None = None
    hook: dict[str, Any] | None = None
    overdue_minutes: int | None = None
    closed_text: str | None = None
    open_hours: dict[str, str] | None = None
    section_moderation: dict[str, str] = field(default_factory=dict)
    auto_lock_days: int | None = None
    sign_in_url: str | None = None
    language: str = "en"
    retention_days: dict[str, int] = field(default_factory=lambda: {"deleted_text": 30, "addresses": 30})
    erase: str = "anonymise"


SETTING_NAMES = tuple(item.name for item in fields(SiteSettings))


def settings_from(stored: Mapping[str, Any]) -> SiteSettings:
    """The settings as stored (only what differs from the defaults is); names of older versions are left out."""
    return SiteSettings(**{name: stored[name] for name in SETTING_NAMES if name in stored})


@dataclass(frozen=True, slots=True)
class Site:
    """One publication as every request to it sees it."""

    key: int
    name: str
    version: int
    settings: SiteSettings
    keys: tuple[SigningKey, ...] = ()
    staff_names: tuple[str, ...] = ()
    hook_secret: bytes = field(default=b"", repr=False)


def is_open(hours: Mapping[str, str] | None, now: datetime) -> bool:
    """Whether posting is open at `now` (aware) by a site's `open_hours`: `from` to `to`, by the clocks of `zone`.

    The minute of `to` is closed already; a window may go over midnight, and one of no length is the whole day. Where
    clocks are set back, an hour that comes twice is open both times or neither.
    """
    if hours is None or hours["from"] == hours["to"]:
        return True
    clock = now.astimezone(ZoneInfo(hours["zone"])).strftime("%H:%M")
    after, before = hours["from"] <= clock, clock < hours["to"]
    return after and before if hours["from"] < hours["to"] else after or before


def posting_of(settings: SiteSettings, now: datetime) -> str:
    """`open`, or `closed` when the site's kill switch or its opening hours say so."""
    return settings.posting if is_open(settings.open_hours, now) else "closed"
