"""JSON bodies: whatever is sent, the answer is the named error and never a 500."""

from __future__ import annotations

import asyncio
import gzip
import json
import time

import pytest

from service.api.bodies import MAX_BODY, parse_json
from service.domain.errors import DiscussError, InvalidJson, InvalidText
from tests.api.serving import ask, assert_problem, exchange, parse, serving

DEEP = 20
POST = b"POST /sites/paper/comments HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"

REFUSED: list[tuple[str, bytes, type[DiscussError]]] = [
    ("empty", b"", InvalidJson),
    ("blank", b" \n ", InvalidJson),
    ("100k open brackets", b"[" * 100_000, InvalidJson),
    ("100k open braces", b'{"a":' * 25_000, InvalidJson),
    ("deep and closed", b"[" * 60_000 + b"]" * 60_000, InvalidJson),
    ("21 arrays", b"[" * 21 + b"]" * 21, InvalidJson),
    ("21 objects", b'{"a":' * 21 + b"1" + b"}" * 21, InvalidJson),
    ("deep in the last place", b"[1,{}," + b"[" * 20 + b"]" * 20 + b"]", InvalidJson),
    ("5,000 digits", b"1" * 5_000, InvalidJson),
    ("5,000 digits, negative", b"-" + b"1" * 5_000, InvalidJson),
    ("5,000 decimals", b"0." + b"1" * 5_000, InvalidJson),
    ("one over int64", b"9223372036854775808", InvalidJson),
    ("one under int64", b"-9223372036854775809", InvalidJson),
    ("int beyond int64 inside", b'{"a":[18446744073709551616]}', InvalidJson),
    ("NaN", b"NaN", InvalidJson),
    ("Infinity", b'{"a":Infinity}', InvalidJson),
    ("-Infinity", b"[-Infinity]", InvalidJson),
    ("infinite float", b"1e999", InvalidJson),
    ("infinite negative float", b"[-1e999]", InvalidJson),
    ("duplicate key", b'{"a":1,"a":1}', InvalidJson),
    ("duplicate key inside", b'[{"b":{"a":1,"a":2}}]', InvalidJson),
    ("duplicate key by escape", b'{"a":1,"\\u0061":2}', InvalidJson),
    ("byte order mark", b"\xef\xbb\xbf{}", InvalidJson),
    ("utf-16", '{"a":1}'.encode("utf-16"), InvalidJson),
    ("utf-16, no mark", '{"a":1}'.encode("utf-16-le"), InvalidJson),
    ("latin-1", '{"a":"é"}'.encode("latin-1"), InvalidJson),
    ("overlong slash", b'"\xc0\xaf"', InvalidJson),
    ("surrogate in utf-8", b'"\xed\xa0\x80"', InvalidJson),
    ("cut in a character", b'"\xe2\x82', InvalidJson),
    ("beyond Unicode", b'"\xf5\x80\x80\x80"', InvalidJson),
    ("raw NUL in a string", b'"a\x00b"', InvalidJson),
    ("raw newline in a string", b'"a\nb"', InvalidJson),
    ("raw NUL around", b"{}\x00", InvalidJson),
    ("gzip", gzip.compress(b"{}"), InvalidJson),
    ("single quotes", b"{'a':1}", InvalidJson),
    ("trailing comma", b'{"a":1,}', InvalidJson),
    ("comment", b"{}/* */", InvalidJson),
    ("two documents", b"{}{}", InvalidJson),
    ("leading zero", b"[01]", InvalidJson),
    ("plus", b"[+1]", InvalidJson),
    ("bare point", b"[1.]", InvalidJson),
    ("hexadecimal", b"[0x1]", InvalidJson),
    ("unfinished", b'{"a":', InvalidJson),
    ("unfinished string", b'"a', InvalidJson),
    ("bad escape", b'"\\x41"', InvalidJson),
    ("short unicode escape", b'"\\u12"', InvalidJson),
    ("form feed", b"\x0c{}", InvalidJson),
    ("no-break space", "\u00a0{}".encode(), InvalidJson),
    ("form", b"a=1&b=2", InvalidJson),
    ("undefined", b"undefined", InvalidJson),
    ("NUL", b'"\\u0000"', InvalidText),
    ("NUL in a key", b'{"a\\u0000":1}', InvalidText),
    ("NUL deep", b'{"a":[1,{"b":"x\\u0000"}]}', InvalidText),
    ("high surrogate", b'["\\ud83d"]', InvalidText),
    ("low surrogate", b'["\\uDE00"]', InvalidText),
    ("surrogates the wrong way round", b'["\\ude00\\ud83d"]', InvalidText),
    ("surrogate in a key of the last object", b'[1,{"x":{"\\uDFFF":null}}]', InvalidText),
]

ACCEPTED: list[tuple[str, bytes, object]] = [
    ("object", b'{"a":[1,2.5,true,null,"x"]}', {"a": [1, 2.5, True, None, "x"]}),
    ("scalar", b" 7 ", 7),
    ("largest", b"9223372036854775807", 2**63 - 1),
    ("smallest", b"-9223372036854775808", -(2**63)),
    ("depth 20", b"[" * DEEP + b"1" + b"]" * DEEP, json.loads("[" * DEEP + "1" + "]" * DEEP)),
    ("many but shallow", b"[" + b"[]," * 500 + b"[]]", [[] for _ in range(501)]),
    ("brackets in a string", b'"' + b"[" * 30 + b'"', "[" * 30),
    ("emoji as a pair of escapes", b'"\\ud83d\\ude00"', "\U0001f600"),
    ("a backslash before u0000", b'"\\\\u0000"', "\\u0000"),
    ("same key on two levels", b'{"a":{"a":1}}', {"a": {"a": 1}}),
    ("tiny float", b"1e-999", 0.0),
]


@pytest.mark.parametrize(("name", "body", "error"), REFUSED, ids=[row[0] for row in REFUSED])
def test_odd_bodies_are_named_errors(name: str, body: bytes, error: type[DiscussError]) -> None:
    with pytest.raises(error) as caught:
        parse_json(body)
    assert type(caught.value) is error


@pytest.mark.parametrize(("name", "body", "value"), ACCEPTED, ids=[row[0] for row in ACCEPTED])
def test_sound_bodies_are_read(name: str, body: bytes, value: object) -> None:
    assert parse_json(body) == value


async def test_the_same_table_over_http() -> None:
    async with serving() as service:
        for _, body, error in REFUSED:
            headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
            answer = await ask(service, "POST", "/sites/paper/comments", headers, body)
            assert_problem(answer, 422 if error is InvalidText else 400, error.code)


CONTENT_TYPES = [
    ("application/json", 200),
    ("application/json; charset=utf-8", 200),
    ("Application/JSON ;charset=UTF-8", 200),
    ('application/json; charset="utf-8"', 200),
    ("application/json; charset=zzz", 415),
    ("application/json; charset=utf-16", 415),
    ("application/json; charset=latin-1", 415),
    ("application/json; charset=utf-8; charset=utf-16", 415),
    ("application/json; boundary=x", 415),
    ("application/jsonp", 415),
    ("application/problem+json", 415),
    ("text/plain", 415),
    ("text/json", 415),
    ("application/x-www-form-urlencoded", 415),
    ("multipart/form-data; boundary=x", 415),
    ("text/plain; application/json", 415),
    ("application/json, text/plain", 415),
    ("", 415),
]


async def test_only_json_in_utf8_is_a_body() -> None:
    async with serving() as service:
        for content_type, status in CONTENT_TYPES:
            answer = await ask(service, "POST", "/sites/paper/comments", {"Content-Type": content_type}, b"{}")
            if status == 200:
                assert answer.status == 200, content_type
            else:
                assert_problem(answer, 415, "unsupported_media_type")
        answer = await ask(service, "POST", "/sites/paper/comments", {}, b"{}")
        assert_problem(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "identity", "zstd"])
async def test_compressed_bodies_are_refused_unread(coding: str) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": coding}
    async with serving() as service:
        began = time.perf_counter()
        answer = await ask(service, "POST", "/sites/paper/comments", headers, bomb)
        assert_problem(answer, 415, "unsupported_media_type")
        assert time.perf_counter() - began < 2


async def test_body_of_exactly_the_limit() -> None:
    body = b'"' + b"a" * (MAX_BODY - 2) + b'"'
    headers = {"Content-Type": "application/json"}
    async with serving() as service:
        assert (await ask(service, "POST", "/sites/paper/comments", headers, body)).status == 200
        answer = await ask(service, "POST", "/sites/paper/comments", headers, body + b" ")
        assert_problem(answer, 413, "body_too_large")


async def test_chunked_body_over_the_limit_is_refused_and_closed() -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    async with serving() as service:
        answer = parse(await exchange(service.port, head, *[chunk] * 5))
    assert_problem(answer, 413, "body_too_large")
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize("sent", [b"", b'{"text":'], ids=["nothing", "a part"])
async def test_body_that_does_not_come_is_a_408_and_closed(sent: bytes) -> None:
    head = POST + b"Content-Length: 99\r\n\r\n"
    async with serving() as service:
        answer = parse(await exchange(service.port, head + sent))
    assert_problem(answer, 408, "request_timeout")
    assert answer.headers["connection"] == "close"


async def test_dripping_does_not_prolong_the_body_timeout() -> None:
    head = POST + b"Content-Length: 999\r\n\r\n"
    async with serving() as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(head)
        async with asyncio.timeout(5):
            answered = asyncio.ensure_future(reader.readuntil(b"\r\n\r\n"))
            while not answered.done():
                writer.write(b" ")
                await asyncio.wait([answered], timeout=0.02)
        assert answered.result().startswith(b"HTTP/1.1 408 ")
        writer.close()


async def test_broken_chunk_fails_the_body_at_once() -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n"
    async with serving() as service:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        writer.write(head)
        await service.reading.wait()
        writer.write(b"zz\r\n")
        async with asyncio.timeout(5):
            answer = parse(await reader.read())
        writer.close()
    assert_problem(answer, 400, "bad_request")
