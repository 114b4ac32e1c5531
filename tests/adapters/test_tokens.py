"""Tokens: the four algorithms, what must never pass, and the cache."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.jwks import PublicKey, parse_jwks
from service.adapters.tokens import TokenVerifier, derive_key
from service.domain.errors import TokenExpired, TokenInvalid, Unavailable
from service.domain.identity import Role
from service.domain.sites import Algorithm, SigningKey

ISSUER = "https://news.example"
SECRET, OTHER_SECRET = b"s" * 32, b"t" * 32
OWN, OLD_OWN = "o" * 32, "p" * 32
DAY = 24 * 3600

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PRIVATE: dict[str, Any] = {"HS256": SECRET, "RS256": RSA_KEY, "ES256": EC_KEY, "EdDSA": ED_KEY}
JWKS: dict[str, dict[str, Any]] = {
    "RS256": jwt.algorithms.RSAAlgorithm.to_jwk(RSA_KEY.public_key(), as_dict=True),
    "ES256": jwt.algorithms.ECAlgorithm.to_jwk(EC_KEY.public_key(), as_dict=True),
    "EdDSA": jwt.algorithms.OKPAlgorithm.to_jwk(ED_KEY.public_key(), as_dict=True),
}
URL = "https://news.example/jwks.json"


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Published:
    """Key sets as publishers would serve them; fetching them is tested with the real thing in test_jwks.py."""

    def __init__(self) -> None:
        self.sets: dict[str, list[dict[str, Any]]] = {}
        self.asked = 0

    async def keys(self, url: str) -> tuple[PublicKey, ...]:
        self.asked += 1
        if url not in self.sets:
            raise Unavailable
        return parse_jwks({"keys": self.sets[url]})

    async def keys_named(self, url: str, kid: str) -> tuple[PublicKey, ...]:
        return tuple(key for key in await self.keys(url) if key.kid == kid)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def verifier(clock: Clock, published: Published) -> TokenVerifier:
    return TokenVerifier((OWN, OLD_OWN), published, clock)  # type: ignore[arg-type]


def signing_key(algorithm: Algorithm = "HS256", **changes: Any) -> SigningKey:
    key = SigningKey(
        id=f"key-{algorithm}",
        kid=None,
        algorithm=algorithm,
        secret=SECRET if algorithm == "HS256" else None,
        public_jwk=JWKS.get(algorithm),
        jwks_url=None,
        issuer=ISSUER,
    )
    return dataclasses.replace(key, **changes)


def payload(**changes: Any) -> dict[str, Any]:
    now = int(Clock().now)
    good = {"iss": ISSUER, "aud": "news", "sub": "42", "name": "Ada", "iat": now, "exp": now + 3600}
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def token(algorithm: str = "HS256", key: Any = None, headers: dict[str, Any] | None = None, **changes: Any) -> str:
    return jwt.encode(payload(**changes), key or PRIVATE[algorithm], algorithm, headers=headers)


def segment(data: bytes | dict[str, Any]) -> str:
    data = data if isinstance(data, bytes) else json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def forge(header: bytes | dict[str, Any], body: bytes | dict[str, Any], secret: bytes = SECRET) -> str:
    """A token with a good HS256 signature over anything."""
    signing_input = f"{segment(header)}.{segment(body)}"
    return f"{signing_input}.{segment(hmac.digest(secret, signing_input.encode(), 'sha256'))}"


async def refused(verifier: TokenVerifier, text: str, *keys: SigningKey, site: str = "news") -> bool:
    try:
        await verifier.verify(text, site=site, keys=keys)
    except TokenInvalid:
        return True
    return False


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
async def test_every_algorithm_verifies(verifier: TokenVerifier, algorithm: Algorithm) -> None:
    everything = [signing_key(name) for name in ("HS256", "RS256", "ES256", "EdDSA")]
    claims = await verifier.verify(token(algorithm), site="news", keys=everything)
    assert (claims.issuer, claims.subject, claims.name) == (ISSUER, "42", "Ada")
    assert not claims.trusted
    others = [key for key in everything if key.algorithm != algorithm]
    assert await refused(verifier, token(algorithm), *others)


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
async def test_fetched_keys_verify(verifier: TokenVerifier, published: Published, algorithm: Algorithm) -> None:
    published.sets[URL] = [{**jwk, "kid": name} for name, jwk in JWKS.items()]
    key = signing_key(algorithm, public_jwk=None, jwks_url=URL)
    assert (await verifier.verify(token(algorithm), site="news", keys=[key])).subject == "42"
    named = token(algorithm, headers={"kid": algorithm})
    assert (await verifier.verify(named, site="news", keys=[key])).subject == "42"
    assert await refused(verifier, token(algorithm, headers={"kid": "unknown"}), key)


async def test_a_fetched_set_serves_only_the_algorithm_of_its_row(
    verifier: TokenVerifier, published: Published
) -> None:
    published.sets[URL] = list(JWKS.values())
    key = signing_key("RS256", public_jwk=None, jwks_url=URL)
    assert await refused(verifier, token("ES256"), key)
    assert await refused(verifier, token("HS256"), signing_key("HS256", secret=None, jwks_url=URL))
    assert published.asked == 0


async def test_a_dead_host_matters_only_to_tokens_that_need_it(verifier: TokenVerifier) -> None:
    dead = signing_key("RS256", id="dead", public_jwk=None, jwks_url=URL)
    pasted = signing_key("RS256")
    assert (await verifier.verify(token("HS256"), site="news", keys=[dead, signing_key()])).subject == "42"
    assert (await verifier.verify(token("RS256"), site="news", keys=[dead, pasted])).subject == "42"
    with pytest.raises(Unavailable):
        await verifier.verify(token("RS256"), site="news", keys=[dead])


async def test_kid_chooses_the_key(verifier: TokenVerifier) -> None:
    first, second = signing_key(id="1", kid="first"), signing_key(id="2", kid="second", secret=OTHER_SECRET)
    for key, secret in ((first, SECRET), (second, OTHER_SECRET)):
        named = token(key=secret, headers={"kid": key.kid})
        assert (await verifier.verify(named, site="news", keys=[first, second])).subject == "42"
        assert (await verifier.verify(token(key=secret), site="news", keys=[first, second])).subject == "42"
    assert await refused(verifier, token(headers={"kid": "second"}), first, second)
    assert await refused(verifier, token(headers={"kid": "third"}), first, second)
    pasted = signing_key("EdDSA", public_jwk={**JWKS["EdDSA"], "kid": "pasted"})
    assert (await verifier.verify(token("EdDSA", headers={"kid": "pasted"}), site="news", keys=[pasted])).subject
    assert await refused(verifier, token("EdDSA", headers={"kid": "other"}), pasted)


async def test_kid_of_another_sites_key(verifier: TokenVerifier) -> None:
    theirs = signing_key(id="theirs", kid="theirs", secret=OTHER_SECRET, issuer="https://other.example")
    ours = signing_key(id="ours", kid="ours")
    text = token(key=OTHER_SECRET, headers={"kid": "theirs"}, iss="https://other.example")
    assert (await verifier.verify(text, site="news", keys=[theirs])).subject == "42"
    assert await refused(verifier, text, ours)
    assert await refused(verifier, token(key=OTHER_SECRET, headers={"kid": "theirs"}), ours)


async def test_the_issuer_belongs_to_the_key(verifier: TokenVerifier) -> None:
    ours = signing_key(id="1", issuer="https://a.example")
    other = signing_key(id="2", secret=OTHER_SECRET, issuer="https://b.example")
    assert (await verifier.verify(token(iss="https://a.example"), site="news", keys=[ours, other])).subject
    assert await refused(verifier, token(iss="https://b.example"), ours, other)
    assert await refused(verifier, token(iss="https://c.example"), ours, other)


@pytest.mark.parametrize("issuer", ["discuss:guest", "discuss:cli", "discuss:", "discuss:else"])
async def test_publishers_cannot_speak_for_the_service(verifier: TokenVerifier, issuer: str) -> None:
    key = signing_key(issuer=issuer)
    assert await refused(verifier, token(iss=issuer, roles=["admin"]), key)
    for own in (OWN.encode(), derive_key(OWN, "guest token") if issuer != "discuss:guest" else b"x" * 32):
        assert await refused(verifier, token(key=own, iss=issuer), key)


def public_bytes(encoding: Encoding, form: PublicFormat) -> bytes:
    return RSA_KEY.public_key().public_bytes(encoding, form)


async def test_a_public_key_is_no_secret(verifier: TokenVerifier) -> None:
    body = payload()
    spellings = [
        public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public_bytes(Encoding.DER, PublicFormat.PKCS1),
        json.dumps(JWKS["RS256"]).encode(),
        JWKS["RS256"]["n"].encode(),
        b"",
    ]
    for spelling in spellings:
        text = forge({"alg": "HS256", "typ": "JWT"}, body, spelling)
        assert await refused(verifier, text, signing_key("RS256"))
        assert await refused(verifier, text, signing_key("RS256", secret=spelling))
        relabelled = forge({"alg": "RS256", "typ": "JWT"}, body, spelling)
        assert await refused(verifier, relabelled, signing_key("RS256"), signing_key("HS256"))


async def test_short_secrets_verify_nothing(verifier: TokenVerifier) -> None:
    for secret in (b"", b"x" * 31):
        assert await refused(verifier, forge({"alg": "HS256"}, payload(), secret), signing_key(secret=secret))


GOOD_HEADER = {"alg": "HS256", "typ": "JWT"}
HEADERS: list[bytes | dict[str, Any]] = [
    *({**GOOD_HEADER, name: "x"} for name in ("jku", "x5u", "jwk", "x5c")),
    {**GOOD_HEADER, "jwk": JWKS["RS256"]},
    {**GOOD_HEADER, "crit": ["exp"]},
    {**GOOD_HEADER, "crit": []},
    {**GOOD_HEADER, "b64": True},
    {**GOOD_HEADER, "b64": False, "crit": ["b64"]},
    {**GOOD_HEADER, "jku": None},
    {**GOOD_HEADER, "jku": ""},
    *({**GOOD_HEADER, "kid": kid} for kid in (1, ["x"], {"x": 1}, True, "", "../../dev/null", "' OR 1=1--", "\x00")),
    *({"alg": alg} for alg in ("none", "None", "NONE", "", "hs256", "HS384", "HS512", "RS512", "PS256", "ES384")),
    *({"alg": alg} for alg in (None, 1, ["HS256"], {"HS256": 1}, "HS256 ", "dir", "A256GCM")),
    {"typ": "JWT"},
    b'{"alg":"HS256","alg":"HS256"}',
    b'{"alg":"none","alg":"HS256"}',
    b'["HS256"]',
    b'"HS256"',
    b"null",
    b"",
    b"{",
    b'{"alg":"HS256"} x',
    b'\xef\xbb\xbf{"alg":"HS256"}',
    b'{"alg":"HS256","x":NaN}',
    b'{"alg":"HS256","x":"\xff"}',
    '{"alg":"HS256"}'.encode("utf-16"),
    b"[" * 3000,
]


@pytest.mark.parametrize("header", HEADERS)
async def test_refused_headers(verifier: TokenVerifier, header: bytes | dict[str, Any]) -> None:
    assert await refused(verifier, forge(header, payload()), signing_key())


PAYLOADS: list[bytes] = [
    b"",
    b"null",
    b"[]",
    b'"x"',
    b"1",
    b"{",
    b"[" * 3000,
    b'{"a":' * 700,
    json.dumps(payload()).encode() + b"x",
    json.dumps(payload()).encode("utf-16"),
    b"\xef\xbb\xbf" + json.dumps(payload()).encode(),
    json.dumps(payload()).replace("Ada", "\xff").encode("latin-1"),
    json.dumps(payload()).replace("{", '{"sub":"43",', 1).encode(),
    json.dumps(payload()).replace("{", '{"x":{"a":1,"a":2},', 1).encode(),
    json.dumps(payload()).replace("{", '{"x":NaN,', 1).encode(),
    json.dumps(payload()).replace("{", '{"x":-Infinity,', 1).encode(),
    json.dumps(payload()).replace("1800003600", "9" * 5000).encode(),
    json.dumps(payload()).replace("1800003600", "1e999").encode(),
    json.dumps(payload()).replace("Ada", "\\ud800").encode(),
    json.dumps(payload()).replace("Ada", "A\\u0000da").encode(),
    json.dumps(payload(iss=7)).encode(),
]


@pytest.mark.parametrize("body", PAYLOADS, ids=lambda body: ascii(body[:60]))
async def test_refused_payloads(verifier: TokenVerifier, body: bytes) -> None:
    assert await refused(verifier, forge(GOOD_HEADER, body), signing_key())


async def test_the_control_of_the_forgeries(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(forge(GOOD_HEADER, payload()), site="news", keys=[signing_key()])).subject == "42"


NOW = int(Clock().now)
CLAIMS: list[dict[str, Any]] = [
    *({claim: None} for claim in payload()),
    *({claim: value} for claim in ("sub", "name") for value in (1, ["x"], {"x": 1}, True, "", " ", "a\x00", "\ud800")),
    {"sub": "x" * 201},
    {"name": "x" * 81},
    *({"aud": value} for value in ("other", ["other"], [], 1, "NEWS", "news2", {"news": 1}, ["news", None])),
    *({claim: value} for claim in ("iat", "exp") for value in ("1800000000", True, -1, 1e300, [NOW], 10**30)),
    {"exp": NOW + DAY + 1},
    {"exp": NOW},
    {"iat": NOW + 31},
    {"iat": NOW - DAY},
    {"nbf": NOW + 60},
    *({"iss": value} for value in ("https://evil.example", ISSUER + "/", ISSUER.upper(), 1, [ISSUER], "", "\x00")),
    *({"roles": value} for value in ("admin", {"admin": 1}, [1], ["\x00"])),
    *({"labels": value} for value in ("x", [1], ["\ud800"])),
]


@pytest.mark.parametrize("change", CLAIMS, ids=ascii)
async def test_no_changed_claim_is_accepted(verifier: TokenVerifier, change: dict[str, Any]) -> None:
    assert len(CLAIMS) >= 40
    body = {name: value for name, value in {**payload(), **change}.items() if value is not None}
    assert await refused(verifier, forge(GOOD_HEADER, body), signing_key())


async def test_every_changed_character_of_a_token_is_noticed(verifier: TokenVerifier) -> None:
    good = token()
    for place in range(len(good)):
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert await refused(verifier, changed, signing_key()), place


async def test_malformed_tokens(verifier: TokenVerifier) -> None:
    good = token()
    header, body, signature = good.split(".")
    for text in (
        "",
        ".",
        "..",
        "...",
        header,
        f"{header}.{body}",
        f"{header}.{body}.",
        f"{header}..{signature}",
        f".{body}.{signature}",
        f"{good}.",
        f"{good}.{signature}",
        f" {good}",
        f"{good}\n",
        f"{good}=",
        f"{header}=.{body}.{signature}",
        good.replace(".", "．"),
        good + "é",
        good + "\x00",
        good + "\ud800",
        good * 30,
        "a" * 8193,
        "." * 8000,
    ):
        assert await refused(verifier, text, signing_key()), ascii(text[:80])


async def test_the_length_limit(verifier: TokenVerifier) -> None:
    fits = token(x="x" * 5800)
    assert 7800 < len(fits) <= 8192
    assert (await verifier.verify(fits, site="news", keys=[signing_key()])).subject == "42"
    assert await refused(verifier, token(x="x" * 6200), signing_key())


async def test_refusals_before_the_signature_tell_nothing(verifier: TokenVerifier) -> None:
    key = signing_key(kid="known")
    details = set()
    for text in (
        token(key=OTHER_SECRET),
        token(key=OTHER_SECRET, headers={"kid": "known"}),
        token(headers={"kid": "unknown"}),
        token(iss="https://unknown.example"),
        token("RS256"),
    ):
        with pytest.raises(TokenInvalid) as caught:
            await verifier.verify(text, site="news", keys=[key])
        details.add(caught.value.detail)
    assert len(details) == 1


async def test_guests(verifier: TokenVerifier, clock: Clock) -> None:
    text = verifier.issue_guest_token("news", "guest-1", "Sam")
    guest = await verifier.verify(text, site="news", keys=[])
    assert (guest.issuer, guest.subject, guest.name) == ("discuss:guest", "guest-1", "Sam")
    assert (guest.guest, guest.trusted, guest.roles) == (True, False, ())
    assert guest.expires_at - guest.issued_at == 30 * DAY
    assert await refused(verifier, text, site="other")
    clock.now += 30 * DAY
    assert (await verifier.verify(text, site="news", keys=[])).guest  # leeway
    clock.now += 31
    with pytest.raises(TokenExpired):
        await verifier.verify(text, site="news", keys=[])


async def test_command_line_tokens(verifier: TokenVerifier, clock: Clock) -> None:
    text = verifier.issue_command_line_token("news", "ops", "Ops", Role.ADMIN)
    claims = await verifier.verify(text, site="news", keys=[signing_key()])
    assert (claims.trusted, claims.roles, claims.guest) == (True, ("admin",), False)
    assert await refused(verifier, text, site="other")
    clock.now += DAY + 31
    with pytest.raises(TokenExpired):
        await verifier.verify(text, site="news", keys=[signing_key()])


async def test_a_guests_key_makes_no_command_line_token(verifier: TokenVerifier) -> None:
    admin = payload(iss="discuss:cli", roles=["admin"])
    assert await refused(verifier, forge(GOOD_HEADER, admin, derive_key(OWN, "guest token")))
    assert await refused(verifier, forge(GOOD_HEADER, admin, OWN.encode()))
    assert await refused(verifier, forge(GOOD_HEADER, admin, SECRET), signing_key())
    assert await refused(verifier, forge({"alg": "none"}, admin))
    assert await verifier.verify(forge(GOOD_HEADER, admin, derive_key(OWN, "command-line token")), site="news", keys=[])


@pytest.mark.parametrize("name", ["", "\x00", "x" * 81, "\ud800"])
def test_no_token_is_issued_that_would_not_verify(verifier: TokenVerifier, name: str) -> None:
    with pytest.raises(TokenInvalid):
        verifier.issue_guest_token("news", "guest-1", name)


async def test_own_secrets_rotate(clock: Clock, published: Published) -> None:
    def with_secrets(*secrets: str) -> TokenVerifier:
        return TokenVerifier(secrets, published, clock)  # type: ignore[arg-type]

    old = with_secrets("old" * 11).issue_guest_token("news", "g", "Sam")
    both = with_secrets("new" * 11, "old" * 11)
    assert (await both.verify(old, site="news", keys=[])).guest
    fresh = both.issue_guest_token("news", "g", "Sam")
    assert (await with_secrets("new" * 11).verify(fresh, site="news", keys=[])).guest
    assert await refused(with_secrets("new" * 11), old)


def test_derived_keys_are_independent_and_stable() -> None:
    keys = {
        derive_key(secret, purpose) for secret in (OWN, OLD_OWN) for purpose in ("cursor", "address", "guest token")
    }
    assert len(keys) == 6
    assert {len(key) for key in keys} == {32}
    # RFC 5869 by hand: one block of HKDF-SHA256 without salt.
    extracted = hmac.digest(bytes(32), OWN.encode(), hashlib.sha256)
    assert derive_key(OWN, "cursor") == hmac.digest(extracted, b"discuss cursor\x01", hashlib.sha256)


# The cache


@pytest.fixture
def signatures(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens whose signature was really checked."""
    checked: list[str] = []
    real: Callable[..., Any] = jwt.PyJWS.decode_complete

    def counting(self: jwt.PyJWS, text: str, *args: Any, **options: Any) -> Any:
        checked.append(text)
        return real(self, text, *args, **options)

    monkeypatch.setattr(jwt.PyJWS, "decode_complete", counting)
    return checked


async def test_a_known_token_is_not_checked_again(verifier: TokenVerifier, signatures: list[str]) -> None:
    text = token()
    first = await verifier.verify(text, site="news", keys=[signing_key()])
    assert await verifier.verify(text, site="news", keys=[signing_key()]) is first
    assert len(signatures) == 1


async def test_a_cached_token_counts_for_one_site(verifier: TokenVerifier) -> None:
    text = token(aud="news")
    await verifier.verify(text, site="news", keys=[signing_key()])
    assert await refused(verifier, text, signing_key(), site="other")
    both = token(aud=["news", "other"])
    await verifier.verify(both, site="news", keys=[signing_key()])
    assert await refused(verifier, both, site="other")


async def test_a_key_retired_while_cached(verifier: TokenVerifier) -> None:
    text = token()
    retired, kept = signing_key(id="retired"), signing_key(id="kept", secret=OTHER_SECRET)
    await verifier.verify(text, site="news", keys=[retired, kept])
    assert await refused(verifier, text, kept)
    assert await refused(verifier, text)
    changes: list[dict[str, Any]] = [{"secret": OTHER_SECRET}, {"issuer": "https://other.example"}]
    for change in changes:
        assert await refused(verifier, text, dataclasses.replace(retired, **change), kept)
    assert (await verifier.verify(text, site="news", keys=[retired])).subject == "42"


async def test_a_key_added_is_a_new_set(verifier: TokenVerifier, signatures: list[str]) -> None:
    await verifier.verify(token(), site="news", keys=[signing_key()])
    checked = len(signatures)
    added = signing_key(id="added", secret=OTHER_SECRET)
    assert (await verifier.verify(token(), site="news", keys=[added, signing_key()])).subject == "42"
    assert len(signatures) > checked


async def test_a_fetched_key_withdrawn_while_cached(verifier: TokenVerifier, published: Published) -> None:
    published.sets[URL] = [JWKS["EdDSA"]]
    key = signing_key("EdDSA", public_jwk=None, jwks_url=URL)
    text = token("EdDSA")
    await verifier.verify(text, site="news", keys=[key])
    published.sets[URL] = [JWKS["RS256"]]
    assert await refused(verifier, text, key)


async def test_expired_while_cached(verifier: TokenVerifier, clock: Clock) -> None:
    text = token()
    await verifier.verify(text, site="news", keys=[signing_key()])
    clock.now += 3600 + 29
    assert (await verifier.verify(text, site="news", keys=[signing_key()])).subject == "42"
    clock.now += 1
    for _ in range(2):
        with pytest.raises(TokenExpired):
            await verifier.verify(text, site="news", keys=[signing_key()])


async def test_the_cache_is_bounded_and_keeps_what_is_used(
    clock: Clock, published: Published, signatures: list[str]
) -> None:
    verifier = TokenVerifier((OWN,), published, clock, cached=10)  # type: ignore[arg-type]
    used = token(sub="used")
    for number in range(50):
        await verifier.verify(token(sub=str(number)), site="news", keys=[signing_key()])
        await verifier.verify(used, site="news", keys=[signing_key()])
        assert len(verifier._cache) <= 10
    assert signatures.count(used) == 1
    assert await refused(verifier, "a.b.c", signing_key())
    assert len(verifier._cache) <= 10


def test_secrets_stay_out_of_logs() -> None:
    assert SECRET.decode() not in repr(signing_key())


# Anything at all

ALL_KEYS = [signing_key(name) for name in ("HS256", "RS256", "ES256", "EdDSA")]
LENIENT = TokenVerifier((OWN,), Published(), Clock())  # type: ignore[arg-type]
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
objects = st.dictionaries(
    st.sampled_from(["alg", "kid", "typ", "crit", "jku", "iss", "sub", "aud", "exp", "iat", "name", "roles", "labels"]),
    values,
)


async def only_the_two_errors(text: str) -> None:
    try:
        await LENIENT.verify(text, site="news", keys=ALL_KEYS)
    except (TokenInvalid, TokenExpired):
        pass
    else:
        pytest.fail("accepted")


@given(st.text(st.characters(codec=None)) | st.binary().map(lambda data: data.decode("latin-1")))
async def test_any_string_is_refused(text: str) -> None:
    await only_the_two_errors(text)


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=80))
async def test_any_three_parts_are_refused(header: bytes, body: bytes, signature: bytes) -> None:
    await only_the_two_errors(f"{segment(header)}.{segment(body)}.{segment(signature)}")


@given(st.sampled_from(["HS256", "RS256", "ES256", "EdDSA"]), st.binary(max_size=300))
async def test_any_signature_is_refused(algorithm: str, signature: bytes) -> None:
    await only_the_two_errors(f"{segment({'alg': algorithm})}.{segment(payload())}.{segment(signature)}")


@given(objects, objects)
async def test_any_signed_json_is_claims_or_refused(header: dict[str, Any], body: dict[str, Any]) -> None:
    text = forge({**GOOD_HEADER, **header}, {**payload(), **body})
    try:
        claims = await LENIENT.verify(text, site="news", keys=ALL_KEYS)
    except (TokenInvalid, TokenExpired):
        return
    assert claims.issuer == ISSUER
    (claims.subject + claims.name).encode()
