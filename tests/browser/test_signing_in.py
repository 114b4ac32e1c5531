"""Signing in: tokens of the page, asked for and asked again; guests; sessions that end while somebody writes."""

from __future__ import annotations

from typing import Any

import jwt
import pytest_asyncio

from service.domain.identity import Role
from tests.browser.section import Readers, expect
from tests.browser.writing import Writer
from tests.client import SiteClient, until
from tests.conftest import SECRET

ENDED = r"answered: 401|status of 401"
ANSWERS = """
window.tokens = [];
window.asked = 0;
document.addEventListener("discuss-token-needed", (event) => {
  window.asked += 1;
  if (!window.tokens.length) return;
  event.preventDefault();
  setTimeout(() => event.detail.resolve(window.tokens.shift()), 10);
});
"""


@pytest_asyncio.fixture
async def writer(readers: Readers) -> Writer:
    """Somebody whose page answers for tokens with those of `window.tokens`."""
    opened: Writer = await readers.new(Writer)
    await opened.context.add_init_script(ANSWERS)
    return opened


def ended(token: str) -> str:
    """The same token with its time over."""
    claims = jwt.decode(token, options={"verify_signature": False})
    head = jwt.get_unverified_header(token)
    claims.update(iat=claims["iat"] - 7200, exp=claims["iat"] - 3600)
    again: str = jwt.encode(claims, SECRET, algorithm=head["alg"], headers={k: head[k] for k in ("kid",) if k in head})
    return again


async def give(writer: Writer, *tokens: str) -> None:
    """Tokens that the page answers with, one after the other."""
    await writer.page.evaluate("(tokens) => window.tokens.push(...tokens)", list(tokens))


async def test_the_page_is_asked_and_may_answer_later(site: SiteClient, writer: Writer) -> None:
    await writer.context.add_init_script(f"window.tokens = ['{await site.token('Ada')}']")
    await writer.open("a")
    await writer.say("Asked for.")
    assert (await site.page("a"))["comments"][0]["author"]["name"] == "Ada"


async def test_a_token_set_as_a_property_and_taken_back(site: SiteClient, writer: Writer) -> None:
    await site.set(suspect_words=["gravel"])
    await writer.open("a")
    await expect(writer.box).to_have_count(0)
    await writer.thread.evaluate("(element, token) => (element.token = token)", await site.token("Ada"))
    await expect(writer.box).to_be_visible()
    await writer.write("Gravel.")
    await writer.press_send()
    await expect(writer.state("pending")).to_have_count(1)
    await writer.thread.evaluate("(element) => (element.token = null)")
    await expect(writer.place.get_by_role("button", name="Join the discussion")).to_be_visible()
    await expect(writer.state("pending")).to_have_count(0)


async def test_an_expired_token_is_asked_for_again(site: SiteClient, writer: Writer) -> None:
    writer.allow(ENDED)
    token = await site.token("Ada")
    await writer.open("a", attributes=f'token="{ended(token)}"')
    await writer.place.get_by_role("button", name="Join the discussion").click()
    await expect(writer.place.get_by_role("button", name="Sign in")).to_be_focused()
    await writer.context.add_init_script(f"window.tokens = ['{token}']")
    await writer.page.reload()
    await writer.say("With a new token.")
    assert await writer.page.evaluate("asked") == 1


async def test_a_session_that_ends_while_writing_loses_nothing(site: SiteClient, writer: Writer) -> None:
    writer.allow(ENDED)
    token = await site.token("Ada")
    await writer.open_as("Ada", "a")
    await refuse_next(writer)
    await give(writer, token)
    await writer.write("Renewed without a word.")
    await writer.press_send()
    await expect(writer.state("published")).to_have_count(1)
    await expect(writer.box).to_have_value("")

    await refuse_next(writer, times=2)
    await writer.write("Signed in again.")
    await writer.press_send()
    await expect(writer.complaint).to_contain_text("Your session ended. What you wrote is kept.")
    await expect(writer.box).to_have_value("Signed in again.")
    await writer.complaint.get_by_role("button", name="Sign in").click()
    assert len(await writer.told("discuss-sign-in")) == 1
    await writer.thread.evaluate("(element, token) => (element.token = token)", await site.token("Ada B"))
    await expect(writer.complaint).to_have_count(0)
    await expect(writer.box).to_have_value("Signed in again.")
    await writer.press_send()
    await expect(writer.state("published")).to_have_count(2)
    assert len(await site.walk("a")) == 2


async def refuse_next(writer: Writer, times: int = 1) -> None:
    """The next posts meet an expired token."""
    body = '{"code": "token_expired", "status": 401, "title": "", "detail": "", "type": "", "request_id": "x"}'
    headers = {"Access-Control-Allow-Origin": writer.press.origin}

    async def refuse(route: Any) -> None:
        if route.request.method != "POST":
            await route.fallback()
        else:
            await route.fulfill(status=401, body=body, headers=headers, content_type="application/problem+json")

    await writer.page.route("**/articles/a/comments", refuse, times=times)


async def test_guests_give_a_name_and_are_known_again(site: SiteClient, writer: Writer) -> None:
    await writer.open("a")
    await writer.place.get_by_role("button", name="Join the discussion").click()
    await writer.place.get_by_role("button", name="Go on as a guest").click()
    await writer.place.get_by_label("Your name").fill("Passer-by")
    await writer.page.keyboard.press("Enter")
    await expect(writer.box).to_be_focused()
    said = await writer.say("Just passing.")
    await expect(said).to_contain_text("Guest")
    await writer.page.reload()
    await expect(writer.box).to_be_visible()
    await writer.say("Still here.")

    async def named() -> bool:
        names = [root["author"]["name"] for root in (await site.page("a"))["comments"]]
        return names == ["Passer-by", "Passer-by"]

    await until(named)


async def test_what_only_one_reader_saw_goes_with_them(site: SiteClient, writer: Writer) -> None:
    ada = await site.token("Ada")
    await site.posted("a", "For everybody.")
    await site.patch("/moderation/articles/a", {"moderation": "pre"}, token=await site.token("Max", Role.MODERATOR))
    await site.posted("a", "Hers alone.", token=ada)
    await writer.open("a", attributes=f'token="{ada}"')
    for token in (await site.token("Ben"), None):
        await writer.thread.evaluate("(element, token) => (element.token = token)", ada)
        await expect(writer.comment("Hers alone.")).to_be_visible()
        await writer.thread.evaluate("(element, token) => (element.token = token)", token)
        await expect(writer.comment("Hers alone.")).to_have_count(0)
        await expect(writer.comment("For everybody.")).to_be_visible()


async def test_a_name_half_given_survives_more_comments(site: SiteClient, writer: Writer) -> None:
    for number in range(21):
        await site.posted("a", f"Number {number}.")
    await writer.open("a")
    await writer.place.get_by_role("button", name="Join the discussion").click()
    await writer.place.get_by_role("button", name="Go on as a guest").click()
    await writer.place.get_by_label("Your name").fill("Pass")
    await writer.more.click()
    await expect(writer.comments).to_have_count(21)
    await expect(writer.place.get_by_label("Your name")).to_have_value("Pass")


async def test_a_guest_can_sign_in(site: SiteClient, writer: Writer) -> None:
    writer.allow("403")
    await site.set(guest_votes=False, sign_in_url="https://www.example.com/login")
    await site.posted("a", "Readable.")
    await writer.open("a")
    said = writer.comment("Readable.")
    await writer.push(said, "Vote up")
    await expect(writer.note(said).get_by_role("link", name="Sign in")).to_be_focused()
    await expect(writer.note(said).get_by_role("button", name="Go on as a guest")).to_have_count(0)
    await writer.place.get_by_role("button", name="Join the discussion").click()
    await writer.place.get_by_role("button", name="Go on as a guest").click()
    await writer.place.get_by_label("Your name").fill("Passer-by")
    await writer.page.keyboard.press("Enter")
    await expect(writer.place).to_contain_text("You write as Passer-by.")
    await expect(writer.place.get_by_role("link", name="Sign in")).to_be_visible()
    await writer.push(said, "Vote up")
    await expect(writer.note(said)).to_contain_text("Guests cannot do this here.")
    await expect(writer.note(said).get_by_role("link", name="Sign in")).to_be_visible()
    await writer.thread.evaluate("(element, token) => (element.token = token)", await site.token("Ada"))
    await expect(writer.place).not_to_contain_text("You write as")


async def test_a_page_whose_origin_is_not_allowed_is_told_so(site: SiteClient, writer: Writer) -> None:
    writer.allow("CORS policy", "ERR_FAILED", "403")
    await site.set(allowed_origins=["https://www.example.com"])
    await writer.open("a", attributes=f'token="{await site.token("Ada")}"')
    await writer.place.get_by_role("button", name="Join the discussion").click()
    await expect(writer.place).to_contain_text("This page may not take part in the discussion.")


async def test_somebody_banned_is_told_so_instead_of_writing_a_reply(site: SiteClient, writer: Writer) -> None:
    await site.posted("a", "Readable.")
    me = await site.posted("a", "Mine.", token=await site.token("Ada"))
    moderator = await site.token("Max", Role.MODERATOR)
    body = {"reason": "Enough."}
    assert (await site.put(f"/moderation/authors/{me['author']['id']}/ban", body, token=moderator)).status == 200
    await writer.open("a", attributes=f'token="{await site.token("Ada")}"')
    await expect(writer.place).to_contain_text("Enough.")
    await writer.push(writer.comment("Readable."), "Reply")
    await expect(writer.note(writer.comment("Readable."))).to_contain_text("Enough.")


async def test_actions_say_how_to_sign_in_where_they_are(site: SiteClient, writer: Writer) -> None:
    await site.set(guests=False, sign_in_url="https://www.example.com/login")
    await site.posted("a", "Readable.")
    await writer.open("a")
    said = writer.comment("Readable.")
    await writer.push(said, "Vote up")
    link = writer.note(said).get_by_role("link", name="Sign in")
    await expect(link).to_have_attribute("href", "https://www.example.com/login")
    await expect(link).to_be_focused()
    await writer.page.evaluate("() => addEventListener('discuss-sign-in', (event) => event.preventDefault())")
    await link.click()
    await expect(writer.thread).to_be_visible()  # the page takes care of it: nobody left
    await writer.thread.evaluate("(element, token) => (element.token = token)", await site.token("Ada"))
    await expect(writer.note(said)).to_have_text("")
    await expect(said).to_be_focused()


async def test_somebody_banned_reads_why_and_until_when(site: SiteClient, writer: Writer) -> None:
    me = await site.posted("a", "Mine.", token=await site.token("Ada"))
    path = f"/moderation/authors/{me['author']['id']}/ban"
    answer = await site.put(path, {"reason": "Shouting."}, token=await site.token("Max", Role.MODERATOR))
    assert answer.status == 200
    await writer.open("a", attributes=f'token="{await site.token("Ada")}"')
    await expect(writer.place).to_have_text("You are banned from this discussion. Shouting.")
