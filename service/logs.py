"""Structured logs on stderr, one JSON object a line, with request ids and without secrets or addresses."""

from __future__ import annotations

import asyncio
import atexit
import ipaddress
import logging
import re
import sys
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from contextvars import ContextVar
from datetime import UTC, datetime
from random import getrandbits
from time import time
from typing import Any

import orjson
import structlog

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)

REDACTED = "[redacted]"
MAX_WAITING = 500  # request lines kept before they are written
_SECRET_KEY = re.compile(
    r"authorization|cookie|passw|secret|token|api[_-]?key|private_?key|credential|^(?:ip|remote|peername|address|forwarded)$",
    re.IGNORECASE,
)
_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[^\s\"',;]+"), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[\w-]+(?:\.[\w-]*)*"), REDACTED),  # JSON Web Tokens
    (re.compile(r"\b(?:dk|whsec)_[\w+/=-]+"), REDACTED),  # API keys, webhook secrets
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@\"']*@"), rf"\1{REDACTED}@"),  # user and password in URLs
    (
        re.compile(
            r"(?i)([\w-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|authorization|signature)[\"']?\s*[=:]\s*[\"']?)"
            r"(?!\[redacted\]|bearer |basic )[^\s&\"',;)}]+"
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(?m)^(\s*DETAIL: ).*$"), rf"\1{REDACTED}"),  # PostgreSQL quotes the row that failed
)
_ADDRESS = re.compile(
    r"(?<![\w.:])(?:[0-9a-fA-F]{0,4}:){2,7}[0-9a-fA-F.]*|(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\w)"
)

EventDict = MutableMapping[str, Any]


def new_request_id() -> str:
    """A name for one request, unique enough to find it in the logs."""
    return f"{getrandbits(64):016x}"


def redact(text: str) -> str:
    """The text without tokens, keys, passwords, secrets in URLs and the network addresses of others."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return _ADDRESS.sub(_hide_address, text)


def _hide_address(match: re.Match[str]) -> str:
    try:
        address = ipaddress.ip_address(match[0])
    except ValueError:
        return match[0]  # a time of day, a version
    return match[0] if address.is_loopback or address.is_unspecified else REDACTED


def redact_value(value: Any) -> Any:
    """Like `redact`, for whatever a log event can hold; a mapping's secret-looking keys lose their value."""
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float | datetime):
        return value
    if isinstance(value, Mapping):
        return {str(k): REDACTED if _SECRET_KEY.search(str(k)) else redact_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact_value(item) for item in value]
    return redact(str(value))


def _redact_event(_logger: Any, _name: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        if not key.startswith("_"):  # structlog's own
            event[key] = REDACTED if _SECRET_KEY.search(key) else redact_value(value)
    return event


def _add_request_id(_logger: Any, _name: str, event: EventDict) -> EventDict:
    request_id = REQUEST_ID.get()
    if request_id is not None:
        event.setdefault("request_id", request_id)
    return event


def _to_json(_logger: Any, _name: str, event: EventDict) -> str:
    return encode_line(event).decode()


def encode_line(event: Mapping[str, Any]) -> bytes:
    """One event as JSON without a line end; half surrogate pairs (undecodable bytes) are escaped."""
    try:
        return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)
    except TypeError:
        readable = {k: str(v).encode("utf-8", "backslashreplace").decode() for k, v in event.items()}
        return orjson.dumps(readable)


_FINISHING: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    _add_request_id,
    structlog.processors.StackInfoRenderer(),
    structlog.processors.format_exc_info,
    _redact_event,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


class RequestLog:
    """One line per request, kept as it is and encoded and written with others a few times a second.

    Going through structlog's processors each time would cost more than answering a cached read.
    """

    def __init__(self, write: Callable[[bytes], object], *, flush_after: float = 0.2, enabled: bool = True) -> None:
        self.enabled = enabled
        self.pretty = False
        self._write = write
        self._flush_after = flush_after  # seconds
        self._waiting: list[tuple[float, str, str, str, int, float, str]] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, method: str, raw_path: str, route: str, status: int, seconds: float, request_id: str) -> None:
        """Log one answered request; the query is left out, it may hold anything."""
        self._waiting.append((time(), method, raw_path, route, status, seconds, request_id))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._flush_after, self.flush)
        elif len(self._waiting) >= MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        waiting, self._waiting = self._waiting, []
        events = [_request_event(*request) for request in waiting]
        if self.pretty:
            logger = structlog.get_logger("discuss.requests")
            for event in events:
                logger.info(event.pop("event"), **event)
        elif events:
            self._write(b"".join([encode_line(event) + b"\n" for event in events]))


def _request_event(
    at: float, method: str, raw_path: str, route: str, status: int, seconds: float, request_id: str
) -> dict[str, Any]:
    path = raw_path.partition("?")[0]
    if "eyJ" in path or "_" in path or "@" in path or ":" in path or "=" in path or path.count(".") > 2:
        path = redact(path)
    return {
        "timestamp": datetime.fromtimestamp(at, UTC),
        "level": "info",
        "event": "request",
        "method": method,
        "path": path,
        "route": route,
        "status": status,
        "ms": round(seconds * 1000, 2),
        "request_id": request_id,
    }


def _write_stderr(lines: bytes) -> None:
    stream = sys.stderr
    binary = getattr(stream, "buffer", None)
    if binary is None:  # replaced, as test runners do
        stream.write(lines.decode())
    else:
        binary.write(lines)
    stream.flush()


request_log = RequestLog(_write_stderr, enabled=False)
atexit.register(request_log.flush)


def configure_logging(level: str = "info", pretty: bool = False) -> None:
    """Send structlog's and the standard library's logs to stderr: JSON lines, or `pretty` for people.

    `level` is debug, info, warning or error. gunicorn gives its loggers handlers of their own when it starts, so
    call this in its `on_starting` hook as well; calling it again does no harm.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()) if pretty else _to_json
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder()],
            processors=[*_FINISHING, structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(threshold)
    _adopt(("gunicorn.error", "gunicorn.access", "aiohttp.access", "aiohttp.server", "asyncio", "asyncpg"))
    logging.getLogger("gunicorn.error").setLevel(logging.NOTSET)
    request_log.enabled = threshold <= logging.INFO
    request_log.pretty = pretty


def _adopt(names: Iterable[str]) -> None:
    """Take loggers' own handlers away, so that the root's redacts what they say."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
