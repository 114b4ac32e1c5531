"""People whose sign-in changes."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from service.domain.errors import ConfigurationError
from service.domain.ids import uuid7
from service.domain.sites import Site
from service.operations.authors import Identity, Move, find_author, parse_moves, remap_authors
from service.store.authors import upsert_author
from tests.client import Service

OLD, NEW = "https://old.example", "https://new.example"


async def known(service: Service, site: Site, *identities: Identity) -> list[UUID]:
    """Authors with these identities; their ids."""
    ids = []
    for number, (issuer, subject) in enumerate(identities):
        row = await upsert_author(
            service.deps.database,
            uuid7(1_700_000_000_000 + number),
            site.key,
            issuer,
            subject,
            name=subject,
            avatar_url=None,
            roles=[],
            labels=[],
            guest=False,
            hashes=[],
            issued_at=datetime.now(UTC),
        )
        ids.append(row["id"])
    return ids


async def identity_of(service: Service, site: Site, author_id: UUID) -> Identity:
    row = await find_author(service.deps, site, author_id)
    return row["issuer"], row["subject"]


async def remap(service: Service, site: Site, *pairs: tuple[Identity, Identity]) -> tuple[int, int]:
    """Remap; how many authors moved, and how much progress was told."""
    told: list[int] = []
    moves = [Move(line, old, new) for line, (old, new) in enumerate(pairs, start=1)]
    moved = await remap_authors(service.deps, site, moves, told.append)
    return moved, sum(told)


async def test_progress_counts_every_line_twice(service: Service) -> None:
    site = await (await service.new_site()).site()
    (author_id,) = await known(service, site, (OLD, "1"))
    pairs = [((OLD, str(number)), (NEW, str(number))) for number in range(25)]
    assert await remap(service, site, *pairs) == (1, 50)
    assert await identity_of(service, site, author_id) == (NEW, "1")


async def test_identities_may_be_exchanged_and_passed_on(service: Service) -> None:
    site = await (await service.new_site()).site()
    one, two, three = await known(service, site, (OLD, "1"), (OLD, "2"), (OLD, "3"))
    moved, _ = await remap(service, site, ((OLD, "1"), (OLD, "2")), ((OLD, "2"), (OLD, "1")), ((OLD, "3"), (NEW, "3")))
    assert moved == 3
    assert [await identity_of(service, site, author) for author in (one, two, three)] == [
        (OLD, "2"),
        (OLD, "1"),
        (NEW, "3"),
    ]


async def test_every_conflict_is_named_and_nothing_changes(service: Service) -> None:
    site = await (await service.new_site()).site()
    one, *_ = await known(service, site, (OLD, "1"), (OLD, "2"), (OLD, "3"), (NEW, "2"), (NEW, "3"))
    with pytest.raises(ConfigurationError) as refused:
        await remap(service, site, *(((OLD, number), (NEW, number)) for number in "123"))
    assert [problem.split(":")[0] for problem in refused.value.problems] == ["line 2", "line 3"]
    assert await identity_of(service, site, one) == (OLD, "1")


async def test_another_sites_people_stay(service: Service) -> None:
    site, other = await (await service.new_site()).site(), await (await service.new_site()).site()
    (stranger,) = await known(service, other, (OLD, "1"))
    assert await remap(service, site, ((OLD, "1"), (NEW, "1"))) == (0, 2)
    assert await identity_of(service, other, stranger) == (OLD, "1")


def test_a_file_of_moves() -> None:
    assert parse_moves("# who\n\na,1,b,2\nc\t1,5\tb\t3\n" + '"d,e",1,b,4') == [
        Move(3, ("a", "1"), ("b", "2")),
        Move(4, ("c", "1,5"), ("b", "3")),
        Move(5, ("d,e", "1"), ("b", "4")),
    ]
