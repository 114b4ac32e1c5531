"""The recorder of hidden words: it hears of them, and it notices a leak."""

from __future__ import annotations

import asyncio
import time

import pytest

from service.adapters.caches import PageCache
from service.operations.moderation import decide
from tests.canaries import BETWEEN_PROCESSES, WORD, CanaryHeard, CanaryRecorder
from tests.client import Answer, Service, as_id, canary
from tests.conftest import CANARIES

HERE, ELSEWHERE = object(), object()


def answer(word: str, late: float, served_by: object = HERE) -> Answer:
    """A public answer with the word in it, asked for so many seconds from now."""
    return Answer(200, {}, f"<p>{word}</p>".encode(), None, time.monotonic() + late, served_by)


@pytest.fixture
def recorder() -> CanaryRecorder:
    return CanaryRecorder()


async def test_a_page_that_still_tells_removed_words_is_noticed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    await site.page("a")
    monkeypatch.setattr(PageCache, "drop", lambda *args, **how: None)
    await decide(service.deps, await site.site(), as_id(comment["id"]), "remove")
    with pytest.raises(CanaryHeard, match="/articles/a/comments"):
        await site.page("a")
    monkeypatch.undo()
    service.deps.pages.drop_all()
    await site.page("a")


async def test_words_are_hidden_from_the_decision_on_and_shown_again_after_it(service: Service) -> None:
    site = await service.new_site()
    comment = await site.posted("a")
    (word,) = WORD.findall(comment["text"])
    assert word not in CANARIES.hidden
    await decide(service.deps, await site.site(), as_id(comment["id"]), "spam")
    assert CANARIES.hidden[word].by is service.deps
    await decide(service.deps, await site.site(), as_id(comment["id"]), "approve")
    assert word not in CANARIES.hidden


async def test_held_words_are_hidden_from_the_beginning(service: Service) -> None:
    site = await service.new_site(moderation="pre")
    comment = await site.posted("a")
    (word,) = WORD.findall(comment["text"])
    assert word in CANARIES.hidden
    looked = CANARIES.looked
    await site.page("a")
    assert CANARIES.looked == looked + 1


async def test_what_was_asked_for_before_is_no_leak(recorder: CanaryRecorder) -> None:
    word = canary()
    recorder.learn("id", word, "pending", HERE)
    recorder("GET", "/page", answer(word, -1))
    with pytest.raises(CanaryHeard):
        recorder("GET", "/page", answer(word, 0.01))


async def test_other_processes_have_a_second(recorder: CanaryRecorder) -> None:
    word = canary()
    recorder.learn("id", word, "published", HERE)
    recorder.changed("id", "removed")
    recorder("GET", "/page", answer(word, BETWEEN_PROCESSES + 1, ELSEWHERE))
    recorder.committed(HERE)
    recorder("GET", "/page", answer(word, BETWEEN_PROCESSES - 0.1, ELSEWHERE))
    with pytest.raises(CanaryHeard):
        recorder("GET", "/page", answer(word, BETWEEN_PROCESSES + 0.1, ELSEWHERE))


async def test_another_tasks_commit_hides_nothing(recorder: CanaryRecorder) -> None:
    word = canary()
    recorder.learn("id", word, "published", HERE)
    recorder.changed("id", "removed")
    await asyncio.create_task(asyncio.to_thread(lambda: None))

    async def commit() -> None:
        recorder.committed(HERE)

    await asyncio.create_task(commit())
    assert not recorder.hidden


@pytest.mark.parametrize("path", ["/api/v1/sites/s/me/articles/a", "/api/v1/sites/s/moderation/comments?queue=removed"])
async def test_authors_and_moderators_may_see_them(recorder: CanaryRecorder, path: str) -> None:
    word = canary()
    recorder.learn("id", word, "pending", HERE)
    recorder("GET", path, answer(word, 1))
