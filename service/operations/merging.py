"""Merging articles: all comments of one move to another, and its ids name the other from then on.

Each root comment moves with all its replies in a transaction of its own, so a comment is in one of the two articles at
any moment. The article takes no new comments meanwhile. Whatever interrupts it, any process goes on where it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from service.deps import Deps
from service.domain.articles import check_article_id
from service.domain.errors import ArticleNotFound, Conflict, Unavailable, ValidationFailed
from service.domain.rows import Row
from service.domain.sites import Site
from service.operations.articles import lock_both
from service.store import articles, decisions, events, merging
from service.store.decisions import Decision
from service.store.events import Happening

PATIENCE = 3.0  # seconds that whoever asked for a merge waits for it
THREAD_SECONDS = 60.0  # a thread of a hundred thousand replies takes its time


@dataclass(frozen=True, slots=True)
class Merge:
    """The article that takes the comments, and whether all of them are there."""

    article: Row
    state: Literal["merging", "done"]


async def merge_article(deps: Deps, site: Site, article_id: str, into: str, moderator_key: int | None = None) -> Merge:
    """Move everything that hangs on an article to another and let its ids name that one; again is fine.

    What takes longer than a few seconds goes on by itself. Raises InvalidArticleId, ArticleNotFound,
    ValidationFailed, and Conflict where one of them is hidden and the other is not, or part of another merge.
    """
    check_article_id(article_id)
    check_article_id(into)
    if article_id == into:
        raise ValidationFailed({"into": ["Name another article."]})
    key = await begin(deps, site, article_id, into, moderator_key)
    if key is not None:
        deps.withdrew((site.name, article_id), (site.name, into))
        await move_for_a_while(deps, key)
    article = await articles.find_article(deps.database, site.key, into)
    source = await articles.find_article(deps.database, site.key, article_id)
    assert article is not None
    assert source is not None
    return Merge(article, "done" if source["key"] == article["key"] else "merging")


async def begin(deps: Deps, site: Site, article_id: str, into: str, moderator_key: int | None) -> int | None:
    """Close the article and note where its comments go; its key, or nothing when they are there already."""
    async with deps.database.transaction("begin_merge") as tx:
        source, target = await lock_both(tx, site, article_id, into)
        if source is None or target is None:
            raise ArticleNotFound
        if source["key"] == target["key"]:
            return None
        if source["merged_into"] == target["key"]:
            return int(source["key"])
        if source["visibility"] != target["visibility"]:
            raise Conflict("One of them is hidden and the other is not.")
        if source["merged_into"] or target["merged_into"] or await merging.merges_into(tx, source["key"]):
            raise Conflict("One of them is part of another merge, which is not done yet.")
        await merging.start_merge(tx, source["key"], target["key"])
        decided = await decisions.insert_decision(
            tx, Decision(site.key, "merge_article", article_key=source["key"], moderator_key=moderator_key)
        )
        for one in (source, target):
            happening = Happening("article.updated", site.key, article_key=one["key"], decision_id=decided)
            await events.insert_outbox(tx, happening)
    return int(source["key"])


async def move_for_a_while(deps: Deps, article_key: int) -> None:
    """Move threads while the one who asked waits; what is left goes on by itself."""
    until = deps.monotonic() + PATIENCE
    try:
        while deps.monotonic() < until and await move_next(deps, article_key, PATIENCE):
            pass
    except (Unavailable, Conflict):
        return


async def move_next(deps: Deps, article_key: int | None = None, patience: float = THREAD_SECONDS) -> bool:
    """One step of a merge (of this article, or any), in `patience` seconds: a thread moves, or at the end the ids.

    Whether there may be more to do. Raises Unavailable, and Conflict when somebody commented at the last moment.
    """
    async with deps.database.transaction("move_thread", patience=patience) as tx:
        article = await merging.next_merge(tx, article_key)
        if article is None:
            return False
        key, into = article["key"], article["merged_into"]
        root_id = await merging.next_thread(tx, key)
        if root_id is not None:
            await merging.move_thread(tx, key, into, root_id)
        else:
            await merging.move_notifications(tx, key, into)
            await articles.replace_article(tx, article["site_key"], key, into)
            await events.insert_outbox(tx, Happening("article.updated", article["site_key"], article_key=into))
    deps.withdrew(*((article["site"], known) for known in article["ids"]))
    return root_id is not None
