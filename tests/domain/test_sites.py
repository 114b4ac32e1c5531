"""Opening hours, by the clocks of their zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.sites import SiteSettings, is_open, posting_of

PARIS = ZoneInfo("Europe/Paris")
MINUTES = st.integers(0, 24 * 60 - 1)


def hours(start: str, end: str) -> dict[str, str]:
    return {"from": start, "to": end, "zone": "Europe/Paris"}


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.parametrize(
    ("start", "end", "time", "open_"),
    [
        ("07:00", "23:00", "06:59", False),
        ("07:00", "23:00", "07:00", True),
        ("07:00", "23:00", "22:59", True),
        ("07:00", "23:00", "23:00", False),
        ("22:00", "02:30", "21:59", False),
        ("22:00", "02:30", "23:59", True),
        ("22:00", "02:30", "00:00", True),
        ("22:00", "02:30", "02:29", True),
        ("22:00", "02:30", "02:30", False),
        ("08:00", "08:00", "03:00", True),
        ("00:00", "23:59", "23:59", False),
    ],
)
def test_a_window_may_go_over_midnight(start: str, end: str, time: str, open_: bool) -> None:
    now = datetime.fromisoformat(f"2026-01-15T{time}").replace(tzinfo=PARIS)
    assert is_open(hours(start, end), now) is open_
    assert is_open(hours(start, end), now.astimezone(UTC)) is open_


def test_clocks_that_change_are_followed() -> None:
    winter, summer = datetime(2026, 3, 28, 6, 30, tzinfo=UTC), datetime(2026, 3, 29, 5, 30, tzinfo=UTC)
    assert (is_open(hours("07:00", "23:00"), winter), is_open(hours("07:00", "23:00"), summer)) == (True, True)
    assert not is_open(hours("07:00", "23:00"), winter.replace(day=27, hour=5))
    # 02:30 never comes on that night: at 03:00, the next minute there is, it is open
    assert not is_open(hours("02:30", "05:00"), datetime(2026, 3, 29, 0, 59, tzinfo=UTC))
    assert is_open(hours("02:30", "05:00"), datetime(2026, 3, 29, 1, 0, tzinfo=UTC))
    # 02:30 comes twice in October
    for hour in (0, 1):
        assert is_open(hours("02:15", "02:45"), datetime(2026, 10, 25, hour, 30, tzinfo=UTC))


@given(MINUTES, MINUTES, MINUTES)
def test_a_window_and_the_rest_of_the_day_are_never_open_together(start: int, end: int, minute: int) -> None:
    now = datetime(2026, 1, 15, minute // 60, minute % 60, tzinfo=PARIS)
    there, back = hours(clock(start), clock(end)), hours(clock(end), clock(start))
    assert is_open(there, now) is (start == end or (minute - start) % 1440 < (end - start) % 1440)
    assert start == end or is_open(there, now) is not is_open(back, now)


def test_the_kill_switch_stands_above_opening_hours() -> None:
    noon = datetime(2026, 1, 15, 12, tzinfo=PARIS)
    assert posting_of(SiteSettings(), noon) == "open"
    assert posting_of(SiteSettings(posting="closed", open_hours=hours("07:00", "23:00")), noon) == "closed"
    assert posting_of(SiteSettings(open_hours=hours("13:00", "23:00")), noon) == "closed"
