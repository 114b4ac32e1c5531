"""Cached bodies: codings, entity tags, conditional requests."""

from __future__ import annotations

import gzip

import brotli
import pytest

from service.api.representations import choose, represent
from tests.api.serving import PAGE, Answer, ask, serving

BODIES = {"identity": lambda body: body, "gzip": gzip.decompress, "br": brotli.decompress}

ACCEPT = [
    (None, "identity"),
    ("", "identity"),
    ("identity", "identity"),
    ("gzip", "gzip"),
    ("x-gzip", "gzip"),
    ("br", "br"),
    ("gzip, deflate, br", "br"),
    ("gzip, deflate, br, zstd", "br"),
    ("GZIP", "gzip"),
    ("br;q=0.1, gzip;q=0.9", "gzip"),
    ("br;q=0.5, gzip;q=0.5", "br"),
    ("br; q=0, gzip", "gzip"),
    ("br;q=0.000, gzip;q=0.0", "identity"),
    ("*", "br"),
    ("*;q=0", "identity"),
    ("identity;q=0", "identity"),
    ("identity;q=0, gzip", "gzip"),
    ("identity;q=0, *", "br"),
    ("identity, *;q=0", "identity"),
    ("gzip;q=0, *", "br"),
    ("br;q=0, *;q=0.5", "gzip"),
    ("identity;q=1, gzip;q=0.5", "identity"),
    ("identity;q=0.5, gzip;q=0.4, br;q=0.3", "identity"),
    ("deflate", "identity"),
    ("gzip;q=1.0001, br;q=abc", "identity"),
    ("gzip;q=2", "identity"),
    ("gzip;level=9", "identity"),
    (",,, gzip ,,", "gzip"),
    ("\tgzip\t;\tq=0.5", "gzip"),
    ("brr, gzipped", "identity"),
]


@pytest.mark.parametrize(("accept", "coding"), ACCEPT)
def test_the_coding_follows_the_weights(accept: str | None, coding: str) -> None:
    assert choose(accept) == coding


def coding_of(answer: Answer) -> str:
    return answer.headers.get("content-encoding", "identity")


@pytest.mark.parametrize("coding", ["identity", "gzip", "br"])
async def test_each_coding_over_http(coding: str) -> None:
    async with serving() as service:
        answer = await ask(service, "GET", "/sites/paper/page", {"Accept-Encoding": coding})
    assert answer.status == 200
    assert coding_of(answer) == coding
    assert BODIES[coding](answer.body) == PAGE
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=1, stale-while-revalidate=2"
    assert answer.headers["surrogate-key"] == "site/paper"
    assert not answer.headers["etag"].startswith("W/")


async def test_conditional_requests() -> None:
    async with serving() as service:
        etags = [
            (await ask(service, "GET", "/sites/paper/page", {"Accept-Encoding": coding})).headers["etag"]
            for coding in BODIES
        ]
        assert len(set(etags)) == 3, "strong: another coding is another tag"
        for etag in etags:
            for sent in (etag, f"W/{etag}", f'"other", {etag}', f'W/"a,b" ,\t{etag},"z"'):
                for accept in BODIES:
                    headers = {"If-None-Match": sent, "Accept-Encoding": accept}
                    answer = await ask(service, "GET", "/sites/paper/page", headers)
                    assert (answer.status, answer.body, answer.headers["etag"]) == (304, b"", etag)
                    assert answer.headers["vary"] == "Accept-Encoding"
                    assert answer.headers["cache-control"].startswith("public")
                    assert answer.headers["surrogate-key"] == "site/paper"
                    assert answer.headers["access-control-allow-origin"] == "*"
                    assert not {"content-length", "content-encoding", "content-type"} & set(answer.headers)
        assert (await ask(service, "HEAD", "/sites/paper/page", {"If-None-Match": etags[0]})).status == 304
        assert (await ask(service, "GET", "/sites/paper/page", {"If-None-Match": " * "})).status == 304
        for sent in ('"other"', etags[0].strip('"'), etags[0][:-2] + '"', "", '"*"', f'"x{etags[0][1:]}'):
            answer = await ask(service, "GET", "/sites/paper/page", {"If-None-Match": sent})
            assert (answer.status, answer.body) == (200, PAGE), sent


def test_small_bodies_stay_as_they_are_and_256_bytes_do_not() -> None:
    def coding(size: int) -> str:
        made = represent(b"a" * size, content_type="text/plain", cache_control="public").variant("br")
        return made.headers.get("Content-Encoding", "identity")

    assert (coding(255), coding(256)) == ("identity", "br")


def test_another_body_has_other_tags_and_the_same_body_the_same() -> None:
    def etag(body: bytes) -> str:
        return represent(body, content_type="text/plain", cache_control="public").variant("identity").etag

    assert etag(b"a") == etag(b"a")
    assert etag(b"a") != etag(b"b")


def test_a_coding_is_made_on_first_demand_and_once_and_the_size_stays() -> None:
    page = represent(PAGE, content_type="application/json", cache_control="public")
    size = page.size
    first = page.variant("br")
    assert page.variant("br") is first
    total = sum(len(page.variant(coding).body) for coding in BODIES)
    assert page.size == size >= total


async def test_answers_do_not_leak_into_the_next_ones_headers() -> None:
    page = represent(PAGE, content_type="application/json", cache_control="public")
    before = dict(page.variant("identity").headers)
    async with serving() as service:
        await ask(service, "GET", "/sites/paper/page", {"X-Request-ID": "first"})
        answer = await ask(service, "GET", "/sites/paper/page", {"X-Request-ID": "second"})
    assert answer.headers["x-request-id"] == "second"
    assert "X-Request-ID" not in before
