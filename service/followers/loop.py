"""The loop that follows the log in every process: every 50 ms, or sooner when somebody says that something happened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import structlog

from service.deps import ERASURES, EVENTS, LOG, REMOVALS, Deps
from service.domain.errors import DiscussError
from service.followers.broadcast import Broadcaster, beat, end_unwelcome
from service.followers.notifications import tell_people
from service.followers.retention import forget_old
from service.followers.search import read_words
from service.followers.sequencer import advance, copy_counts
from service.followers.tails import read_tail, start_tail
from service.followers.timers import count_hours, go_on_merging, tell_times
from service.followers.webhooks import follow_for_webhooks, send_deliveries
from service.operations.removals import work_on_removal
from service.operations.rights import work_on_erasure
from service.operations.webhooks import tell_overdue

log = structlog.get_logger()

POLL_SECONDS = 0.05
PAUSE_SECONDS = 0.03
PAUSE_AFTER_FAILURE = 0.25
WELL_AFTER = 5.0  # seconds a round must have gone on for its end to be another outage
ADVANCE_SECONDS = 0.25  # the tail waits no longer for the sequencer, whom a frozen writer's row lock can hold for 2 s
COPY_SECONDS = 1.0
LOOK_SECONDS = 1.0  # between two looks for work that nobody told of
LANE_SECONDS = 1.0  # how long a lane waits for events it was not told of
NOTIFY_SECONDS = 0.25
SEARCH_SECONDS = 0.2  # moderators find words so much later
RETENTION_SECONDS = 60.0
HOURS_SECONDS = 2.0  # between two batches of the log that are counted by the hour
TIMES_SECONDS = 0.5  # so that articles open and close within a second
MERGES_SECONDS = 5.0
BEAT_SECONDS = 1.0
RIGHTS_SECONDS = 2.0  # who may not listen any more is known within five seconds
OVERDUE_SECONDS = 20.0
WEBHOOKS_SECONDS = 0.1  # between two batches of the log that become deliveries


async def follow_log(deps: Deps) -> None:
    """Sequence, read the tail, again and again. Raises Unavailable."""
    await start_tail(deps)
    advancing: asyncio.Task[int] | None = None
    try:
        with deps.wakeups.follow(LOG) as wake:
            while True:
                advancing = advancing or asyncio.create_task(advance(deps))
                await asyncio.wait({advancing}, timeout=ADVANCE_SECONDS)
                if advancing.done():
                    finished, advancing = advancing, None
                    finished.result()
                if await read_tail(deps):
                    deps.wakeups.wake(EVENTS)
                # a busy article wakes everybody with each post; looking more often than this only costs queries
                await asyncio.sleep(PAUSE_SECONDS)
                await wake.wait(POLL_SECONDS - PAUSE_SECONDS)
    finally:
        if advancing is not None:
            advancing.cancel()
            await asyncio.gather(advancing, return_exceptions=True)


async def follow_lane(deps: Deps, work: Callable[[Deps], Awaitable[bool]], pause: float) -> None:
    """Do a lane's work whenever the log grew, at most every `pause` seconds, and at least each second.

    `work` takes one batch after the lane's position and says whether there may be more; it is one statement that
    begins with the lane's row lock (SKIP LOCKED) and saves the position with what it derives.
    """
    with deps.wakeups.follow(EVENTS) as wake:
        while True:
            while await work(deps):
                pass
            await asyncio.sleep(pause)
            await wake.wait(LANE_SECONDS)


async def follow_work(deps: Deps, topic: str, work: Callable[[Deps], Awaitable[bool]]) -> None:
    """Do what somebody asked for, whenever somebody did, and look at least each second.

    `work` does a batch and says whether there may be more; every process works, and each step is one's alone.
    """
    with deps.wakeups.follow(topic) as wake:
        while True:
            while await work(deps):
                pass
            await wake.wait(LOOK_SECONDS)


async def every(seconds: float, deps: Deps, work: Callable[[Deps], Awaitable[None]]) -> None:
    """Do the work now and then."""
    while True:
        await work(deps)
        await asyncio.sleep(seconds)


async def keep_running(name: str, deps: Deps, work: Callable[[], Awaitable[None]]) -> None:
    """Run for ever; trouble is logged once per outage and tried again."""
    troubled = False
    while True:
        started = deps.monotonic()
        try:
            await work()
        except Exception as error:
            if deps.monotonic() - started > WELL_AFTER:
                troubled = False
            if not troubled and isinstance(error, DiscussError):
                log.warning("follower waits", follower=name, reason=error.code)
            elif not troubled and isinstance(error, asyncpg.UndefinedTableError):
                log.warning("follower waits", follower=name, reason="not migrated")
            elif not troubled:
                log.exception("follower failed", follower=name)
            troubled = True
        deps.counters[f"follower_failures:{name}"] += 1
        await asyncio.sleep(PAUSE_AFTER_FAILURE)


@contextlib.asynccontextmanager
async def followers(deps: Deps) -> AsyncIterator[None]:
    """Follow the log while the context is open."""
    loops = {
        "log": lambda: follow_log(deps),
        "count_copies": lambda: every(COPY_SECONDS, deps, copy_counts),
        "notifications": lambda: follow_lane(deps, tell_people, NOTIFY_SECONDS),
        "removals": lambda: follow_work(deps, REMOVALS, work_on_removal),
        "streams": Broadcaster(deps).run,
        "stream_beats": lambda: every(BEAT_SECONDS, deps, beat),
        "stream_rights": lambda: every(RIGHTS_SECONDS, deps, end_unwelcome),
        "erasures": lambda: follow_work(deps, ERASURES, work_on_erasure),
        "hours": lambda: follow_lane(deps, count_hours, HOURS_SECONDS),
        "timers": lambda: every(TIMES_SECONDS, deps, tell_times),
        "merges": lambda: every(MERGES_SECONDS, deps, go_on_merging),
        "search": lambda: follow_lane(deps, read_words, SEARCH_SECONDS),
        "retention": lambda: every(RETENTION_SECONDS, deps, forget_old),
        "webhooks": lambda: follow_lane(deps, follow_for_webhooks, WEBHOOKS_SECONDS),
        "deliveries": lambda: send_deliveries(deps),
        "overdue": lambda: every(OVERDUE_SECONDS, deps, tell_overdue),
    }
    tasks = [asyncio.create_task(keep_running(name, deps, work)) for name, work in loops.items()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
