"""Reading JSON bodies strictly: every odd one is a named error, never a 500."""

from __future__ import annotations

import asyncio
import json
import re
from functools import lru_cache
from typing import Any, NoReturn

from aiohttp import StreamReader, hdrs, web

from service.domain.errors import (
    BadRequest,
    BodyTooLarge,
    InvalidJson,
    InvalidText,
    RequestTimeout,
    UnsupportedMediaType,
)

MAX_BODY = 128 * 1024  # bytes
BODY_SECONDS = 10.0
MAX_DEPTH = 20
MAX_DIGITS = 1_000  # characters of one number
INT64 = range(-(2**63), 2**63)

# Only escapes can bring these in: raw control characters are not JSON, raw surrogates are not UTF-8.
_SUSPICIOUS_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


async def read_json(request: web.Request, *, timeout: float = BODY_SECONDS) -> object:
    """Read and parse the request's JSON body; `timeout` in seconds is for all of it.

    Raises UnsupportedMediaType, BodyTooLarge, RequestTimeout, BadRequest (broken framing), InvalidJson and
    InvalidText (NUL or half a surrogate pair in any string or key).
    """
    ensure_json(request)
    return parse_json(await read_body(request, timeout=timeout))


def ensure_json(request: web.Request) -> None:
    """Raise UnsupportedMediaType unless the body is application/json in UTF-8, not compressed."""
    headers = request.headers
    if hdrs.CONTENT_ENCODING in headers or not _is_json(headers.get(hdrs.CONTENT_TYPE, "")):
        raise UnsupportedMediaType


@lru_cache(maxsize=64)
def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip(" \t").lower() for part in content_type.split(";"))
    return media_type == "application/json" and (
        not parameters or parameters in (["charset=utf-8"], ['charset="utf-8"'])
    )


async def read_body(request: web.Request, *, timeout: float = BODY_SECONDS) -> bytes:
    """The whole body, at most MAX_BODY bytes.

    Raises BodyTooLarge, RequestTimeout after `timeout` seconds, BadRequest when its framing is broken.
    """
    if (request.content_length or 0) > MAX_BODY:
        raise BodyTooLarge
    content = request.content
    try:
        if content.is_eof():  # it came with the head, as nearly all do: nothing to wait for
            body = content.read_nowait(-1)
            _ensure_within_limit(body)
            return body
        async with asyncio.timeout(timeout):
            return await _read_all(content)
    except TimeoutError:
        raise RequestTimeout from None
    except web.RequestPayloadError as error:
        raise BadRequest from error


async def _read_all(content: StreamReader) -> bytes:
    body = bytearray()
    while chunk := await content.readany():
        body += chunk
        _ensure_within_limit(body)
    return bytes(body)


def _ensure_within_limit(body: bytes | bytearray) -> None:
    if len(body) > MAX_BODY:
        raise BodyTooLarge


def parse_json(body: bytes) -> object:
    """Parse strict JSON (RFC 8259): UTF-8, no duplicate keys, no NaN, integers of 64 bits, depth 20 at most.

    Raises InvalidJson, and InvalidText for strings and keys with NUL or half a surrogate pair.
    """
    try:
        text = body.decode("utf-8")
        value: object = _DECODER.decode(text)
    except (ValueError, RecursionError):
        raise InvalidJson from None
    if text.count("[") + text.count("{") > MAX_DEPTH:
        _ensure_shallow(value)
    if _SUSPICIOUS_ESCAPE.search(text):
        _ensure_storable(value)
    return value


def _ensure_shallow(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return
    raise InvalidJson(f"The body is nested more than {MAX_DEPTH} levels deep.")


def _ensure_storable(value: object) -> None:
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            if _UNSTORABLE.search(node):
                raise InvalidText
        else:
            waiting.extend(_children(node))
            if isinstance(node, dict):
                waiting.extend(node)


def _children(node: object) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def _int64(digits: str) -> int:
    if len(digits) > 20 or int(digits) not in INT64:
        raise ValueError("integer out of range")
    return int(digits)


def _finite(digits: str) -> float:
    if len(digits) > MAX_DIGITS or (number := float(digits)) in (float("inf"), float("-inf")):
        raise ValueError("number out of range")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_refuse_duplicates, parse_int=_int64, parse_float=_finite, parse_constant=_refuse_constant
)
