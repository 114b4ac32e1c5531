"""Errors as answers: one table from error code to HTTP status, one body (RFC 9457)."""

from __future__ import annotations

import json
import math
from http import HTTPStatus

import orjson
import structlog
from aiohttp import hdrs, web
from multidict import CIMultiDict

from service.api import headers as h
from service.domain import errors

STATUS: dict[str, int] = {
    "bad_request": 400,
    "invalid_json": 400,
    "invalid_cursor": 400,
    "invalid_idempotency_key": 400,
    "token_missing": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "forbidden": 403,
    "banned": 403,
    "origin_not_allowed": 403,
    "guests_not_allowed": 403,
    "own_comment": 403,
    "not_found": 404,
    "site_not_found": 404,
    "article_not_found": 404,
    "comment_not_found": 404,
    "method_not_allowed": 405,
    "request_timeout": 408,
    "article_locked": 409,
    "posting_closed": 409,
    "parent_not_visible": 409,
    "edit_window_closed": 409,
    "not_visible": 409,
    "conflict": 409,
    "already_appealed": 409,
    "idempotency_in_progress": 409,
    "body_too_large": 413,
    "uri_too_long": 414,
    "unsupported_media_type": 415,
    "validation_error": 422,
    "invalid_article_id": 422,
    "invalid_text": 422,
    "idempotency_key_reused": 422,
    "duplicate_comment": 422,
    "too_many_links": 422,
    "banned_word": 422,
    "reserved_name": 422,
    "rate_limited": 429,
    "slow_mode": 429,
    "headers_too_large": 431,
    "internal_error": 500,
    "unavailable": 503,
    "too_many_streams": 503,
}

# The field that a refusal with 422 is about; the others are about the text.
FIELDS = {"invalid_article_id": "article_id", "idempotency_key_reused": "Idempotency-Key", "reserved_name": "name"}

# After these the rest of what the client sends cannot be trusted to begin with a request.
CLOSING = frozenset({"bad_request", "request_timeout", "body_too_large", "uri_too_long", "headers_too_large"})

_FROM_HTTP: dict[int, type[errors.DiscussError]] = {
    404: errors.NotFound,
    405: errors.MethodNotAllowed,
    413: errors.BodyTooLarge,
    414: errors.UriTooLong,
    415: errors.UnsupportedMediaType,
}

log = structlog.get_logger("discuss.problems")


def problem_response(error: errors.DiscussError, request_id: str) -> web.Response:
    """The answer for an error: application/problem+json, never cached.

    A 500 says nothing but that it happened. 429 and 503 carry Retry-After (whole seconds, at least 1), 401 the
    challenge of RFC 6750. Where the request's end is unknown the connection closes.
    """
    status = STATUS.get(error.code, 500)
    body: dict[str, object] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": (errors.DiscussError.__doc__ or "") if status == 500 else error.detail,
        "code": error.code,
        "request_id": request_id,
    }
    if status == 422:
        body["errors"] = getattr(error, "errors", None) or {FIELDS.get(error.code, "text"): [error.detail]}
    response = web.Response(status=status, body=_encode(body), headers=_headers(error, status, request_id))
    if error.code in CLOSING:
        response.force_close()
    return response


def from_exception(error: Exception) -> errors.DiscussError:
    """The error to answer for whatever a handler raised; what nobody foresaw is logged with its traceback."""
    if isinstance(error, errors.DiscussError):
        if STATUS.get(error.code, 500) == 500:
            log.error("request failed", exc_info=error)
        return error
    if isinstance(error, web.HTTPException) and error.status < 500:
        return _FROM_HTTP.get(error.status, errors.BadRequest)()
    log.error("request failed", exc_info=error)
    return errors.DiscussError()


def answer_exception(error: Exception, request_id: str) -> web.Response:
    """The answer for whatever a handler raised: a redirect stays one, anything else becomes a problem."""
    if isinstance(error, web.HTTPException) and error.status < 400:
        return web.Response(status=error.status, headers={hdrs.LOCATION: error.headers.get(hdrs.LOCATION, "/")})
    response = problem_response(from_exception(error), request_id)
    if isinstance(error, web.HTTPMethodNotAllowed):
        response.headers[hdrs.ALLOW] = allow(error.allowed_methods)
    return response


def allow(methods: set[str]) -> str:
    """The value of Allow; OPTIONS is answered everywhere."""
    return ", ".join(sorted(methods | {hdrs.METH_OPTIONS}))


def _headers(error: errors.DiscussError, status: int, request_id: str) -> CIMultiDict[str]:
    headers = CIMultiDict(h.SECURITY)
    headers[hdrs.CONTENT_TYPE] = "application/problem+json"
    headers[h.CACHE_CONTROL] = h.NO_STORE
    headers[h.X_REQUEST_ID] = request_id
    if isinstance(error, errors.RateLimited | errors.Unavailable):
        headers[hdrs.RETRY_AFTER] = str(max(1, math.ceil(error.retry_after)))
    if isinstance(error, errors.RateLimited):
        headers.extend(error.headers)
    if status == 401:
        invalid = "" if error.code == "token_missing" else ', error="invalid_token"'
        headers[hdrs.WWW_AUTHENTICATE] = f'Bearer realm="discuss"{invalid}'
    return headers


def _encode(body: dict[str, object]) -> bytes:
    try:
        return orjson.dumps(body, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a detail that quotes half a surrogate pair
        return json.dumps(body, default=str).encode("ascii")
