"""Numbered plain SQL: applied once each, in order, under an advisory lock, with short lock and statement timeouts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import asyncpg

from service.domain.errors import ConfigurationError

FOLDER = Path(__file__).parents[2] / "migrations"
ADVISORY_LOCK = 0x0D15C055
OLDEST_POSTGRES = 15
NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")

CREATE_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now())
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file of migrations/."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the file, hexadecimal."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path = FOLDER) -> list[Migration]:
    """Every migration, in order. Raises ConfigurationError for a gap or a number used twice."""
    matches = ((path, NAME.match(path.name)) for path in sorted(folder.iterdir()))
    found = [Migration(int(match[1]), match[2], path.read_text()) for path, match in matches if match]
    if [migration.version for migration in found] != list(range(1, len(found) + 1)):
        raise ConfigurationError([f"the migrations in {folder.name}/ are not numbered 0001, 0002, ..."])
    return found


@asynccontextmanager
async def owner_connection(owner_url: str) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    """A direct connection of the tables' owner. Raises ConfigurationError, one line, when there is none to be had."""
    try:
        connection = await asyncpg.connect(owner_url, timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise ConfigurationError([f"cannot log in to PostgreSQL as the owner: {error}"]) from error
    try:
        if connection.get_server_version().major < OLDEST_POSTGRES:
            raise ConfigurationError([f"PostgreSQL {OLDEST_POSTGRES} or newer is needed"])
        yield connection
    finally:
        await connection.close(timeout=2)


async def applied(connection: asyncpg.Connection[asyncpg.Record]) -> dict[int, asyncpg.Record]:
    """What has been applied, by number."""
    if await connection.fetchval("SELECT to_regclass('schema_migrations')") is None:
        return {}
    return {row["version"]: row for row in await connection.fetch("SELECT * FROM schema_migrations")}


def pending(migrations: list[Migration], done: dict[int, asyncpg.Record]) -> list[Migration]:
    """What is still to be applied. Raises ConfigurationError when a file was changed or the database is newer."""
    problems = [
        f"migration {m.version:04} was changed after it was applied"
        for m in migrations
        if m.version in done and done[m.version]["checksum"] != m.checksum
    ]
    if max(done, default=0) > len(migrations):
        problems.append(f"the database is at migration {max(done):04}, newer than this program ({len(migrations):04})")
    if problems:
        raise ConfigurationError(problems)
    return [m for m in migrations if m.version not in done]


async def migration_status(owner_url: str) -> tuple[list[asyncpg.Record], list[Migration]]:
    """What is applied and what is pending."""
    async with owner_connection(owner_url) as connection:
        done = await applied(connection)
        return [done[version] for version in sorted(done)], pending(load_migrations(), done)


async def migrate(owner_url: str, app_url: str) -> list[Migration]:
    """Apply what is pending, each in its own transaction, and grant the service's login its rights; what was applied.

    Raises ConfigurationError when another process migrates or an applied file was changed.
    """
    async with owner_connection(owner_url) as connection:
        await connection.execute("SET lock_timeout = '2s'; SET statement_timeout = '60s'; SET TimeZone = 'UTC'")
        if not await wait_for_lock(connection):
            raise ConfigurationError(["another process is migrating; try again when it is done"])
        await connection.execute(CREATE_TABLE)
        todo = pending(load_migrations(), await applied(connection))
        for migration in todo:
            await apply(connection, migration)
        await grant(connection, app_url)
        return todo


async def wait_for_lock(connection: asyncpg.Connection[asyncpg.Record]) -> bool:
    """Wait up to 30 s for whoever migrates now, as several processes may start at once."""
    await connection.execute("SET lock_timeout = '30s'")
    try:
        await connection.execute(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    except asyncpg.LockNotAvailableError:
        return False
    await connection.execute("SET lock_timeout = '2s'")
    return True


async def apply(connection: asyncpg.Connection[asyncpg.Record], migration: Migration) -> None:
    """One migration, all or nothing. Raises ConfigurationError, one line, when it fails; then nothing of it stays."""
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
                migration.version,
                migration.name,
                migration.checksum,
            )
    except asyncpg.PostgresError as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError([f"migration {migration.version:04} was not applied: {reason}"]) from error


async def grant(connection: asyncpg.Connection[asyncpg.Record], app_url: str) -> None:
    """What the service's own login may do; nothing to do where it is the owner."""
    app = unquote(urlsplit(app_url).username or "")
    owner = await connection.fetchval("SELECT current_user")
    if app and app != owner:
        quoted = await connection.fetchval("SELECT quote_ident($1)", app)
        await connection.execute((FOLDER / "grants.sql").read_text().replace(":app;", f"{quoted};"))
