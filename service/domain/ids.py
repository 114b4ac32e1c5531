"""UUIDv7 ids (RFC 9562, 5.7): their order is the order in time, and their millisecond is `created_at`."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND: Final = (1 << 48) - 1
_RANDOM_BYTES: Final = 10
_CANONICAL: Final = re.compile("[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

FIRST_ID, LAST_ID = UUID(int=0), UUID(int=2**128 - 1)  # below and above every id


def uuid7(milliseconds: int, random: bytes | None = None) -> UUID:
    """The id of something made `milliseconds` after 1970 (UTC), with 74 of the 80 bits of `random` behind the time.

    Times before 1970, which some exports hold, become 1970: the format has no sign. Raises ValueError for times beyond
    48 bits (the year 10889) and for `random` of other than 10 bytes.
    """
    if milliseconds > _LAST_MILLISECOND:
        raise ValueError("the time does not fit into the 48 bits of a UUIDv7")
    tail = os.urandom(_RANDOM_BYTES) if random is None else random
    if len(tail) != _RANDOM_BYTES:
        raise ValueError("a UUIDv7 takes 10 random bytes")
    bits = int.from_bytes(tail, "big")
    return UUID(
        int=max(milliseconds, 0) << 80
        | 0x7 << 76
        | (bits >> 62 & 0xFFF) << 64  # rand_a
        | 0b10 << 62
        | bits & 0x3FFF_FFFF_FFFF_FFFF  # rand_b
    )


def first_id_at(moment: datetime) -> UUID:
    """The lowest id of anything made at this time or later."""
    return uuid7(int(moment.timestamp() * 1000), bytes(_RANDOM_BYTES))


def uuid7_after(milliseconds: int, parent: UUID | None) -> UUID:
    """An id of that time, later than the parent's even in its millisecond or when the clock went back meanwhile.

    Below depth 8 replies stand beside their parents, and only their ids say which comes first. Raises as `uuid7` does.
    """
    new = uuid7(milliseconds)
    return new if parent is None or new > parent else uuid7(millisecond_of(parent) + 1)


def uuid7_from(milliseconds: int, seed: bytes) -> UUID:
    """The id that `seed` always gets at that time: an import run twice makes the same ids. Raises as `uuid7` does."""
    return uuid7(milliseconds, hashlib.blake2b(seed, digest_size=_RANDOM_BYTES).digest())


def millisecond_of(id: UUID) -> int:
    """The id's time in milliseconds after 1970 (UTC). Raises ValueError for an id that is not a UUIDv7."""
    if id.version != 7:
        raise ValueError("not a UUIDv7")
    return id.int >> 80


def created_at_of(id: UUID) -> datetime:
    """The id's time in UTC, exact to the millisecond. Raises ValueError for other ids and for years beyond 9999."""
    milliseconds = millisecond_of(id)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("the id's time is beyond the year 9999") from None


def parse_id(text: str) -> UUID:
    """The id in its one canonical form, lower case with hyphens; one id must not have two addresses.

    Raises ValueError for any other form.
    """
    if _CANONICAL.fullmatch(text) is None:
        raise ValueError("not an id")
    return UUID(text)
