"""Key sets: what is accepted, and when publishers' servers are asked, against a real one on loopback."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.jwks import Jwks, parse_jwk, parse_jwks
from service.adapters.outbound import Outbound
from service.domain.errors import Unavailable


def encode(number: int) -> str:
    return base64.urlsafe_b64encode(number.to_bytes((number.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


def rsa_jwk(bits: int, **extra: Any) -> dict[str, Any]:
    """A key of that size; a made-up odd modulus will do where nothing is signed."""
    return {"kty": "RSA", "n": encode((1 << (bits - 1)) + 1), "e": "AQAB", **extra}


def ed25519_jwk(kid: str | None = None) -> dict[str, Any]:
    public = ed25519.Ed25519PrivateKey.generate().public_key()
    jwk = jwt.algorithms.OKPAlgorithm.to_jwk(public, as_dict=True)
    return {**jwk, "kid": kid} if kid else dict(jwk)


def ec_jwk(curve: ec.EllipticCurve) -> dict[str, Any]:
    return dict(jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(curve).public_key(), as_dict=True))


ED = ed25519_jwk()
P256 = ec_jwk(ec.SECP256R1())


@pytest.mark.parametrize(
    ("jwk", "algorithm"),
    [
        (rsa_jwk(2048), "RS256"),
        (rsa_jwk(4096, use="sig", alg="RS256", kid="a"), "RS256"),
        (P256, "ES256"),
        (ED, "EdDSA"),
        ({**ED, "use": "sig", "key_ops": ["verify"], "x5t": "ignored"}, "EdDSA"),
    ],
)
def test_accepted_keys(jwk: dict[str, Any], algorithm: str) -> None:
    key = parse_jwk(jwk)
    assert key is not None
    assert (key.algorithm, key.kid) == (algorithm, jwk.get("kid"))


private = jwt.algorithms.OKPAlgorithm.to_jwk(ed25519.Ed25519PrivateKey.generate(), as_dict=True)
ed448_jwk = jwt.algorithms.OKPAlgorithm.to_jwk(ed448.Ed448PrivateKey.generate().public_key(), as_dict=True)


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        [],
        "key",
        {},
        {"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"},
        rsa_jwk(2047),
        rsa_jwk(1024),
        rsa_jwk(4104),
        rsa_jwk(100_000),
        rsa_jwk(2048, alg="RS512"),
        rsa_jwk(2048, alg="HS256"),
        rsa_jwk(2048, use="enc"),
        rsa_jwk(2048, key_ops=["encrypt"]),
        rsa_jwk(2048, kid=7),
        rsa_jwk(2048, kid="k" * 201),
        {**rsa_jwk(2048), "e": "AQ"},
        {**rsa_jwk(2048), "e": encode(1 << 400 | 1)},
        {**rsa_jwk(2048), "n": "é"},
        {**P256, "y": P256["x"]},
        {**P256, "x": 1},
        {**P256, "crv": "P-384"},
        ec_jwk(ec.SECP384R1()),
        ec_jwk(ec.SECP256K1()),
        {**ED, "x": ED["x"][:-4]},
        {**ED, "crv": "X25519"},
        ed448_jwk,
        private,
    ],
)
def test_refused_keys(jwk: object) -> None:
    assert parse_jwk(jwk) is None


def test_sets() -> None:
    assert [key.kid for key in parse_jwks({"keys": [ed25519_jwk("a"), {"kty": "oct"}, 7, ed25519_jwk("b")]})] == [
        "a",
        "b",
    ]
    assert parse_jwks({"keys": []}) == ()
    assert len(parse_jwks({"keys": [ED] * 100})) == 100
    refused: list[object] = [None, [], {}, {"keys": {}}, {"keys": [ED] * 101}]
    for wrong in refused:
        with pytest.raises(ValueError, match=r"JSON Web Key Set|100 keys"):
            parse_jwks(wrong)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)


@given(
    st.sampled_from([rsa_jwk(2048), P256, ED]),
    st.dictionaries(st.sampled_from(["kty", "crv", "n", "e", "x", "y", "kid", "alg", "use", "key_ops"]), json_values),
)
def test_any_json_is_a_key_or_none(jwk: dict[str, Any], changes: dict[str, Any]) -> None:
    parse_jwk({**jwk, **changes})


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Publisher:
    """A publisher's server: its keys, whether it works, how often it was asked."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [ed25519_jwk("first")]
        self.status = 200
        self.asked = 0
        self.arrived = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()
        self.url = ""

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        self.arrived.set()
        await self.gate.wait()
        return web.json_response({"keys": self.keys}, status=self.status)


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    publisher = Publisher()
    app = web.Application()
    app.router.add_get("/jwks.json", publisher.answer)
    server = TestServer(app)
    await server.start_server()
    publisher.url = str(server.make_url("/jwks.json"))
    yield publisher
    publisher.gate.set()
    await server.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def jwks(clock: Clock) -> AsyncIterator[Jwks]:
    outbound = Outbound(allow_private=True)
    sets = Jwks(outbound, clock, patience=0.05)
    yield sets
    await sets.close()
    await outbound.close()


async def kids(jwks: Jwks, publisher: Publisher) -> list[str | None]:
    return [key.kid for key in await jwks.keys(publisher.url)]


async def test_keys_are_kept_ten_minutes(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    assert await kids(jwks, publisher) == ["first"]
    publisher.keys = [ed25519_jwk("second")]
    clock.now += 599
    assert await kids(jwks, publisher) == ["first"]
    assert publisher.asked == 1
    clock.now += 1
    assert await kids(jwks, publisher) == ["second"]
    assert publisher.asked == 2


async def test_many_readers_make_one_fetch(jwks: Jwks, publisher: Publisher) -> None:
    answers = await asyncio.gather(*(kids(jwks, publisher) for _ in range(50)))
    assert answers == [["first"]] * 50
    assert publisher.asked == 1


async def test_a_reader_who_leaves_does_not_stop_the_fetch(jwks: Jwks, publisher: Publisher) -> None:
    publisher.gate.clear()
    leaving = asyncio.create_task(jwks.keys(publisher.url))
    staying = asyncio.create_task(jwks.keys(publisher.url))
    await publisher.arrived.wait()
    leaving.cancel()
    publisher.gate.set()
    assert [key.kid for key in await staying] == ["first"]
    assert publisher.asked == 1


async def test_an_unknown_kid_asks_again_once_a_minute(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    assert len(await jwks.keys_named(publisher.url, "first")) == 1
    publisher.keys.append(ed25519_jwk("second"))
    assert await jwks.keys_named(publisher.url, "second") == ()  # just fetched
    clock.now += 60
    assert [key.kid for key in await jwks.keys_named(publisher.url, "second")] == ["second"]
    assert publisher.asked == 2
    for number in range(100):
        assert await jwks.keys_named(publisher.url, f"made-up-{number}") == ()
        clock.now += 0.5
    assert publisher.asked == 2
    clock.now += 10
    await asyncio.gather(*(jwks.keys_named(publisher.url, f"made-up-{number}") for number in range(20)))
    assert publisher.asked == 3


async def test_a_dead_host_keeps_its_keys_for_a_day(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    await jwks.keys(publisher.url)
    publisher.status = 500
    clock.now += 24 * 3600 - 1
    assert await kids(jwks, publisher) == ["first"]
    clock.now += 11
    with pytest.raises(Unavailable) as caught:
        await jwks.keys(publisher.url)
    assert caught.value.retry_after > 0
    publisher.status = 200
    clock.now += 10
    assert await kids(jwks, publisher) == ["first"]


async def test_a_failing_host_is_left_alone_for_ten_seconds(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    publisher.status = 503
    for _ in range(20):
        with pytest.raises(Unavailable):
            await jwks.keys(publisher.url)
        clock.now += 0.4
    assert publisher.asked == 1
    publisher.status = 200
    clock.now += 2
    assert await kids(jwks, publisher) == ["first"]
    assert publisher.asked == 2


@pytest.mark.parametrize("answer", ["[]", "{}", '{"keys": 1}', "no json", ""])
async def test_a_broken_answer_counts_as_failure(
    jwks: Jwks, publisher: Publisher, clock: Clock, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    await jwks.keys(publisher.url)
    monkeypatch.setattr(web, "json_response", lambda *_, **__: web.Response(text=answer))
    clock.now += 700
    assert await kids(jwks, publisher) == ["first"]
    assert publisher.asked == 2


async def test_withdrawn_keys_are_gone(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    await jwks.keys(publisher.url)
    publisher.keys = []
    clock.now += 600
    assert await kids(jwks, publisher) == []


async def test_a_hanging_host_delays_nobody_who_has_older_keys(jwks: Jwks, publisher: Publisher, clock: Clock) -> None:
    await jwks.keys(publisher.url)
    publisher.gate.clear()
    publisher.keys = [ed25519_jwk("second")]
    clock.now += 600
    assert await asyncio.wait_for(kids(jwks, publisher), 5) == ["first"]
    publisher.gate.set()
    async with asyncio.timeout(5):
        while await kids(jwks, publisher) != ["second"]:
            pass
    assert publisher.asked == 2


async def test_nobody_listening(jwks: Jwks) -> None:
    with pytest.raises(Unavailable):
        await jwks.keys("http://127.0.0.1:1/jwks.json")
    with pytest.raises(Unavailable):
        await jwks.keys_named("ftp://not/allowed", "kid")
