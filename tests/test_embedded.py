"""The embedded servers: whatever happens to their launcher, nothing stays behind and the next start works."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
import redis

from service.domain.errors import ConfigurationError
from service.embedded import EmbeddedServers, FolderLock, Server, postgres_programs, running_environment

LAUNCHER = """
import signal, sys
from pathlib import Path
from service.domain.errors import ConfigurationError
from service.embedded import EmbeddedServers
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with EmbeddedServers(Path(sys.argv[1])) as servers:
        print(servers.postgres.process.pid, servers.valkey.process.pid, flush=True)
        signal.pause()
except ConfigurationError as error:
    sys.exit(str(error))
"""


class Launcher:
    """A process that runs the embedded servers of one folder."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", LAUNCHER, str(data)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(self.process.communicate()[1])
        self.servers = [psutil.Process(int(pid)) for pid in line.split()]
        self.family = [member for server in self.servers for member in (server, *server.children(recursive=True))]

    def end(self, number: signal.Signals) -> None:
        """Send a signal to the launcher alone and wait for it to be gone."""
        self.process.send_signal(number)
        self.process.communicate(timeout=30)

    def kill_everything(self) -> None:
        """SIGKILL the launcher and both servers with all their processes, none of which gets to do anything."""
        for member in self.family:
            member.suspend()
        self.end(signal.SIGKILL)
        for member in self.family:
            member.kill()


def eventually(condition: Callable[[], bool], what: str, timeout: float = 15) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not in {timeout} s: {what}"
        time.sleep(0.01)


def gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def sql(url: str, statement: str) -> str:
    command = [str(postgres_programs() / "psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", statement]
    parts = urlsplit(url)
    login = {
        "PGUSER": parts.username or "",
        "PGPASSWORD": parts.password or "",
        "PGHOST": parts.hostname or "",
        "PGPORT": str(parts.port),
        "PGDATABASE": parts.path[1:],
    }
    done = subprocess.run(command, env=os.environ | login, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def ping(url: str) -> bool:
    with contextlib.closing(redis.Redis.from_url(url)) as connection:
        return bool(connection.ping())


def environment_of(data: Path) -> dict[str, str]:
    environment = running_environment(data)
    assert environment is not None
    return environment


@pytest.fixture
def data() -> Iterator[Path]:
    """A folder in one that everybody may pass through, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as parent:
        Path(parent).chmod(0o711)
        yield Path(parent).resolve() / "data"


def as_user_of(server: Server) -> dict[str, Any]:
    """Arguments of Popen for a process of the user who runs the server."""
    account = server.account
    return {} if account is None else {"user": account.uid, "group": account.gid, "extra_groups": []}


@pytest.fixture
def launch() -> Iterator[Callable[[Path], Launcher]]:
    started: list[Launcher] = []

    def start(folder: Path) -> Launcher:
        started.append(Launcher(folder))
        return started[-1]

    yield start
    for launcher in started:
        if launcher.process.poll() is None:
            launcher.end(signal.SIGKILL)
        eventually(lambda it=launcher: all(map(gone, it.family)), "the servers have left")  # type: ignore[misc]


def test_the_first_start_gives_two_roles_and_a_password_to_everything(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        environment = servers.environment
        assert sorted(environment) == ["DATABASE_URL", "DISCUSS_OWNER_URL", "DISCUSS_SECRET", "REDIS_URL"]
        assert len(environment["DISCUSS_SECRET"].encode()) >= 32
        owner, app = environment["DISCUSS_OWNER_URL"], environment["DATABASE_URL"]
        assert sql(app, "SELECT current_user, current_database()") == "discuss_app|discuss"
        assert sql(app, "SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles WHERE rolname = user") == "f"
        assert sql(app, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'discuss'") == "discuss_owner"
        assert int(sql(app, "SHOW server_version_num")) >= 180000
        assert sql(app, "SHOW max_connections") == "200"
        assert sql(app, "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'discuss'") == "b|C.UTF-8"
        assert sql(app, "SELECT current_setting('fsync'), current_setting('full_page_writes')") == "on|on"
        sql(owner, "CREATE TABLE kept (n int)")
        with pytest.raises(subprocess.CalledProcessError):
            sql(app, "CREATE TABLE mine (n int)")
        with pytest.raises(subprocess.CalledProcessError):
            sql(app.replace(str(urlsplit(app).password), "wrong"), "SELECT 1")
        assert ping(environment["REDIS_URL"])
        with pytest.raises(redis.AuthenticationError):
            ping(f"redis://127.0.0.1:{servers.valkey.port}")


def test_the_second_start_keeps_the_rows_the_secret_and_the_urls_and_takes_less_than_a_second(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        first = servers.environment
        sql(first["DISCUSS_OWNER_URL"], "CREATE TABLE kept AS SELECT 42 AS n")
    begun = time.monotonic()
    with EmbeddedServers(data) as servers:
        assert time.monotonic() - begun < 1
        assert servers.environment == first
        assert sql(first["DISCUSS_OWNER_URL"], "SELECT n FROM kept") == "42"


def test_what_is_secret_only_its_owner_can_read(data: Path) -> None:
    with EmbeddedServers(data):
        for name in ("secret", "passwords", "servers.json", "lock", "postgres.log", "valkey.log"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
        for name in ("postgres", "valkey"):
            assert stat.S_IMODE((data / name).stat().st_mode) == 0o700, name


def test_no_password_stands_on_a_command_line(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        passwords = json.loads((data / "passwords").read_text()).values()
        lines = [
            " ".join(psutil.Process(server.process.pid).cmdline()) for server in (servers.postgres, servers.valkey)
        ]
        assert all(lines)
        assert not any(password in line for password in passwords for line in lines)


def test_the_running_environment_is_known_while_it_runs_and_not_after(
    data: Path, launch: Callable[[Path], Launcher]
) -> None:
    assert running_environment(data) is None
    launcher = launch(data)
    found = environment_of(data)
    assert sql(found["DATABASE_URL"], "SELECT 1") == "1"
    assert ping(found["REDIS_URL"])
    launcher.end(signal.SIGKILL)
    assert (data / "servers.json").read_text().count("DATABASE_URL") == 1
    assert running_environment(data) is None


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_launcher(
    data: Path, launch: Callable[[Path], Launcher], number: signal.Signals, closed: bool
) -> None:
    data.parent.chmod(0o700 if closed else 0o711)
    launcher = launch(data)
    sql(environment_of(data)["DISCUSS_OWNER_URL"], "CREATE TABLE kept AS SELECT 42 AS n")
    launcher.end(number)
    eventually(lambda: all(map(gone, launcher.family)), "the servers have left")
    assert "database system is shut down" in (data / "postgres.log").read_text()
    launch(data)
    assert sql(environment_of(data)["DISCUSS_OWNER_URL"], "SELECT n FROM kept") == "42"


def test_after_kill_9_of_everything_the_next_start_works_at_once(
    data: Path, launch: Callable[[Path], Launcher]
) -> None:
    launcher = launch(data)
    sql(environment_of(data)["DISCUSS_OWNER_URL"], "CREATE TABLE kept AS SELECT 42 AS n")
    launcher.kill_everything()
    launch(data)
    assert sql(environment_of(data)["DISCUSS_OWNER_URL"], "SELECT n FROM kept") == "42"
    assert "automatic recovery in progress" in (data / "postgres.log").read_text()


def test_a_first_start_killed_half_way_is_begun_anew(data: Path, launch: Callable[[Path], Launcher]) -> None:
    (data / "postgres.new" / "base").mkdir(parents=True)
    (data / "postgres.new" / "PG_VERSION").write_text("18\n")
    data.chmod(0o711)
    launch(data)
    assert sql(environment_of(data)["DATABASE_URL"], "SELECT 1") == "1"
    assert not (data / "postgres.new").exists()


def test_a_pid_file_whose_pid_belongs_to_something_else_does_not_stop_the_start(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        _, _, rest = (data / "postgres" / "postmaster.pid").read_text().partition("\n")
    # PostgreSQL ignores processes of other users by itself, so this one is of the same.
    with subprocess.Popen(["sleep", "600"], **as_user_of(servers.postgres)) as stranger:
        try:
            (data / "postgres" / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
            with EmbeddedServers(data) as servers:
                assert sql(servers.environment["DATABASE_URL"], "SELECT 1") == "1"
                assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_dead_postmaster_that_nobody_has_reaped_yet_is_waited_for(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        _, _, rest = (data / "postgres" / "postmaster.pid").read_text().partition("\n")
    zombie = subprocess.Popen(["true"], **as_user_of(servers.postgres))
    (data / "postgres" / "postmaster.pid").write_text(f"{zombie.pid}\n{rest}")
    eventually(lambda: psutil.Process(zombie.pid).status() == psutil.STATUS_ZOMBIE, "it is a zombie")
    signal.signal(signal.SIGALRM, lambda *_: zombie.wait())
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    with EmbeddedServers(data) as servers:
        assert sql(servers.environment["DATABASE_URL"], "SELECT 1") == "1"


def test_two_instances_live_side_by_side(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path / "one") as one, EmbeddedServers(tmp_path / "two") as two:
        ports = {one.postgres.port, one.valkey.port, two.postgres.port, two.valkey.port}
        assert len(ports) == 4
        assert one.environment["DISCUSS_SECRET"] != two.environment["DISCUSS_SECRET"]
        sql(one.environment["DISCUSS_OWNER_URL"], "CREATE TABLE only_here (n int)")
        assert sql(two.environment["DISCUSS_OWNER_URL"], "SELECT to_regclass('only_here')") == ""


def test_a_second_start_in_the_same_folder_is_refused_in_one_line(
    data: Path, launch: Callable[[Path], Launcher]
) -> None:
    launcher = launch(data)
    before = environment_of(data)
    begun = time.monotonic()
    with pytest.raises(ConfigurationError) as refused, EmbeddedServers(data):
        pass
    assert time.monotonic() - begun < 2
    who = f"Discuss already runs in {data} (process {launcher.process.pid})"
    assert str(refused.value) == f"{who}: stop it or set DISCUSS_DATA to another folder"
    assert environment_of(data) == before
    assert sql(before["DATABASE_URL"], "SELECT 1") == "1"


def test_a_lock_whose_holder_is_dead_is_waited_for(data: Path) -> None:
    data.mkdir()
    dead, heir = FolderLock(data), FolderLock(data)
    dead.take()
    with subprocess.Popen(["true"]) as finished:
        finished.wait()
    (data / "lock").write_text(str(finished.pid))
    # A child of the dead launcher keeps the lock until it has noticed.
    assert dead._file is not None
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=[dead._file]) as child:
        os.close(dead._file)
        assert heir.is_held()
        assert child.stdin
        signal.signal(signal.SIGALRM, lambda *_: child.kill())
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        heir.take()
    assert heir.is_held()
    heir.release()
    assert not heir.is_held()


def test_a_remembered_port_that_somebody_else_has_is_replaced(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        ports = {servers.postgres.port, servers.valkey.port}
    with contextlib.ExitStack() as taken:
        for port in ports:
            listener = taken.enter_context(socket.socket())
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen()
        with EmbeddedServers(data) as servers:
            assert not ports & {servers.postgres.port, servers.valkey.port}
            assert sql(servers.environment["DATABASE_URL"], "SELECT 1") == "1"


def test_a_dead_server_is_revived_with_the_same_url(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        assert servers.revive() == []
        before = servers.environment
        sql(before["DISCUSS_OWNER_URL"], "CREATE TABLE kept AS SELECT 42 AS n")
        old = {servers.postgres.process.pid, servers.valkey.process.pid}
        servers.postgres.kill()
        servers.valkey.kill()
        assert servers.revive() == ["PostgreSQL", "Valkey"]

        def both_ready() -> bool:
            servers.revive()
            return servers.postgres.is_ready() and servers.valkey.is_ready()

        eventually(both_ready, "both servers are back")
        assert not old & {servers.postgres.process.pid, servers.valkey.process.pid}
        assert sql(before["DISCUSS_OWNER_URL"], "SELECT n FROM kept") == "42"
        assert ping(before["REDIS_URL"])


def test_a_single_server_can_be_killed_and_started(data: Path) -> None:
    with EmbeddedServers(data) as servers:
        for server in (servers.postgres, servers.valkey):
            server.kill()
            assert not server.running
            assert not server.is_ready()
            server.start()
            assert server.is_ready()
            server.start()  # a running one stays
            server.stop()
            assert not server.running
            server.start()
        assert sql(servers.environment["DATABASE_URL"], "SELECT 1") == "1"


def test_a_server_that_cannot_start_says_why_in_one_line_and_leaves_nothing(data: Path) -> None:
    with EmbeddedServers(data):
        pass
    configuration = data / "postgres" / "postgresql.conf"
    configuration.write_text(configuration.read_text() + "\nshared_buffers = nonsense\n")
    servers = EmbeddedServers(data)
    with pytest.raises(ConfigurationError, match=r"^PostgreSQL did not start: .*\(log: .*postgres\.log\)$") as refused:
        servers.__enter__()
    assert "\n" not in str(refused.value)
    assert not servers.valkey.running
    assert not FolderLock(data).is_held()


def test_missing_passwords_are_named(data: Path) -> None:
    with EmbeddedServers(data):
        pass
    (data / "passwords").unlink()
    with pytest.raises(ConfigurationError, match="passwords is missing"), EmbeddedServers(data):
        pass


def test_no_parent_folder_is_opened(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedServers(closed / "data") as servers:
        assert sql(servers.environment["DATABASE_URL"], "SELECT 1") == "1"
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match="cannot use the folder"), EmbeddedServers(tmp_path / "file" / "data"):
        pass
