"""Reads a Disqus export (XML, http://disqus.com): categories and threads first, then posts, oldest first.

A reply normally stands after its parent, but nothing in the format says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from service.importers.article_ids import ArticleIds, path_of
from service.importers.records import (
    ImportedArticle,
    ImportedAuthor,
    ImportedComment,
    Origin,
    Skipped,
    Status,
    anonymous_subject,
    display_name,
    has_words,
    issuer_of,
    may_be_empty,
    rfc3339_time,
    short_key,
    storable,
)
from service.importers.xml_records import XmlElement, read_xml_records

_RECORDS = {("disqus", "category"), ("disqus", "thread"), ("disqus", "post")}
_PREFIXES = {"http://disqus.com/disqus-internals": "dsq:", "http://disqus.com": ""}


@dataclass(frozen=True, slots=True)
class _Thread:
    article: ImportedArticle | None  # None: it has neither an id nor a link
    link: str | None


@dataclass(slots=True)
class _Export:
    """What posts refer to. It grows with the threads, never with the posts."""

    source: str
    ids: ArticleIds
    sections: dict[str, str] = field(default_factory=dict)
    threads: dict[str, _Thread] = field(default_factory=dict)


def read_disqus(
    stream: BinaryIO, *, ids: ArticleIds, source: str = "disqus"
) -> Iterator[ImportedComment | ImportedArticle | Skipped]:
    """Yield every post as a comment or as skipped. `stream` must be seekable. Raises MalformedImport."""
    export = _Export(source, ids)
    start, all_known = stream.tell(), True
    for kind, element in _records(stream):
        if kind == "category":
            export.sections[element.attributes.get("dsq:id", "")] = storable(element.text("title"))
        elif kind == "thread":
            export.threads[element.attributes.get("dsq:id", "")] = _thread(element, export)
        elif _reference(element, "thread") in export.threads:
            yield _post(element, export)
        else:
            all_known = False
    if all_known:
        return
    # Some of these threads may have come after their posts; keeping the posts would take memory, so read them again.
    stream.seek(start)
    passed: set[str] = set()
    for kind, element in _records(stream):
        if kind == "thread":
            passed.add(element.attributes.get("dsq:id", ""))
        elif kind == "post" and _reference(element, "thread") not in passed:
            yield _post(element, export)


def _records(stream: BinaryIO) -> Iterator[tuple[str, XmlElement]]:
    for record in read_xml_records(stream, _RECORDS, _PREFIXES):
        yield record.element.name, record.element


def _reference(element: XmlElement, name: str) -> str:
    child = element.child(name)
    return child.attributes.get("dsq:id", "") if child else ""


def _thread(element: XmlElement, export: _Export) -> _Thread:
    identifier, link = storable(element.text("id")), storable(element.text("link"))
    path = path_of(link)
    keys = (element.attributes.get("dsq:id"), identifier, link, path)
    if not identifier and not link and not export.ids.override(keys):
        return _Thread(None, None)
    article = ImportedArticle(
        external_id=export.ids.article_id(keys, default=identifier or path),
        title=storable(element.text("title")) or None,
        url=link or None,
        section=export.sections.get(_reference(element, "category")) or None,
        locked=element.text("isClosed") == "true",
        created_at=rfc3339_time(element.text("createdAt")),
    )
    return _Thread(article, link or None)


def _post(element: XmlElement, export: _Export) -> ImportedComment | Skipped:
    post_id, thread_id = short_key(element.attributes.get("dsq:id", "")), _reference(element, "thread")
    if not post_id:
        return Skipped(None, "missing_id", "a post without dsq:id", element.line)
    thread = export.threads.get(thread_id)
    if thread is None:
        return Skipped(post_id, "unknown_thread", f"thread {thread_id!r} is not in the file", element.line)
    if thread.article is None:
        return Skipped(post_id, "no_article", f"thread {thread_id!r} has neither an id nor a link", element.line)
    created_at = rfc3339_time(element.text("createdAt"))
    if created_at is None:
        return Skipped(post_id, "invalid_time", f"createdAt is {element.text('createdAt')!r}", element.line)
    status, text = _status(element), storable(element.text("message"))
    if not may_be_empty(status) and not has_words(text, "html"):
        return Skipped(post_id, "empty_text", "the message is empty", element.line)
    return ImportedComment(
        source=export.source,
        source_id=post_id,
        article=thread.article,
        parent_source_id=short_key(_reference(element, "parent")) or None,
        author=_author(element.child("author"), export.source),
        created_at=created_at,
        text=text,
        text_format="html",
        status=status,
        origin=Origin(export.source, post_id, thread_id, thread.link),
        line=element.line,
    )


def _status(element: XmlElement) -> Status:
    # Deleted before spam: spam can still be approved here, and what Disqus had deleted must not come back that way.
    if element.text("isDeleted") == "true":
        return "deleted"
    if element.text("isSpam") == "true":
        return "spam"
    return "pending" if element.text("isApproved") == "false" else "published"


def _author(element: XmlElement | None, source: str) -> ImportedAuthor | None:
    if element is None:
        return None
    name, username = element.text("name"), storable(element.text("username"))
    guest = element.text("isAnonymous") == "true" or not username
    subject = anonymous_subject(source, name, element.text("email")) if guest else short_key(username)
    return ImportedAuthor(issuer_of(source), subject, display_name(name or username), guest=guest)
