"""A site's settings, through HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import asyncpg
import pytest

from schemas.sites import SettingsSchema
from service.domain.identity import Role
from service.domain.sites import SETTING_NAMES, SiteSettings
from service.operations.sites import list_settings_changes
from tests.client import Answer, Service, SiteClient, running_service, until
from tests.conftest import Cluster

PATH = "/moderation/settings"

# of every setting values that are refused
BAD: dict[str, list[Any]] = {
    "posting": ["shut", None],
    "moderation": ["never", None],
    "guests": ["true", 1, None],
    "guest_moderation": ["none", None],
    "guest_votes": [0, None],
    "token_roles": ["everything", None],
    "require_registered_articles": ["no", None],
    "edit_window_seconds": [-1, 1.5, "300", None],
    "max_length": [0, 10_001, None],
    "max_links": [-1, None],
    "flag_threshold": [0, None],
    "new_author_approvals": [-1, None],
    "banned_words": ["word", [""], ["x" * 101], None],
    "suspect_words": ["word", [1], None],
    "reserved_names": ["name", [""], None],
    "allowed_origins": ["https://a.example", ["https://A.example"], ["https://a.example/"], ["a.example"], ["*"], None],
    "picture_hosts": [["https://a.example"], ["a.example/b"], None],
    "repeat_minutes": [-1, 1441, None],
    "near_duplicates": [{}, {"authors": 1, "minutes": 60}, {"authors": 3, "minutes": 0}, {"authors": 3}, 3],
    "held_domains": ["a.example", ["http://a.example"], None],
    "history_hold": [{"last": 0, "removed_share": 0.5}, {"last": 5, "removed_share": 1.5}, {"last": 5}],
    "hook": [{}, {"url": "ftp://a.example"}, {"url": "https://a.example", "timeout_ms": 5}, "https://a.example"],
    "overdue_minutes": [0, "1"],
    "closed_text": ["", "x" * 501],
    "open_hours": [
        {"from": "7:00", "to": "23:00", "zone": "Europe/Paris"},
        {"from": "07:00", "to": "24:00", "zone": "Europe/Paris"},
        {"from": "07:00", "to": "23:00", "zone": "Mars/Olympus"},
        {"from": "07:00", "to": "23:00", "zone": "../../etc/passwd"},
        {"from": "07:00", "to": "23:00"},
        {"from": "07:00", "to": "23:00", "zone": "UTC", "days": []},
    ],
    "section_moderation": [{"News": "maybe"}, {"": "pre"}, [], None],
    "auto_lock_days": [0, 1.5, "30"],
    "sign_in_url": ["javascript:alert(1)", "x"],
    "language": ["english please", None],
    "retention_days": [{"deleted_text": -1}, {"votes": 3}, None],
    "erase": ["everything", None],
}


async def admin(site: SiteClient) -> str:
    return await site.token("Grace", Role.ADMIN)


async def read(site: SiteClient) -> dict[str, Any]:
    answer = await site.get(PATH, token=await admin(site))
    assert answer.status == 200, answer.body
    settings: dict[str, Any] = answer.json
    return settings


async def change(site: SiteClient, **changes: Any) -> Answer:
    return await site.patch(PATH, changes, token=await admin(site))


async def test_all_settings_are_told_with_the_contracts_defaults(service: Service) -> None:
    site = await service.new_site()
    assert await read(site) == {**asdict(SiteSettings()), "version": 1}


async def test_a_change_needs_the_version_that_was_read(service: Service) -> None:
    site = await service.new_site()
    answer = await change(site, max_links=7, open_hours=None, version=1)
    assert (answer.status, answer.json["max_links"], answer.json["version"]) == (200, 7, 2)
    for version in ({}, {"version": 1}, {"version": 3}):
        refused = await change(site, max_links=9, **version)
        assert (refused.status, refused.json["code"]) == (409, "conflict")
    answers = await asyncio.gather(*(change(site, max_links=links, version=2) for links in range(10, 15)))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409, 409]
    assert (await change(site, version=3)).json["version"] == 3
    assert (await read(site))["max_links"] in range(10, 15)


@pytest.mark.parametrize("name", SETTING_NAMES)
async def test_a_bad_value_is_refused_and_nothing_is_changed(name: str, service: Service) -> None:
    site = await service.new_site()
    token = await admin(site)
    for value in BAD[name]:
        answer = await site.patch(PATH, {"max_links": 9, name: value, "version": 1}, token=token)
        assert answer.status == 422, (name, value)
        assert any(field == name or field.startswith(f"{name}.") for field in answer.json["errors"]), answer.json
    if SettingsSchema().fields[name].allow_none:
        assert (await site.patch(PATH, {name: None, "version": 1}, token=token)).status == 200
    assert {**await read(site), name: None} == {**asdict(SiteSettings()), "version": 1, name: None}


async def test_unknown_settings_and_the_version_itself_are_no_settings(service: Service) -> None:
    site = await service.new_site()
    for body in ({"colour": "red", "version": 1}, {"version": "1"}, {"version": 0}, {"hook_secret": "x", "version": 1}):
        assert (await site.patch(PATH, body, token=await admin(site))).status == 422
    body = {"hook": {"url": "https://169.254.169.254:x/"}, "version": 1}
    assert (await site.patch(PATH, body, token=await admin(site))).status == 422


async def test_only_admins_of_this_site_see_and_change_settings(service: Service) -> None:
    site, other = await service.new_site(), await service.new_site()
    for token, status in (
        (None, 401),
        (await site.token(), 403),
        (await site.token("Max", Role.MODERATOR), 403),
        (await other.token("Grace", Role.ADMIN), 401),
    ):
        assert (await site.get(PATH, token=token)).status == status
        assert (await site.patch(PATH, {"posting": "closed", "version": 1}, token=token)).status == status
    assert (await read(site))["version"] == 1


async def test_changes_are_logged_with_what_was_there_before(service: Service, cluster: Cluster) -> None:
    site = await service.new_site(banned_words=["first"])
    await change(site, banned_words=["second"], max_links=3, language="de", version=1)
    await site.set(posting="closed")
    rows = await list_settings_changes(service.deps, await site.site())
    told = [(row["version"], row["fields"], row["previous"], row["moderator_name"]) for row in rows]
    assert told == [
        (3, ["posting"], {"posting": "open"}, None),
        (2, ["banned_words", "language"], {"banned_words": ["first"], "language": "en"}, "Grace"),
    ]
    app = await asyncpg.connect(cluster.settings.database_url)
    try:
        assert await app.fetchval(
            "SELECT count(*) FROM settings_changes c JOIN decisions d ON d.id = c.decision_id"
            " JOIN sites s ON s.key = c.site_key WHERE s.name = $1 AND d.action = 'change_settings'",
            site.name,
        ) == 2  # fmt: skip
        if cluster.servers.postgres is not None:
            for statement in ("DELETE FROM settings_changes", "UPDATE settings_changes SET version = 1"):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await app.execute(statement)
    finally:
        await app.close()


async def test_the_kill_switch_works_in_another_process(service: Service, cluster: Cluster) -> None:
    site = await service.new_site()
    async with running_service(cluster.settings) as second:
        there = SiteClient(second, site.name)
        assert (await there.comment("a")).status == 201
        answer = await change(site, posting="closed", closed_text="Back on Monday.", version=1)
        assert answer.status == 200
        refused = await site.comment("a")
        assert (refused.json["code"], refused.json["detail"]) == ("posting_closed", "Back on Monday.")

        async def closed() -> bool:
            return bool((await there.get("")).json["posting"] == "closed")

        await until(closed, 2.0)
        assert (await second.request("POST", f"{site.path}/articles/a/comments", token=await site.token(),
                                     json={"text": "Still?"})).json["code"] == "posting_closed"  # fmt: skip
        assert len((await there.page("a"))["comments"]) == 1
