"""The one error body, whatever an error comes from, over the running service and every byte of it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.adapters.caches import TimedCache
from service.api.openapi import error_texts
from service.api.problems import STATUS
from service.app import described
from tests.api.serving import Answer, assert_problem, exchange, parse
from tests.client import WATCHERS, Service, until
from tests.client import Answer as Received
from tests.conftest import Cluster
from tests.servers import run_sql

SECRET = "canary-in-a-bug"
SITE = "/api/v1/sites/nowhere"


async def raw(service: Service, *parts: bytes) -> Answer:
    """Bytes as they are, and the one answer; every answer passes the suite's watchers too."""
    answer = parse(await exchange(urlsplit(service.url).port or 0, *parts))
    method, _, rest = parts[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    known = answer.status < 400 or answer.json().get("code") not in ("bad_request", "uri_too_long", "headers_too_large")
    headers = {name.title(): value for name, value in answer.headers.items()}
    headers |= {"X-Request-ID": answer.headers["x-request-id"], "WWW-Authenticate": headers.get("Www-Authenticate", "")}
    for watch in WATCHERS:
        watch(
            method if known else "GET",
            path if known else "/",
            Received(answer.status, headers, answer.body, answer.json()),
        )
    return answer


def head(method: str, target: str, *lines: str) -> bytes:
    return "\r\n".join((f"{method} {target} HTTP/1.1", "Host: a", "Connection: close", *lines, "", "")).encode(
        "latin-1"
    )


def post(target: str, body: bytes, *lines: str) -> bytes:
    return head("POST", target, "Content-Type: application/json", f"Content-Length: {len(body)}", *lines) + body


async def test_unknown_routes(service: Service) -> None:
    for target in ("/", "/nowhere", "/api", "/api/v1", "/api/v2/sites/a", f"{SITE}/", "/docs/", "/%ff", "/livez/x"):
        problem = assert_problem(await raw(service, head("GET", target)), 404, "not_found")
        assert problem["title"] == "Not Found"


async def test_wrong_methods_name_the_right_ones(service: Service) -> None:
    for method, target, allowed in (
        ("DELETE", SITE, "GET, HEAD, OPTIONS"),
        ("PUT", f"{SITE}/articles/a/comments", "GET, HEAD, OPTIONS, POST"),
        ("GET", f"{SITE}/preview", "OPTIONS, POST"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
        ("PROPFIND", "/livez", "GET, HEAD, OPTIONS"),
    ):
        answer = await raw(service, head(method, target, "Content-Length: 0"))
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == allowed


PARSER = [
    (b"nonsense\r\n\r\n", 400, "bad_request"),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
    (b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", 400, "bad_request"),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
    (b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "bad_request"),
    (b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400, "bad_request"),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\nbad header\r\n\r\n", 400, "bad_request"),
    (b"GET /livez?" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 8192 + b"\r\n\r\n", 431, "headers_too_large"),
    (b"GET /livez HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431, "headers_too_large"),
]


@pytest.mark.parametrize(("sent", "status", "code"), PARSER, ids=[f"{row[1]}-{i}" for i, row in enumerate(PARSER)])
async def test_the_http_parsers_refusals(service: Service, sent: bytes, status: int, code: str) -> None:
    assert_problem(await raw(service, sent), status, code)


async def test_missing_things_are_told_apart(service: Service) -> None:
    site = await service.new_site()
    unknown = "01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"
    for target, code in (
        (SITE, "site_not_found"),
        (f"{SITE}/counts?article=a", "site_not_found"),
        ("/api/v1/sites/UPPER", "site_not_found"),
        (f"/api/v1/sites/{'a' * 41}", "site_not_found"),
        (f"{site.path}/comments/{unknown}", "comment_not_found"),
        (f"{site.path}/comments/{unknown.upper()}", "comment_not_found"),
        (f"{site.path}/comments/1", "comment_not_found"),
        (f"{site.path}/comments/%00", "comment_not_found"),
        (f"{site.path}/comments/{unknown}/replies", "comment_not_found"),
    ):
        assert_problem(await raw(service, head("GET", target)), 404, code)


async def test_bodies(service: Service) -> None:
    site = await service.new_site()
    target = f"{site.path}/counts"
    for body, status, code in (
        (b"", 400, "invalid_json"),
        (b"{", 400, "invalid_json"),
        (b'{"articles":["a"],"articles":["b"]}', 400, "invalid_json"),
        (b"\xff", 400, "invalid_json"),
        (b"[" * 5000 + b"]" * 5000, 400, "invalid_json"),
        (b'{"articles":["\\u0000"]}', 422, "invalid_text"),
        (b'{"articles":["a/b"]}', 422, "invalid_article_id"),
        (b"null", 422, "validation_error"),
        (b"[]", 422, "validation_error"),
        (b"{}", 422, "validation_error"),
        (b'{"articles":["a"],"more":1}', 422, "validation_error"),
    ):
        problem = assert_problem(await raw(service, post(target, body)), status, code)
        if status == 422:
            messages: dict[str, Any] = problem["errors"]
            assert messages
            assert all(isinstance(text, str) and text for texts in messages.values() for text in texts)
    unknown = assert_problem(await raw(service, post(target, b'{"articles":["a"],"x":1}')), 422, "validation_error")
    assert list(unknown["errors"]) == ["x"]
    large = head("POST", target, "Content-Type: application/json", f"Content-Length: {129 * 1024}")
    assert_problem(await raw(service, large), 413, "body_too_large")
    for lines in (
        ["Content-Type: text/plain"],
        ["Content-Type: application/json; charset=latin-1"],
        ["Content-Type: application/json", "Content-Encoding: gzip"],
        [],
    ):
        assert_problem(
            await raw(service, head("POST", target, "Content-Length: 2", *lines) + b"{}"), 415, "unsupported_media_type"
        )


async def test_identity(service: Service) -> None:
    site = await service.new_site()
    for lines, code, challenge in (
        ([], "token_missing", 'Bearer realm="discuss"'),
        (["Authorization: Bearer x"], "token_invalid", 'Bearer realm="discuss", error="invalid_token"'),
        (["Authorization: Basic YTpi"], "token_invalid", 'Bearer realm="discuss", error="invalid_token"'),
    ):
        answer = await raw(service, head("GET", f"{site.path}/me", *lines))
        assert_problem(answer, 401, code)
        assert answer.headers["www-authenticate"] == challenge


async def test_a_bug_is_told_without_its_cause(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*args: object) -> None:
        raise ZeroDivisionError(SECRET)

    monkeypatch.setattr(TimedCache, "get", broken)
    for request in (head("GET", SITE), post(f"{SITE}/articles/a/comments", b"{}")):
        answer = await raw(service, request)
        problem = assert_problem(answer, 500, "internal_error")
        assert problem["detail"] == error_texts()["internal_error"]
        assert SECRET not in repr(answer)


def test_every_code_is_documented_with_words_and_unique() -> None:
    texts = error_texts()
    assert texts.keys() == STATUS.keys()
    assert all(texts.values())
    assert len(set(texts.values())) == len(texts)
    problem = described()["components"]["schemas"]["Problem"]
    assert set(problem["properties"]["code"]["enum"]) == set(STATUS)
    assert set(problem["required"]) == {"type", "title", "status", "detail", "code", "request_id"}


async def test_an_error_names_the_request_that_met_it(service: Service) -> None:
    for sent, echoed in (
        ("reader-1", True),
        ("a" * 128, True),
        ("a" * 129, False),
        ("a b", False),
        ("<x>", False),
        ("", False),
    ):
        answer = await raw(service, head("GET", "/nowhere", f"X-Request-ID: {sent}"))
        problem = assert_problem(answer, 404, "not_found")
        assert (problem["request_id"] == sent) is echoed


async def test_postgresql_away_is_unavailable_and_comes_back(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    await site.posted("a1")
    token = await site.token("Grace")
    admin = cluster.servers._admin_url()
    run_sql(admin, f'ALTER DATABASE "{cluster.name}" CONNECTION LIMIT 0')
    try:
        run_sql(admin, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{cluster.name}'")
        for request in (
            head("GET", f"{site.path}/articles/other/comments"),
            head("GET", f"{site.path}/comments/01981f6e-5a00-7c3e-9d2f-5b8f6a1c0e11"),
            post(f"{site.path}/articles/a1/comments", b'{"text":"x"}', f"Authorization: Bearer {token}"),
        ):
            answer = await raw(service, request)
            assert_problem(answer, 503, "unavailable")
            assert int(answer.headers["retry-after"]) >= 1
        ready = await raw(service, head("GET", "/readyz"))
        assert (ready.status, json.loads(ready.body)) == (200, {"postgres": "down", "redis": "up"})
        assert (await raw(service, head("GET", "/readyz?strict=1"))).status == 503
    finally:
        run_sql(admin, f'ALTER DATABASE "{cluster.name}" CONNECTION LIMIT -1')

    async def back() -> bool:
        return (await site.get("/articles/other/comments")).status == 200

    await until(back)
