"""Errors as answers: one table, one body, for every source."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from structlog.testing import capture_logs

from service.api.problems import STATUS, from_exception, problem_response
from service.domain import errors
from tests.api.serving import SECRET, ask, assert_problem, exchange, parse, serving

# The contract's "Codes" section, word by word.
CONTRACT = """
400 bad_request invalid_json invalid_cursor invalid_idempotency_key
401 token_missing token_invalid token_expired
403 forbidden banned origin_not_allowed guests_not_allowed own_comment
404 not_found site_not_found article_not_found comment_not_found
405 method_not_allowed
408 request_timeout
409 article_locked posting_closed parent_not_visible edit_window_closed not_visible conflict already_appealed
    idempotency_in_progress
413 body_too_large
414 uri_too_long
415 unsupported_media_type
422 validation_error invalid_article_id invalid_text idempotency_key_reused duplicate_comment too_many_links
    banned_word reserved_name
429 rate_limited slow_mode
431 headers_too_large
500 internal_error
503 unavailable too_many_streams
"""


def contract_codes() -> dict[str, int]:
    codes, status = {}, 0
    for word in CONTRACT.split():
        if word.isdigit():
            status = int(word)
        else:
            codes[word] = status
    return codes


def error_types(base: type[errors.DiscussError] = errors.DiscussError) -> Iterator[type[errors.DiscussError]]:
    yield base
    for derived in base.__subclasses__():
        yield from error_types(derived)


def test_the_table_is_the_contracts() -> None:
    assert contract_codes() == STATUS


def test_every_code_has_a_type_and_every_type_a_code() -> None:
    assert {kind.code for kind in error_types()} == set(STATUS)


def test_retry_after_is_whole_seconds_rounded_up_and_never_zero() -> None:
    for seconds, sent in ((0.0, "1"), (0.01, "1"), (1.0, "1"), (1.01, "2"), (59.5, "60")):
        for error in (errors.RateLimited(seconds), errors.SlowMode(seconds), errors.Unavailable(seconds)):
            assert problem_response(error, "r").headers["Retry-After"] == sent
    assert "Retry-After" not in problem_response(errors.Conflict(), "r").headers


def test_401_carries_a_challenge() -> None:
    assert problem_response(errors.TokenMissing(), "r").headers["WWW-Authenticate"] == 'Bearer realm="discuss"'
    for error in (errors.TokenInvalid(), errors.TokenExpired()):
        challenge = problem_response(error, "r").headers["WWW-Authenticate"]
        assert challenge == 'Bearer realm="discuss", error="invalid_token"'
    assert "WWW-Authenticate" not in problem_response(errors.Forbidden(), "r").headers


def test_a_500_tells_nothing_of_its_cause() -> None:
    for error in (errors.ConfigurationError([SECRET]), errors.DiscussError(SECRET)):
        response = problem_response(error, "r")
        assert response.status == 500
        assert SECRET not in str(response.body)
        assert SECRET not in str(response.headers)


def test_nested_validation_errors_and_undecodable_words_can_be_told() -> None:
    nested = problem_response(errors.ValidationFailed({"items": {0: {"id": ["Missing."]}}}), "r")  # type: ignore[dict-item]
    assert json.loads(bytes(nested.body))["errors"] == {"items": {"0": {"id": ["Missing."]}}}  # type: ignore[arg-type]
    odd = problem_response(errors.ValidationFailed({"\udcff": ["Unknown field."]}), "r")
    assert json.loads(bytes(odd.body))["errors"] == {"\udcff": ["Unknown field."]}  # type: ignore[arg-type]


def test_what_nobody_foresaw_is_logged_with_its_cause_and_refusals_are_not() -> None:
    with capture_logs() as logged:
        assert from_exception(ZeroDivisionError("why")).code == "internal_error"
        from_exception(errors.Conflict())
    assert [(line["log_level"], str(line["exc_info"])) for line in logged] == [("error", "why")]


HANDLER_FAILURES = [
    ("cursor", 400, "invalid_cursor"),
    ("validation", 422, "validation_error"),
    ("limited", 429, "rate_limited"),
    ("unavailable", 503, "unavailable"),
    ("bug", 500, "internal_error"),
    ("refused", 500, "internal_error"),
    ("timeout", 500, "internal_error"),
    ("gone", 400, "bad_request"),
    ("gateway", 500, "internal_error"),
]


@pytest.mark.parametrize(("name", "status", "code"), HANDLER_FAILURES)
async def test_handlers_failures_are_problems(name: str, status: int, code: str) -> None:
    async with serving() as service:
        answer = await ask(service, "GET", f"/fail/{name}")
    problem = assert_problem(answer, status, code)
    assert SECRET not in json.dumps(problem)
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["ratelimit"] == '"posts";r=0;t=30', "headers meant for any answer are on the problem too"
    if name == "validation":
        assert problem["errors"] == {"text": ["Missing."]}
    if name == "limited":
        assert answer.headers["retry-after"] == "4"


async def test_redirects_stay_redirects() -> None:
    async with serving() as service:
        answer = await ask(service, "GET", "/fail/moved")
    assert answer.status == 302
    assert answer.headers["location"] == "/elsewhere"


async def test_unknown_routes_and_methods() -> None:
    async with serving() as service:
        for target in ("/", "/nowhere", "/sites/paper/page/", "/sites//page", "/sites/%00/nowhere", "/%ff", "/.."):
            assert_problem(await ask(service, "GET", target), 404, "not_found")
        answer = await ask(service, "PATCH", "/sites/paper/page")
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
        answer = await ask(service, "GET", "/sites/paper/comments")
        assert_problem(answer, 405, "method_not_allowed")
        assert answer.headers["allow"] == "DELETE, OPTIONS, PATCH, POST, PUT"


PARSER = [
    (b"nonsense\r\n\r\n", 400, "bad_request"),
    (b"GET / HTTP/1.1\r\n\r\n", 400, "bad_request"),
    (b"GET /sites/paper/page HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", 400, "bad_request"),
    (b"GET /nowhere HTTP/1.1\r\nHost: a\r\nExpect: a miracle\r\n\r\n", 400, "bad_request"),
    (b"GET /sites/paper/page?" + b"a" * 8192 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414, "uri_too_long"),
    (b"GET /" + b"a" * 100_000, 414, "uri_too_long"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 8192 + b"\r\n\r\n", 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x" * 9000 + b": a\r\n\r\n", 431, "headers_too_large"),
    (b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n", 431, "headers_too_large"),
]


@pytest.mark.parametrize(("sent", "status", "code"), PARSER, ids=[f"{row[1]}-{i}" for i, row in enumerate(PARSER)])
async def test_the_servers_own_refusals_are_problems_and_close(sent: bytes, status: int, code: str) -> None:
    async with serving() as service:
        answer = parse(await exchange(service.port, sent))  # reads to the end: the server closed
    assert_problem(answer, status, code)
    assert answer.headers["access-control-allow-origin"] == "*", "a page can read why its link was too long"


async def test_a_query_line_of_8_kb_is_taken() -> None:
    target = "/sites/paper/page?"
    async with serving() as service:
        answer = await ask(service, "GET", target + "a" * (8192 - len(target)))
    assert answer.status == 200
