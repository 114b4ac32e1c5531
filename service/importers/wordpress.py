"""Reads a WordPress export (WXR 1.0 to 1.2): an RSS channel of items, each with its comments by rising id.

WordPress writes replies after their parents; blogs that were themselves imported may have it otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from urllib.parse import parse_qs, urlsplit

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

_RECORDS = {("rss", "channel", "item"), ("rss", "channel", "item", "wp:comment")}
_PREFIXES = {"http://wordpress.org/export/": "wp:"}
# Only moderators trash comments (post-trashed: along with the article); WordPress has no deletion by the author.
_STATUSES: dict[str, Status] = {
    "1": "published",
    "0": "pending",
    "spam": "spam",
    "trash": "removed",
    "post-trashed": "removed",
}


@dataclass(frozen=True, slots=True)
class _Item:
    post: str  # the post's id, or its path where the item has none: what makes its comments' ids unique in the file
    article: ImportedArticle | None
    link: str | None


def read_wordpress(
    stream: BinaryIO, *, ids: ArticleIds, source: str = "wordpress"
) -> Iterator[ImportedComment | ImportedArticle | Skipped]:
    """Yield every comment of every item, as a comment or as skipped. Raises MalformedImport."""
    element, item = None, None
    for record in read_xml_records(stream, _RECORDS, _PREFIXES):
        if record.within is None:
            continue
        if item is None or record.within is not element:
            element, item = record.within, _item(record.within, ids)
        yield _comment(record.element, item, source)


def _item(element: XmlElement, ids: ArticleIds) -> _Item:
    link = storable(element.text("link"))
    path, post = path_of(link), element.text("wp:post_id") or _post_in(link)
    keys = (post, link, path)
    if not post and not link:
        return _Item("", None, None)
    created_at = _time(element.text("wp:post_date_gmt")) or _time(element.text("wp:post_date"))
    article = ImportedArticle(
        external_id=ids.article_id(keys, default=post or path),
        title=storable(element.text("title")) or None,
        url=link or None,
        section=_category(element),
        locked=element.text("wp:comment_status") == "closed",
        created_at=created_at,
    )
    return _Item(storable(post or path), article, link or None)


def _post_in(link: str) -> str:
    """The post's id in a plain permalink (`?p=4`, for pages `?page_id=4`)."""
    try:
        query = parse_qs(urlsplit(link).query)
    except ValueError:
        return ""
    found = query.get("p") or query.get("page_id") or [""]
    return found[0] if found[0].isascii() and found[0].isdigit() else ""


def _category(element: XmlElement) -> str | None:
    for child in element.children:
        if child.name == "category" and child.attributes.get("domain") == "category":
            return storable("".join(child.parts).strip()) or None
    return None


def _comment(element: XmlElement, item: _Item, source: str) -> ImportedComment | Skipped:
    comment_id = element.text("wp:comment_id")
    if not comment_id:
        return Skipped(None, "missing_id", "a comment without wp:comment_id", element.line)
    source_id = short_key(f"{item.post}/{comment_id}")
    if item.article is None:
        return Skipped(source_id, "no_article", "its item has neither wp:post_id nor a link", element.line)
    kind = element.text("wp:comment_type") or "comment"
    if kind != "comment":
        reason = kind if kind in ("pingback", "trackback") else "not_a_comment"
        return Skipped(source_id, reason, f"its wp:comment_type is {kind!r}", element.line)
    created_at = _time(element.text("wp:comment_date_gmt")) or _time(element.text("wp:comment_date"))
    if created_at is None:
        return Skipped(
            source_id, "invalid_time", "neither wp:comment_date_gmt nor wp:comment_date is a time", element.line
        )
    # What a plugin made of the status nobody here has judged.
    status = _STATUSES.get(element.text("wp:comment_approved"), "pending")
    text = paragraphs(storable(element.text("wp:comment_content")))
    if not may_be_empty(status) and not has_words(text, "html"):
        return Skipped(source_id, "empty_text", "wp:comment_content is empty", element.line)
    parent = element.text("wp:comment_parent")
    return ImportedComment(
        source=source,
        source_id=source_id,
        article=item.article,
        parent_source_id=short_key(f"{item.post}/{parent}") if parent not in ("", "0") else None,
        author=_author(element, source),
        created_at=created_at,
        text=text,
        text_format="html",
        status=status,
        origin=Origin(source, source_id, short_key(item.post), item.link),
        line=element.line,
    )


def _time(text: str) -> datetime | None:
    """A time without a zone, or zeros for none. Local times are taken for UTC: the export does not tell the zone."""
    return rfc3339_time(f"{text}Z")


def _author(element: XmlElement, source: str) -> ImportedAuthor:
    name, user_id = element.text("wp:comment_author"), element.text("wp:comment_user_id")
    guest = user_id in ("", "0")
    subject = anonymous_subject(source, name, element.text("wp:comment_author_email")) if guest else short_key(user_id)
    return ImportedAuthor(issuer_of(source), subject, display_name(name), guest=guest)


# `[^<>]` and no nesting: a tag that is never closed costs no second look at what follows.
_BLOCK_TAG = re.compile(r"(<(/?)(p|pre|blockquote|ul|ol|li|div|table|tr|td|th|h[1-6]|hr)\b[^<>]*>)", re.IGNORECASE)
_HOLDS_LINES = frozenset(("p", "li", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6"))


def paragraphs(content: str) -> str:
    """HTML with its line breaks written out, as WordPress shows a comment (wpautop).

    A blank line parts paragraphs, another line break becomes `<br>`; in `<pre>` both stay; in what holds no paragraphs
    (a list's item, a heading, a paragraph) both become `<br>`.
    """
    pieces = _BLOCK_TAG.split(content.replace("\r\n", "\n").replace("\r", "\n"))
    written: list[str] = []
    inside = ""
    for index in range(0, len(pieces), 4):
        written.append(_lines(pieces[index], inside))
        if index + 1 == len(pieces):
            break
        tag, closes, name = pieces[index + 1], bool(pieces[index + 2]), pieces[index + 3].lower()
        written.append(tag)
        if inside != "pre" or (closes and name == "pre"):
            inside = "" if closes else name
    return "".join(written)


def _lines(text: str, inside: str) -> str:
    if inside == "pre":
        return text
    if inside in _HOLDS_LINES:
        return text.strip("\n").replace("\n", "<br>\n")
    found = (part.strip() for part in re.split(r"\n[ \t]*\n", text))
    return "\n".join("<p>" + part.replace("\n", "<br>\n") + "</p>" for part in found if part)
