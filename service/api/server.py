"""The HTTP server around the application: limits and time-outs, and problems for what no handler ever sees."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Coroutine
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from service.api import headers as h
from service.api.problems import answer_exception, problem_response
from service.domain.errors import BadRequest, DiscussError, HeadersTooLarge, UriTooLong
from service.logs import new_request_id

# The parser tells its two limits apart by their numbers only, so they must differ (see `parser_error`).
MAX_LINE = 8192  # bytes of the request target
MAX_FIELD = 8190  # bytes of one header, name and value
MAX_HEADERS = 100

IDLE_SECONDS = 20.0  # without a complete head: idle and half-sent requests alike
WRITE_STALL_SECONDS = 30.0  # with data to send that the client does not take
LINGER_SECONDS = 3.0  # for reading the rest of a refused body, so that the client sees the refusal
SHUTDOWN_SECONDS = 10.0
BACKLOG = 2048

log = logging.getLogger("discuss.server")


class ProblemProtocol(RequestHandler):
    """aiohttp's connection handler, with problems instead of text and a limit for readers that do not read."""

    __slots__ = ()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the kernel end connections whose client takes nothing, even when they are idle or closing."""
        super().connection_made(transport)
        server = self._manager
        sock = transport.get_extra_info("socket")
        if isinstance(server, ProblemServer) and sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(server.write_stall * 1000))

    def data_received(self, data: bytes) -> None:
        """Fail a body whose framing breaks at once; aiohttp leaves its reader waiting."""
        super().data_received(data)
        if self._messages and isinstance(self._messages[-1][0], _ErrInfo):
            request = self._current_request
            if request is not None and not request.content.is_eof():
                request._cancel(web.RequestPayloadError("broken framing"))
                request.content.feed_eof()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer what never reached a handler: the parser's refusals. The connection closes."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun, no other can follow") from exc
        if status == 400:
            log.info("request refused by the HTTP parser: %s", type(exc).__name__)
            error: DiscussError = parser_error(exc)
        else:
            log.error("request failed outside the application", exc_info=exc)
            error = DiscussError()
        response = _readable_problem(problem_response(error, new_request_id()))
        response.force_close()
        return response

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        """Send the answer; aiohttp's own refusals that pass by the middleware (Expect) become problems."""
        if isinstance(resp, web.HTTPException):
            resp = _readable_problem(answer_exception(resp, new_request_id()))
            resp.force_close()
        return super().finish_response(request, resp, start_time)


class ProblemServer(web.Server):
    """A server whose connections are ProblemProtocols."""

    write_stall = WRITE_STALL_SECONDS

    def __call__(self) -> RequestHandler:
        """Make the handler of one connection."""
        return ProblemProtocol(self, loop=self._loop, **self._kwargs)


class ProblemRunner(web.AppRunner):
    """Runs an application on a ProblemServer, under gunicorn and alone alike."""

    __slots__ = ("_write_stall",)

    def __init__(self, app: web.Application, *, write_stall: float, **options: Any) -> None:
        super().__init__(app, **options)
        self._write_stall = write_stall

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        server = ProblemServer(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            **plain._kwargs,
        )
        server.write_stall = self._write_stall
        return server

    def _reg_site(self, site: web.BaseSite) -> None:
        # gunicorn's worker makes the site itself and leaves aiohttp's 128, whatever its --backlog says
        site._backlog = max(site._backlog, BACKLOG)
        super()._reg_site(site)


def make_runner(
    app: web.Application,
    *,
    idle: float = IDLE_SECONDS,
    linger: float = LINGER_SECONDS,
    write_stall: float = WRITE_STALL_SECONDS,
    shutdown: float = SHUTDOWN_SECONDS,
) -> web.AppRunner:
    """The runner for `discuss serve` and, returned by a coroutine factory, for gunicorn's aiohttp workers.

    All times in seconds: `idle` until a complete head must be there, `linger` for the rest of refused bodies,
    `write_stall` until a client that takes nothing is cut off, `shutdown` for requests under way when stopping.
    """
    return ProblemRunner(
        app,
        write_stall=write_stall,
        handler_cancellation=True,  # or the handlers of departed streams would stay
        keepalive_timeout=idle,
        lingering_time=linger,
        shutdown_timeout=shutdown,
        max_line_size=MAX_LINE,
        max_field_size=MAX_FIELD,
        max_headers=MAX_HEADERS,
        auto_decompress=False,  # compressed bodies are refused unread
        access_log=None,
    )


def parser_error(exc: BaseException | None) -> DiscussError:
    """The named error for what aiohttp's parser raised."""
    if isinstance(exc, LineTooLong):
        return UriTooLong() if exc.args[1] == MAX_LINE else HeadersTooLarge()
    if exc is not None and "Too many headers" in str(exc):
        return HeadersTooLarge()
    return BadRequest()


def _readable_problem(response: web.Response) -> web.Response:
    response.headers.update(h.PUBLIC)
    return response
