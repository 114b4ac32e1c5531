"""Starting and stopping real processes: nothing in flight is lost, nothing is left behind."""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest

from service.settings import Settings
from tests.client import Service, SiteClient, until
from tests.processes import Process, command, pids_gone, serving
from tests.streams import streaming

MODES = [pytest.param((), id="alone"), pytest.param(("--workers", "2"), id="gunicorn")]


async def begin_post(
    process: Process, site: SiteClient, article: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """A post whose body is half sent; the other half is returned."""
    body = json.dumps({"text": "Sent in two halves."}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
    head = (
        f"POST {site.path}/articles/{article}/comments HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {await site.token()}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body[:10])
    await writer.drain()
    return reader, writer, body[10:]


async def is_refused(port: int) -> bool:
    """Whether nobody listens any more."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    await close(writer)
    return False


async def close(writer: asyncio.StreamWriter) -> None:
    """Close a connection that may be gone."""
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@contextlib.contextmanager
def few_files() -> Iterator[int]:
    """Whatever starts meanwhile may open few files, unless it asks for more; how many it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1000), hard))
    try:
        yield hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("arguments", MODES)
async def test_requests_in_flight_are_finished(
    service: Service, settings: Settings, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    site = await service.new_site()
    async with contextlib.AsyncExitStack() as stack:
        with few_files() as most:
            process = await stack.enter_async_context(serving(settings, *arguments))
        assert {member.rlimit(resource.RLIMIT_NOFILE)[0] for member in process.family()} == {most}
        (line,) = [line for line in process.output.splitlines() if '"streams_per_process"' in line]
        assert json.loads(line)["limit"] == most
        there = SiteClient(replace(service, url=process.url), site.name)
        stream = await stack.enter_async_context(streaming(there, "/articles/a/events"))
        family = [member.pid for member in process.family()]
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", process.port)
        idle_writer.write(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200" in await idle_reader.readline()  # kept alive from here on
        reader, writer, rest = await begin_post(process, site, "a")
        process.signal(number)
        await until(lambda: is_refused(process.port))
        await stream.ended(3)
        await asyncio.wait_for(idle_reader.read(), 3)  # an idle connection is closed
        assert process.popen.poll() is None
        writer.write(rest)
        answer = await asyncio.wait_for(reader.read(), 5)
        assert answer.startswith(b"HTTP/1.1 201")
        assert await process.exit_code() == 0
        assert pids_gone(family, 1)
        assert "Traceback" not in process.output
        posted = [line for line in process.output.splitlines() if '"method":"POST"' in line]
        assert len(posted) == 1  # the log's last lines are written
        await close(idle_writer)
        await close(writer)
    assert len((await site.page("a"))["comments"]) == 1


@pytest.mark.parametrize("arguments", MODES)
async def test_it_is_not_ready_before_it_refuses(settings: Settings, arguments: tuple[str, ...]) -> None:
    production = {"DISCUSS_ENV": "production", "DISCUSS_PUBLIC_URL": "https://talk.example"}
    safe = replace(settings, limits="on")
    async with serving(safe, *arguments, **production) as process, aiohttp.ClientSession() as session:
        process.signal(signal.SIGTERM)

        async def not_ready() -> bool:
            async with session.get(f"{process.url}/readyz", headers={"Connection": "close"}) as response:
                return response.status == 503

        await until(not_ready)  # a refused connection would raise
        async with session.get(f"{process.url}/livez") as response:
            assert response.status == 200
        assert await process.exit_code() == 0


async def test_a_killed_master_leaves_nothing(settings: Settings) -> None:
    async with serving(settings, "--workers", "2") as process:
        workers = [worker.pid for worker in process.workers]
        assert len(workers) == 2
        process.signal(signal.SIGKILL)
        assert await asyncio.to_thread(pids_gone, workers, 10)


async def test_workers_of_hup_replace_the_old_without_a_failure(settings: Settings) -> None:
    async with serving(settings, "--workers", "2") as process, aiohttp.ClientSession() as session:
        old = {worker.pid for worker in process.workers}
        process.signal(signal.SIGHUP)

        async def replaced() -> bool:
            async with session.get(f"{process.url}/livez", headers={"Connection": "close"}) as response:
                assert response.status == 200
            return len(process.workers) == 2 and not old & {worker.pid for worker in process.workers}

        await until(replaced, 20)


async def catches(process: Process, number: signal.Signals) -> bool:
    """Whether it has a handler for a signal (proc(5), SigCgt)."""
    status = await asyncio.to_thread(Path(f"/proc/{process.popen.pid}/status").read_text)
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt")).split()[1]
    return bool(int(caught, 16) & 1 << number - 1)


async def test_following_alone_ends_when_told(settings: Settings) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with command(settings, "follow", DISCUSS_LOG_LEVEL="debug") as process:
            await until(lambda: catches(process, signal.SIGTERM), 20)
            process.signal(number)
            assert await process.exit_code() == 0, process.output


@pytest.mark.parametrize("arguments", MODES)
async def test_a_taken_port_is_one_line(settings: Settings, arguments: tuple[str, ...]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with command(settings, "serve", "--port", str(port), *arguments) as process:
            assert await process.exit_code() == 1
            assert process.output.count("\n") == 1
            assert f"port {port} on 127.0.0.1 is not free" in process.output


async def test_every_unsafe_setting_is_named_at_once(settings: Settings) -> None:
    names = ("ALLOW_PRIVATE_TARGETS", "LIMITS", "PUBLIC_URL", "OWNER_URL", "NONSENSE")
    unsafe = {"DISCUSS_ENV": "production", "DISCUSS_ALLOW_PRIVATE_TARGETS": "1", "DISCUSS_NONSENSE": "1"}
    with command(replace(settings, owner_url=settings.database_url), "serve", **unsafe) as process:
        assert await process.exit_code() == 1
        for name in names:
            assert f"DISCUSS_{name}" in process.output
        assert "Traceback" not in process.output


async def test_production_refuses_a_login_that_can_rewrite_the_logs(settings: Settings) -> None:
    production = {"DISCUSS_ENV": "production", "DISCUSS_PUBLIC_URL": "https://talk.example"}
    owner = replace(settings, limits="on", database_url=settings.owner_url, owner_url=settings.owner_url + "?")
    with command(owner, "serve", **production) as process:
        assert await process.exit_code() == 1
        assert "can rewrite" in process.output
        assert "log in as another role" in process.output


async def test_doctor_says_what_is_right(service: Service, settings: Settings) -> None:
    with command(settings, "doctor") as process:
        assert await process.exit_code() == 0, process.output
        for words in (
            "PostgreSQL",
            "migrations are applied",
            "only add to events and decisions",
            "clocks",
            "event log",
        ):
            assert words in process.output
        assert "BAD" not in process.output


async def test_doctor_says_what_to_do(settings: Settings) -> None:
    away = replace(settings, redis_url="redis://127.0.0.1:1/0", database_url="postgresql://nobody:x@127.0.0.1:1/none")
    with command(away, "doctor") as process:
        assert await process.exit_code() == 1
        assert "PostgreSQL cannot be used" in process.output
        assert "Redis cannot be used" in process.output
        assert "Traceback" not in process.output
    with command(replace(settings, database_url=settings.owner_url), "doctor") as process:
        assert await process.exit_code() == 0  # tolerable in development
        assert "note" in process.output
        assert "log in as another role" in process.output


async def scrape(process: Process, session: aiohttp.ClientSession) -> dict[str, float]:
    """Every sample of /metrics."""
    async with session.get(f"{process.url}/metrics") as response:
        assert response.status == 200
        lines = [line for line in (await response.text()).splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


async def test_the_numbers_of_all_workers_are_added_up_and_those_of_the_dead_kept(settings: Settings) -> None:
    livez = 'discuss_requests_total{method="GET",route="/livez",status="2xx"}'
    async with serving(settings, "--workers", "2") as process, aiohttp.ClientSession() as session:
        for _ in range(40):
            async with session.get(f"{process.url}/livez", headers={"Connection": "close"}) as response:
                assert response.status == 200

        async def counted() -> bool:
            found = await scrape(process, session)
            return found.get(livez) == 40 and found["discuss_workers"] == 2

        await until(counted)
        process.workers[0].kill()

        async def replaced() -> bool:
            if len(process.workers) < 2:
                return False
            found = await scrape(process, session)
            assert found[livez] == 40
            return found["discuss_workers"] == 2

        await until(lambda: pause_on_reset(replaced), 10)


async def pause_on_reset(condition: Callable[[], Awaitable[bool]]) -> bool:
    """The killed worker takes its connections along."""
    try:
        return await condition()
    except aiohttp.ClientError:
        return False
