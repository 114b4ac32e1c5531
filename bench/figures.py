"""All figures: what is measured against what, and what was promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench import browser, moderating, reading, writing
from bench import stage as on
from bench.rounds import Row
from bench.stage import Stage


def memory(stage: Stage) -> Iterator[Row]:
    """What a worker holds after everything above."""
    megabytes = [worker.memory_info().rss / 1e6 for worker in stage.service.workers()]
    stored = on.query(stage.database_url, "SELECT count(*) FROM comments")
    yield Row(
        f"memory of a worker after the runs, {stored:,} comments stored",
        " · ".join(f"{size:.0f} MB" for size in megabytes),
        "",
        [],
        "≤ 150 MB",
        max(megabytes) <= 150,
    )


FIGURES: dict[str, Callable[[Stage], Iterator[Row]]] = {
    "page": reading.cached_page,
    "counts": reading.counts,
    "uncached": reading.uncached_page,
    "queue": moderating.queue,
    "search": moderating.search,
    "checks": moderating.checks,
    "while-posting": reading.page_while_posting,
    "posts": writing.posts,
    "votes": writing.votes,
    "mixed": writing.mixed,
    "streams": reading.streams,
    "isso-page": reading.isso_first_screen,
    "browser": browser.figures,
    "memory": memory,
}
