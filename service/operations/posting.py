"""Posting a comment: one read, the checks, one write."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import (
    ArticleNotFound,
    Banned,
    CommentNotFound,
    DuplicateComment,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    ParentNotVisible,
    Unavailable,
    ValidationFailed,
)
from service.domain.identity import Claims
from service.domain.ids import created_at_of, uuid7_after
from service.domain.markup import RENDERER, render_markdown
from service.domain.moderation import details_of
from service.domain.networks import address_hash
from service.domain.rows import Row
from service.domain.sites import Site
from service.domain.text import clean_line, clean_text, fingerprint, is_blank
from service.operations.authors import Author, read_me, recognise
from service.operations.checks import Words, again_before, asked, draft_of, inquiry_of, judged, said_again
from service.operations.limits import charge
from service.store import articles, comments
from service.store.comments import IdempotencyKeyTaken, Inquiry, NewComment

MAX_TEXT = 10_000  # characters; a site's max_length is a check


@dataclass(frozen=True, slots=True)
class Post:
    """What a reader sends. `title` and `url` count only when this comment opens the article."""

    article_id: str
    text: str
    parent_id: UUID | None = None
    title: str | None = None
    url: str | None = None
    idempotency_key: str | None = None
    request_hash: bytes = b""  # of method, path and parsed body


@dataclass(frozen=True, slots=True)
class Posted:
    """The comment as its author sees it, and the status it was first answered with (201, or 202 when held)."""

    comment: Row
    status: int
    replayed: bool = False
    verdict: Verdict | None = None


def usable_text(text: str, longest: int, field: str = "text") -> str:
    """The text as it is stored. Raises InvalidText, and ValidationFailed when it is empty or too long."""
    cleaned = clean_text(text)
    if is_blank(cleaned):
        raise ValidationFailed({field: ["Write something first."]})
    if len(cleaned) > longest:
        raise ValidationFailed({field: [f"At most {longest} characters."]})
    return cleaned


async def post_comment(deps: Deps, site: Site, claims: Claims, post: Post, address: str) -> Posted:
    """Post a comment: published, or held when a check says so; a retry with the same key is answered as before.

    Raises what the contract names for this route; then nothing was written.
    """
    text = usable_text(post.text, MAX_TEXT)
    inquiry = inquiry_of(site.settings, text, address)
    context = await comments.posting_context(
        deps.database,
        site.key,
        post.article_id,
        claims.issuer,
        claims.subject,
        inquiry,
        post.parent_id,
        post.idempotency_key,
    )
    author = await recognise(deps, site, claims, context if context["key"] is not None else None)
    if context["request_hash"] is not None:
        return await replay(deps, site, author, post)
    verdict = await charge_post(deps, site, author, address, opens=context["article_key"] is None)
    try:
        return await write(deps, site, author, post, text, context, inquiry, verdict)
    except Unavailable:
        await deps.limiter.refund(verdict)
        raise


async def charge_post(deps: Deps, site: Site, author: Author, address: str, *, opens: bool) -> Verdict:
    """A post counts for its account and its network, and opening an article for the network too."""
    actions = ("posts", "articles") if opens else ("posts",)
    return await charge(deps, *actions, address=address, account=(site.name, str(author.id)))


async def write(
    deps: Deps,
    site: Site,
    author: Author,
    post: Post,
    text: str,
    context: asyncpg.Record,
    inquiry: Inquiry,
    verdict: Verdict,
) -> Posted:
    """Judge and write a comment that nobody has answered yet."""
    check_parent(context, post)
    title = title_of(post) if context["article_key"] is None else None
    words = Words(text, render_markdown(text), title)
    comment_id = uuid7_after(context["now_ms"], post.parent_id)
    held = judged(deps, await draft_of(deps, site, author, words, context))
    held = await asked(deps, site, author, words, comment_id, place_of(context, post, title), held)
    held_by = list(held)
    shown_title = None if held_by else title  # it would be on the page while the comment is held
    article_key = context["article_key"] or await open_article(deps, site, post, shown_title)
    created_at = created_at_of(comment_id)
    new = NewComment(
        site_key=site.key,
        article_key=article_key,
        id=comment_id,
        parent_id=post.parent_id,
        author_key=author.key,
        status="pending" if held_by else "published",
        held_by=held_by,
        text=text,
        html=words.html,
        renderer=RENDERER,
        created_at=created_at,
        fingerprint=said_fingerprint(article_key, post.parent_id, text),
        said_again_before=again_before(site, created_at),
        idempotency_key=post.idempotency_key,
        request_hash=post.request_hash,
        answered=202 if held_by else 201,
        address=address_hash(deps.address_key, site.key, str(inquiry.address)),
        held_details=details_of(held),
        near=inquiry.near,
    )
    try:
        written = await comments.insert_comment(deps.database, new)
    except IdempotencyKeyTaken:
        await deps.limiter.refund(verdict)
        return await replay(deps, site, author, post)
    except DuplicateComment as error:
        raise said_again(deps, error) from None
    if written is None:
        raise Banned if post.parent_id is None else ParentNotVisible
    deps.holds.update(held_by)
    article_id = context["canonical_id"] or post.article_id
    if held_by:
        deps.wake_followers()
    else:
        await deps.added(*{(site.name, known) for known in (post.article_id, article_id)})
    return Posted(own_comment(new, article_id, author, written), new.answered, verdict=verdict)


def check_parent(context: asyncpg.Record, post: Post) -> None:
    """Raise CommentNotFound or ParentNotVisible unless the parent can be replied to."""
    if post.parent_id is None:
        return
    if context["parent_status"] is None:
        raise CommentNotFound
    if context["parent_status"] == "published":
        return
    # what never was public must look like what never was
    if context["parent_status"] in ("pending", "spam") and not context["parent_listed"]:
        raise CommentNotFound
    raise ParentNotVisible


def place_of(context: asyncpg.Record, post: Post, title: str | None) -> dict[str, Any]:
    """Article and parent of a new comment, as the publisher's own service is told."""
    article_id = context["canonical_id"] or post.article_id
    return {
        "article": {"id": article_id, "title": context["title"] or title, "section": context["section"]},
        "parent_id": str(post.parent_id) if post.parent_id else None,
    }


def said_fingerprint(article_key: int, parent_id: UUID | None, text: str) -> bytes:
    """What must not be said twice: the same normalised text in the same place."""
    place = f"{article_key}/{parent_id or ''}/".encode()
    return hashlib.blake2b(place + fingerprint(text), digest_size=16).digest()


def title_of(post: Post) -> str | None:
    """The title an article is opened with, as it is stored. Raises InvalidText."""
    return clean_line(post.title)[:500] or None if post.title is not None else None


async def open_article(deps: Deps, site: Site, post: Post, title: str | None) -> int:
    """The key of the article this comment opens. Raises ArticleNotFound, ValidationFailed."""
    if site.settings.require_registered_articles:
        raise ArticleNotFound
    if post.url is not None and origin_of(post.url) not in site.settings.allowed_origins:
        raise ValidationFailed({"article": ["The URL's origin is not one of the site's allowed origins."]})
    try:
        return await articles.insert_article(deps.database, site.key, post.article_id, title=title, url=post.url)
    except asyncpg.UniqueViolationError:
        found = await articles.find_article(deps.database, site.key, post.article_id)
        if found is None:
            raise Unavailable from None
        return int(found["key"])


DEFAULT_PORTS = {"http": 80, "https": 443}


def origin_of(url: str) -> str | None:
    """The origin of an http(s) URL as browsers write it (RFC 6454): no default port; None for one with user names."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return f"{parts.scheme}://{parts.hostname}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")


async def replay(deps: Deps, site: Site, author: Author, post: Post) -> Posted:
    """Answer a retry as its first try was answered, with the comment as it is now.

    Raises IdempotencyKeyReused for another request under the same key, IdempotencyInProgress when the first is gone.
    """
    assert post.idempotency_key is not None
    first = await comments.touch_idempotency_key(deps.database, author.key, post.idempotency_key)
    if first is None:
        raise IdempotencyInProgress
    if first["request_hash"] != post.request_hash:
        raise IdempotencyKeyReused
    comment = await comments.find_own(deps.database, site.key, first["comment_id"])
    if comment is None:
        raise CommentNotFound
    return Posted(comment, first["status"], replayed=True)


def own_comment(new: NewComment, article_id: str, author: Author, written: asyncpg.Record) -> dict[str, Any]:
    """The new comment under the names that store.comments.find_own gives."""
    return {
        "id": new.id,
        "article_id": article_id,
        "parent_id": new.parent_id,
        "root_id": written["root_id"],
        "depth": written["depth"],
        "status": new.status,
        "featured": False,
        "edited_at": None,
        "up": 0,
        "down": 0,
        "reply_count": 0,
        "descendant_count": 0,
        "html": new.html,
        "text": new.text,
        "held_by": new.held_by,
        "author_id": author.id,
        "author_name": author.name,
        "avatar_url": author.avatar_url,
        "roles": list(author.roles),
        "labels": list(author.labels),
        "guest": author.guest,
    }


async def preview(deps: Deps, site: Site, claims: Claims, text: str, address: str) -> tuple[str, Verdict]:
    """A text as it would look. Raises RateLimited, ValidationFailed, InvalidText."""
    cleaned = usable_text(text, site.settings.max_length)
    author, _ = await read_me(deps, site, claims)
    verdict = await charge(deps, "previews", address=address, account=(site.name, str(author.id)))
    return render_markdown(cleaned), verdict
