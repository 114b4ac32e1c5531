"""Publishers' public keys (RFC 7517): parsing them, and keeping the sets that publishers serve over HTTPS."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.adapters.outbound import Outbound, OutboundError
from service.domain.errors import Unavailable

PublicAlgorithm = Literal["RS256", "ES256", "EdDSA"]

FRESH_SECONDS = 600  # a fetched set is used without asking again
KEPT_SECONDS = 24 * 3600  # a set whose host is dead goes on counting
UNKNOWN_KID_SECONDS = 60  # between fetches that tokens with unknown key ids cause
FAILURE_SECONDS = 10  # a failing host is left alone
PATIENCE_SECONDS = 2.0
MAX_KEYS = 100
MAX_SETS = 1000
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """One key that may verify tokens; `fingerprint` (SHA-256 of its SubjectPublicKeyInfo) tells it from others."""

    kid: str | None
    algorithm: PublicAlgorithm
    fingerprint: bytes
    key: RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey = field(compare=False, repr=False)


def parse_jwk(jwk: object) -> PublicKey | None:
    """Parse one public JWK: RS256 (2048 to 4096 bits), ES256 (P-256) or EdDSA (Ed25519) for signatures.

    None for everything else, private keys too: one that was published is nobody's secret any more.
    """
    if not isinstance(jwk, dict) or "d" in jwk or "k" in jwk:
        return None
    algorithm = _algorithm_of(jwk)
    kid = jwk.get("kid")
    if algorithm is None or not (kid is None or (isinstance(kid, str) and len(kid) <= 200)):
        return None
    if jwk.get("alg", algorithm) != algorithm or jwk.get("use", "sig") != "sig":
        return None
    if "key_ops" in jwk and not (isinstance(jwk["key_ops"], list) and "verify" in jwk["key_ops"]):
        return None
    try:
        key = jwt.PyJWK(jwk, algorithm).key
        if isinstance(key, RSAPublicKey) and not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            return None
        encoded = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return PublicKey(kid, algorithm, hashlib.sha256(encoded).digest(), key)


def _algorithm_of(jwk: Mapping[str, object]) -> PublicAlgorithm | None:
    match jwk:
        # Bounds before parsing: numbers of 64 KB would cost seconds.
        case {"kty": "RSA", "n": str(n), "e": str(e)} if len(n) <= MAX_RSA_BITS // 6 + 1 and len(e) <= 8:
            return "RS256"
        case {"kty": "EC", "crv": "P-256", "x": str(), "y": str()}:
            return "ES256"
        case {"kty": "OKP", "crv": "Ed25519", "x": str()}:
            return "EdDSA"
    return None


def parse_jwks(document: object) -> tuple[PublicKey, ...]:
    """Parse a JWK set, leaving out the keys we have no use for; ValueError when it is no set or has over 100 keys."""
    if not isinstance(document, dict) or not isinstance(document.get("keys"), list):
        raise ValueError("not a JSON Web Key Set")
    if len(document["keys"]) > MAX_KEYS:
        raise ValueError(f"more than {MAX_KEYS} keys")
    return tuple(key for key in map(parse_jwk, document["keys"]) if key is not None)


@dataclass(slots=True, eq=False)
class _KeySet:
    keys: tuple[PublicKey, ...] | None = None
    fetched_at: float = 0.0  # when `keys` came
    asked_at: float = 0.0  # when we last tried
    failed_at: float | None = None  # when the last try failed; None after a success
    fetching: asyncio.Task[None] | None = None


class Jwks:
    """The key sets behind publishers' JWKS addresses, each fetched by one request at a time.

    `clock` gives seconds since any origin; `patience`, in seconds, is how long a request that has older keys waits
    for newer ones.
    """

    def __init__(self, outbound: Outbound, clock: Callable[[], float], *, patience: float = PATIENCE_SECONDS) -> None:
        self._outbound = outbound
        self._clock = clock
        self._patience = patience
        self._sets: OrderedDict[str, _KeySet] = OrderedDict()

    async def keys(self, url: str) -> tuple[PublicKey, ...]:
        """The keys at an address, at most 10 minutes old; at most 24 h old while the host does not answer.

        Raises Unavailable when there are none: the host was never reached, or not for a day.
        """
        key_set = self._set_of(url)
        if key_set.keys is None or self._clock() - key_set.fetched_at >= FRESH_SECONDS:
            await self._refresh(url, key_set)
        return self._usable(key_set)

    async def keys_named(self, url: str, kid: str) -> tuple[PublicKey, ...]:
        """The keys with this key id; asks the host again for an unknown one, at most once a minute.

        Raises Unavailable like `keys`.
        """
        found = tuple(key for key in await self.keys(url) if key.kid == kid)
        key_set = self._set_of(url)
        if found or (self._clock() - key_set.asked_at < UNKNOWN_KID_SECONDS and key_set.fetching is None):
            return found
        await self._refresh(url, key_set)
        return tuple(key for key in self._usable(key_set) if key.kid == kid)

    async def close(self) -> None:
        """Stop the fetches under way."""
        tasks = [key_set.fetching for key_set in self._sets.values() if key_set.fetching is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _set_of(self, url: str) -> _KeySet:
        key_set = self._sets.setdefault(url, _KeySet())
        self._sets.move_to_end(url)
        if len(self._sets) > MAX_SETS:
            self._sets.popitem(last=False)
        return key_set

    def _usable(self, key_set: _KeySet) -> tuple[PublicKey, ...]:
        if key_set.keys is None or self._clock() - key_set.fetched_at >= KEPT_SECONDS:
            raise Unavailable(FAILURE_SECONDS, "The publisher's sign-in keys cannot be reached right now.")
        return key_set.keys

    async def _refresh(self, url: str, key_set: _KeySet) -> None:
        now = self._clock()
        if key_set.fetching is None:
            if key_set.failed_at is not None and now - key_set.failed_at < FAILURE_SECONDS:
                return
            key_set.asked_at = now
            key_set.fetching = asyncio.create_task(self._fetch(url, key_set))
        has_older = key_set.keys is not None and now - key_set.fetched_at < KEPT_SECONDS
        # Not awaited directly: a reader who hangs up must not cancel the fetch others wait for.
        await asyncio.wait({key_set.fetching}, timeout=self._patience if has_older else None)

    async def _fetch(self, url: str, key_set: _KeySet) -> None:
        try:
            key_set.keys = parse_jwks(await self._outbound.get_json(url))
        except (OutboundError, ValueError) as error:
            key_set.failed_at = self._clock()
            log.warning("jwks_fetch_failed", url=url, error=str(error))
        else:
            key_set.fetched_at = self._clock()
            key_set.failed_at = None
        finally:
            key_set.fetching = None
