"""Live streams: what they tell, in which order, to whom, and how they are resumed and ended."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from typing import Any

import aiohttp
import jwt
import pytest

from service.adapters import streams as adapter
from service.domain.identity import Role
from service.domain.live import ALWAYS, Burst, News
from service.followers import broadcast
from service.followers.broadcast import VOTE_SECONDS, WRITE_SECONDS, Room
from service.operations.articles import change_article
from service.operations.moderation import decide
from service.operations.sites import add_secret
from service.settings import Settings
from tests.client import Service, SiteClient, as_id, canary, running_service, until
from tests.servers import run_sql
from tests.streams import Stream, streaming

SECRET = "a publisher's secret of thirty-two bytes"


async def act(site: SiteClient, comment: dict[str, Any], action: Any) -> None:
    """Decide on a comment."""
    await decide(site.service.deps, await site.site(), as_id(comment["id"]), action)


async def caught_up(site: SiteClient, article: str, number: int) -> int:
    """Wait until so many comments are counted; the article's last event."""

    async def counted() -> bool:
        return (await site.page(article))["article"]["comment_count"] == number

    await until(counted)
    return int((await site.page(article))["last_event_id"])


def about(comment: dict[str, Any], type: str) -> Any:
    """Whether an event of this type is about this comment."""
    return lambda e: (
        e.type == type and (e.data["id"] if type == "comment.removed" else e.data["comment"]["id"]) == comment["id"]
    )


# ---- what is told


async def test_a_comment_is_told_as_pages_show_it(service: Service) -> None:
    site = await service.new_site()
    async with streaming(site, "/articles/a/events") as stream:
        assert stream.retry is not None
        assert 2000 <= stream.retry <= 8000
        assert stream.response.headers["Content-Type"] == "text/event-stream"
        assert stream.response.headers["X-Accel-Buffering"] == "no"
        assert stream.response.headers["Access-Control-Allow-Origin"] == "*"
        await site.posted("a")
        event = await stream.event("comment.published")
        page = await site.page("a")
        (root,) = page["comments"]
        del root["replies"]
        assert event.data == {"comment": root, "comment_count": 1}
        assert str(event.id) == page["last_event_id"]
        assert (await stream.event("count")).data == {"article_id": "a", "comment_count": 1}


async def test_a_reply_changes_the_comments_above_it(service: Service) -> None:
    site = await service.new_site()
    root = await site.posted("a")
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        reply = await site.posted("a", parent=root["id"])
        above = await stream.until(about(root, "comment.updated"))
        told = await stream.until(about(reply, "comment.published"))
        assert (above.data["comment"]["reply_count"], above.id) == (1, None)
        await act(site, root, "remove")
        removed = await stream.until(about(root, "comment.removed"))
        assert removed.data["tombstone"]["status"] == "removed"
        assert removed.data["tombstone"]["html"] is None
        assert (removed.data["root_id"], removed.data["parent_id"]) == (root["id"], None)
        await act(site, reply, "spam")
        gone = await stream.until(about(root, "comment.removed"))
        assert gone.data["tombstone"] is None
        await stream.until(about(reply, "comment.removed"))
        assert told.id is not None
        assert removed.id is not None
        assert told.id < removed.id


async def test_held_comments_are_never_told(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    token, word = await site.token(), canary()
    async with streaming(site, "/articles/a/events") as stream:
        held = await site.posted("a", f"Held, {word}.", token=token)
        await act(site, held, "remove")
        await site.set(moderation="post")
        await site.posted("a", "Seen.", token=token)
        await stream.event("comment.published")
    assert all(held["id"] not in str(event.data) and word not in str(event.data) for event in stream.seen)


async def test_words_are_silent_from_the_removal_to_the_restoring(service: Service) -> None:
    site, word = await service.new_site(), canary()
    comment = await site.posted("a", word)
    other = await site.token("Bea")
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        for _ in range(3):
            await site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=other)
            await act(site, comment, "remove")
            await stream.until(about(comment, "comment.removed"))
            await site.posted("a")
            quiet = await stream.event("comment.published")
            assert word not in str(quiet.data)
            await act(site, comment, "restore")
            shown = await stream.until(about(comment, "comment.published"))
            assert word in shown.data["comment"]["html"]


async def test_edits_features_and_locks_are_told(service: Service) -> None:
    site, token = await service.new_site(), None
    token = await site.token()
    comment = await site.posted("a", token=token)
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        word = canary()
        await site.patch(f"/comments/{comment['id']}", {"text": word}, token=token)
        assert word in (await stream.event("comment.updated")).data["comment"]["html"]
        await act(site, comment, "feature")
        assert (await stream.event("comment.updated")).data["comment"]["featured"]
        await change_article(service.deps, await site.site(), "a", {"locked": True, "locked_reason": "Enough."})
        assert (await stream.event("article.updated")).data["article"] == (await site.page("a"))["article"]


async def test_a_hidden_article_is_empty_and_says_nothing_more(service: Service) -> None:
    site, word = await service.new_site(), canary()
    comment = await site.posted("a", word)
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        await change_article(service.deps, await site.site(), "a", {"visibility": "hidden"})
        event = await stream.event("article.updated")
        assert event.data["article"] == (await site.page("a"))["article"]
        assert event.data["article"]["comment_count"] == 0
        await act(site, comment, "feature")
        await change_article(service.deps, await site.site(), "a", {"visibility": "shown"})
        assert (await stream.event("article.updated")).data["article"]["comment_count"] == 1
    assert word not in str([event for event in stream.seen if event.type != "comment.updated"])


async def test_comments_of_people_who_are_hidden_go_at_once(service: Service) -> None:
    site, word = await service.new_site(), canary()
    token, moderator = await site.token("Mallory"), await site.token("Max", Role.MODERATOR)
    comment = await site.posted("a", word, token=token)
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        path = f"/moderation/authors/{comment['author']['id']}/ban"
        await site.put(path, {"reason": "spam", "remove_comments": True}, token=moderator)
        assert (await stream.until(about(comment, "comment.removed"))).data["tombstone"] is None
    assert word not in str(stream.seen)


async def test_votes_alone_are_told_now_and_then(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcast, "VOTE_SECONDS", 0.6)
    site = await service.new_site()
    comment = await site.posted("a")
    async with streaming(site, f"/articles/a/events?after={await caught_up(site, 'a', 1)}") as stream:
        for number in range(1, 5):
            await site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=await site.token(f"Voter {number}"))
            if number == 1:
                assert (await stream.event("comment.updated")).data["comment"]["votes"]["up"] == 1
        assert (await stream.event("comment.updated")).data["comment"]["votes"]["up"] == 4
    assert [event.type for event in stream.seen] == ["comment.updated"] * 2


async def test_votes_that_were_to_be_told_later_are_told_to_whoever_resumes(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    after = await caught_up(site, "a", 1)
    async with streaming(site, f"/articles/a/events?after={after}") as stream:
        for number in (1, 2):
            await site.put(f"/comments/{comment['id']}/vote", {"value": 1}, token=await site.token(f"Voter {number}"))
            if number == 1:
                await stream.event("comment.updated")
        await site.posted("a")
        last = (await stream.event("comment.published")).id
    async with streaming(site, f"/articles/a/events?after={last}") as stream:
        late = await stream.event("comment.updated")
        assert (late.data["comment"]["votes"]["up"], late.id) == (2, None)


def test_what_happens_within_a_quarter_of_a_second_goes_together() -> None:
    room = Room([])
    for position in (1, 2):
        room.news.hear(
            {
                "kind": "article.updated",
                "position": position,
                "comment_id": None,
                "from_status": None,
                "to_status": None,
            }
        )
        assert room.due(10.0) == (position == 1)
        if position == 1:
            news, late = room.take(10.0)
            room.told(10.0, news, late, 0)
    assert not room.due(10.0 + WRITE_SECONDS * 0.9)
    assert room.due(10.0 + WRITE_SECONDS)
    assert (WRITE_SECONDS, VOTE_SECONDS) == (0.25, 5.0)
    assert isinstance(news, News)


async def test_readers_under_an_alias_hear_the_same(service: Service) -> None:
    site = await service.new_site()
    await site.posted("a")
    admin = await site.token("Anna", Role.ADMIN)
    assert (await site.put("/articles/a/aliases/b", None, token=admin)).status == 204
    async with streaming(site, "/articles/b/events") as stream:
        await site.posted("a")
        assert (await stream.event("comment.published")).data["comment"]["article_id"] == "a"


async def test_merged_articles_tell_readers_of_both_to_read_anew(service: Service) -> None:
    site = await service.new_site()
    admin = await site.token("Anna", Role.ADMIN)
    for article in ("from", "into"):
        await site.posted(article)
        await caught_up(site, article, 1)
    async with streaming(site, "/articles/from/events") as old, streaming(site, "/articles/into/events") as new:
        answer = await site.post("/moderation/articles/from/merge", {"into": "into"}, token=admin)
        assert answer.status < 300, answer.body
        for stream in (old, new):
            await stream.until(lambda e: e.type == "article.updated" and e.data["article"]["comment_count"] == 2)
            assert stream.seen[-1].data["article"] == (await site.page("into"))["article"]


# ---- resuming


async def test_a_stream_goes_on_by_header_or_parameter_without_gap_or_repeat(service: Service) -> None:
    site = await service.new_site()
    async with streaming(site, "/articles/a/events") as stream:
        await site.posted("a")
        first = await stream.event("comment.published")
    missed = [await site.posted("a") for _ in range(3)]
    for headers, query in (({"Last-Event-ID": str(first.id)}, "?after=0"), ({}, f"?after={first.id}")):
        async with streaming(site, f"/articles/a/events{query}", headers=headers) as stream:
            told = [await stream.event("comment.published") for _ in missed]
            assert [event.data["comment"]["id"] for event in told] == [comment["id"] for comment in missed]
    async with streaming(site, f"/articles/a/events?after={told[-1].id}") as stream:
        await site.posted("a")
        await stream.event("comment.published")
        assert not [event for event in stream.seen if event.data.get("comment", {}).get("id") in str(missed)]


@pytest.mark.parametrize("query", ["?after=", "?after=-1", "?after=1.5", "?after=abc", "?after=99999999999999999999"])
async def test_what_is_no_id_is_refused(service: Service, query: str) -> None:
    site = await service.new_site()
    answer = await site.get(f"/articles/a/events{query}")
    assert (answer.status, answer.json["code"]) == (422, "validation_error")


async def test_an_id_of_a_later_log_begins_at_the_end(service: Service) -> None:
    site = await service.new_site()
    async with streaming(site, "/articles/a/events?after=9000000000000000000") as stream:
        await site.posted("a")
        await stream.event("comment.published")


async def test_reset_only_where_something_was_forgotten(service: Service, settings: Settings) -> None:
    site = await service.new_site()
    for article in ("busy", "quiet"):
        await site.posted(article)
    first = await caught_up(site, "busy", 1)
    quiet = await caught_up(site, "quiet", 1)
    await site.posted("busy")
    last = await caught_up(site, "busy", 2)
    owner = settings.owner_url
    run_sql(owner, f"UPDATE events SET logged_at = now() - interval '40 days' WHERE position <= {last}")
    run_sql(owner, "SELECT trim_events(interval '30 days')")
    resets = service.deps.streams.resets
    async with streaming(site, f"/articles/busy/events?after={first}") as stream:
        reset = await stream.event("reset")
        assert (reset.data, reset.id) == ({"reason": "too_old"}, None)
        await site.posted("busy")
        await stream.event("comment.published")
    assert service.deps.streams.resets == resets + 1
    for path in (f"quiet/events?after={quiet}", f"busy/events?after={last}", "new/events?after=0"):
        async with streaming(site, f"/articles/{path}") as stream:
            await site.posted(path.partition("/")[0])
            await stream.event("comment.published")
            assert "reset" not in [event.type for event in stream.seen]


# ---- readers


@contextlib.asynccontextmanager
async def deaf(site: SiteClient, path: str) -> AsyncIterator[None]:
    """A reader that opens a stream and never reads."""
    port = int(site.service.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port, limit=64)
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(f"GET {site.path}{path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    try:
        yield
    finally:
        writer.close()


async def test_a_reader_that_never_reads_is_cut_off_and_slows_nobody(service: Service) -> None:
    site, streams = await service.new_site(), service.deps.streams
    topic, cut = ("article", site.name, "a"), streams.cut_off
    async with deaf(site, "/articles/a/events"), streaming(site, "/articles/a/events") as stream:

        async def listening() -> bool:
            return len(streams.listeners([topic])) == 2

        await until(listening)
        async with asyncio.timeout(20):
            while streams.cut_off == cut:
                told = stream.comments
                await streams.send([topic], Burst(0, [(ALWAYS, b":" + b"x" * 60_000 + b"\n\n")]))

                async def heard(told: int = told) -> bool:
                    return stream.comments > told

                await until(heard)
        await departed(service, 1)
        await site.posted("a")
        await stream.event("comment.published")
    assert streams.cut_off == cut + 1


async def departed(service: Service, number: int) -> None:
    """Wait until only so many streams are open."""

    async def left() -> bool:
        return service.deps.streams.open == number

    await until(left)


async def test_departed_readers_leave_nothing(service: Service) -> None:
    site = await service.new_site()
    async with contextlib.AsyncExitStack() as stack:
        for _ in range(5):
            await stack.enter_async_context(streaming(site, "/articles/a/events"))
        assert service.deps.streams.open == 5
    await departed(service, 0)
    assert not service.deps.streams.topics("article")


async def test_idle_streams_get_comment_lines(service: Service) -> None:
    site = await service.new_site()
    async with streaming(site, "/articles/a/events") as stream:

        async def heard() -> bool:
            service.deps.streams.keep_alive()
            return stream.comments > 0

        await until(heard)


@pytest.fixture
def few(service: Service) -> Iterator[adapter.Streams]:
    """The module's streams with small caps."""
    streams = service.deps.streams
    capacity, limited = streams.capacity, streams.limited
    yield streams
    streams.capacity, streams.limited = capacity, limited


async def test_more_streams_than_fit_are_refused(service: Service, few: adapter.Streams) -> None:
    site = await service.new_site()
    few.capacity = 1
    async with streaming(site, "/articles/a/events"):
        answer = await site.get("/articles/a/events")
        assert (answer.status, answer.json["code"]) == (503, "too_many_streams")
        assert int(answer.headers["Retry-After"]) >= 5
    await departed(service, 0)
    async with streaming(site, "/articles/a/events"):
        pass


async def test_a_network_has_its_share(service: Service, few: adapter.Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "STREAMS_PER_NETWORK", 2)
    site = await service.new_site()
    few.limited = True
    async with streaming(site, "/articles/a/events"), streaming(site, "/articles/b/events"):
        answer = await site.get("/articles/c/events")
        assert (answer.status, answer.json["code"]) == (503, "too_many_streams")


def test_an_ipv6_network_is_a_64_and_a_48_has_a_ceiling(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "STREAMS_PER_NETWORK", 1)
    monkeypatch.setattr(adapter, "STREAMS_PER_48", 2)
    streams = adapter.Streams(10, lambda message: message)
    with streams.place("2001:db8:0:1::1"), streams.place("192.0.2.1"):
        for taken in ("2001:db8:0:1::2", "192.0.2.1"):
            with pytest.raises(adapter.TooManyStreams), streams.place(taken):
                pass
        with streams.place("2001:db8:0:2::1"), pytest.raises(adapter.TooManyStreams), streams.place("2001:db8:0:3::1"):
            pass
    assert streams.open == 0
    assert not streams._networks


async def test_streams_end_when_the_service_stops(settings: Settings) -> None:
    async with contextlib.AsyncExitStack() as stack:
        async with running_service(settings) as stopping:
            site = await stopping.new_site()
            session = await stack.enter_async_context(aiohttp.ClientSession())
            there = SiteClient(replace(stopping, session=session), site.name)
            stream = await stack.enter_async_context(streaming(there, "/articles/a/events"))
        await stream.ended()


async def test_head_says_what_get_would(service: Service) -> None:
    site = await service.new_site()
    answer = await service.request("HEAD", f"{site.path}/articles/a/events")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream")
    assert service.deps.streams.open == 0


# ---- not for everybody


async def test_people_hear_what_their_notifications_say(service: Service) -> None:
    site = await service.new_site()
    token = await site.token()
    comment = await site.posted("a", token=token)
    async with streaming(site, "/me/events", token=token) as stream:
        await site.posted("a", parent=comment["id"], token=await site.token("Bea"))
        event = await stream.event("reply")
        (item,) = (await site.get("/me/notifications", token=token)).json["items"]
        assert event.data == item
        assert item["id"].startswith(f"{event.id}-")
    async with streaming(site, f"/me/events?after={event.id}", token=token) as stream:
        await act(site, comment, "remove")
        assert (await stream.event("removed")).id
    async with streaming(site, f"/me/events?after={event.id}", token=token) as stream:
        removed = await stream.event("removed")
        assert removed.data["comment"]["id"] == comment["id"]
        assert [one.type for one in stream.seen] == ["removed"]
    async with streaming(site, f"/me/events?after={removed.id}", token=token) as stream:  # nothing was missed
        another = await site.posted("a", token=token)
        await site.posted("a", parent=another["id"], token=await site.token("Bea"))
        assert (await stream.event("reply")).data["comment"]["parent_id"] == another["id"]


async def test_nobody_hears_what_others_are_told(service: Service) -> None:
    site = await service.new_site()
    ada, bea = await site.token("Ada"), await site.token("Bea")
    by_ada, by_bea = await site.posted("a", token=ada), await site.posted("a", token=bea)
    async with streaming(site, "/me/events", token=bea) as stream:
        await act(site, by_ada, "remove")
        await act(site, by_bea, "remove")
        assert (await stream.event("removed")).data["comment"]["id"] == by_bea["id"]
        assert len(stream.seen) == 1


async def test_moderators_hear_decisions_and_counts(service: Service) -> None:
    site, other = await service.new_site(moderation="pre"), await service.new_site()
    token = await site.token("Max", Role.MODERATOR)
    async with streaming(site, "/moderation/events", token=token) as stream:
        await act(other, await other.posted("a"), "remove")
        comment = await site.posted("a")
        counts = await stream.event("queue.counts")
        assert (counts.data["pending"], counts.id) == (1, None)
        wish = {"comment_id": comment["id"], "action": "approve", "note": "Fine."}
        await site.post("/moderation/decisions", {"decisions": [wish]}, token=token)
        made = await stream.event("decision.made")
        items = (await site.get("/moderation/decisions", token=token)).json["items"]
        assert made.data == items[0]
        await stream.until(lambda e: e.type == "queue.counts" and e.data["pending"] == 0)
        assert (await site.get("/moderation/counts", token=token)).json == stream.seen[-1].data
    async with streaming(site, f"/moderation/events?after={(made.id or 0) - 1}", token=token) as stream:
        assert (await stream.event("decision.made")).data == made.data


async def test_a_stream_ends_with_the_token_the_role_or_a_ban(service: Service) -> None:
    site = await service.new_site(token_roles="moderator")
    await add_secret(service.deps, await site.site(), "https://publisher.example", SECRET.encode())
    await site.site()
    admin = await site.token("Anna", Role.ADMIN)
    now = int(time.time())
    claims = {"iss": "https://publisher.example", "aud": site.name, "iat": now - 60, "roles": ["moderator"]}

    def token(name: str, exp: int = now + 600) -> str:
        return jwt.encode({**claims, "sub": name, "name": name, "exp": exp}, SECRET, "HS256")

    expiring, revoked, banned, demoted = (token("Ed", now - 27), token("Rex"), token("Bert"), token("Dora"))
    staying = token("Stan")
    async with contextlib.AsyncExitStack() as stack:

        async def opened(path: str, who: str) -> Stream:
            return await stack.enter_async_context(streaming(site, path, token=who))

        ending = [
            await opened("/me/events", expiring),
            await opened("/me/events", revoked),
            await opened("/moderation/events", banned),
        ]
        kept = [await opened("/me/events", banned), await opened("/moderation/events", staying)]

        async def id_of(who: str) -> str:
            return str((await site.get("/me", token=who)).json["author"]["id"])

        await site.post(f"/moderation/authors/{await id_of(revoked)}/revoke", {}, token=admin)
        answer = await site.put(f"/moderation/authors/{await id_of(banned)}/ban", {"reason": "spam"}, token=admin)
        assert answer.status == 200, answer.body
        await asyncio.gather(*(stream.ended(5) for stream in ending))
        ending = [await opened("/moderation/events", demoted)]
        await site.set(token_roles="none")
        await asyncio.gather(*(stream.ended(5) for stream in [*ending, kept.pop()]))
        assert not kept[0].response.content.at_eof()
        told = await kept[0].event("ban_changed")
        assert told.data["reason"] == "spam"


async def test_a_banned_moderator_does_not_listen(service: Service) -> None:
    site = await service.new_site()
    token, admin = await site.token("Max", Role.MODERATOR), await site.token("Anna", Role.ADMIN)
    me = (await site.get("/me", token=token)).json["author"]["id"]
    assert (await site.put(f"/moderation/authors/{me}/ban", {"reason": "spam"}, token=admin)).status == 200
    answer = await site.get("/moderation/events", token=token)
    assert (answer.status, answer.json["code"]) == (403, "banned")
