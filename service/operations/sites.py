"""Sites: what requests see of them, and what operators do with them."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args
from uuid import UUID

from service.adapters.jwks import MAX_KEYS, parse_jwk
from service.adapters.outbound import OutboundError, parse_target
from service.adapters.tokens import MIN_SECRET
from service.deps import Deps
from service.domain.errors import ConfigurationError, Conflict, SiteNotFound
from service.domain.identity import IMPORT_PREFIX, MAX_NAME, MAX_SUBJECT, OWN_ISSUER_PREFIX, clean_name
from service.domain.sites import SITE_NAME, Algorithm, SigningKey, Site, SiteSettings
from service.store import sites
from service.store.database import Rows

ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
MERGED = ("retention_days",)  # settings whose parts may be changed one by one
DEFAULTS = SiteSettings()
TRIES = 5


async def get_site(deps: Deps, name: str) -> Site:
    """The site as this process knows it, at most a second old. Raises SiteNotFound."""
    site = await deps.sites.get(name, lambda: sites.find_site(deps.database, name))
    if site is None:
        raise SiteNotFound
    return site


async def create_site(deps: Deps, name: str, settings: Mapping[str, Any]) -> None:
    """A new site, its settings validated by the caller. Raises ConfigurationError: bad or taken name."""
    if not SITE_NAME.fullmatch(name):
        raise ConfigurationError([f"{name!r} is no name for a site: it has 1 to 40 of a-z, 0-9 and -"])
    if await sites.insert_site(deps.database, name, merge_settings({}, settings)) is None:
        raise ConfigurationError([f"there is a site {name} already"])
    deps.sites.forget(name)


async def list_sites(deps: Deps) -> Rows:
    """Every site by name."""
    return await sites.list_sites(deps.database)


def full_settings(site: Site) -> dict[str, Any]:
    """A site's settings with the defaults, and their version, under the contract's names."""
    return {**asdict(site.settings), "version": site.version}


def merge_settings(stored: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored after a change: a part of retention_days leaves the other as it was."""
    parts = {
        name: {**getattr(DEFAULTS, name), **stored.get(name, {}), **changes[name]} for name in MERGED if name in changes
    }
    return {**stored, **changes, **parts}


async def change_settings(deps: Deps, site: Site, changes: Mapping[str, Any], version: int | None = None) -> int:
    """Change the named settings (validated by the caller); the new version.

    With `version`, nothing is changed when somebody else was faster. Raises Conflict, SiteNotFound.
    """
    for _ in range(TRIES if version is None else 1):
        row = next((row for row in await sites.list_sites(deps.database) if row["key"] == site.key), None)
        if row is None:
            raise SiteNotFound
        merged = merge_settings(row["settings"], changes)
        wanted = row["version"] if version is None else version
        changed = await sites.update_settings(deps.database, site.key, merged, wanted)
        if changed is not None:
            deps.sites.forget(site.name)
            return changed
    raise Conflict("The settings were changed meanwhile: read them again.")


def check_issuer(issuer: str) -> None:
    """Raise ConfigurationError for an `iss` that no publisher's key may sign for."""
    if not 1 <= len(issuer) <= MAX_SUBJECT or not issuer.isprintable() or issuer.strip() != issuer:
        raise ConfigurationError([f"an issuer has 1 to {MAX_SUBJECT} printable characters"])
    if issuer.startswith((OWN_ISSUER_PREFIX, IMPORT_PREFIX)):
        raise ConfigurationError(
            [f"issuers that begin with {OWN_ISSUER_PREFIX} or {IMPORT_PREFIX} are the service's own"]
        )


def check_kid(kid: str | None) -> None:
    """Raise ConfigurationError for a key id that no token could carry."""
    if kid is not None and (not 1 <= len(kid) <= MAX_SUBJECT or not kid.isprintable()):
        raise ConfigurationError([f"a key id has 1 to {MAX_SUBJECT} printable characters"])


async def add_signing_keys(deps: Deps, site: Site, keys: Sequence[SigningKey]) -> list[UUID]:
    """Trust keys that sign readers' tokens, all or none; their ids. Raises ConfigurationError for issuer or key id."""
    for key in keys:
        check_issuer(key.issuer)
        check_kid(key.kid)
    async with deps.database.transaction("add_signing_keys") as tx:
        added = [await sites.insert_signing_key(tx, site.key, key) for key in keys]
    deps.sites.forget(site.name)
    return added


def generate_secret() -> bytes:
    """An HS256 secret that is text too: 43 characters, 256 random bits."""
    return secrets.token_urlsafe(32).encode()


async def add_secret(deps: Deps, site: Site, issuer: str, secret: bytes, kid: str | None = None) -> list[UUID]:
    """Trust an HS256 secret; the key's id. Raises ConfigurationError."""
    if len(secret) < MIN_SECRET:
        raise ConfigurationError([f"an HS256 secret needs {MIN_SECRET} bytes or more, this one has {len(secret)}"])
    return await add_signing_keys(deps, site, [SigningKey("", kid, "HS256", issuer, secret=secret)])


async def add_key_address(deps: Deps, site: Site, issuer: str, url: str, algorithm: str) -> list[UUID]:
    """Trust the keys at a JWKS address; the key's id. Raises ConfigurationError."""
    try:
        parse_target(url, allow_private=deps.settings.allow_private_targets)
    except OutboundError as error:
        raise ConfigurationError([f"the JWKS address cannot be used: {error.detail}"]) from error
    key = SigningKey("", None, algorithm, issuer, jwks_url=url)  # type: ignore[arg-type]  # one of ALGORITHMS
    return await add_signing_keys(deps, site, [key])


async def add_key_set(
    deps: Deps, site: Site, issuer: str, document: bytes, kid: str | None = None, algorithm: str | None = None
) -> list[UUID]:
    """Trust a public JWK, or every key of a JWKS; the keys' ids. Raises ConfigurationError naming each unusable key."""
    found = parse_keys(issuer, document, kid)
    wrong = sorted({key.algorithm for key in found if algorithm not in (None, key.algorithm)})
    if wrong:
        raise ConfigurationError([f"the file has a key for {', '.join(wrong)}, not {algorithm}"])
    return await add_signing_keys(deps, site, found)


def parse_keys(issuer: str, document: bytes, kid: str | None) -> list[SigningKey]:
    """The signing keys of a JWK or JWKS file (RFC 7517). Raises ConfigurationError naming each unusable key."""
    try:
        parsed = json.loads(document.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigurationError([f"the file is not JSON: {error}"]) from error
    is_set = isinstance(parsed, dict) and isinstance(parsed.get("keys"), list)
    jwks = parsed["keys"] if is_set else [parsed]
    if not 1 <= len(jwks) <= MAX_KEYS:
        raise ConfigurationError([f"a JWKS has 1 to {MAX_KEYS} keys, this one has {len(jwks)}"])
    if kid is not None and len(jwks) > 1:
        raise ConfigurationError(["a key id can be given to one key only; those of a set have their own"])
    keys, problems = [], []
    for number, jwk in enumerate(jwks, start=1):
        public = parse_jwk(jwk)
        if public is None:
            problems.append(f"key {number}: {why_unusable(jwk)}")
        else:
            keys.append(SigningKey("", kid or public.kid, public.algorithm, issuer, public_jwk=jwk))
    if problems:
        raise ConfigurationError(problems)
    return keys


def why_unusable(jwk: object) -> str:
    """Why parse_jwk would have nothing of it."""
    if isinstance(jwk, dict) and "d" in jwk:
        return "this is a private key; give the public one (and make a new pair if this file was ever shared)"
    if isinstance(jwk, dict) and "k" in jwk:
        return "this is a shared secret; give it with --secret-file"
    return "not a public JWK for RS256 (2048 to 4096 bits), ES256 (P-256) or EdDSA (Ed25519) signatures"


async def list_signing_keys(deps: Deps, site: Site) -> Rows:
    """The site's signing keys, without secrets."""
    return await sites.list_signing_keys(deps.database, site.key)


async def retire_signing_key(deps: Deps, site: Site, key_id: UUID) -> None:
    """Stop trusting a signing key. Raises ConfigurationError when the site has no such active key."""
    if not await sites.retire_signing_key(deps.database, site.key, key_id):
        raise ConfigurationError([f"{site.name} has no active signing key {key_id}"])
    deps.sites.forget(site.name)


async def add_api_key(deps: Deps, site: Site, name: str) -> str:
    """A new server's key `dk_...`: shown this once, stored hashed. Raises ConfigurationError for its name."""
    try:
        name = clean_name(name)
    except ValueError as error:
        raise ConfigurationError([f"an API key needs a name of 1 to {MAX_NAME} characters"]) from error
    key = f"dk_{secrets.token_urlsafe(32)}"
    await sites.insert_api_key(deps.database, site.key, name, hashlib.sha256(key.encode()).digest())
    return key


async def list_api_keys(deps: Deps, site: Site) -> Rows:
    """The site's API keys, without the keys themselves."""
    return await sites.list_api_keys(deps.database, site.key)


async def retire_api_key(deps: Deps, site: Site, key_id: UUID) -> None:
    """Stop trusting an API key. Raises ConfigurationError when the site has no such active key."""
    if not await sites.retire_api_key(deps.database, site.key, key_id):
        raise ConfigurationError([f"{site.name} has no active API key {key_id}"])
