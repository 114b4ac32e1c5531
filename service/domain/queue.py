"""Why a comment waits for a person, as codes."""

from __future__ import annotations

from datetime import datetime, timedelta

from service.domain.rows import Row

ILLEGAL = "illegal"  # somebody says that it breaks the law
FLAGS = "flags"  # readers flagged it for something else
HELD = "held"  # a check held it; held_by tells which
EDIT_WAITING = "edit_waiting"  # it is published, and a check held an edit of it
APPEAL = "appeal"  # its author objects to its removal
OLD = "old"  # it waits for longer than the site's overdue_minutes
WHY = (ILLEGAL, FLAGS, HELD, EDIT_WAITING, APPEAL, OLD)
OVERDUE_MINUTES = 24 * 60  # where a site says nothing


def why(row: Row, overdue_minutes: int | None) -> list[str]:
    """The codes that hold for an item's row, in the order of WHY; none for what does not wait."""
    kinds, reasons = row["kinds"], row["reasons"]
    since: datetime | None = row["since"]
    patience = timedelta(minutes=overdue_minutes or OVERDUE_MINUTES)
    waits_for_edit = "pending" in kinds and row["status"] != "pending"
    holds = {
        ILLEGAL: ILLEGAL in reasons,
        FLAGS: any(reason != ILLEGAL for reason in reasons),
        HELD: row["status"] == "pending",
        EDIT_WAITING: waits_for_edit,
        APPEAL: "appeals" in kinds,
        OLD: since is not None and row["now"] - since > patience,
    }
    return [code for code in WHY if holds[code]]
