"""Who is asking, and what operators do with people."""

from __future__ import annotations

import asyncio
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from service.adapters.limits import Verdict
from service.deps import Deps
from service.domain.errors import (
    Banned,
    BannedWord,
    ConfigurationError,
    Forbidden,
    GuestsNotAllowed,
    NotFound,
    ReservedName,
    TokenInvalid,
    ValidationFailed,
)
from service.domain.identity import (
    IMPORT_PREFIX,
    MAX_SUBJECT,
    OWN_ISSUER_PREFIX,
    Claims,
    Role,
    clean_name,
    effective_roles,
    highest,
)
from service.domain.ids import uuid7
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.limits import charge
from service.operations.rules import refuse_name
from service.store import authors, network_bans
from service.store.database import Transaction

LOOKED_UP_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Author:
    """A known person on a site, as of the token that speaks for them."""

    key: int
    id: UUID
    name: str
    avatar_url: str | None
    roles: tuple[str, ...]
    labels: tuple[str, ...]
    guest: bool
    banned_until: datetime | None
    ban_reason: str | None

    def is_banned(self, now: datetime) -> bool:
        """Whether they may not take part now."""
        return self.banned_until is not None and self.banned_until > now


async def authenticate(deps: Deps, site: Site, token: str) -> Claims:
    """What a token says about who is asking. Raises TokenInvalid, TokenExpired, Unavailable."""
    return await deps.tokens.verify(token, site=site.name, keys=site.keys)


async def recognise(deps: Deps, site: Site, claims: Claims, row: Row | None) -> Author:
    """The author behind a token; `row` is what is stored of them, if anything.

    Somebody new is stored, and name, picture, roles and labels follow the newest token. Raises TokenInvalid when the
    token was issued before its bearer's tokens were revoked, or all that was known of them was erased.
    """
    revoked_before = row["revoked_before"] if row is not None else None
    # a token's time is in whole seconds: one issued in the second of the revocation is refused with it
    if revoked_before is not None and claims.issued_at <= revoked_before.timestamp():
        raise TokenInvalid("This token was revoked; sign in again.")
    shown = shown_author(site, claims)
    keeps_name = row is not None and row["name"] != claims.name and not (shown["roles"] or row["granted_role"])
    if keeps_name and await is_refused(deps, site, claims.name):
        assert row is not None
        shown["name"] = row["name"]  # or what they wrote before would stand under it
    if row is None or any(row[name] != value for name, value in shown.items() if name != "guest"):
        row = await authors.upsert_author(
            deps.database,
            uuid7(int(deps.now() * 1000)),
            site.key,
            claims.issuer,
            claims.subject,
            **shown,
            hashes=deps.person_hashes(site.name, claims.issuer, claims.subject),
            issued_at=datetime.fromtimestamp(claims.issued_at, UTC),
        )
    if row is None:
        raise TokenInvalid("This account was deleted since the token was issued; sign in again.")
    return replace(author_from(site, claims, row), name=claims.name)


async def is_refused(deps: Deps, site: Site, name: str) -> bool:
    """Whether nobody but the staff may have this name."""
    try:
        await refuse_name(deps, site, name)
    except (BannedWord, ReservedName):
        return True
    return False


def shown_author(site: Site, claims: Claims) -> dict[str, Any]:
    """What a token says that others see."""
    roles = effective_roles(claims.roles, None, site.settings.token_roles, claims.trusted)  # type: ignore[arg-type]
    return {
        "name": claims.name,
        "avatar_url": allowed_picture(claims.picture, site.settings.picture_hosts),
        "roles": [role.value for role in roles],
        "labels": list(claims.labels),
        "guest": claims.guest,
    }


def allowed_picture(picture: str | None, hosts: list[str]) -> str | None:
    """The picture's address when its host is one of the site's."""
    return picture if picture and urlsplit(picture).hostname in hosts else None


def author_from(site: Site, claims: Claims, row: Row) -> Author:
    """The author with the roles that count now, granted ones included."""
    roles = effective_roles(
        claims.roles,
        row["granted_role"],
        site.settings.token_roles,  # type: ignore[arg-type]
        claims.trusted,
    )
    return Author(
        key=row["key"],
        id=row["id"],
        name=row["name"],
        avatar_url=row["avatar_url"],
        roles=tuple(role.value for role in roles),
        labels=tuple(row["labels"]),
        guest=row["guest"],
        banned_until=row["banned_until"],
        ban_reason=row["ban_reason"],
    )


async def read_me(deps: Deps, site: Site, claims: Claims) -> tuple[Author, datetime]:
    """The author behind a token, and the database's time now (to tell a running ban by)."""
    row = await authors.find_author(deps.database, site.key, claims.issuer, claims.subject)
    return await recognise(deps, site, claims, row), datetime.now(UTC) if row is None else row["now"]


async def allowed_author(deps: Deps, site: Site, claims: Claims, address: str) -> Author:
    """The author behind a token, if they may take part now from this address. Raises Banned, TokenInvalid."""
    row = await authors.find_participant(deps.database, site.key, claims.issuer, claims.subject, address)
    author = await recognise(deps, site, claims, row if row["key"] is not None else None)
    if author.is_banned(row["now"]):
        raise Banned.because(author.ban_reason)
    if not author.roles:
        refuse_network(row["network_ban"])
    return author


def refuse_network(reason: str | None) -> None:
    """Raise Banned for the reason of a ban by network, if there is one; staff are let through wherever they are."""
    if reason is not None:
        raise Banned.by_network(reason)


async def require_role(deps: Deps, site: Site, claims: Claims, least: Role) -> Author:
    """The author behind a token, who must have this role or a higher one. Raises Forbidden, Banned, TokenInvalid."""
    author, now = await read_me(deps, site, claims)
    if highest(author.roles) < least:
        raise Forbidden(f"This needs the role {least.value}.")
    if author.is_banned(now):
        raise Banned.because(author.ban_reason)
    return author


async def make_guest(deps: Deps, site: Site, name: str, address: str) -> tuple[str, Author, Verdict]:
    """A guest's token and author, and how the limit stands.

    Raises GuestsNotAllowed, Banned, BannedWord, ReservedName, RateLimited, ValidationFailed.
    """
    if not site.settings.guests:
        raise GuestsNotAllowed
    try:
        name = clean_name(name)
    except ValueError as error:
        raise ValidationFailed({"name": [str(error)]}) from error
    await refuse_name(deps, site, name)
    banned = await network_bans.network_ban(deps.database, site.key, address)
    refuse_network(None if banned is None else banned["reason"])
    verdict = await charge(deps, "guests", address=address)
    guest_id = uuid7(int(deps.now() * 1000))
    token = deps.tokens.issue_guest_token(site.name, str(guest_id), name)
    claims = await authenticate(deps, site, token)
    return token, await recognise(deps, site, claims, None), verdict


async def issue_token(deps: Deps, site: Site, *, name: str, subject: str, role: Role) -> str:
    """A command-line token, 24 hours, whose role counts in full."""
    return deps.tokens.issue_command_line_token(site.name, subject, name, role)


async def find_author(deps: Deps, site: Site, author_id: UUID) -> Row:
    """What is stored of an author, by public id. Raises NotFound."""
    return found_author(await authors.find_author_by_id(deps.database, site.key, author_id))


async def find_author_of(deps: Deps, site: Site, issuer: str, subject: str) -> Row:
    """What is stored of an author, by who vouches for them. Raises NotFound."""
    return found_author(await authors.find_author(deps.database, site.key, issuer, subject))


def found_author(row: Row | None) -> Row:
    """The row. Raises NotFound when there is none."""
    if row is None:
        raise NotFound("There is no such author.")
    return row


async def lock_target(tx: Transaction, site: Site, author_id: UUID, actor: Author | None) -> Row:
    """An author about to be acted on, locked; `actor` is None for the command.

    Raises NotFound, and Forbidden for oneself and for whoever has an equal or higher role.
    """
    row = found_author(await authors.lock_author(tx, site.key, author_id))
    if actor is not None and row["key"] == actor.key:
        raise Forbidden("You cannot do this to yourself.")
    if actor is not None and highest(row["roles"], row["granted_role"]) >= highest(actor.roles):
        raise Forbidden("Their role is as high as yours, or higher.")
    return row


Identity = tuple[str, str]  # issuer and subject


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a remapping: who vouched for an author, and who does from now on."""

    line: int
    old: Identity
    new: Identity


def parse_moves(text: str) -> list[Move]:
    """The moves of a file: old issuer, old subject, new issuer, new subject a line, by comma or tab.

    Blank lines and # comments don't count. Raises ConfigurationError naming every bad line.
    """
    moves: list[Move] = []
    problems: list[str] = []
    olds: dict[Identity, int] = {}
    news: dict[Identity, int] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        try:
            move = parse_move(number, line)
        except (ValueError, csv.Error) as error:
            problems.append(f"line {number}: {error}")
            continue
        moves.append(move)
        for identity, seen in ((move.old, olds), (move.new, news)):
            if seen.setdefault(identity, number) != number:
                problems.append(f"line {number}: {' '.join(identity)} stands in line {seen[identity]} already")
    if problems:
        raise ConfigurationError(problems)
    return moves


def parse_move(number: int, line: str) -> Move:
    """One line's move. Raises ValueError or csv.Error."""
    columns = [part.strip() for part in next(csv.reader([line], delimiter="\t" if "\t" in line else ",", strict=True))]
    if len(columns) != 4:
        raise ValueError(f"needs old issuer, old subject, new issuer and new subject, has {len(columns)} columns")
    if not all(1 <= len(part) <= MAX_SUBJECT and part.isprintable() for part in columns):
        raise ValueError(f"issuers and subjects have 1 to {MAX_SUBJECT} printable characters")
    if columns[2].startswith((OWN_ISSUER_PREFIX, IMPORT_PREFIX)):
        raise ValueError(f"no key can sign for {columns[2]}")
    return Move(number, (columns[0], columns[1]), (columns[2], columns[3]))


async def remap_authors(deps: Deps, site: Site, moves: Sequence[Move], told: Callable[[int], None]) -> int:
    """Give authors new issuers and subjects, all or nothing; how many there were.

    Lines without an author are left out: a vendor's list has people who never wrote. `told` hears how many more lines
    are done, each once when it is looked up and once when it is written. Raises ConfigurationError naming every line
    whose new identity is another author's.
    """
    there = [move for batch in batched(moves) for move in await authors_there(deps, site, batch, told)]
    leaving = {move.old for move in there}
    others = [move for move in there if move.new not in leaving]
    taken = [move for batch in batched(others) for move in await taken_there(deps, site, batch)]
    if taken:
        raise ConfigurationError([conflict(move) for move in taken])
    wanted = {move.new for move in there}
    async with deps.database.transaction("remap_authors") as tx:
        for move in there:
            if move.old in wanted:
                await authors.remap_author(tx, site.key, move.old, parked(move))
        for move in there:
            now = parked(move) if move.old in wanted else move.old
            try:
                await authors.remap_author(tx, site.key, now, move.new)
            except asyncpg.UniqueViolationError:
                raise ConfigurationError([conflict(move)]) from None
            told(1)
    return len(there)


def batched(moves: Sequence[Move]) -> Iterator[Sequence[Move]]:
    """The moves in handfuls that are looked up at the same time."""
    return (moves[start : start + LOOKED_UP_AT_ONCE] for start in range(0, len(moves), LOOKED_UP_AT_ONCE))


def conflict(move: Move) -> str:
    """What to say of a line whose new identity is another author's."""
    return f"line {move.line}: there is an author {' '.join(move.new)} already"


def parked(move: Move) -> Identity:
    """Where an author waits while the others leave, so that lines may pass identities on or exchange them."""
    return (f"{OWN_ISSUER_PREFIX}remap", str(move.line))


async def authors_there(deps: Deps, site: Site, moves: Sequence[Move], told: Callable[[int], None]) -> list[Move]:
    """Those of the moves whose old identity is an author's, and not the new one already."""
    rows = await asyncio.gather(*(authors.find_author(deps.database, site.key, *move.old) for move in moves))
    there = [move for move, row in zip(moves, rows, strict=True) if row is not None and move.old != move.new]
    told(2 * len(moves) - len(there))
    return there


async def taken_there(deps: Deps, site: Site, moves: Sequence[Move]) -> list[Move]:
    """Those of the moves whose new identity is somebody's."""
    rows = await asyncio.gather(*(authors.find_author(deps.database, site.key, *move.new) for move in moves))
    return [move for move, row in zip(moves, rows, strict=True) if row is not None]
