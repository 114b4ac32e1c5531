"""Settings and keys as operators change them."""

from __future__ import annotations

import asyncio

import pytest

from service.domain.errors import ConfigurationError, Conflict, SiteNotFound
from service.domain.sites import SigningKey, Site, SiteSettings
from service.operations.sites import (
    add_signing_keys,
    change_settings,
    create_site,
    full_settings,
    get_site,
    list_signing_keys,
    merge_settings,
)
from tests.client import Service

ISSUER = "https://www.example.com"


def test_settings_are_whole_with_the_contracts_defaults() -> None:
    full = full_settings(Site(1, "s", 3, SiteSettings()))
    assert full["version"] == 3
    assert full["retention_days"] == {"deleted_text": 30, "addresses": 30}
    assert full["hook"] is None


def test_a_part_of_retention_days_leaves_the_other() -> None:
    once = merge_settings({}, {"retention_days": {"addresses": 1}})
    assert once["retention_days"] == {"deleted_text": 30, "addresses": 1}
    twice = merge_settings(once, {"retention_days": {"deleted_text": 2}})
    assert twice["retention_days"] == {"deleted_text": 2, "addresses": 1}
    assert merge_settings({"section_moderation": {"a": "pre"}}, {"section_moderation": {"b": "pre"}}) == {
        "section_moderation": {"b": "pre"}
    }


async def test_changes_at_the_same_time_are_all_kept(service: Service) -> None:
    site = await (await service.new_site()).site()
    changes = [{"language": "de"}, {"max_links": 7}, {"guests": True}]
    await asyncio.gather(*(change_settings(service.deps, site, change) for change in changes))
    after = await get_site(service.deps, site.name)
    assert (after.settings.language, after.settings.max_links, after.settings.guests) == ("de", 7, True)
    assert after.version == site.version + 3


async def test_of_two_changes_of_one_version_one_is_refused(service: Service) -> None:
    site = await (await service.new_site()).site()
    changes = [{"language": "de"}, {"max_links": 7}]
    done = await asyncio.gather(
        *(change_settings(service.deps, site, change, site.version) for change in changes), return_exceptions=True
    )
    assert sorted(map(type, done), key=str) == [int, Conflict]


async def test_a_site_that_went_is_not_found(service: Service) -> None:
    with pytest.raises(SiteNotFound):
        await change_settings(service.deps, Site(-1, "gone", 1, SiteSettings()), {"guests": True})


async def test_a_taken_name_leaves_the_first_site_as_it_is(service: Service) -> None:
    await create_site(service.deps, "taken", {"language": "de"})
    with pytest.raises(ConfigurationError):
        await create_site(service.deps, "taken", {"language": "fr"})
    assert (await get_site(service.deps, "taken")).settings.language == "de"


async def test_of_several_keys_all_or_none_are_added(service: Service) -> None:
    site = await (await service.new_site()).site()
    good = SigningKey("", None, "HS256", ISSUER, secret=b"x" * 32)
    with pytest.raises(ConfigurationError):
        await add_signing_keys(
            service.deps, site, [good, SigningKey("", None, "HS256", "discuss:cli", secret=b"x" * 32)]
        )
    assert await list_signing_keys(service.deps, site) == []
    assert len(await add_signing_keys(service.deps, site, [good, good])) == 2
    assert len((await get_site(service.deps, site.name)).keys) == 2
