"""The one middleware: request id, origins, errors as problems, shared headers, counting and logging.

A hot read spends most of its time here, so each step does nothing it need not do: a CachedResponse gets one header.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection
from time import perf_counter
from typing import Literal

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict
from yarl import URL

from service.api import headers as h
from service.api.metrics import Tally
from service.api.problems import allow, answer_exception
from service.api.representations import CachedResponse
from service.domain.errors import NotFound, OriginNotAllowed
from service.logs import REQUEST_ID, RequestLog, new_request_id, request_log

Kind = Literal["public", "private"]
RouteKind = Callable[[web.Request], Kind]
AllowedOrigins = Callable[[web.Request], Awaitable[Collection[str]]]

# Headers that belong on the answer whatever it turns out to be, such as RateLimit on a 429.
ANSWER_HEADERS = web.RequestKey("answer_headers", dict[str, str])
_ALLOWED_ORIGIN = web.RequestKey("allowed_origin", str)
_ANNOUNCED = web.RequestKey("announced", web.Request)

CLIENT_GONE = 499  # nginx's number, only counted and logged, never sent
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")


class Edge:
    """Wraps every request. Made by `install_edge`."""

    def __init__(
        self,
        *,
        route_kind: RouteKind,
        allowed_origins: AllowedOrigins,
        public_url: str | None,
        tally: Tally,
        requests: RequestLog,
    ) -> None:
        self.route_kind = route_kind
        self.allowed_origins = allowed_origins
        self.public_origin = str(URL(public_url).origin()) if public_url else None
        self.tally = tally
        self.requests = requests

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer one request; nothing but a broken connection leaves it as an exception."""
        started = perf_counter()
        request_id = choose_request_id(request.headers.get(h.X_REQUEST_ID))
        REQUEST_ID.set(request_id)
        try:
            if request.method == hdrs.METH_OPTIONS:
                response = await self._preflight(request)
            else:
                origin = request.headers.get(hdrs.ORIGIN)
                if origin is not None and self._kind(request) == "private":
                    await self._admit(request, origin)
                response = await handler(request)
        except asyncio.CancelledError:
            self._record(request, _status_when_cut(request), started, request_id, timed=False)
            raise
        except Exception as error:
            if _is_cut_off(request):
                self._record(request, _status_when_cut(request), started, request_id, timed=False)
                raise
            response = answer_exception(error, request_id)
        timed = True
        if type(response) is CachedResponse:
            response.headers[h.X_REQUEST_ID] = request_id
        elif response.prepared:
            timed = False
        else:
            self.dress(request, response.headers)
        self._record(request, response.status, started, request_id, timed=timed)
        return response

    def dress(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        """Add what every answer carries to `headers`; streams call it before they prepare their response."""
        for name, value in h.SECURITY:
            headers.setdefault(name, value)
        headers.setdefault(h.CACHE_CONTROL, h.NO_STORE)
        headers[h.X_REQUEST_ID] = REQUEST_ID.get() or new_request_id()
        headers.update(request.get(ANSWER_HEADERS, {}))
        subject = request.get(_ANNOUNCED, request)
        if self._kind(subject) == "public":
            headers.update(h.PUBLIC)
            return
        _add_vary(headers, hdrs.ORIGIN)
        origin = subject.get(_ALLOWED_ORIGIN)
        if origin is not None:
            headers[h.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            headers[h.ACCESS_CONTROL_EXPOSE_HEADERS] = h.EXPOSED

    def _kind(self, request: web.Request) -> Kind:
        # What matches no route says nothing about anybody: pages may read the error.
        return "public" if request.match_info.http_exception is not None else self.route_kind(request)

    async def _admit(self, request: web.Request, origin: str) -> None:
        """Remember the origin as allowed, or raise OriginNotAllowed."""
        if origin == "null" or not (self._is_own(request, origin) or origin in await self.allowed_origins(request)):
            raise OriginNotAllowed
        request[_ALLOWED_ORIGIN] = origin

    def _is_own(self, request: web.Request, origin: str) -> bool:
        return origin == self.public_origin or origin == f"{request.scheme}://{request.headers.get(hdrs.HOST)}"

    async def _preflight(self, request: web.Request) -> web.StreamResponse:
        """Answer OPTIONS for any route: what a page of that origin may send, or plain OPTIONS' Allow."""
        refusal = request.match_info.http_exception
        if not isinstance(refusal, web.HTTPMethodNotAllowed):
            raise NotFound
        origin = request.headers.get(hdrs.ORIGIN)
        wanted = request.headers.get(h.ACCESS_CONTROL_REQUEST_METHOD, "")
        methods = refusal.allowed_methods
        response = web.Response(status=204, headers={hdrs.ALLOW: allow(methods)})
        if origin is None or not wanted:
            return response
        if wanted in methods:
            announced = request[_ANNOUNCED] = await _announced(request, wanted)
            if self._kind(announced) == "private":
                await self._admit(announced, origin)
            methods = {wanted}
        response.headers[h.ACCESS_CONTROL_ALLOW_METHODS] = ", ".join(sorted(methods))
        response.headers[h.ACCESS_CONTROL_ALLOW_HEADERS] = h.ALLOWED
        response.headers[h.ACCESS_CONTROL_MAX_AGE] = h.MAX_AGE
        return response

    def _record(self, request: web.Request, status: int, started: float, request_id: str, *, timed: bool) -> None:
        seconds = perf_counter() - started
        resource = request.match_info.route.resource
        route = "unmatched" if resource is None else resource.canonical
        method = request.method
        self.tally.count(route, method, status, seconds if timed else None)
        if self.requests.enabled:
            self.requests.add(method, request.raw_path, route, status, seconds, request_id)


EDGE = web.AppKey("edge", Edge)


def install_edge(
    app: web.Application,
    *,
    route_kind: RouteKind,
    allowed_origins: AllowedOrigins,
    public_url: str | None = None,
    requests: RequestLog = request_log,
) -> Edge:
    """Make the edge the app's outermost middleware and keep it at `app[EDGE]`.

    `route_kind` says whether a matched request's route is a "public" read or "private"; `allowed_origins` gives the
    site's origins and may raise (SiteNotFound). Each GET route needs its HEAD registered too.
    """
    edge = Edge(
        route_kind=route_kind,
        allowed_origins=allowed_origins,
        public_url=public_url,
        tally=Tally(),
        requests=requests,
    )
    app[EDGE] = edge
    app.middlewares.insert(0, edge.middleware)
    return edge


def choose_request_id(sent: str | None) -> str:
    """The client's request id when it is sane (1 to 128 of A-Z a-z 0-9 . _ -), else a new one."""
    if sent is not None and _SANE_REQUEST_ID.fullmatch(sent):
        return sent
    return new_request_id()


async def _announced(preflight: web.Request, method: str) -> web.Request:
    """The request a preflight asks about, matched to its route."""
    request = preflight.clone(method=method)
    match = await preflight.app.router.resolve(request)
    match.add_app(preflight.app)
    match.freeze()
    request._match_info = match  # as aiohttp's Application does
    return request


def _add_vary(headers: CIMultiDict[str], name: str) -> None:
    present = headers.get(h.VARY)
    headers[h.VARY] = f"{present}, {name}" if present else name


def _is_cut_off(request: web.Request) -> bool:
    """Whether no answer can follow: the client has gone, or an answer has begun."""
    return request.transport is None or request.writer.output_size > 0


def _status_when_cut(request: web.Request) -> int:
    return 200 if request.writer.output_size > 0 else CLIENT_GONE
