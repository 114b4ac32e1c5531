"""Logs: JSON lines with request ids, and no canary gets through."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from service import logs
from service.logs import REQUEST_ID, RequestLog, configure_logging, encode_line, new_request_id, redact
from tests.api.serving import until

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl"

CANARIES = [
    (f"got {JWT} here", JWT),
    (f"got {JWT[:40]}", JWT[20:40]),
    ("Authorization: Bearer canary.token", "canary.token"),
    ("authorization: Basic Y2FuYXJ5OnB3", "Y2FuYXJ5"),
    ("{'Authorization': 'Bearer canary'}", "canary"),
    ("key dk_canary-1234_x was used", "canary"),
    ("webhook whsec_canary+/=", "canary"),
    ("postgresql://app:canary@db.example/discuss is down", "canary"),
    ("redis://:canary@cache:6379", "canary"),
    ("redis://canary@cache:6379", "canary"),
    ("GET /x?access_token=canary&a=1", "canary"),
    ("password=canary", "canary"),
    ('{"client_secret": "canary"}', "canary"),
    ("DISCUSS_SECRET=canary,old", "canary"),
    ("api-key: canary", "canary"),
    ("duplicate key\nDETAIL:  Key (text)=(canary) exists.\nnext", "canary"),
    ("from 203.0.113.77", "203.0.113.77"),
    ("from 10.1.2.3:5555", "10.1.2.3"),
    ("('198.51.100.4', 5555)", "198.51.100.4"),
    ("peer 2001:db8::1:2 left", "2001:db8::1:2"),
    ("[2001:db8:1:2:3:4:5:6]:443", "2001:db8:1:2:3:4:5:6"),
    ("fe80::1", "fe80::1"),
    ("::ffff:203.0.113.77", "203.0.113.77"),
]

HARMLESS = [
    "listening on http://127.0.0.1:8080",
    "at 21:18:38 it was done, 3.14.5 installed",
    "discuss.requests 2026-11-23T21:18:38.123Z",
    "comment 0193576b-0000-7000-8000-000000000000 published on article a:b",
    "/api/v1/sites/paper/articles/most_discussed",
]


@pytest.mark.parametrize(("text", "canary"), CANARIES)
def test_canaries_are_redacted(text: str, canary: str) -> None:
    assert canary not in redact(text)
    assert logs.REDACTED in redact(text)


def test_redaction_keeps_what_is_said_around() -> None:
    assert redact("a\nDETAIL:  canary\nnext") == f"a\nDETAIL: {logs.REDACTED}\nnext"
    assert redact("GET /x?token=canary&a=1") == f"GET /x?token={logs.REDACTED}&a=1"


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_words_stay(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def configured(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., io.StringIO]]:
    """Configures logging onto a buffer and puts everything back."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logs.request_log.enabled, logs.request_log.pretty)

    def configure(level: str = "info", pretty: bool = False) -> io.StringIO:
        buffer = io.StringIO()
        monkeypatch.setattr(sys, "stderr", buffer)
        configure_logging(level, pretty)
        return buffer

    yield configure
    structlog.reset_defaults()
    root.handlers[:], level, logs.request_log.enabled, logs.request_log.pretty = before
    root.setLevel(level)


def lines(buffer: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in buffer.getvalue().splitlines()]


def test_structlog_and_the_standard_library_speak_alike(configured: Callable[..., io.StringIO]) -> None:
    buffer = configured()
    context = REQUEST_ID.set("r-1")
    try:
        structlog.get_logger("discuss.test").warning("told", count=3, token=JWT, peer=("203.0.113.77", 1))
        logging.getLogger("aiohttp.server").error("seen %s", "203.0.113.77", extra={"password": "canary"})
    finally:
        REQUEST_ID.reset(context)
    logging.getLogger("asyncpg").info("no request")
    first, second, third = lines(buffer)
    assert first == {
        "event": "told",
        "count": 3,
        "token": logs.REDACTED,
        "peer": [logs.REDACTED, 1],
        "level": "warning",
        "logger": "discuss.test",
        "request_id": "r-1",
        "timestamp": first["timestamp"],
    }
    assert second["event"] == f"seen {logs.REDACTED}"
    assert (second["level"], second["logger"], second["request_id"]) == ("error", "aiohttp.server", "r-1")
    assert "canary" not in str(second)
    assert "request_id" not in third


@pytest.mark.parametrize("speak", [structlog.get_logger, logging.getLogger])
def test_tracebacks_are_told_and_redacted(speak: Any, configured: Callable[..., io.StringIO]) -> None:
    buffer = configured()
    try:
        raise ValueError(f"bad token={JWT} from 203.0.113.77")
    except ValueError:
        speak("discuss.test").exception("failed")
    (line,) = lines(buffer)
    assert "ValueError" in line["exception"]
    assert "test_tracebacks_are_told_and_redacted" in line["exception"]
    assert "203.0.113.77" not in buffer.getvalue()
    assert JWT not in buffer.getvalue()


def test_levels(configured: Callable[..., io.StringIO]) -> None:
    buffer = configured("warning")
    structlog.get_logger("discuss.test").info("quiet")
    logging.getLogger("discuss.test").info("quiet")
    structlog.get_logger("discuss.test").warning("loud")
    assert [line["event"] for line in lines(buffer)] == ["loud"]
    assert not logs.request_log.enabled
    configured("info")
    assert logs.request_log.enabled


async def test_pretty_is_for_people_and_redacted_too(configured: Callable[..., io.StringIO]) -> None:
    buffer = configured(pretty=True)
    structlog.get_logger("discuss.test").info("hello", token=JWT)
    logs.request_log.add("GET", f"/a/{JWT}", "/a/{b}", 200, 0.001, "r-1")
    logs.request_log.flush()
    assert "hello" in buffer.getvalue()
    assert "/a/{b}" in buffer.getvalue()
    assert JWT not in buffer.getvalue()


def test_loggers_with_handlers_of_their_own_are_adopted(configured: Callable[..., io.StringIO]) -> None:
    gunicorn = logging.getLogger("gunicorn.error")
    own = io.StringIO()
    gunicorn.addHandler(logging.StreamHandler(own))
    gunicorn.propagate = False
    buffer = configured()
    gunicorn.info("Booting worker from 203.0.113.77")
    assert [line["event"] for line in lines(buffer)] == [f"Booting worker from {logs.REDACTED}"]
    assert own.getvalue() == ""


async def test_request_lines_are_written_together_and_soon() -> None:
    written: list[bytes] = []
    log = RequestLog(written.append, flush_after=0.01)
    log.add("GET", "/a?token=canary", "/a", 200, 0.00123, "r-1")
    log.add("GET", f"/b/{JWT}/dk_canary", "unmatched", 404, 0.5, "r-2")
    assert written == []
    await until(lambda: written)
    (both,) = written
    first, second = (json.loads(line) for line in both.splitlines())
    assert first["timestamp"].endswith("Z")
    assert first | {"timestamp": ""} == {
        "timestamp": "",
        "level": "info",
        "event": "request",
        "method": "GET",
        "path": "/a",
        "route": "/a",
        "status": 200,
        "ms": 1.23,
        "request_id": "r-1",
    }
    assert JWT not in second["path"]
    assert "canary" not in both.decode()
    log.add("GET", "/from/203.0.113.77", "unmatched", 404, 0.1, "r-3")
    log.flush()
    assert json.loads(written[1])["path"] == f"/from/{logs.REDACTED}"


async def test_many_request_lines_do_not_wait() -> None:
    written: list[bytes] = []
    log = RequestLog(written.append, flush_after=3600)
    for _ in range(logs.MAX_WAITING + 1):
        log.add("GET", "/", "/", 200, 0.001, "r")
    assert len(written) == 1
    log.flush()


def test_lines_survive_undecodable_bytes_and_strange_values() -> None:
    assert json.loads(encode_line({"path": "/\udcff"})) == {"path": "/\\udcff"}
    assert json.loads(encode_line({"what": {1}})) == {"what": "{1}"}
    assert json.loads(encode_line({"big": 2**70})) == {"big": str(2**70)}


def test_new_request_ids_differ() -> None:
    assert len({new_request_id() for _ in range(1_000)}) == 1_000
