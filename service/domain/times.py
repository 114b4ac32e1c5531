"""Moments as the contract writes them."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.identity import FOREVER


def rfc3339(moment: datetime | None) -> str | None:
    """RFC 3339, UTC, milliseconds, Z."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def end_of(moment: datetime | None) -> str | None:
    """When a ban ends; null: never."""
    return None if moment == FOREVER else rfc3339(moment)
