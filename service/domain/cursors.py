"""Cursors: where a list goes on, sealed so that they can be neither made up nor carried to another list."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from math import isfinite
from typing import Final

import orjson

from service.domain.errors import InvalidCursor

MAX_LENGTH: Final = 1024  # characters of a cursor

_MAC_BYTES: Final = 16
_BASE64URL: Final = re.compile(f"[A-Za-z0-9_-]{{1,{MAX_LENGTH}}}")


class Cursors:
    """Seals and opens cursors. The first key signs, all of them verify, so keys can be changed without breaking walks.

    A cursor is base64url without padding of 16 bytes of HMAC-SHA256 (RFC 2104) and the values as JSON; the MAC covers
    the scope, which names everything the place depends on: list, sort, site, filters. Cursors do not expire.
    """

    def __init__(self, keys: tuple[bytes, ...]) -> None:
        """Raises ValueError without keys."""
        if not keys:
            raise ValueError("cursors need a key")
        self._keys = keys

    def seal(self, scope: str, values: Sequence[str | int | float]) -> str:
        """The cursor of the place `values` in `scope`. Floats come back with the same bits.

        Raises ValueError for values that would not come back: not finite, beyond 64 bits, too long, no text.
        """
        if any(isinstance(value, float) and not isfinite(value) for value in values):
            raise ValueError("a cursor holds finite numbers only")
        try:
            payload = orjson.dumps(list(values))
        except orjson.JSONEncodeError as error:
            raise ValueError(str(error)) from error
        cursor = urlsafe_b64encode(_mac(self._keys[0], scope, payload) + payload).rstrip(b"=").decode()
        if len(cursor) > MAX_LENGTH:
            raise ValueError("the values are too long for a cursor")
        return cursor

    def open(self, scope: str, cursor: str) -> list[str | int | float]:
        """The values sealed in `cursor` for the same `scope`. Raises InvalidCursor for anything else."""
        if _BASE64URL.fullmatch(cursor) is None or len(cursor) % 4 == 1:
            raise InvalidCursor
        sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        # Spare bits in the last character would give one place several cursors, each its own entry in shared caches.
        if urlsafe_b64encode(sealed).rstrip(b"=") != cursor.encode():
            raise InvalidCursor
        mac, payload = sealed[:_MAC_BYTES], sealed[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(key, scope, payload)) for key in self._keys):
            raise InvalidCursor
        values: list[str | int | float] = orjson.loads(payload)
        return values


def _mac(key: bytes, scope: str, payload: bytes) -> bytes:
    scope_bytes = scope.encode()
    length = len(scope_bytes).to_bytes(4, "big")  # so that the scope's end is not a matter of opinion
    return hmac.digest(key, length + scope_bytes + payload, "sha256")[:_MAC_BYTES]
