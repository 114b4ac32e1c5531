"""Every refusal the service can answer with: a type, its stable code, and as docstring the message people read.

The HTTP status of each code stands in `service/api/problems.py`; nothing else maps one to the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar


class DiscussError(Exception):
    """Something went wrong on our side."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str | None = None) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        super().__init__(self.detail)


class BadRequest(DiscussError):
    """The request is not well-formed HTTP."""

    code = "bad_request"


class InvalidJson(DiscussError):
    """The body is not valid JSON."""

    code = "invalid_json"


class InvalidCursor(DiscussError):
    """The cursor does not belong to this list."""

    code = "invalid_cursor"


class InvalidIdempotencyKey(DiscussError):
    """Idempotency-Key must have 1 to 200 printable characters."""

    code = "invalid_idempotency_key"


class TokenMissing(DiscussError):
    """Sign in first: this needs an Authorization header with a Bearer token."""

    code = "token_missing"


class TokenInvalid(DiscussError):
    """The token is not valid here."""

    code = "token_invalid"


class TokenExpired(DiscussError):
    """The token has expired."""

    code = "token_expired"


class Forbidden(DiscussError):
    """You may not do this."""

    code = "forbidden"


class Banned(DiscussError):
    """You are banned from this discussion."""

    code = "banned"

    @classmethod
    def because(cls, reason: str | None) -> Banned:
        """With the reason of the ban."""
        return cls(f"{cls.__doc__} {reason or ''}".strip())

    @classmethod
    def by_network(cls, reason: str) -> Banned:
        """Of everybody who is where they are."""
        return cls(f"Your network is banned from this discussion. {reason}".strip())


class OriginNotAllowed(DiscussError):
    """This page's origin may not use this site's discussion."""

    code = "origin_not_allowed"


class GuestsNotAllowed(DiscussError):
    """This site does not take guests."""

    code = "guests_not_allowed"


class OwnComment(DiscussError):
    """You cannot do this to your own comment."""

    code = "own_comment"


class NotFound(DiscussError):
    """There is nothing at this address."""

    code = "not_found"


class SiteNotFound(DiscussError):
    """There is no such site."""

    code = "site_not_found"


class ArticleNotFound(DiscussError):
    """There is no such article."""

    code = "article_not_found"


class CommentNotFound(DiscussError):
    """There is no such comment."""

    code = "comment_not_found"


class MethodNotAllowed(DiscussError):
    """This address does not take that method."""

    code = "method_not_allowed"


class RequestTimeout(DiscussError):
    """The request's body did not arrive in time."""

    code = "request_timeout"


class ArticleLocked(DiscussError):
    """This discussion is closed to new comments."""

    code = "article_locked"


class PostingClosed(DiscussError):
    """Posting is closed on this site for now."""

    code = "posting_closed"


class ParentNotVisible(DiscussError):
    """The comment you reply to is not visible any more."""

    code = "parent_not_visible"


class EditWindowClosed(DiscussError):
    """The time for editing this comment is over."""

    code = "edit_window_closed"


class NotVisible(DiscussError):
    """This comment is not visible any more."""

    code = "not_visible"


class Conflict(DiscussError):
    """This has changed meanwhile."""

    code = "conflict"


class AlreadyAppealed(DiscussError):
    """This removal has been appealed already."""

    code = "already_appealed"


class IdempotencyInProgress(DiscussError):
    """The first request with this Idempotency-Key is still being worked on."""

    code = "idempotency_in_progress"


class BodyTooLarge(DiscussError):
    """The request's body is too large."""

    code = "body_too_large"


class UriTooLong(DiscussError):
    """The request's address is too long; send long lists by POST."""

    code = "uri_too_long"


class UnsupportedMediaType(DiscussError):
    """Send application/json in UTF-8, without Content-Encoding."""

    code = "unsupported_media_type"


class ValidationFailed(DiscussError):
    """Some fields are missing or wrong."""

    code = "validation_error"

    def __init__(self, errors: Mapping[str, list[str]], detail: str | None = None) -> None:
        super().__init__(detail)
        self.errors = dict(errors)


class InvalidArticleId(DiscussError):
    """An article id has 1 to 200 of A-Z a-z 0-9 . _ ~ : - and is not . or .."""

    code = "invalid_article_id"


class InvalidText(DiscussError):
    """The text holds characters that cannot be stored (NUL or half a surrogate pair)."""

    code = "invalid_text"


class IdempotencyKeyReused(DiscussError):
    """This Idempotency-Key was used for a different request."""

    code = "idempotency_key_reused"


class DuplicateComment(DiscussError):
    """You have posted this already."""

    code = "duplicate_comment"


class TooManyLinks(DiscussError):
    """The text has too many links."""

    code = "too_many_links"


class BannedWord(DiscussError):
    """The text holds a word this site does not allow."""

    code = "banned_word"


class ReservedName(DiscussError):
    """This name is reserved."""

    code = "reserved_name"


class RateLimited(DiscussError):
    """Too many requests; wait a little."""

    code = "rate_limited"

    def __init__(self, retry_after: float, detail: str | None = None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after  # seconds
        self.headers = dict(headers or {})  # RateLimit and RateLimit-Policy


class SlowMode(RateLimited):
    """This discussion is in slow mode; wait before the next comment."""

    code = "slow_mode"


class HeadersTooLarge(DiscussError):
    """The request's headers are too large."""

    code = "headers_too_large"


class Unavailable(DiscussError):
    """The service cannot do this right now; try again shortly."""

    code = "unavailable"

    def __init__(self, retry_after: float = 2, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = retry_after  # seconds


class TooManyStreams(Unavailable):
    """Too many live streams are open; try again shortly."""

    code = "too_many_streams"


class ConfigurationError(DiscussError):
    """The configuration is not usable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems
