"""Public bodies prepared once and sent many times: content codings, entity tags, conditional requests."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

import brotli  # type: ignore[import-untyped]
from aiohttp import hdrs, web
from multidict import CIMultiDict

from service.api import headers as h

MIN_COMPRESSED = 256  # bytes; below, the headers would cost more than is saved
Codings = dict[str, tuple[str, Callable[[bytes], bytes]]]
CODINGS: Codings = {  # in order of preference: entity-tag suffix, encoder
    "br": ("-br", lambda body: brotli.compress(body, quality=5)),
    "gzip": ("-gz", lambda body: gzip.compress(body, compresslevel=5, mtime=0)),
    "identity": ("", lambda body: body),
}
BEST = CODINGS | {  # for what is made once and sent for months
    "br": ("-br", lambda body: brotli.compress(body, quality=11)),
    "gzip": ("-gz", lambda body: gzip.compress(body, compresslevel=9, mtime=0)),
}
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')  # RFC 9110, 8.8.3


class CachedResponse(web.Response):
    """A response that already carries its CORS, caching and security headers: the edge adds X-Request-ID only."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One coding of a body, with the headers of its 200."""

    body: bytes
    etag: str
    headers: CIMultiDict[str]


class Representation:
    """One cached public body. Codings are made on first demand, once.

    `size` is what a cache should account for it in bytes: the body and half of it again for the compressed copies,
    fixed from the start so that adding and removing an entry always cancel out.
    """

    __slots__ = ("_body", "_codings", "_etags", "_headers", "_variants", "size")

    def __init__(self, body: bytes, headers: CIMultiDict[str], codings: Codings = CODINGS) -> None:
        digest = blake2b(body, digest_size=12).hexdigest()
        self._body = body
        self._codings = codings
        self._headers = headers
        self._etags = {coding: f'"{digest}{suffix}"' for coding, (suffix, _) in CODINGS.items()}
        self._variants: dict[str, Variant] = {}
        self.size = len(body) + len(body) // 2 + 2_048

    def variant(self, coding: str) -> Variant:
        """The body in `coding` (a key of CODINGS); small bodies stay as they are."""
        if len(self._body) < MIN_COMPRESSED:
            coding = "identity"
        found = self._variants.get(coding)
        if found is None:
            found = self._variants[coding] = self._encode(coding)
        return found

    def matching_etag(self, if_none_match: str) -> str | None:
        """The entity tag of ours, of any coding, that If-None-Match lists, weak or strong (RFC 9110, 13.1.2)."""
        ours = self._etags.values()
        return next((tag for tag in _ENTITY_TAG.findall(if_none_match) if tag in ours), None)

    def _encode(self, coding: str) -> Variant:
        body = self._codings[coding][1](self._body)
        headers = self._headers.copy()
        headers[hdrs.ETAG] = self._etags[coding]
        headers[hdrs.CONTENT_LENGTH] = str(len(body))
        if coding != "identity":
            headers[hdrs.CONTENT_ENCODING] = coding
        return Variant(body, self._etags[coding], headers)


def represent(
    body: bytes, *, content_type: str, cache_control: str, surrogate_key: str | None = None
) -> Representation:
    """Prepare a public body for `respond`; `surrogate_key` is what a cache in front may purge it by."""
    headers: CIMultiDict[str] = CIMultiDict(h.SECURITY + h.PUBLIC)
    headers[hdrs.CONTENT_TYPE] = content_type
    headers[h.CACHE_CONTROL] = cache_control
    headers[h.VARY] = hdrs.ACCEPT_ENCODING
    if surrogate_key is not None:
        headers[h.SURROGATE_KEY] = surrogate_key
    return Representation(body, headers)


def respond(request: web.BaseRequest, representation: Representation) -> CachedResponse:
    """Answer with the coding the client likes best, or 304 when it has any coding of these very bytes."""
    sent = request.headers
    variant = representation.variant(choose(sent.get(hdrs.ACCEPT_ENCODING)))
    if_none_match = sent.get(hdrs.IF_NONE_MATCH)
    if if_none_match is not None:
        etag = variant.etag if if_none_match.strip() == "*" else representation.matching_etag(if_none_match)
        if etag is not None:
            return _not_modified(variant, etag)
    return CachedResponse(body=variant.body, headers=variant.headers)


def _not_modified(variant: Variant, etag: str) -> CachedResponse:
    headers = variant.headers.copy()
    headers[hdrs.ETAG] = etag  # the one the client holds, or its cache could not refresh the copy (RFC 9111, 4.3.4)
    for name in (hdrs.CONTENT_LENGTH, hdrs.CONTENT_TYPE, hdrs.CONTENT_ENCODING):
        headers.pop(name, None)
    return CachedResponse(status=304, headers=headers)


def choose(accept_encoding: str | None) -> str:
    """The coding to answer an Accept-Encoding with (RFC 9110, 12.5.3): `br`, `gzip` or `identity`.

    The highest weight wins, ours breaks ties. Where nothing at all is acceptable: identity, as better than nothing.
    """
    return _choose(accept_encoding) if accept_encoding else "identity"


@lru_cache(maxsize=256)
def _choose(accept_encoding: str) -> str:
    weights = dict(filter(None, map(_weighted, accept_encoding.lower().split(","))))
    weights.setdefault("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    weights.setdefault("br", weights.get("*", 0.0))
    # identity is acceptable unless it is excluded, but anything named is liked better
    weights.setdefault("identity", weights.get("*", 0.0001))
    best = max(CODINGS, key=lambda coding: weights[coding])
    return best if weights[best] > 0 else "identity"


def _weighted(element: str) -> tuple[str, float] | None:
    coding, *parameters = (part.strip(" \t") for part in element.split(";"))
    if not parameters:
        return coding, 1.0
    match = re.fullmatch(r"q[ \t]*=[ \t]*([01](?:\.[0-9]{0,3})?)", parameters[0])
    return (coding, min(float(match[1]), 1.0)) if match and len(parameters) == 1 else None
