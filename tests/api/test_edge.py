"""The edge: request ids, origins, preflights, shared headers, counting and the request log."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.serving import PUBLIC_URL, SECRET, SITE_ORIGIN, ask, assert_problem, serving, until

JSON = {"Content-Type": "application/json"}
EXPOSED = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, Idempotency-Replayed"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-ID"

FOREIGN = [
    "null",
    "https://evil.example",
    "http://paper.example",
    "https://evil-paper.example",
    "https://paper.example.evil",
    "https://sub.paper.example",
    "https://paper.example:443",
    "https://paper.example:8443",
    "https://port.example",
    "https://port.example:8444",
    "https://PAPER.example",
    "HTTPS://paper.example",
    "https://paper.example/",
    "https://paper.example/page",
    "https://paper.example.",
    "https://user@paper.example",
    "https://paper.example@evil.example",
    "https://evil.example#https://paper.example",
    "https://evil.example?https://paper.example",
    "https://paper.example https://evil.example",
    "https://evil.example, https://paper.example",
    "https://paper.examplе",
    "https://xn--paper.example",
    "//paper.example",
    "paper.example",
    "*",
    "",
    "file://",
    "chrome-extension://paper.example",
    "https://talk.example.evil",
    "http://talk.example",
    "Null",
    "http://localhost",
    "http://127.0.0.1",
    "https://paper.example\\@evil.example",
]

PRIVATE = [
    ("POST", "/sites/paper/comments"),
    ("PUT", "/sites/paper/comments"),
    ("PATCH", "/sites/paper/comments"),
    ("DELETE", "/sites/paper/comments"),
    ("GET", "/sites/paper/me"),
]


async def test_private_routes_refuse_every_other_origin() -> None:
    assert len(FOREIGN) >= 30
    async with serving() as service:
        for origin in FOREIGN:
            sent = {"Origin": origin.encode().decode("latin-1")} | JSON
            answer = await ask(service, "POST", "/sites/paper/comments", sent, b"{}")
            assert_problem(answer, 403, "origin_not_allowed")
            assert "access-control-allow-origin" not in answer.headers, origin
            assert answer.headers["vary"] == "Origin"
        assert not service.reading.is_set(), "no handler ran"


@pytest.mark.parametrize(("method", "target"), PRIVATE)
async def test_private_routes_take_exactly_the_sites_and_the_services_own_origin(method: str, target: str) -> None:
    async with serving() as service:
        for origin in (SITE_ORIGIN, "https://port.example:8443", PUBLIC_URL, f"http://127.0.0.1:{service.port}"):
            answer = await ask(service, method, target, {"Origin": origin} | JSON, b"{}")
            assert answer.status == 200
            assert answer.headers["access-control-allow-origin"] == origin
            assert answer.headers["access-control-expose-headers"] == EXPOSED
            assert answer.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in answer.headers
        answer = await ask(service, method, target, {"Origin": "https://evil.example"} | JSON, b"{}")
        assert_problem(answer, 403, "origin_not_allowed")
        answer = await ask(service, method, target, JSON, b"{}")
        assert answer.status == 200, "servers and apps send no Origin"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers["vary"] == "Origin"


async def test_public_reads_are_for_every_origin_and_the_same_for_all() -> None:
    async with serving() as service:
        for origin in (SITE_ORIGIN, "https://evil.example", "null", None):
            sent = {} if origin is None else {"Origin": origin}
            for method, target in (("GET", "/sites/paper/page"), ("HEAD", "/sites/paper/page"), ("GET", "/nowhere")):
                answer = await ask(service, method, target, sent)
                assert answer.headers["access-control-allow-origin"] == "*"
                assert answer.headers["access-control-expose-headers"] == EXPOSED
                assert "Origin" not in answer.headers.get("vary", "")
            answer = await ask(service, "POST", "/sites/paper/counts", sent | JSON, b"{}")
            assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, "*")


async def test_problems_of_private_routes_are_readable_for_allowed_pages_only() -> None:
    async with serving() as service:
        answer = await ask(service, "POST", "/sites/paper/comments", {"Origin": SITE_ORIGIN}, b"{}")
        assert_problem(answer, 415, "unsupported_media_type")
        assert answer.headers["access-control-allow-origin"] == SITE_ORIGIN
        answer = await ask(service, "POST", "/sites/other/comments", {"Origin": SITE_ORIGIN} | JSON, b"{}")
        assert_problem(answer, 404, "site_not_found")
        assert "access-control-allow-origin" not in answer.headers


def preflight(origin: str, method: str) -> dict[str, str]:
    return {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }


@pytest.mark.parametrize(("method", "target"), PRIVATE)
async def test_preflights_of_private_routes(method: str, target: str) -> None:
    async with serving() as service:
        answer = await ask(service, "OPTIONS", target, preflight(SITE_ORIGIN, method))
        assert answer.status == 204
        assert answer.body == b""
        assert answer.headers["access-control-allow-origin"] == SITE_ORIGIN
        assert answer.headers["access-control-allow-methods"] == method
        assert answer.headers["access-control-allow-headers"] == ALLOWED
        assert answer.headers["access-control-max-age"] == "7200"
        assert answer.headers["vary"] == "Origin"
        for origin in ("null", "https://evil.example", "https://paper.example.evil"):
            answer = await ask(service, "OPTIONS", target, preflight(origin, method))
            assert_problem(answer, 403, "origin_not_allowed")
            assert "access-control-allow-origin" not in answer.headers
        answer = await ask(service, "OPTIONS", target.replace("paper", "other"), preflight(SITE_ORIGIN, method))
        assert_problem(answer, 404, "site_not_found")
        assert not service.reading.is_set()


async def test_preflights_of_public_routes() -> None:
    async with serving() as service:
        for method, target in (("GET", "/sites/paper/page"), ("POST", "/sites/paper/counts")):
            answer = await ask(service, "OPTIONS", target, preflight("https://evil.example", method))
            assert answer.status == 204
            assert answer.headers["access-control-allow-origin"] == "*"
            assert answer.headers["access-control-allow-methods"] == method
            assert answer.headers["access-control-allow-headers"] == ALLOWED
            assert answer.headers["access-control-max-age"] == "7200"


async def test_options_otherwise() -> None:
    async with serving() as service:
        answer = await ask(service, "OPTIONS", "/sites/paper/page")
        assert (answer.status, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        answer = await ask(service, "OPTIONS", "/sites/paper/page", preflight(SITE_ORIGIN, "DELETE"))
        assert (answer.status, answer.headers["access-control-allow-methods"]) == (204, "GET, HEAD")
        answer = await ask(service, "OPTIONS", "/nowhere", preflight(SITE_ORIGIN, "GET"))
        assert_problem(answer, 404, "not_found")
        assert_problem(await ask(service, "OPTIONS", "*"), 404, "not_found")


@pytest.mark.parametrize("sent", ["a", "0f-A_b.c9", "x" * 128])
async def test_sane_request_ids_are_echoed(sent: str) -> None:
    async with serving() as service:
        for target in ("/sites/paper/page", "/nowhere", "/fail/bug", "/sites/paper/me"):
            answer = await ask(service, "GET", target, {"X-Request-ID": sent})
            assert answer.headers["x-request-id"] == sent
        assert {line["request_id"] for line in service.requests()} == {sent}


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a;b", 'a"b', "é", "a/b", "<script>", "a,b", "a:b"])
async def test_other_request_ids_are_replaced(sent: str) -> None:
    async with serving() as service:
        answers = [
            await ask(service, "GET", target, {"X-Request-ID": sent})
            for target in ("/sites/paper/page", "/nowhere", "/nowhere")
        ]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 3
    assert all(len(request_id) == 16 and request_id.isalnum() for request_id in ids)


async def test_every_answer_carries_the_shared_headers() -> None:
    async with serving() as service:
        answers = [
            await ask(service, "GET", "/sites/paper/page"),
            await ask(service, "GET", "/sites/paper/page", {"If-None-Match": "*"}),
            await ask(service, "GET", "/sites/paper/stream"),
            await ask(service, "POST", "/sites/paper/comments", JSON, b"{}"),
            await ask(service, "GET", "/fail/bug"),
            await ask(service, "GET", "/nowhere"),
            await ask(service, "OPTIONS", "/sites/paper/page", preflight(SITE_ORIGIN, "GET")),
        ]
    assert [answer.status for answer in answers] == [200, 304, 200, 200, 500, 404, 204]
    for answer in answers:
        assert answer.headers["server"] == "Discuss"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["x-request-id"]
        public = answer.headers["cache-control"].startswith("public")
        assert public == (answer.status in (200, 304) and "etag" in answer.headers)
        assert public or answer.headers["cache-control"] == "private, no-store"


async def test_head_is_get_without_the_body() -> None:
    async with serving() as service:
        got = await ask(service, "GET", "/sites/paper/page")
        head = await ask(service, "HEAD", "/sites/paper/page")
    assert head.body == b""
    varying = ("date", "x-request-id")
    assert {k: v for k, v in head.headers.items() if k not in varying} == {
        k: v for k, v in got.headers.items() if k not in varying
    }


async def test_requests_are_counted_by_route_and_logged_without_query() -> None:
    async with serving() as service:
        await ask(service, "GET", "/sites/paper/page?access_token=canary-query")
        await ask(service, "GET", "/sites/other/page")
        await ask(service, "GET", "/fail/bug")
        await ask(service, "GET", "/no/where/in-particular")
        await ask(service, "GET", "/sites/paper/stream")
        cells = service.edge.tally.cells
        assert {key: cell.count for key, cell in cells.items()} == {
            ("/sites/{site}/page", "GET", 2): 2,
            ("/fail/bug", "GET", 5): 1,
            ("unmatched", "GET", 4): 1,
            ("/sites/{site}/stream", "GET", 2): 1,
        }
        timed = cells["/sites/{site}/page", "GET", 2]
        assert sum(timed.buckets) == 2
        assert timed.seconds > 0
        assert sum(cells["/sites/{site}/stream", "GET", 2].buckets) == 0, "how long a stream lasted is no latency"
        lines = service.requests()
        assert [(line["method"], line["path"], line["route"], line["status"]) for line in lines] == [
            ("GET", "/sites/paper/page", "/sites/{site}/page", 200),
            ("GET", "/sites/other/page", "/sites/{site}/page", 200),
            ("GET", "/fail/bug", "/fail/bug", 500),
            ("GET", "/no/where/in-particular", "unmatched", 404),
            ("GET", "/sites/paper/stream", "/sites/{site}/stream", 200),
        ]
        assert "canary" not in str(service.lines)
        assert "127.0.0.1" not in str(service.lines)


async def test_a_stream_that_breaks_is_cut_not_followed_by_a_problem() -> None:
    async with serving() as service:
        answer = await ask(service, "GET", "/sites/paper/stream?break")
    assert answer.status == 200
    assert b"hello" in answer.body
    assert b"problem" not in answer.body
    assert SECRET.encode() not in answer.body
    assert not answer.body.endswith(b"0\r\n\r\n"), "a cut stream does not look complete"


async def test_a_client_that_leaves_is_recorded_as_gone() -> None:
    head = b"POST /sites/paper/comments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    async with serving() as service:
        _, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(head + b"Content-Length: 99\r\n\r\n")
        await service.reading.wait()
        writer.transport.abort()
        await until(lambda: service.edge.tally.cells)
        assert list(service.edge.tally.cells) == [("/sites/{site}/comments", "POST", 4)]
        assert [line["status"] for line in service.requests()] == [499]
