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
from service.adapters.signatures import shown_secret
from service.adapters.tokens import MIN_SECRET
from service.deps import Deps
from service.domain.errors import ConfigurationError, Conflict, SiteNotFound, TokenInvalid, ValidationFailed
from service.domain.identity import IMPORT_PREFIX, MAX_NAME, MAX_SUBJECT, OWN_ISSUER_PREFIX, clean_name
from service.domain.sites import SITE_NAME, Algorithm, SigningKey, Site, SiteSettings
from service.store import decisions, events, sites
from service.store.database import Rows
from service.store.decisions import Decision
from service.store.events import Happening

ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
MERGED = ("retention_days",)  # settings whose parts may be changed one by one
DEFAULTS = SiteSettings()
SHOWN_CHANGES = 100
API_KEY = "dk_"  # what an API key begins with


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


async def read_settings(deps: Deps, site: Site) -> dict[str, Any]:
    """A site's settings as they are stored now, with defaults and version. Raises SiteNotFound."""
    found = await sites.find_site(deps.database, site.name)
    if found is None:
        raise SiteNotFound
    return full_settings(found)


async def change_settings(
    deps: Deps, site: Site, changes: Mapping[str, Any], version: int | None = None, moderator_key: int | None = None
) -> int:
    """Change the named settings (validated by the caller); the new version, or the old one where nothing differs.

    Each change is logged with what was there before. With `version`, nothing is changed when somebody else was
    faster. Raises Conflict, SiteNotFound, ValidationFailed for a hook that cannot be asked.
    """
    check_hook(deps, changes.get("hook"))
    async with deps.database.transaction("change_settings") as tx:
        row = await sites.lock_settings(tx, site.key)
        if row is None:
            raise SiteNotFound
        if version not in (None, row["version"]):
            raise Conflict("The settings were changed meanwhile: read them again.")
        before, merged = row["settings"], merge_settings(row["settings"], changes)
        previous = {
            name: before.get(name, getattr(DEFAULTS, name))
            for name in changes
            if merged[name] != before.get(name, getattr(DEFAULTS, name))
        }
        if not previous:
            return int(row["version"])
        changed = await sites.update_settings(tx, site.key, merged, row["version"])
        assert changed is not None
        decided = await decisions.insert_decision(
            tx, Decision(site.key, "change_settings", version=changed, moderator_key=moderator_key)
        )
        await sites.insert_settings_change(tx, decided, site.key, changed, previous)
        await events.insert_outbox(tx, Happening("site.updated", site.key, decision_id=decided))
    deps.forget_site(site.name)
    deps.wake_followers()
    return changed


def check_hook(deps: Deps, hook: Mapping[str, Any] | None) -> None:
    """Raise ValidationFailed for a hook at an address the service does not talk to."""
    if hook is None:
        return
    try:
        parse_target(hook["url"], allow_private=deps.settings.allow_private_targets)
    except OutboundError as error:
        raise ValidationFailed({"hook.url": [f"It cannot be asked: {error.detail}"]}) from error


async def list_settings_changes(deps: Deps, site: Site) -> Rows:
    """The last hundred changes of a site's settings, newest first, with what was there before."""
    return await sites.list_settings_changes(deps.database, site.key, SHOWN_CHANGES)


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


async def hook_secret(deps: Deps, site: Site, *, renew: bool = False) -> str:
    """What the publisher's own check verifies our requests with: whsec_ and base64, as Standard Webhooks have it."""
    if not renew:
        return shown_secret(site.hook_secret)
    secret = await sites.renew_hook_secret(deps.database, site.key)
    deps.forget_site(site.name)
    return shown_secret(secret)


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
    key = f"{API_KEY}{secrets.token_urlsafe(32)}"
    await sites.insert_api_key(deps.database, site.key, name, hashlib.sha256(key.encode()).digest())
    return key


async def check_api_key(deps: Deps, site: Site, key: str) -> None:
    """Raise TokenInvalid unless this is a key of the site that was not retired."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()
    if await sites.find_api_key(deps.database, site.key, digest) is None:
        raise TokenInvalid("This API key is not valid here.")


async def list_api_keys(deps: Deps, site: Site) -> Rows:
    """The site's API keys, without the keys themselves."""
    return await sites.list_api_keys(deps.database, site.key)


async def retire_api_key(deps: Deps, site: Site, key_id: UUID) -> None:
    """Stop trusting an API key. Raises ConfigurationError when the site has no such active key."""
    if not await sites.retire_api_key(deps.database, site.key, key_id):
        raise ConfigurationError([f"{site.name} has no active API key {key_id}"])
