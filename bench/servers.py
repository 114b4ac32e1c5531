"""What is measured: gunicorn masters with two workers each, as child processes that leave with us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import psutil

from service.embedded import free_port

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("DATA", "") or ROOT / ".data" / "bench").resolve()
WORKERS = 2

# One socket for each worker: on a shared one a single worker was seen to take all connections.
# The control socket is one path for every gunicorn of a user.
GUNICORN = ["--workers", str(WORKERS), "--no-control-socket"]
AIOHTTP = ["--worker-class", "aiohttp.GunicornUVLoopWebWorker", "--reuse-port"]


class StartError(Exception):
    """A server of the benchmark did not come up; the message names its log."""


@dataclass(frozen=True)
class Server:
    """A running server: `url` without a final slash, its first process (gunicorn's master, or all of it), its log."""

    name: str
    url: str
    master: psutil.Process
    log: Path

    def workers(self) -> list[psutil.Process]:
        """The processes that serve, by pid; itself when it has no workers."""
        descendants = self.master.children(recursive=True) or [self.master]
        return sorted((child for child in descendants if not child.children()), key=lambda child: child.pid)

    def cpu_seconds(self) -> dict[int, float]:
        """User and system time so far, of each worker by pid."""
        times = {worker.pid: worker.cpu_times() for worker in self.workers()}
        return {pid: spent.user + spent.system for pid, spent in times.items()}

    def forget_log(self) -> None:
        """Empty the access log, which grows by megabytes a second."""
        os.truncate(self.log, 0)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop every process of it meanwhile, so that it takes nothing from what is measured beside it."""
        processes = [self.master, *self.workers()]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in reversed(processes):
                process.resume()


def _leave_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


@contextlib.contextmanager
def running(
    name: str,
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    port: int,
    ready: str,
    folder: Path,
    workers: int = WORKERS,
) -> Iterator[Server]:
    """Run a server until the block ends; `ready` is a path that answers 200 when it is up.

    Raises StartError when it is not within 60 s.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            cwd=ROOT,
            env=inherited() | dict(environment),
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_leave_with_parent,
        )
    server = Server(name, f"http://127.0.0.1:{port}", psutil.Process(child.pid), log)
    try:
        _wait_ready(server, child, ready, workers)
        yield server
    finally:
        child.terminate()
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def inherited() -> dict[str, str]:
    """Our environment without what would point a server elsewhere."""
    ours = ("DISCUSS_", "DATABASE_URL", "REDIS_URL", "GUNICORN_", "ISSO_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _wait_ready(server: Server, child: subprocess.Popen[bytes], path: str, workers: int) -> None:
    deadline = time.monotonic() + 60
    while child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urlopen(server.url + path, timeout=5) as answer:
            if answer.status == 200 and len(server.workers()) == workers:
                return
        time.sleep(0.05)
    raise StartError(f"{server.name} does not answer on {path}; see {server.log}")


def service(servers_environment: Mapping[str, str], folder: Path) -> contextlib.AbstractContextManager[Server]:
    """The service as it is run in production, but for its rate limits: access log, metrics and CORS are on."""
    port = free_port()
    ours = {"DISCUSS_DATA": str(folder), "DISCUSS_PORT": str(port), "DISCUSS_LIMITS": "off"}
    command = [sys.executable, "-m", "service", "serve", "--workers", str(WORKERS), "--reuse-port"]
    return running("service", command, dict(servers_environment) | ours, port=port, ready="/readyz", folder=folder)


def alone(beside: Server, folder: Path) -> contextlib.AbstractContextManager[Server]:
    """The service once more, as one process without gunicorn."""
    port = free_port()
    names = ("DISCUSS_", "DATABASE_URL", "REDIS_URL")
    environment = {name: value for name, value in beside.master.environ().items() if name.startswith(names)}
    command = [sys.executable, "-m", "service", "serve"]
    ours = {"DISCUSS_PORT": str(port)}
    return running("alone", command, environment | ours, port=port, ready="/readyz", folder=folder, workers=1)


def floor(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Floor (a), serving the files of `folder`/bytes."""
    port = free_port()
    bind = ["--bind", f"127.0.0.1:{port}"]
    command = [sys.executable, "-m", "gunicorn", *GUNICORN, *AIOHTTP, *bind, "bench.floor_http:create_app"]
    environment = {"BENCH_FLOOR_BYTES": str(folder / "bytes")}
    return running("floor", command, environment, port=port, ready="/page", folder=folder)
