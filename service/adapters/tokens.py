"""JSON Web Tokens: verifying publishers' and our own, issuing guests' and the command line's (RFC 7519, RFC 8725)."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from service.adapters.jwks import Jwks, PublicKey, parse_jwk
from service.domain.errors import TokenExpired, TokenInvalid, Unavailable
from service.domain.identity import (
    COMMAND_LINE_ISSUER,
    GUEST_ISSUER,
    GUEST_LIFETIME,
    MAX_LIFETIME,
    OWN_ISSUER_PREFIX,
    Claims,
    Role,
    claims_from_payload,
    is_expired,
)
from service.domain.sites import SigningKey

ALGORITHMS = ("HS256", "RS256", "ES256", "EdDSA")
REFUSED_HEADERS = frozenset({"jku", "x5u", "jwk", "x5c", "crit", "b64"})  # they let a token choose its own key or rules
MAX_TOKEN = 8192  # characters
MIN_SECRET = 32  # bytes
MAX_CACHED = 10_000
PURPOSES = {GUEST_ISSUER: "guest token", COMMAND_LINE_ISSUER: "command-line token"}

_SIGNATURES = jwt.PyJWS(algorithms=ALGORITHMS)


@functools.lru_cache(maxsize=64)
def derive_key(secret: str, purpose: str) -> bytes:
    """The 32-byte key for one purpose, derived from one of DISCUSS_SECRET's values (HKDF-SHA256, RFC 5869).

    Keys of different purposes are independent: a token's never signs a cursor.
    """
    return HKDF(hashes.SHA256(), length=32, salt=None, info=f"discuss {purpose}".encode()).derive(secret.encode())


@dataclass(frozen=True, slots=True)
class _UnverifiedToken:
    """A well-formed token before its signature is checked; strict JSON, so there is only one way to read it."""

    text: str
    algorithm: str
    kid: str | None
    issuer: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A key that verified a token, and the address that served it."""

    url: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class _Verified:
    """A cache entry: the claims, fingerprints of the site's keys then, and the signer where it was fetched."""

    claims: Claims
    keys: tuple[bytes, ...]
    signer: _Fetched | None


class TokenVerifier:
    """Verifies tokens for sites, and issues the service's own.

    `secrets` are DISCUSS_SECRET's values: the first signs, all verify. `clock` gives seconds since 1970.
    """

    def __init__(
        self, secrets: tuple[str, ...], jwks: Jwks, clock: Callable[[], float], *, cached: int = MAX_CACHED
    ) -> None:
        self._secrets = secrets
        self._jwks = jwks
        self._clock = clock
        self._cache: OrderedDict[tuple[str, bytes], _Verified] = OrderedDict()
        self._cached = cached

    async def verify(self, token: str, *, site: str, keys: Sequence[SigningKey]) -> Claims:
        """The claims of a token that one of the site's active `keys`, or the service itself, signed for this site.

        Raises TokenInvalid or TokenExpired; Unavailable when the keys it needs are behind a JWKS address that was
        never reached (or not for a day).
        """
        if len(token) > MAX_TOKEN or not token.isascii():
            raise _malformed()
        # A digest, so that memory stays bounded and holds no bearer tokens.
        place = (site, hashlib.sha256(token.encode()).digest())
        fingerprints = tuple(key.fingerprint for key in keys)
        known = self._cache.get(place)
        if known is None or known.keys != fingerprints or not await self._still_published(known):
            known = await self._verify_anew(token, site, keys, fingerprints)
        elif is_expired(known.claims, self._clock()):
            self._cache.pop(place, None)
            raise TokenExpired
        self._remember(place, known)
        return known.claims

    def issue_guest_token(self, site: str, guest_id: str, name: str) -> str:
        """A guest's token, valid for 30 days; raises TokenInvalid for an id or name that no token may carry."""
        return self._issue(GUEST_ISSUER, GUEST_LIFETIME, site, {"sub": guest_id, "name": name})

    def issue_command_line_token(self, site: str, subject: str, name: str, role: Role) -> str:
        """A token of the `discuss` command, valid for 24 h, whose role counts in full; raises like the guests'."""
        payload = {"sub": subject, "name": name, "roles": [role.value]}
        return self._issue(COMMAND_LINE_ISSUER, MAX_LIFETIME, site, payload)

    def _issue(self, issuer: str, lifetime: int, site: str, claims: Mapping[str, Any]) -> str:
        now = int(self._clock())
        payload = {"iss": issuer, "aud": site, "iat": now, "exp": now + lifetime, **claims}
        claims_from_payload(payload, site=site, now=now)
        return jwt.encode(payload, derive_key(self._secrets[0], PURPOSES[issuer]), algorithm="HS256")

    async def _verify_anew(
        self, token: str, site: str, keys: Sequence[SigningKey], fingerprints: tuple[bytes, ...]
    ) -> _Verified:
        unverified = parse_token(token)
        signer: _Fetched | None = None
        if unverified.issuer.startswith(OWN_ISSUER_PREFIX):
            self._check_own_signature(unverified)
        else:
            signer = await self._check_signature(unverified, keys)
        claims = claims_from_payload(unverified.payload, site=site, now=self._clock())
        return _Verified(claims, fingerprints, signer)

    def _check_own_signature(self, token: _UnverifiedToken) -> None:
        purpose = PURPOSES.get(token.issuer)
        if purpose is None or token.algorithm != "HS256":
            raise _not_ours()
        if not any(_signed_by(token, derive_key(secret, purpose)) for secret in self._secrets):
            raise _not_ours()

    async def _check_signature(self, token: _UnverifiedToken, keys: Sequence[SigningKey]) -> _Fetched | None:
        """Find the key that signed the token, and return it where it was fetched."""
        fitting = [key for key in keys if key.algorithm == token.algorithm and key.issuer == token.issuer]
        if any(_chosen(token, key) and _signed_by(token, _own_material(key)) for key in fitting):
            return None
        unreachable: Unavailable | None = None
        for url in dict.fromkeys(key.jwks_url for key in fitting if key.jwks_url and key.algorithm != "HS256"):
            try:
                served = await self._served(token, url)
            except Unavailable as error:
                unreachable = error
                continue
            for public in served:
                if public.algorithm == token.algorithm and _signed_by(token, public.key):
                    return _Fetched(url, public)
        raise unreachable or _not_ours()

    async def _served(self, token: _UnverifiedToken, url: str) -> tuple[PublicKey, ...]:
        return await (self._jwks.keys(url) if token.kid is None else self._jwks.keys_named(url, token.kid))

    async def _still_published(self, known: _Verified) -> bool:
        """Whether the publisher still serves the key a cached token was verified with."""
        return known.signer is None or known.signer.key in await self._jwks.keys(known.signer.url)

    def _remember(self, place: tuple[str, bytes], verified: _Verified) -> None:
        self._cache[place] = verified
        self._cache.move_to_end(place)
        if len(self._cache) > self._cached:
            self._cache.popitem(last=False)


def parse_token(token: str) -> _UnverifiedToken:
    """Take a compact JWS apart, without believing it; raises TokenInvalid for anything ambiguous."""
    parts = token.split(".")
    if len(parts) != 3:
        raise _malformed()
    header, payload = _json_object(parts[0]), _json_object(parts[1])
    _decoded(parts[2])
    kid = header.get("kid")
    if header.keys() & REFUSED_HEADERS:
        raise TokenInvalid("The token's header has parameters that are not allowed.")
    if header.get("alg") not in ALGORITHMS:
        raise TokenInvalid(f"The token's algorithm must be one of {', '.join(ALGORITHMS)}.")
    if not (kid is None or isinstance(kid, str)) or not isinstance(payload.get("iss"), str):
        raise _not_ours()
    return _UnverifiedToken(token, header["alg"], kid, payload["iss"], payload)


def _malformed() -> TokenInvalid:
    return TokenInvalid("The token is not a well-formed JWT.")


def _not_ours() -> TokenInvalid:
    # One answer for all, so that trying tokens tells nothing about a site's keys.
    return TokenInvalid("The token is not signed with a key of this site.")


def _chosen(token: _UnverifiedToken, key: SigningKey) -> bool:
    pasted = parse_jwk(key.public_jwk)
    return token.kid is None or token.kid == (key.kid or (pasted.kid if pasted else None))


def _own_material(key: SigningKey) -> Any:
    """The secret or pasted public key that fits the key's own algorithm, never another's; None without one."""
    if key.algorithm == "HS256":
        return key.secret if key.secret is not None and len(key.secret) >= MIN_SECRET else None
    public = parse_jwk(key.public_jwk)
    return public.key if public and public.algorithm == key.algorithm else None


def _signed_by(token: _UnverifiedToken, key: Any) -> bool:
    if key is None:
        return False
    try:
        _SIGNATURES.decode_complete(token.text, key, algorithms=[token.algorithm])
    except (jwt.PyJWTError, ValueError, TypeError):
        return False
    return True


def _decoded(segment: str) -> bytes:
    """The bytes of canonical base64url without padding; a token has one spelling only."""
    try:
        data = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError as error:
        raise _malformed() from error
    if base64.urlsafe_b64encode(data).decode().rstrip("=") != segment:
        raise _malformed()
    return data


def _json_object(segment: str) -> dict[str, Any]:
    """Decode header or payload: strict UTF-8, an object, no key twice, no NaN."""
    text = _decoded(segment)
    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _malformed() from error
    if not isinstance(value, dict):
        raise _malformed()
    return value


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
