"""The figures that the EU Digital Services Act asks to be published (articles 15 and 24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from service.deps import Deps
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import reports
from service.store.reports import Period

SUSPENDING, LIFTING = ("ban", "suspend"), ("unban",)  # actions on people
LIMITING = ("hold", "hold_edit", "remove", "spam", "reject_edit")  # actions that keep a comment from being seen


async def dsa_report(deps: Deps, since: datetime, until: datetime, site: Site | None = None) -> dict[str, Any]:
    """What happened from `since` until `until` (not in it) on a site or on all, as JSON may hold it.

    Notices and appeals count in the period in which they came, with their answers until now; decisions in the one in
    which they were made. Durations are medians in seconds, None without any.
    """
    period = Period(since, until, site.key if site is not None else None)
    notices = await reports.notices_received(deps.database, period)
    flags = await reports.flags_received(deps.database, period)
    appeals = await reports.appeals_received(deps.database, period)
    made = await reports.decisions_made(deps.database, period)
    times = await reports.times_to_answer(deps.database, period)
    limiting = [row for row in made if row["action"] in LIMITING]
    decided = tally(appeals, "state")
    return {
        "from": since.isoformat(),
        "until": until.isoformat(),
        "site": site.name if site is not None else None,
        "notices": {
            "received": total(notices),
            "with_account": total(row for row in notices if row["account"]),
            "without_account": total(row for row in notices if not row["account"]),
            "by_legal_ground": tally(notices, "legal_ground"),
            "by_answer": tally(notices, "answer"),
            "median_seconds": seconds(times["notices"]),
        },
        "flags": {
            "received": total(flags),
            "by_reason": tally(flags, "reason"),
            "by_answer": tally(flags, "state"),
        },
        "restrictions": {
            "made": total(limiting),
            "by_people": total(row for row in limiting if not row["rule"]),
            "by_automated_means": total(row for row in limiting if row["rule"]),
            "by_action": tally(limiting, "action"),
            "by_reason": tally(limiting, "reason"),
        },
        "appeals": {
            "received": total(appeals),
            **{state: decided.get(state, 0) for state in ("granted", "refused", "withdrawn", "open")},
            "median_seconds": seconds(times["appeals"]),
        },
        "suspensions": {
            "made": total(row for row in made if row["action"] in SUSPENDING),
            "lifted": total(row for row in made if row["action"] in LIFTING),
        },
    }


def total(rows: Any) -> int:
    """How many in all."""
    return sum(row["number"] for row in rows)


def tally(rows: Sequence[Row], name: str) -> dict[str, int]:
    """How many of each, the most frequent first; what has none counts as `unspecified`."""
    counted: Counter[str] = Counter()
    for row in rows:
        counted[row[name] or "unspecified"] += row["number"]
    return dict(sorted(counted.items(), key=lambda item: (-item[1], item[0])))


def seconds(value: float | None) -> float | None:
    """A duration to the millisecond."""
    return None if value is None else round(float(value), 3)
