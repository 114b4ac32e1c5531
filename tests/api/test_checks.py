"""Every automated check through the API: on, off, on names, and what is told to whom."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from aiohttp import web
from standardwebhooks import Webhook

from service.domain.identity import Role
from service.domain.moderation import CHECKS
from service.domain.nearness import near_fingerprints
from service.operations.sites import hook_secret
from tests.client import Answer, Service, SiteClient, as_id, canary

CYRILLIC_CASINO, FULLWIDTH, ZERO_WIDTH, BOLD = "саsinо", "ｃａｓｉｎｏ", "cas\u200bi\u2060no", "𝐜𝐚𝐬𝐢𝐧𝐨"
DISGUISES = ("casino", "CASINO", CYRILLIC_CASINO, "СAЅINO", FULLWIDTH, ZERO_WIDTH, BOLD, "ca**si**no")


async def row_of(service: Service, comment: dict[str, Any]) -> Any:
    """What is stored of a comment."""
    async with service.deps.database.transaction("look") as tx:
        return await tx.connection.fetchrow("SELECT * FROM comments WHERE id = $1", as_id(comment["id"]))


async def change_article(service: Service, site: SiteClient, article: str, changes: str) -> None:
    """Change an article beneath the API."""
    async with service.deps.database.transaction("change") as tx:
        await tx.connection.execute(
            f"UPDATE articles SET {changes} WHERE external_id = $1 AND site_key = $2", article, (await site.site()).key
        )


def held_by(answer: Answer) -> list[str]:
    """The checks that held a post that was taken."""
    assert answer.status in (201, 202), answer.body
    assert (answer.status == 202) == bool(answer.json["held_by"]) == (answer.json["status"] == "pending")
    return sorted(answer.json["held_by"])


def refused(answer: Answer) -> tuple[int, str]:
    assert answer.status >= 400, answer.body
    return answer.status, answer.json["code"]


@pytest.mark.parametrize("word", DISGUISES)
async def test_banned_and_suspect_words_are_found_however_they_are_typed(word: str, service: Service) -> None:
    site = await service.new_site(banned_words=["Casino"])
    assert refused(await site.comment("a", f"Win at the {word}, today")) == (422, "banned_word")
    await site.set(banned_words=[], suspect_words=["casino"])
    held = await site.comment("a", f"Win at the {word}, today")
    assert held_by(held) == ["suspect_word"]
    assert (await row_of(service, held.json))["held_details"] == {"suspect_word": "casino"}
    await site.set(suspect_words=[])
    assert held_by(await site.comment("a", f"Win at the {word}, again")) == []


@pytest.mark.parametrize(
    ("words", "text", "found"),
    [
        (["bad"], "badly, rebadged and not_bad2", False),
        (["bad"], "That's bad.", True),
        (["bad"], "not_bad_at_all", True),
        (["bum"], "They burn.", False),
        (["ass"], "Class assignments", False),
        (["kill yourself"], "go kill\n yourself", True),
        (["$$$"], "win$$$now", True),
        (["法輪"], "我們練法輪功", True),
        (["ผี"], "กลัวผีมาก", True),
        (["시발"], "시발은", True),
        (["वह"], "वहाँ", False),
        (["bad"], "这bad了", True),
        (["don't"], "I don’t know", True),
        (["schön"], "schon", False),
        (["bad"], "b\u0336a\u0336d\u0336", True),
        (["вор"], "Вор!", True),
        ([".*"], "anything", False),
        (["\u200b"], "anything", False),
    ],
)
async def test_words_are_whole_words_where_their_script_has_spaces(
    words: list[str], text: str, found: bool, service: Service
) -> None:
    site = await service.new_site(suspect_words=words)
    assert held_by(await site.comment("a", text)) == (["suspect_word"] if found else [])


async def test_words_and_links_count_in_names_and_titles_too(service: Service) -> None:
    site = await service.new_site(banned_words=["casino"], held_domains=["evil.example"], max_links=0, guests=True)
    token = await site.token("Casino King")
    assert refused(await site.comment("a", token=token)) == (422, "banned_word")
    assert refused(await site.comment("a", token=await site.token("www.good.example"))) == (422, "too_many_links")
    assert held_by(await site.comment("a", token=await site.token("buy at Evil.example"))) == ["held_domain"]
    assert refused(await site.post("/guests", {"name": "Саsino Guest"})) == (422, "banned_word")
    opening = {"text": canary(), "article": {"title": "The casino"}}
    assert refused(await site.post("/articles/new/comments", opening, token=await site.token())) == (422, "banned_word")
    opening["text"] = canary()
    assert held_by(await site.post("/articles/a/comments", opening, token=await site.token())) == []


async def test_a_title_is_not_shown_for_a_comment_that_is_held(service: Service) -> None:
    site = await service.new_site(suspect_words=["casino"])
    for article, title, shown in (("a", "The casino", None), ("b", "The harbour", "The harbour")):
        opening = {"text": canary(), "article": {"title": title}}
        answer = await site.post(f"/articles/{article}/comments", opening, token=await site.token())
        assert answer.status == (202 if shown is None else 201)
        assert (await site.page(article))["article"]["title"] == shown


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("https://evil.example/x", "evil.example"),
        ("[here](http://shop.evil.example)", "evil.example"),
        ("[here](http://%65vil.example)", "evil.example"),
        ("just evil.example", "evil.example"),
        ("ＥＶＩＬ。example", "evil.example"),
        ("https://notevil.example and evil.example.org", None),
    ],
)
async def test_listed_domains_and_those_below_hold(text: str, detail: str | None, service: Service) -> None:
    site = await service.new_site(held_domains=["evil.example"])
    posted = await site.comment("a", text)
    assert held_by(posted) == (["held_domain"] if detail else [])
    assert (await row_of(service, posted.json))["held_details"] == ({"held_domain": detail} if detail else None)


LOOK_ALIKES = (
    "Моderator", "Moderat0r", "M0DERATOR", "Moder\u00adator", "Ｍｏｄｅｒａｔｏｒ", "rnoderator", "Möderator",
    "Moderator™", "Moderator.", "Мodегаtor", "ΜΟDERATOR", "𝓜oderator",
)  # fmt: skip


async def test_nobody_is_called_like_the_staff_or_a_reserved_name(service: Service) -> None:
    site = await service.new_site(guests=True, guest_moderation="post")
    boss = await site.token("Moderator", Role.MODERATOR)
    assert held_by(await site.comment("a", token=boss)) == []
    await site.site()
    for name in LOOK_ALIKES:
        assert refused(await site.comment("a", token=await site.token(name))) == (422, "reserved_name"), name
        assert refused(await site.post("/guests", {"name": name})) == (422, "reserved_name"), name
    assert held_by(await site.comment("a", token=boss)) == []
    assert held_by(await site.comment("a", token=await site.token("Moderata"))) == []
    editor = await site.token("The Editor")
    assert held_by(await site.comment("a", token=editor)) == []
    await site.set(reserved_names=["the editor"])
    assert refused(await site.comment("a", token=editor)) == (422, "reserved_name")
    mine = (await site.get("/me/articles/a", token=editor)).json
    assert (mine["can_post"], mine["why_not"]) == (False, "reserved_name")


async def test_a_new_name_that_is_refused_does_not_stand_over_old_comments(service: Service) -> None:
    site = await service.new_site(reserved_names=["Staff"])
    posted = await site.posted("a", token=await site.token("Bob"))
    deps, there = service.deps, await site.site()
    renamed = deps.tokens.issue_command_line_token(there.name, "test:Bob", "Stаff", Role.READER)
    assert refused(await site.comment("a", token=renamed)) == (422, "reserved_name")
    await site.get("/me", token=renamed)
    assert (await site.get(f"/comments/{posted['id']}")).json["comment"]["author"]["name"] == "Bob"


async def test_the_first_comments_of_a_new_author_wait_for_approval(service: Service) -> None:
    site = await service.new_site(new_author_approvals=1)
    moderator = await site.token("Max", Role.MODERATOR)
    assert held_by(await site.comment("a", token=moderator)) == []
    first, second = await site.comment("a"), await site.comment("a")
    assert held_by(first) == held_by(second) == ["new_author"]
    wish = {"comment_id": first.json["id"], "action": "approve"}
    await site.post("/moderation/decisions", {"decisions": [wish]}, token=moderator)
    assert held_by(await site.comment("a")) == []
    bob = await site.token("Bob")
    assert held_by(await site.comment("a", token=bob)) == ["new_author"]
    await site.set(new_author_approvals=0)
    assert held_by(await site.comment("a", token=bob)) == []


async def test_authors_much_of_whose_last_comments_was_removed_are_held(service: Service) -> None:
    site = await service.new_site(history_hold={"last": 4, "removed_share": 0.5})
    moderator = await site.token("Max", Role.MODERATOR)
    posted = [await site.posted("a") for _ in range(4)]
    assert all(one["status"] == "published" for one in posted)
    for number, one in enumerate(posted[:2]):
        assert held_by(await site.comment("b", token=await site.token(f"Other {number}"))) == []
        wish = {"comment_id": one["id"], "action": "spam" if number else "remove"}
        await site.post("/moderation/decisions", {"decisions": [wish]}, token=moderator)
    held = [await site.comment("a") for _ in range(5)]  # those that wait say nothing yet
    assert [held_by(one) for one in held] == [["bad_history"]] * 5
    await site.set(history_hold=None)
    assert held_by(await site.comment("a")) == []


CAMPAIGN = "The new road through the old forest is a gift to our town, and everybody I know is going to vote for it"


async def test_a_campaign_of_many_authors_is_held(service: Service) -> None:
    site = await service.new_site(near_duplicates={"authors": 3, "minutes": 60})
    tokens = [await site.token(f"Voice {n}") for n in range(4)]
    assert held_by(await site.comment("a", f"{CAMPAIGN}. No 1", token=tokens[0])) == []
    assert held_by(await site.comment("b", f"{CAMPAIGN}!!", token=tokens[0])) == []
    assert held_by(await site.comment("b", CAMPAIGN.upper(), token=tokens[1])) == []
    other = await site.posted("b", "Something that nobody else has ever said about this road", token=tokens[2])
    held = await site.comment("b", f"Well: {CAMPAIGN.replace('our', 'your')} 333", token=tokens[2])
    assert held_by(held) == ["near_duplicate"]
    assert (await row_of(service, held.json))["held_details"] == {"near_duplicate": "3 authors within 60 minutes"}
    edited = await site.patch(f"/comments/{other['id']}", {"text": CAMPAIGN}, token=tokens[2])
    assert (edited.status, edited.json["comment"]["text"]) == (202, other["text"])
    await site.set(near_duplicates={"authors": 20, "minutes": 60})
    assert held_by(await site.comment("a", CAMPAIGN, token=tokens[3])) == []
    await site.set(near_duplicates=None)
    assert held_by(await site.comment("b", CAMPAIGN, token=tokens[3])) == []


def test_short_texts_are_near_nothing() -> None:
    assert near_fingerprints("Great article!") == []


async def test_in_slow_mode_a_reader_waits_and_staff_do_not(service: Service) -> None:
    site = await service.new_site()
    first = await site.posted("a")
    await change_article(service, site, "a", "slow_mode_seconds = 3600")
    answer = await site.comment("a")
    assert refused(answer) == (429, "slow_mode")
    assert 3590 <= int(answer.headers["Retry-After"]) <= 3600
    assert held_by(await site.comment("b")) == []
    assert (await site.patch(f"/comments/{first['id']}", {"text": canary()}, token=await site.token())).status == 200
    moderator = await site.token("Max", Role.MODERATOR)
    assert [held_by(await site.comment("a", token=moderator)) for _ in range(2)] == [[], []]
    await change_article(service, site, "a", "slow_mode_seconds = NULL")
    assert held_by(await site.comment("a")) == []


async def test_article_beats_section_beats_site(service: Service) -> None:
    site = await service.new_site(section_moderation={"Sport": "pre", "Culture": "post"})
    for article, section in (("sport", "Sport"), ("culture", "Culture"), ("none", None)):
        await site.posted(article)
        await change_article(service, site, article, f"section = {section!r}" if section else "section = NULL")

    async def of_each() -> list[list[str]]:
        return [held_by(await site.comment(article)) for article in ("sport", "culture", "none")]

    assert await of_each() == [["premoderated_section"], [], []]
    await site.set(moderation="pre")
    assert await of_each() == [["premoderated_section"], [], ["premoderated_site"]]
    await change_article(service, site, "sport", "moderation = 'post'")
    await change_article(service, site, "culture", "moderation = 'pre'")
    assert await of_each() == [[], ["premoderated_article"], ["premoderated_site"]]


async def test_a_site_is_closed_outside_its_hours(service: Service) -> None:
    site = await service.new_site(closed_text="Good night.")
    now = (await site.get("/me", token=await site.token())).headers["Date"][17:22]
    minute = f"{now[:3]}{(int(now[3:]) + 30) % 60:02}"
    later = f"{(int(now[:2]) + 12) % 24:02}:00"
    await site.set(open_hours={"from": later, "to": later[:3] + "01", "zone": "UTC"})
    answer = await site.comment("a")
    assert (refused(answer), answer.json["detail"]) == ((409, "posting_closed"), "Good night.")
    await site.set(open_hours={"from": minute, "to": minute, "zone": "UTC"})
    assert held_by(await site.comment("a")) == []


async def test_the_first_refusal_in_the_order_of_the_list_is_told(service: Service) -> None:
    order = [check.__name__ for check in CHECKS]
    issue = [
        "banned_author", "network_ban", "locked_article", "slow_mode", "too_long", "near_duplicate", "too_many_links",
        "held_domain", "banned_word", "suspect_word", "new_author", "bad_history", "reserved_name",
        "premoderated_guest",
    ]  # fmt: skip
    assert [name for name in order if name in issue] == issue
    site = await service.new_site(banned_words=["casino"], max_links=0, max_length=40, reserved_names=["Root"])
    token = await site.token("Root")
    texts = {
        "casino https://x.example " + "long " * 10: (422, "validation_error"),
        "casino https://x.example": (422, "too_many_links"),
        "casino": (422, "banned_word"),
        "fine": (422, "reserved_name"),
    }
    for text, answer in texts.items():
        assert refused(await site.comment("a", text, token=token)) == answer
    counted = service.deps.refusals
    assert {"too_long", "too_many_links", "banned_word", "reserved_name"} <= set(counted)


async def test_a_hold_and_its_reasons_are_for_the_author_and_moderators_only(service: Service) -> None:
    site = await service.new_site(suspect_words=["gadfly"], held_domains=["evil.example"])
    word = canary()
    held = await site.comment("a", f"{word} gadfly on evil.example")
    assert held_by(held) == ["held_domain", "suspect_word"]
    assert "gadfly" not in orjson.dumps({**held.json, "text": "", "html": ""}).decode()
    for path in ("/articles/a/comments", f"/comments/{held.json['id']}", "/articles/a/comments?sort=top"):
        assert b"gadfly" not in (await site.get(path)).body
    async with service.deps.database.transaction("look") as tx:
        rows = await tx.connection.fetch(
            "SELECT check_name, d::text AS said FROM decisions d WHERE comment_id = $1", as_id(held.json["id"])
        )
    assert sorted(row["check_name"] for row in rows) == ["held_domain", "suspect_word"]
    assert not any("gadfly" in row["said"] for row in rows)
    moderator = await site.token("Max", Role.MODERATOR)
    wish = {"comment_id": held.json["id"], "action": "approve"}
    await site.post("/moderation/decisions", {"decisions": [wish]}, token=moderator)
    row = await row_of(service, held.json)
    assert (row["held_by"], row["held_details"]) == ([], None)


async def test_edits_meet_the_same_checks(service: Service) -> None:
    site = await service.new_site(banned_words=["casino"], suspect_words=["lottery"])
    token = await site.token()
    posted, other = await site.posted("a"), await site.posted("a", "Said before, by the same author.")
    path = f"/comments/{posted['id']}"
    assert refused(await site.patch(path, {"text": "A casino!"}, token=token)) == (422, "banned_word")
    assert refused(await site.patch(path, {"text": other["text"]}, token=token)) == (422, "duplicate_comment")
    held = await site.patch(path, {"text": "A lottery."}, token=token)
    assert (held.status, held.json["pending_text"]) == (202, "A lottery.")
    assert (await row_of(service, posted))["held_details"] == {"suspect_word": "lottery"}


async def test_rules_are_tried_without_changing_anything(service: Service) -> None:
    site = await service.new_site(suspect_words=["lottery"])
    admin = await site.token("Root", Role.ADMIN)
    plain = await site.posted("a", "I like the casino")
    link = await site.posted("a", "See https://x.example", token=await site.token("Bob"))
    held = await site.posted("a", "A lottery", token=await site.token("Eve"))
    before = [await row_of(service, one) for one in (plain, link, held)]

    async def tried(**changes: Any) -> dict[str, Any]:
        answer = await site.post("/moderation/settings/try", changes, token=admin)
        assert answer.status == 200, answer.body
        return {
            name: found if name == "tried" else {one["comment_id"]: one["checks"] for one in found}
            for name, found in answer.json.items()
        }

    assert await tried() == {"tried": 3, "held": {held["id"]: ["suspect_word"]}, "refused": {}, "freed": {}}
    assert await tried(suspect_words=["casino"], max_links=0) == {
        "tried": 3,
        "held": {plain["id"]: ["suspect_word"]},
        "refused": {link["id"]: ["too_many_links"]},
        "freed": {held["id"]: ["suspect_word"]},
    }
    assert (await tried(new_author_approvals=1))["held"][plain["id"]] == ["new_author"]
    assert (await tried(reserved_names=["b0b"]))["refused"] == {link["id"]: ["reserved_name"]}
    assert [await row_of(service, one) for one in (plain, link, held)] == before
    assert refused(await site.post("/moderation/settings/try", {"nonsense": 1}, token=admin)) == (
        422,
        "validation_error",
    )
    assert held_by(await site.comment("a", "Another casino")) == []


@dataclass
class Hook:
    """A publisher's own check."""

    answer: Callable[[web.Request], Any] = lambda request: web.json_response({})
    url: str = ""
    asked: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((dict(request.headers), await request.read()))
        answered = self.answer(request)
        response: web.StreamResponse = await answered if asyncio.iscoroutine(answered) else answered
        return response


@asynccontextmanager
async def running_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/check", hook.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/check"
    try:
        yield hook
    finally:
        await runner.cleanup()


async def test_the_publishers_own_check_is_asked_and_heard(service: Service) -> None:
    async with running_hook() as hook:
        site = await service.new_site(suspect_words=["lottery"], banned_words=["casino"], hook={"url": hook.url})
        posted = await site.comment("a", "A lottery")
        assert held_by(posted) == ["suspect_word"]
        headers, body = hook.asked[-1]
        secret = await hook_secret(service.deps, await site.site())
        told = Webhook(secret).verify(body, {name.lower(): value for name, value in headers.items()})
        assert told["type"] == "comment.check"
        assert told["data"]["comment"]["id"] == posted.json["id"]
        assert told["data"]["comment"]["held_by"] == ["suspect_word"]
        assert (told["data"]["article"]["id"], told["data"]["author"]["name"]) == ("a", "Ada")
        hook.answer = lambda request: web.json_response({"action": "hold", "reason": "Looks odd"})
        held = await site.comment("a")
        assert held_by(held) == ["hook"]
        assert (await row_of(service, held.json))["held_details"] == {"hook": "Looks odd"}
        edited = await site.patch(f"/comments/{posted.json['id']}", {"text": "Other words."}, token=await site.token())
        assert edited.json["held_by"] == ["hook", "suspect_word"]
        hook.answer = lambda request: web.json_response({"action": "refuse", "reason": "Not here."})
        answer = await site.comment("a")
        assert (refused(answer), answer.json["detail"]) == ((403, "forbidden"), "Not here.")
        asked = len(hook.asked)
        assert refused(await site.comment("a", "A casino")) == (422, "banned_word")
        assert len(hook.asked) == asked  # nobody is asked about what is refused anyway
        await site.set(hook=None)
        assert held_by(await site.comment("a")) == []
        assert len(hook.asked) == asked


async def slow(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    return web.Response()


BAD_ANSWERS: dict[str, Callable[[web.Request], Any]] = {
    "timeout": slow,
    "status": lambda request: web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}),
    "json": lambda request: web.json_response({"action": "delete everything"}),
    "json again": lambda request: web.json_response({"decision": "refuse"}),
}


@pytest.mark.parametrize("reason", BAD_ANSWERS)
@pytest.mark.parametrize(("on_failure", "held"), [("hold", ["hook"]), ("publish", [])])
async def test_a_check_that_gives_no_answer_holds_or_publishes_as_the_site_says(
    reason: str, on_failure: str, held: list[str], service: Service
) -> None:
    async with running_hook() as hook:
        hook.answer, reason = BAD_ANSWERS[reason], reason.partition(" ")[0]
        site = await service.new_site(hook={"url": hook.url, "timeout_ms": 50, "on_failure": on_failure})
        before = service.deps.counters[f"hook_failures:{reason}"]
        assert held_by(await site.comment("a")) == held
        assert service.deps.counters[f"hook_failures:{reason}"] == before + 1
        assert len(hook.asked) <= 1  # a redirect is not followed


@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:1/", "connect"), ("http://10.0.0.1/", "address"), ("http://[::]/", "address")],
)
async def test_a_dead_or_private_address_is_a_failure_like_others(url: str, reason: str, service: Service) -> None:
    site = await service.new_site(hook={"url": url, "timeout_ms": 1000, "on_failure": "hold"})
    before = service.deps.counters[f"hook_failures:{reason}"]
    assert held_by(await site.comment("a")) == ["hook"]
    assert service.deps.counters[f"hook_failures:{reason}"] == before + 1


async def test_no_connection_is_held_while_the_publisher_thinks(service: Service) -> None:
    async with running_hook() as hook:
        waiting, go = asyncio.Event(), asyncio.Event()

        async def wait(request: web.Request) -> web.Response:
            if len(hook.asked) == 2 * service.deps.database.size:
                waiting.set()
            await go.wait()
            return web.json_response({"action": "publish"})

        hook.answer = wait
        site = await service.new_site(hook={"url": hook.url, "timeout_ms": 5000, "on_failure": "hold"})
        posts = [asyncio.create_task(site.comment("a")) for _ in range(2 * service.deps.database.size)]
        await asyncio.wait_for(waiting.wait(), 5)
        assert (await site.get("/me", token=await site.token())).status == 200
        go.set()
        assert [held_by(answer) for answer in await asyncio.gather(*posts)] == [[]] * len(posts)


async def test_a_hooks_secret_can_be_renewed(service: Service) -> None:
    site = await service.new_site()
    first = await hook_secret(service.deps, await site.site())
    assert await hook_secret(service.deps, await site.site()) == first
    second = await hook_secret(service.deps, await site.site(), renew=True)
    assert second not in (first, await hook_secret(service.deps, await (await service.new_site()).site()))
    assert await hook_secret(service.deps, await site.site()) == second
    assert len(base64.b64decode(second.removeprefix("whsec_"))) == 32
