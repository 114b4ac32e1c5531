"""What every reader of a foreign export yields, and the one error it raises.

A reader is `read_X(stream, *, ids, source) -> Iterator[...]`: pure, one record at a time, in file order. It decides
nothing about the database: who is already there, and which comment a `parent_source_id` is, the writing operation finds
out.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

from service.domain.errors import DiscussError
from service.domain.identity import IMPORT_PREFIX

Status = Literal["pending", "published", "removed", "spam", "deleted"]
TextFormat = Literal["markdown", "html"]

LONGEST_KEY = 200  # characters of a source id or an author's subject
LONGEST_NAME = 80
NAMELESS = "Anonymous"


class MalformedImport(DiscussError):
    """The file is not a well-formed export."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


@dataclass(frozen=True, slots=True)
class ImportedSite:
    """The site an export of ours was made from. Only datasets hold one."""

    site: str
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class ImportedArticle:
    """An article a comment belongs to, or, from a dataset, one on a line of its own.

    `registered`: title and URL are the publisher's, not a reader's. `source.id` is what the source called the page.
    """

    external_id: str
    title: str | None = None
    url: str | None = None
    section: str | None = None
    locked: bool = False
    locked_reason: str | None = None
    moderation: Literal["pre", "post"] | None = None
    visibility: Literal["shown", "hidden"] = "shown"
    slow_mode_seconds: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    created_at: datetime | None = None
    aliases: tuple[str, ...] = ()
    registered: bool = True
    source: Origin | None = None


@dataclass(frozen=True, slots=True)
class ImportedAuthor:
    """(issuer, subject) is the identity. `guest` is somebody who had no account at the source."""

    issuer: str
    subject: str
    name: str
    guest: bool = False
    picture: str | None = None
    roles: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a comment was first written: kept beside it, so that old permalinks can be answered."""

    name: str
    id: str
    thread: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ImportedComment:
    """One comment. (source, source_id) names it within its source; `parent_source_id` is in the same namespace.

    `id` and `parent_id` are set only for our own exports, whose ids are kept; `source_id` is then the same id as text.
    `html`, only beside Markdown, is what readers saw instead of `text` rendered; it is as untrusted as `text` is. Times
    are UTC, to the millisecond.
    """

    source: str
    source_id: str
    article: ImportedArticle
    parent_source_id: str | None
    author: ImportedAuthor | None
    created_at: datetime
    text: str
    text_format: TextFormat
    status: Status
    origin: Origin | None
    line: int | None = field(default=None, compare=False)
    html: str | None = None
    prior_status: Literal["pending", "published"] | None = None
    edited_at: datetime | None = None
    featured: bool = False
    held_by: tuple[str, ...] = ()
    votes_up: int = 0
    votes_down: int = 0
    id: UUID | None = None
    parent_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A record of the source that is not imported, and why. The codes are listed in docs/import.md."""

    source_id: str | None
    reason_code: str
    detail: str
    line: int | None


def issuer_of(source: str) -> str:
    """The issuer of authors that only that source knows; no publisher's key can sign for it."""
    return IMPORT_PREFIX + source


def storable(text: str) -> str:
    """Without the two things PostgreSQL cannot store as text: NUL and lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "ignore").decode("utf-8")


def display_name(name: str | None) -> str:
    """A name on one line, at most 80 characters, never empty."""
    printable = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", storable(name or ""))
    return printable.strip()[:LONGEST_NAME].strip() or NAMELESS


def anonymous_subject(source: str, name: str | None, email: str | None) -> str:
    """The same 128 bits for the same nameless account of one source, in every run.

    Not a bare hash of the e-mail: those are reversed by hashing lists of known addresses, and one list serves all sites
    (Disqus gave away politicians' identities that way in 2013). The source and the name are folded in, so a list made
    elsewhere is useless and nobody is linked across sources or names. It still is a pseudonym: show it to nobody.
    """
    parts = [source, (name or "").strip(), (email or "").strip().casefold()]
    digest = hashlib.sha256(json.dumps(["discuss-import", *parts]).encode())
    return f"anon:{digest.hexdigest()[:32]}"


def short_key(text: str) -> str:
    """A key of the source, shortened by a hash where it is too long for an index."""
    text = storable(text)
    if len(text) <= LONGEST_KEY:
        return text
    return f"{text[:150]}#{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def picture_without_email_hash(url: str | None) -> str | None:
    """The picture's https URL, unless it may carry the hash of an e-mail, as those of Gravatar and its mirrors do."""
    if not url or not url.startswith("https://") or len(url) > 2000:
        return None
    if re.search(r"(?<![0-9a-fA-F])(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})(?![0-9a-fA-F])", url):
        return None
    return storable(url)


def has_words(text: str, text_format: TextFormat) -> bool:
    """Whether anything is left to read once markup and blanks are gone."""
    if text_format == "html":
        text = re.sub(r"<[^<>]*>|&nbsp;|&#160;", "", text)
    return bool(text.strip())


def may_be_empty(status: Status) -> bool:
    """Whether a comment without words still keeps its place for its replies: its words were taken away on purpose."""
    return status in ("deleted", "removed")


_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_END = datetime(9999, 1, 1, tzinfo=UTC)


def rfc3339_time(text: str) -> datetime | None:
    """The instant in UTC, cut to milliseconds; None for what is no RFC 3339 time.

    None also before 1970 (UUIDv7 ends there) and in 9999: replies are later than what they answer, and datetime ends.
    """
    if not _RFC_3339.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if not _EPOCH <= moment < _END:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
