"""Reads a Commento export (JSON, version 1): `comments` in no promised order, then the `commenters` they name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import ijson  # type: ignore[import-untyped]

from service.importers.article_ids import ArticleIds
from service.importers.records import (
    NAMELESS,
    ImportedArticle,
    ImportedAuthor,
    ImportedComment,
    MalformedImport,
    Origin,
    Skipped,
    Status,
    display_name,
    has_words,
    issuer_of,
    may_be_empty,
    picture_without_email_hash,
    rfc3339_time,
    short_key,
    storable,
)

CHUNK_BYTES = 64 * 1024
DEEPEST = 100
_LISTS = ("comments", "commenters")
_ANONYMOUS = "anonymous"
_ROOT = "root"
# Flagged is what Commento's spam filter held.
_STATUSES: dict[str, Status] = {"approved": "published", "unapproved": "pending", "flagged": "spam"}


def read_commento(
    stream: BinaryIO, *, ids: ArticleIds, source: str = "commento"
) -> Iterator[ImportedComment | ImportedArticle | Skipped]:
    """Yield every comment, as a comment or as skipped; replies may stand before their parents. Raises MalformedImport.

    `stream` must be seekable: it is read twice, because the commenters come last; only they stay in memory. A line is
    where the comment's object starts (always 1 in a file without line breaks).
    """
    start = stream.tell()
    authors: dict[str, ImportedAuthor] = {}
    for record in _records(stream):
        if record.list_name == "commenters":
            author = _author(record, source)
            authors[author.subject] = author
    stream.seek(start)
    for record in _records(stream):
        if record.list_name == "comments":
            yield _comment(record, authors, ids, source)


@dataclass(slots=True)
class _Record:
    """The plain values of one object of a list; what is nested in it is left out."""

    list_name: str
    line: int
    values: dict[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        value = self.values.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise MalformedImport(
                self.line, f"{name} is not a string in the object of {self.list_name} that starts here"
            )
        return storable(value)


class _Lines:
    """A stream read by lines, so that the parser is never ahead of the line it reports on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._ended = True
        self.line = 0

    def read(self, size: int = -1) -> bytes:
        if size == 0:  # ijson asks in this way whether it gets bytes
            return b""
        chunk = self._stream.readline(CHUNK_BYTES)
        if chunk and self._ended:
            self.line += 1
        if self.line == 1 and chunk.startswith(b"\x1f\x8b"):
            raise MalformedImport(1, "this is a gzip file: unpack it first")
        self._ended = chunk.endswith(b"\n")
        return chunk


def _records(stream: BinaryIO) -> Iterator[_Record]:
    lines = _Lines(stream)
    try:
        yield from _walk(lines)
    except ijson.JSONError as error:
        message = error.args[0] if error.args else ""
        text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
        raise MalformedImport(max(lines.line, 1), f"not well-formed JSON: {text.splitlines()[0]}") from None


def _walk(lines: _Lines) -> Iterator[_Record]:
    depth, section, key = 0, "", ""
    record: _Record | None = None
    seen: set[str] = set()
    for event, value in ijson.basic_parse(lines):
        if event in ("start_map", "start_array"):
            depth += 1
            if depth > DEEPEST:
                raise MalformedImport(lines.line, f"values are nested more than {DEEPEST} deep")
            _check_shape(depth, section, event, lines.line)
            if depth == 3 and section in _LISTS:
                record = _Record(section, lines.line)
        elif event in ("end_map", "end_array"):
            if depth == 3 and record is not None:
                yield record
                record = None
            depth -= 1
        elif event == "map_key":
            if depth == 1:
                section = value
                seen.add(section)
            key = value
        elif depth == 1 and section == "version" and value != 1:
            raise MalformedImport(lines.line, f"version {value} of the export is not known, only version 1")
        elif depth == 3 and record is not None:
            record.values[key] = value
        elif depth == 0 or (depth == 1 and section in _LISTS and event != "null") or (depth == 2 and section in _LISTS):
            raise MalformedImport(lines.line, f"not a Commento export: unexpected {event} in {section or 'the file'}")
    if "comments" not in seen:
        raise MalformedImport(max(lines.line, 1), "not a Commento export: it has no comments list")


def _check_shape(depth: int, section: str, event: str, line: int) -> None:
    """The file is an object; its two lists are arrays of objects."""
    expected = {1: "start_map", 2: "start_array", 3: "start_map"}.get(depth)
    if (depth == 1 or section in _LISTS) and expected is not None and event != expected:
        raise MalformedImport(line, f"not a Commento export: unexpected {event} in {section or 'the file'}")


def _author(record: _Record, source: str) -> ImportedAuthor:
    subject = short_key(record.text("commenterHex"))
    if not subject:
        raise MalformedImport(record.line, "a commenter without commenterHex")
    picture = picture_without_email_hash(record.text("photo"))
    return ImportedAuthor(issuer_of(source), subject, display_name(record.text("name")), picture=picture)


def _comment(
    record: _Record, authors: dict[str, ImportedAuthor], ids: ArticleIds, source: str
) -> ImportedComment | Skipped:
    comment_id, page = short_key(record.text("commentHex")), record.text("url")
    if not comment_id:
        return Skipped(None, "missing_id", "a comment without commentHex", record.line)
    created_at = rfc3339_time(record.text("creationDate"))
    if created_at is None:
        return Skipped(comment_id, "invalid_time", f"creationDate is {record.text('creationDate')!r}", record.line)
    status, text = _status(record), record.text("markdown")
    if status == "deleted" and text == "[deleted]":
        text = ""
    if not may_be_empty(status) and not has_words(text, "markdown"):
        return Skipped(comment_id, "empty_text", "markdown is empty", record.line)
    url = f"https://{record.text('domain')}{page}" if record.text("domain") and page.startswith("/") else None
    parent = record.text("parentHex")
    return ImportedComment(
        source=source,
        source_id=comment_id,
        article=ImportedArticle(ids.article_id((page, url), default=page), url=url),
        parent_source_id=short_key(parent) if parent not in ("", _ROOT) else None,
        author=_author_of(record.text("commenterHex"), authors, source),
        created_at=created_at,
        text=text,
        text_format="markdown",
        status=status,
        origin=Origin(source, comment_id, page or None, url),
        line=record.line,
    )


def _status(record: _Record) -> Status:
    if record.values.get("deleted") is True:
        return "deleted"
    return _STATUSES.get(record.text("state"), "pending")


def _author_of(commenter: str, authors: dict[str, ImportedAuthor], source: str) -> ImportedAuthor:
    subject = short_key(commenter) or _ANONYMOUS
    if subject in authors and subject != _ANONYMOUS:
        return authors[subject]
    return ImportedAuthor(issuer_of(source), subject, NAMELESS, guest=subject == _ANONYMOUS)
