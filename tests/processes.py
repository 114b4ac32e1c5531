"""Service processes of their own, as an operator starts them, and what can happen to them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import IO

import aiohttp
import psutil

from service.embedded import free_port
from service.settings import Settings

ROOT = Path(__file__).parents[1]


def environment_of(settings: Settings, **others: str) -> dict[str, str]:
    """The variables of a process that runs with these settings."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("DISCUSS_")}
    return clean | {
        "DATABASE_URL": settings.database_url,
        "DISCUSS_OWNER_URL": settings.owner_url,
        "REDIS_URL": settings.redis_url,
        "DISCUSS_SECRET": ",".join(settings.secrets),
        "DISCUSS_LIMITS": settings.limits,
        "DISCUSS_DATA": str(settings.data),
        **others,
    }


class Process:
    """A running `discuss` command."""

    def __init__(self, settings: Settings, arguments: Sequence[str], others: dict[str, str]) -> None:
        self.port = free_port()
        self._asked = int(arguments[arguments.index("--workers") + 1]) if "--workers" in arguments else 0
        self._output: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (as long as the process)
        self.popen = subprocess.Popen(
            [sys.executable, "-m", "service", *arguments],
            env=environment_of(settings, DISCUSS_PORT=str(self.port), **others),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            cwd=ROOT,
            start_new_session=True,
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """Everything it said so far."""
        self._output.seek(0)
        return self._output.read().decode()

    @property
    def workers(self) -> list[psutil.Process]:
        """Its living children."""
        return [child for child in self.family()[1:] if lives(child)]

    def family(self) -> list[psutil.Process]:
        """Itself and its children."""
        with contextlib.suppress(psutil.NoSuchProcess):
            itself = psutil.Process(self.popen.pid)
            return [itself, *itself.children(recursive=True)]
        return []

    def signal(self, number: signal.Signals) -> None:
        """Send the first process a signal."""
        self.popen.send_signal(number)

    def freeze(self) -> None:
        """Stop all of it, as a paused virtual machine is."""
        for process in self.family():
            process.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        for process in self.family():
            process.resume()

    async def exit_code(self, seconds: float = 15.0) -> int:
        """Its exit code; raises TimeoutError when it does not end."""
        async with asyncio.timeout(seconds):
            while self.popen.poll() is None:  # noqa: ASYNC110 (another process sets no event)
                await asyncio.sleep(0.01)
        return int(self.popen.returncode)

    async def until_ready(self, seconds: float = 20.0) -> None:
        """Wait until it wants requests."""
        async with asyncio.timeout(seconds), aiohttp.ClientSession() as session:
            while True:
                assert self.popen.poll() is None, self.output
                with contextlib.suppress(aiohttp.ClientError):
                    async with session.get(f"{self.url}/readyz") as response:
                        if response.status == 200 and self.booted():
                            return
                await asyncio.sleep(0.02)

    def booted(self) -> bool:
        """Whether every worker works: one that is still starting loses signals to the handlers it was forked with."""
        with contextlib.suppress(psutil.NoSuchProcess):
            found = [worker.net_connections("tcp4") for worker in self.workers]
            connected = [any(one.status == psutil.CONN_ESTABLISHED for one in open_now) for open_now in found]
            return all(connected) and len(connected) >= self._asked
        return False

    def kill(self) -> None:
        """End whatever is left of it."""
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.popen.wait()
        self._output.close()


@contextmanager
def command(settings: Settings, *arguments: str, **others: str) -> Iterator[Process]:
    """A command, whatever it does."""
    process = Process(settings, arguments, others)
    try:
        yield process
    finally:
        process.kill()


@asynccontextmanager
async def serving(settings: Settings, *arguments: str, **others: str) -> AsyncIterator[Process]:
    """`discuss serve` with these options, ready."""
    with command(settings, "serve", *arguments, **others) as process:
        await process.until_ready()
        yield process


def lives(process: psutil.Process) -> bool:
    """Whether it is there and no zombie."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def pid_lives(pid: int) -> bool:
    """Whether there is such a process, and no zombie."""
    try:
        return lives(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def pids_gone(pids: Sequence[int], seconds: float) -> bool:
    """Whether these processes end within so many seconds."""
    deadline = time.monotonic() + seconds
    while any(pid_lives(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
