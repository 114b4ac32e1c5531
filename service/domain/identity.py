"""Who is asking: the claims of a token, and the roles that count."""

from __future__ import annotations

import enum
import functools
import hmac
import json
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlsplit

from service.domain.errors import TokenExpired, TokenInvalid
from service.domain.text import clean_line

TokenRoles = Literal["none", "staff", "moderator", "admin"]  # the site's setting

OWN_ISSUER_PREFIX = "discuss:"
GUEST_ISSUER = "discuss:guest"
COMMAND_LINE_ISSUER = "discuss:cli"
ERASED_ISSUER = "discuss:erased"  # nobody can sign for it: of authors whose person asked to be forgotten
ERASED_NAME = "Deleted account"  # what is shown of them
IMPORT_PREFIX = "import:"  # of the issuers importers file people under

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)  # the last day a datetime has: a ban without end
LEEWAY = 30  # seconds, for clocks that differ (RFC 8725)
MAX_LIFETIME = 24 * 3600  # seconds from iat to exp
GUEST_LIFETIME = 30 * 24 * 3600
LATEST_TIME = 253_402_300_799  # the last second of the year 9999
MAX_SUBJECT, MAX_NAME, MAX_LABEL, MAX_LABELS, MAX_PICTURE = 200, 80, 30, 5, 2048


@functools.total_ordering
class Role(enum.Enum):
    """What somebody may do on a site; each includes what the ones before it may."""

    READER = "reader"
    STAFF = "staff"
    MODERATOR = "moderator"
    ADMIN = "admin"

    def __lt__(self, other: Role) -> bool:
        order = list(Role)
        return order.index(self) < order.index(other)


def highest(roles: Iterable[str], granted: str | None = None) -> Role:
    """The highest of somebody's roles, a granted one included."""
    return max((Role(role) for role in (*roles, granted) if role is not None), default=Role.READER)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. Times in seconds since 1970; `trusted`: its roles count in full (command line)."""

    issuer: str
    subject: str
    name: str
    picture: str | None
    roles: tuple[str, ...]
    labels: tuple[str, ...]
    guest: bool
    issued_at: float
    expires_at: float
    trusted: bool


def claims_from_payload(payload: Mapping[str, object], *, site: str, now: float) -> Claims:
    """Check the claims of a token whose signature is good and whose `iss` belongs to the key that made it.

    `now` in seconds since 1970. Raises TokenInvalid naming the claim, or TokenExpired when only the time is over.
    """
    issuer = _required_text(payload, "iss", MAX_SUBJECT)
    guest = issuer == GUEST_ISSUER
    subject = _required_text(payload, "sub", MAX_SUBJECT)
    name = _name(payload)
    picture = _picture(payload)
    roles = tuple(role.value for role in Role if role.value in _texts(payload, "roles"))
    labels = _labels(payload)
    _check_audience(payload.get("aud"), site)
    issued_at, expires_at = _time(payload, "iat"), _time(payload, "exp")
    if not 0 < expires_at - issued_at <= (GUEST_LIFETIME if guest else MAX_LIFETIME):
        raise TokenInvalid("The token's exp must be after its iat, by 24 hours at most.")
    if issued_at > now + LEEWAY or ("nbf" in payload and _time(payload, "nbf") > now + LEEWAY):
        raise TokenInvalid("The token is not valid yet.")
    if expires_at + LEEWAY <= now:
        raise TokenExpired
    return Claims(
        issuer=issuer,
        subject=subject,
        name=name,
        picture=None if guest else picture,
        roles=() if guest else roles,
        labels=() if guest else labels,
        guest=guest,
        issued_at=issued_at,
        expires_at=expires_at,
        trusted=issuer == COMMAND_LINE_ISSUER,
    )


def is_expired(claims: Claims, now: float) -> bool:
    """Whether a token's time is over, leeway included."""
    return claims.expires_at + LEEWAY <= now


def person_hash(key: bytes, site: str, issuer: str, subject: str) -> bytes:
    """What an erased person is recognised by, 32 bytes: it tells nothing to those who have not the key."""
    return hmac.digest(key, json.dumps([site, issuer, subject]).encode(), "sha256")


def clean_name(name: str) -> str:
    """A name as it is shown: NFC, single spaces, at most 8 combining marks on a base, 1 to 80 characters.

    Raises ValueError for control characters, lone surrogates, and names without anything visible.
    """
    if _has_unusable(name):
        raise ValueError("the name holds characters that are not allowed")
    cleaned = clean_line(name)
    if len(cleaned) > MAX_NAME or not any(unicodedata.category(char)[0] in "LNPS" for char in cleaned):
        raise ValueError(f"the name must have 1 to {MAX_NAME} characters")
    return cleaned


def effective_roles(
    claims_roles: Sequence[str], granted_role: str | None, token_roles: TokenRoles, trusted: bool
) -> tuple[Role, ...]:
    """The roles above reader that count, lowest first; a plain reader has none.

    Roles in a token count up to the site's `token_roles`, higher ones are ignored; those of a `trusted` token count
    in full. A role granted on the site itself always counts.
    """
    ceiling = Role.ADMIN if trusted else Role.READER if token_roles == "none" else Role(token_roles)
    counting = {role for role in map(Role, claims_roles) if role <= ceiling}
    if granted_role is not None:
        counting.add(Role(granted_role))
    return tuple(sorted(counting - {Role.READER}))


def _has_unusable(text: str) -> bool:
    """Whether there is anything PostgreSQL cannot store or nobody can see: controls (NUL too), lone surrogates."""
    return any(unicodedata.category(char) in ("Cc", "Cs") for char in text)


def _check_characters(text: str, claim: str) -> None:
    if _has_unusable(text):
        raise TokenInvalid(f"The token's {claim} holds characters that are not allowed.")


def _name(payload: Mapping[str, object]) -> str:
    name = payload.get("name")
    if not isinstance(name, str):
        raise TokenInvalid("The token needs a name.")
    try:
        return clean_name(name)
    except ValueError as error:
        raise TokenInvalid(f"The token cannot be used: {error}.") from error


def _required_text(payload: Mapping[str, object], claim: str, longest: int) -> str:
    value = payload.get(claim)
    if not isinstance(value, str) or not value.strip():
        raise TokenInvalid(f"The token needs a {claim}.")
    _check_characters(value, claim)
    if len(value) > longest:
        raise TokenInvalid(f"The token's {claim} is longer than {longest} characters.")
    return value


def _texts(payload: Mapping[str, object], claim: str) -> list[str]:
    """An optional claim that is a list of strings; null is as good as absent."""
    values = payload.get(claim)
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TokenInvalid(f"The token's {claim} must be a list of strings.")
    for value in values:
        _check_characters(value, claim)
    return values


def _labels(payload: Mapping[str, object]) -> tuple[str, ...]:
    """The first five labels short enough for a badge; longer ones are left out, as half of one may mislead."""
    labels = dict.fromkeys(clean_line(label) for label in _texts(payload, "labels"))
    return tuple(label for label in labels if 1 <= len(label) <= MAX_LABEL)[:MAX_LABELS]


def _picture(payload: Mapping[str, object]) -> str | None:
    """The picture's address if it is https; whether its host is allowed is the site's business."""
    picture = payload.get("picture")
    if picture is None:
        return None
    if not isinstance(picture, str):
        raise TokenInvalid("The token's picture must be a string.")
    _check_characters(picture, "picture")
    try:
        parts = urlsplit(picture)
        usable = parts.scheme == "https" and parts.hostname and "@" not in parts.netloc and "\\" not in picture
    except ValueError:
        return None
    return picture if usable and len(picture) <= MAX_PICTURE and not any(map(str.isspace, picture)) else None


def _check_audience(audience: object, site: str) -> None:
    audiences = audience if isinstance(audience, list) else [audience]
    if not all(isinstance(value, str) for value in audiences) or site not in audiences:
        raise TokenInvalid("The token's aud is not this site.")


def _time(payload: Mapping[str, object], claim: str) -> float:
    """A NumericDate (RFC 7519) in seconds since 1970."""
    value = payload.get(claim)
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TokenInvalid(f"The token needs {claim} as a number of seconds.")
    if not 0 <= value <= LATEST_TIME:  # infinities and NaN too
        raise TokenInvalid(f"The token's {claim} is out of range.")
    return float(value)
