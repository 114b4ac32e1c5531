"""Real servers for a test session: one PostgreSQL and one Valkey, thrown away after it.

They come from the wheels, in memory where there is room, unless DATABASE_URL (PostgreSQL 15 or newer, a role that may
create databases) or REDIS_URL (Redis 7 or newer) names another.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from urllib.parse import unquote, urlsplit

import redis

from service.embedded import (
    APP,
    OWNER,
    SUPERUSER,
    FolderLock,
    PostgresServer,
    ValkeyServer,
    free_port,
    new_passwords,
    postgres_programs,
)

MEMORY = Path("/dev/shm")
ROOM = 1 << 30  # bytes free in memory before it is used; containers often have 64 MB
PREFIX = "discuss-tests-"


def run_sql(url: str, statement: str) -> str:
    """Run one statement outside a transaction with psql and return its rows unadorned; raises AssertionError."""
    parts = urlsplit(url)
    password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
    without = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@"))
    done = subprocess.run(
        [postgres_programs() / "psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-d", without.geturl(), "-c", statement],
        env=os.environ | password,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{statement}: {done.stderr}"
    return done.stdout.strip()


class SessionServers:
    """The session's servers, as a context manager; `postgres` and `valkey` are None where outside ones are used."""

    def __init__(self) -> None:
        self.postgres: PostgresServer | None = None
        self.valkey: ValkeyServer | None = None
        self._outside = os.environ.get("DATABASE_URL", "")
        self.redis_url = os.environ.get("REDIS_URL", "")
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> SessionServers:
        with contextlib.ExitStack() as started:
            folder, passwords = self._folder(started), new_passwords()
            if not self._outside:
                self.postgres = PostgresServer(folder / "postgres", free_port(), passwords, fast=True)
                self.postgres.create()
                started.callback(self.postgres.stop)
                self.postgres.start()
            if not self.redis_url:
                self.valkey = ValkeyServer(folder / "valkey", free_port(), passwords["valkey"])
                self.valkey.create()
                started.callback(self.valkey.stop)
                self.valkey.start()
                self.redis_url = self.valkey.url()
            self._check_versions()
            self._cleanup = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cleanup.close()

    def owner_url(self, database: str) -> str:
        """The URL of the role that owns `database`; outside servers have one role for everything."""
        return self._url(OWNER, database)

    def app_url(self, database: str) -> str:
        """The URL of the role the service logs in with."""
        return self._url(APP, database)

    def create_database(self, name: str, template: str | None = None) -> None:
        """Make a database, empty or as a copy of `template`, to which nobody may be connected."""
        owner = "" if self._outside else f" OWNER {OWNER}"
        # Copying files is faster than logging every page where nothing is synced anyway.
        copy = f' TEMPLATE "{template}" STRATEGY FILE_COPY' if template else ""
        run_sql(self._admin_url(), f'CREATE DATABASE "{name}"{owner}{copy}')

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there, whoever is connected."""
        run_sql(self._admin_url(), f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _url(self, role: str, database: str) -> str:
        if self.postgres is not None:
            return self.postgres.url(role, database)
        return urlsplit(self._outside)._replace(path=f"/{database}").geturl()

    def _admin_url(self) -> str:
        return self._outside or self._url(SUPERUSER, "postgres")

    def _folder(self, started: contextlib.ExitStack) -> Path:
        """A new folder that goes away with the session; also clears those of sessions that were killed."""
        parent = Path(tempfile.gettempdir())
        if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= ROOM:
            parent = MEMORY
        for left in parent.glob(f"{PREFIX}*/lock"):
            with contextlib.suppress(OSError):
                if not FolderLock(left.parent).is_held():
                    shutil.rmtree(left.parent)
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        started.callback(shutil.rmtree, folder)
        folder.chmod(0o711)  # for the account that root runs the servers as
        lock = FolderLock(folder)
        lock.take()
        started.callback(lock.release)
        return folder

    def _check_versions(self) -> None:
        version = int(run_sql(self._admin_url(), "SHOW server_version_num"))
        assert version >= 150000, f"DATABASE_URL: PostgreSQL 15 or newer is needed, not {version}"
        with contextlib.closing(redis.Redis.from_url(self.redis_url)) as connection:
            found = str(connection.info("server")["redis_version"])
        assert int(found.split(".")[0]) >= 7, f"REDIS_URL: Redis 7 or newer is needed, not {found}"
