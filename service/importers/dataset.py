"""Our own format, JSON Lines: a plain line is a comment from anywhere, one that says `"discuss": 1` is of our export.

Both directions are here, so that they cannot drift apart. docs/import.md describes the format.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from types import MappingProxyType
from typing import Any, BinaryIO, cast, get_args
from uuid import UUID

import orjson

from service.importers.article_ids import ArticleIds, is_article_id, path_of
from service.importers.records import (
    ImportedArticle,
    ImportedAuthor,
    ImportedComment,
    ImportedSite,
    MalformedImport,
    Origin,
    Skipped,
    Status,
    TextFormat,
    anonymous_subject,
    display_name,
    has_words,
    issuer_of,
    may_be_empty,
    picture_without_email_hash,
    rfc3339_time,
    short_key,
    storable,
)

LONGEST_LINE = 4 * 1024 * 1024  # bytes
EXPORT_VERSION = 1
OURS = "discuss"  # the source of ids that are our own
_LARGEST_COUNT = 2**31 - 1

DatasetRecord = ImportedSite | ImportedArticle | ImportedComment | Skipped


def read_dataset(stream: BinaryIO, *, ids: ArticleIds, source: str = "dataset") -> Iterator[DatasetRecord]:
    """Yield what each line holds, in order; replies may stand before their parents. Raises MalformedImport.

    Articles with a line of their own stay in memory: comments of our export name them by id only. Unknown fields are
    an error, so a misspelt one cannot be lost in silence.
    """
    articles: dict[str, ImportedArticle] = {}
    for number, raw in _lines(stream):
        line = _parse(raw, number)
        record = _record(line, ids, articles, source)
        line.nothing_else()
        if isinstance(record, ImportedArticle):
            articles[record.external_id] = record
        yield record


def export_line(record: ImportedSite | ImportedArticle | ImportedComment) -> bytes:
    """One line of an export, with its line break; `read_dataset` makes the same record of it.

    A comment needs its `id`. Its article is named by id: write the article's own line before it.
    """
    if isinstance(record, ImportedSite):
        line = {"type": "site", "site": record.site, "settings": dict(record.settings)}
    elif isinstance(record, ImportedArticle):
        line = {"type": "article", "article": record.external_id} | _set_values(_article_values(record))
    else:
        line = _comment_values(record)
    return orjson.dumps({OURS: EXPORT_VERSION} | line) + b"\n"


# Writing


def _article_values(article: ImportedArticle) -> dict[str, Any]:
    return {
        "title": article.title,
        "url": article.url,
        "section": article.section,
        "locked": article.locked or None,
        "locked_reason": article.locked_reason,
        "moderation": article.moderation,
        "visibility": article.visibility if article.visibility != "shown" else None,
        "slow_mode_seconds": article.slow_mode_seconds,
        "opens_at": _written(article.opens_at),
        "closes_at": _written(article.closes_at),
        "created": _written(article.created_at),
        "aliases": list(article.aliases) or None,
        "registered": None if article.registered else False,
        "source": _origin_values(article.source),
    }


def _comment_values(comment: ImportedComment) -> dict[str, Any]:
    if comment.id is None:
        raise ValueError("an exported comment needs its id")
    if comment.text_format == "html" and comment.html is not None:
        raise ValueError("a comment whose text is HTML has no other HTML")
    words = {"text": comment.text} if comment.text_format == "markdown" else {"html": comment.text}
    votes = {"up": comment.votes_up, "down": comment.votes_down}
    return (
        {"article": comment.article.external_id, "id": str(comment.id)}
        | {"parent": str(comment.parent_id) if comment.parent_id else None}
        | {"author": _author_values(comment.author), "created": _written(comment.created_at)}
        | words
        | {"status": comment.status}
        | _set_values(
            {
                "html": comment.html,
                "prior_status": comment.prior_status,
                "edited": _written(comment.edited_at),
                "featured": comment.featured or None,
                "held_by": list(comment.held_by) or None,
                "votes": votes if any(votes.values()) else None,
                "source": _origin_values(comment.origin),
            }
        )
    )


def _author_values(author: ImportedAuthor | None) -> dict[str, Any] | None:
    if author is None:
        return None
    return {"name": author.name, "issuer": author.issuer, "subject": author.subject} | _set_values(
        {
            "id": str(author.id) if author.id else None,
            "guest": author.guest or None,
            "picture": author.picture,
            "roles": list(author.roles) or None,
            "labels": list(author.labels) or None,
        }
    )


def _origin_values(origin: Origin | None) -> dict[str, Any] | None:
    if origin is None:
        return None
    return _set_values({member.name: getattr(origin, member.name) for member in fields(origin)})


def _set_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _written(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None


# Reading


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
            if raw.startswith(b"\x1f\x8b"):
                raise MalformedImport(1, "this is a gzip file: unpack it first")
        if len(raw) > LONGEST_LINE:
            raise MalformedImport(number, f"longer than {LONGEST_LINE} bytes")
        if raw.strip():
            yield number, raw


def _parse(raw: bytes, number: int) -> _Fields:
    try:
        values = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise MalformedImport(number, f"not well-formed JSON: {error.msg} (column {error.colno})") from None
    if not isinstance(values, dict):
        raise MalformedImport(number, "not a JSON object")
    return _Fields(values, number)


@dataclass(slots=True)
class _Fields:
    """The fields of one object, taken out one by one and checked; `nothing_else` finds those nobody asked for."""

    values: dict[str, Any]
    line: int
    within: str = ""

    def wrong(self, name: str, expected: str) -> MalformedImport:
        return MalformedImport(self.line, f"{self.within}{name} {expected}")

    def string(self, name: str) -> str | None:
        value = self.values.pop(name, None)
        if value is not None and not isinstance(value, str):
            raise self.wrong(name, "must be a string")
        return storable(value) if value else value

    def required(self, name: str) -> str:
        value = self.string(name)
        if not value:
            raise self.wrong(name, "is required")
        return value

    def key(self, name: str) -> str | None:
        """An id: a string, or a whole number as many databases have."""
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            self.values[name] = str(value)
        return self.string(name) or None

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        value = self.string(name)
        if value is not None and value not in choices:
            raise self.wrong(name, f"must be one of {', '.join(choices)}")
        return value

    def truth(self, name: str, default: bool = False) -> bool:
        value = self.values.pop(name, None)
        if value is not None and not isinstance(value, bool):
            raise self.wrong(name, "must be true or false")
        return default if value is None else value

    def count(self, name: str) -> int | None:
        value = self.values.pop(name, None)
        if value is not None and (
            not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT
        ):
            raise self.wrong(name, f"must be a whole number from 0 to {_LARGEST_COUNT}")
        return value

    def time(self, name: str) -> datetime | None:
        text = self.string(name)
        if text is None:
            return None
        moment = rfc3339_time(text)
        if moment is None:
            raise self.wrong(name, "must be an RFC 3339 time with a zone, from 1970 to 9998")
        return moment

    def identifier(self, name: str) -> UUID | None:
        text = self.string(name)
        if text is None:
            return None
        try:
            return UUID(text)
        except ValueError:
            raise self.wrong(name, "must be a UUID") from None

    def strings(self, name: str) -> tuple[str, ...]:
        value = self.values.pop(name, None)
        if value is not None and not (isinstance(value, list) and all(isinstance(entry, str) for entry in value)):
            raise self.wrong(name, "must be a list of strings")
        return tuple(storable(entry) for entry in value or ())

    def object(self, name: str) -> _Fields | None:
        value = self.values.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, "must be an object")
        return _Fields(value, self.line, f"{self.within}{name}.")

    def version(self) -> bool:
        """Whether this line is one of our exports."""
        value = self.count(OURS)
        if value is not None and value != EXPORT_VERSION:
            raise self.wrong(OURS, f"must be {EXPORT_VERSION}: another version of the export format")
        return value is not None

    def nothing_else(self) -> None:
        if self.values:
            raise MalformedImport(self.line, f"unknown field {self.within}{min(self.values)}")


def _record(line: _Fields, ids: ArticleIds, articles: Mapping[str, ImportedArticle], source: str) -> DatasetRecord:
    ours = line.version()
    kind = line.choice("type", ("site", "article", "comment"))
    if kind == "site":
        return _site(line)
    if kind == "article":
        return _article(line, ids, ours)
    return _our_comment(line, ids, articles) if ours else _comment(line, ids, articles, source)


def _site(line: _Fields) -> ImportedSite:
    settings = line.object("settings")
    site = line.required("site")
    return ImportedSite(site, MappingProxyType(settings.values if settings else {}))


def _article_id(line: _Fields, ids: ArticleIds, ours: bool) -> tuple[str, str | None]:
    """The article's id here, and its URL where the line names it by one."""
    text = line.key("article")
    if text is None:
        raise line.wrong("article", "is required")
    if ours and not is_article_id(text):
        raise line.wrong("article", "is not an article id")
    url = text if text.startswith(("http://", "https://")) else None
    path = path_of(text) if url else text
    return ids.article_id((text, path), default=path), url


def _article(line: _Fields, ids: ArticleIds, ours: bool) -> ImportedArticle:
    external_id, url = _article_id(line, ids, ours)
    aliases = line.strings("aliases")
    if bad := [alias for alias in aliases if not is_article_id(alias)]:
        raise line.wrong("aliases", f"has {bad[0]!r}, which is not an article id")
    return ImportedArticle(
        external_id=external_id,
        title=line.string("title"),
        url=line.string("url") or url,
        section=line.string("section"),
        locked=line.truth("locked"),
        locked_reason=line.string("locked_reason"),
        moderation=cast(Any, line.choice("moderation", ("pre", "post"))),
        visibility=cast(Any, line.choice("visibility", ("shown", "hidden")) or "shown"),
        slow_mode_seconds=line.count("slow_mode_seconds"),
        opens_at=line.time("opens_at"),
        closes_at=line.time("closes_at"),
        created_at=line.time("created"),
        aliases=aliases,
        registered=line.truth("registered", default=True),
        source=_origin(line, default=None),
    )


def _comment(
    line: _Fields, ids: ArticleIds, articles: Mapping[str, ImportedArticle], source: str
) -> ImportedComment | Skipped:
    named = line.values.get("article")
    external_id, url = _article_id(line, ids, ours=False)
    title, link, section = line.string("title"), line.string("url") or url, line.string("section")
    article = articles.get(external_id)
    if article is None:
        article = ImportedArticle(external_id, title, link, section)
    source_id = line.key("id")
    if source_id is None:
        raise line.wrong("id", "is required")
    source_id, parent = short_key(source_id), line.key("parent")
    comment = _words(
        line,
        source=source,
        source_id=source_id,
        article=article,
        parent_source_id=short_key(parent) if parent else None,
        author=_author(line, source),
        origin=_origin(line, default=Origin(source, source_id, short_key(str(named)), link)),
    )
    if not may_be_empty(comment.status) and not has_words(comment.text, comment.text_format):
        return Skipped(source_id, "empty_text", "neither text nor html has words", line.line)
    return comment


def _our_comment(line: _Fields, ids: ArticleIds, articles: Mapping[str, ImportedArticle]) -> ImportedComment:
    external_id, _ = _article_id(line, ids, ours=True)
    own_id, parent_id = line.identifier("id"), line.identifier("parent")
    if own_id is None:
        raise line.wrong("id", "is required")
    return _words(
        line,
        source=OURS,
        source_id=str(own_id),
        article=articles.get(external_id) or ImportedArticle(external_id),
        parent_source_id=str(parent_id) if parent_id else None,
        author=_our_author(line),
        origin=_origin(line, default=None),
        id=own_id,
        parent_id=parent_id,
    )


def _words(line: _Fields, **where: Any) -> ImportedComment:
    """The comment at its place, with its words, times, status and votes from the line."""
    created_at = line.time("created")
    if created_at is None:
        raise line.wrong("created", "is required")
    text, html = line.string("text"), line.string("html")
    if text is None and html is None:
        text = ""
    text_format: TextFormat = "html" if text is None else "markdown"
    votes = line.object("votes")
    up, down = (votes.count("up") or 0, votes.count("down") or 0) if votes else (0, 0)
    if votes:
        votes.nothing_else()
    return ImportedComment(
        **where,
        created_at=created_at,
        text=(html if text is None else text) or "",
        text_format=text_format,
        html=html if text is not None else None,
        status=cast(Status, line.choice("status", get_args(Status)) or "published"),
        prior_status=cast(Any, line.choice("prior_status", ("pending", "published"))),
        edited_at=line.time("edited"),
        featured=line.truth("featured"),
        held_by=line.strings("held_by"),
        votes_up=up,
        votes_down=down,
        line=line.line,
    )


def _author(line: _Fields, source: str) -> ImportedAuthor | None:
    """A name alone is a guest; with a subject it is an account, and with the publisher's issuer one of theirs."""
    if isinstance(line.values.get("author"), str):
        name = line.string("author") or ""
        return ImportedAuthor(issuer_of(source), anonymous_subject(source, name, None), display_name(name), guest=True)
    author = line.object("author")
    if author is None:
        return None
    name, subject = author.required("name"), author.key("subject")
    guest = author.truth("guest") or subject is None
    imported = ImportedAuthor(
        issuer=author.string("issuer") or issuer_of(source),
        subject=short_key(subject) if subject else anonymous_subject(source, name, None),
        name=display_name(name),
        guest=guest,
        picture=picture_without_email_hash(author.string("picture")),
        roles=author.strings("roles"),
        labels=author.strings("labels"),
    )
    author.nothing_else()
    return imported


def _our_author(line: _Fields) -> ImportedAuthor | None:
    author = line.object("author")
    if author is None:
        return None
    imported = ImportedAuthor(
        issuer=author.required("issuer"),
        subject=author.required("subject"),
        name=author.required("name"),
        guest=author.truth("guest"),
        picture=author.string("picture"),
        roles=author.strings("roles"),
        labels=author.strings("labels"),
        id=author.identifier("id"),
    )
    author.nothing_else()
    return imported


def _origin(line: _Fields, default: Origin | None) -> Origin | None:
    origin = line.object("source")
    if origin is None:
        return default
    found = Origin(origin.required("name"), origin.required("id"), origin.string("thread"), origin.string("url"))
    origin.nothing_else()
    return found
