"""How the process and its servers are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import asyncpg

from service.adapters.redis_client import RedisDown
from service.deps import Deps
from service.domain.errors import ConfigurationError, Unavailable
from service.store import events, health, webhooks
from service.store.migrations import OLDEST_POSTGRES, load_migrations, migration_status

ANSWER_SECONDS = 1.0  # a server that takes longer is told as down
OLDEST_REDIS = 7
MOST_CLOCK_SECONDS = 5.0  # more, and tokens and erasures are judged by another time than comments
MOST_LAG_SECONDS = 5.0


@dataclass(slots=True)
class Readiness:
    """Whether this process should be sent requests."""

    connected_once: bool = False  # and found its tables, as new as the program
    draining: bool = False


async def postgres_is_up(deps: Deps) -> bool:
    """Whether PostgreSQL answers within a second."""
    try:
        await health.schema_version(deps.database, ANSWER_SECONDS)
    except Unavailable:
        return False
    return True


async def is_migrated(deps: Deps) -> bool:
    """Whether PostgreSQL answers within a second and every migration this program knows was applied."""
    try:
        return await health.schema_version(deps.database, ANSWER_SECONDS) >= len(load_migrations())
    except Unavailable:
        return False


async def read_lag(deps: Deps) -> dict[str, Any] | None:
    """What waits for its place in the log and for webhooks, and how long (seconds).

    Nothing while PostgreSQL is away or empty.
    """
    try:
        return {**await events.log_lag(deps.database), **await webhooks.delivery_lag(deps.database)}
    except (Unavailable, asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        return None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence; `remedy` says what to do when it is not right.

    What is not `serious` may stay as it is.
    """

    what: str
    remedy: str | None = None
    serious: bool = True


async def examine(deps: Deps) -> list[Finding]:
    """Look at both servers, the tables, the login's rights, the clocks and the log."""
    return [*await examine_postgres(deps), *await examine_migrations(deps), *await examine_redis(deps)]


async def examine_postgres(deps: Deps) -> list[Finding]:
    """The server, the login and the log."""
    asked_at = deps.now()
    try:
        facts = await health.server_facts(deps.database, ANSWER_SECONDS)
    except Unavailable as error:
        reason = f" ({error.__cause__ or 'no answer'})"
        return [Finding(f"PostgreSQL cannot be used{reason}", "start it, or correct DATABASE_URL")]
    away = abs(facts["now"] - (asked_at + deps.now()) / 2)
    return [
        version_finding("PostgreSQL", facts["version_name"], facts["version"] // 10_000, OLDEST_POSTGRES),
        clock_finding("PostgreSQL", away),
        *rights_findings(facts, deps.settings.production),
        *lag_findings(await read_lag(deps)),
    ]


def version_finding(server: str, name: str, major: int, oldest: int) -> Finding:
    """Whether the server is new enough."""
    return Finding(f"{server} {name}", None if major >= oldest else f"version {oldest} or newer is needed")


def clock_finding(server: str, seconds: float) -> Finding:
    """Whether the clocks of this machine and a server agree."""
    said = f"the clocks here and at {server} differ by {seconds:.1f} s"
    return Finding(said, "let both follow the same time server" if seconds > MOST_CLOCK_SECONDS else None)


def rights_findings(facts: asyncpg.Record, production: bool) -> Iterator[Finding]:
    """Whether the service's login could rewrite its logs; tolerable in development."""
    if not facts["migrated"]:
        return
    problem = rights_problem(facts)
    if problem is None:
        yield Finding(f"the login {facts['login']} can only add to events and decisions")
    else:
        yield Finding(*problem, serious=production)


def rights_problem(facts: asyncpg.Record) -> tuple[str, str] | None:
    """What the login could do to the append-only logs, and what to do about it."""
    login, separate = (
        facts["login"],
        "log in as another role than the owner, and run `discuss migrate` to grant its rights",
    )
    if facts["superuser"]:
        return f"the login {login} is a superuser and can rewrite events and decisions", separate
    if facts["owns"]:
        return f"the login {login} owns {' and '.join(facts['owns'])} and can rewrite them", separate
    if facts["may_change"]:
        rights = ", ".join(facts["may_change"])
        return f"the login {login} may rewrite its logs ({rights})", f"REVOKE these rights from {login}"
    return None


def lag_findings(lag: dict[str, Any] | None) -> Iterator[Finding]:
    """Whether somebody follows the log."""
    if lag is not None:
        said = (
            f"the event log is at {lag['position']}; {lag['waiting']} changes wait, the oldest for {lag['lag']:.1f} s"
        )
        late = lag["lag"] > MOST_LAG_SECONDS
        yield Finding(said, "run `discuss serve` or `discuss follow`: nobody follows the log" if late else None)


async def examine_migrations(deps: Deps) -> list[Finding]:
    """Whether the tables are as new as the program."""
    try:
        done, todo = await migration_status(deps.settings.owner_url)
    except ConfigurationError as error:
        return [Finding(problem, "see docs/operators.md, migrations") for problem in error.problems]
    if todo:
        numbers = ", ".join(f"{migration.version:04}" for migration in todo)
        return [Finding(f"migrations are pending: {numbers}", "run `discuss migrate`")]
    return [Finding(f"all {len(done)} migrations are applied")]


async def examine_redis(deps: Deps) -> list[Finding]:
    """The other server; without it the service goes on, with copies and limits of each process's own."""
    asked_at = deps.now()
    try:
        facts = await deps.redis.call("INFO", "server")
    except RedisDown as error:
        return [Finding(f"Redis cannot be used ({error})", "start it, or correct REDIS_URL")]
    name, version = ("Valkey", "valkey_version") if "valkey_version" in facts else ("Redis", "redis_version")
    away = abs(int(facts["server_time_usec"]) / 1e6 - (asked_at + deps.now()) / 2)
    return [
        version_finding(name, str(facts[version]), int(str(facts["redis_version"]).partition(".")[0]), OLDEST_REDIS),
        clock_finding(name, away),
    ]


async def unsafe_rights(deps: Deps) -> list[str]:
    """Why production must not serve with this login; nothing where PostgreSQL is away or holds no tables yet."""
    try:
        facts = await health.server_facts(deps.database, ANSWER_SECONDS)
    except Unavailable:
        return []
    problem = rights_problem(facts) if facts["migrated"] else None
    return [f"{problem[0]}: {problem[1]}"] if problem else []
