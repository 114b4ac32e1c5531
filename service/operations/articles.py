"""Articles: what publishers, moderators and operators see and change of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import asyncpg

from service.deps import Deps
from service.domain.articles import check_article_id
from service.domain.errors import ArticleNotFound, Conflict, ValidationFailed
from service.domain.rows import Row
from service.domain.sites import Site
from service.store import articles, decisions, events
from service.store.database import Transaction
from service.store.decisions import Decision
from service.store.events import Happening

TRIES = 3
# What the log calls a change of one column, by its new value; every other change is an update.
NAMED_CHANGES: Mapping[tuple[str, object], str] = {
    ("visibility", "hidden"): "hide_article",
    ("visibility", "shown"): "show_article",
    ("locked", True): "lock_article",
    ("locked", False): "unlock_article",
}


async def find_article(deps: Deps, site: Site, article_id: str) -> Row:
    """An article with its count, by any of its ids. Raises InvalidArticleId, ArticleNotFound."""
    check_article_id(article_id)
    row = await articles.find_article(deps.database, site.key, article_id)
    if row is None:
        raise ArticleNotFound
    return row


async def change_article(
    deps: Deps,
    site: Site,
    article_id: str,
    changes: Mapping[str, Any],
    *,
    create: bool = False,
    moderator_key: int | None = None,
) -> Row:
    """Change the named columns of an article (validated by the caller, of store.articles.CHANGEABLE); the article now.

    With `create` an unknown article is opened, registered by its publisher. Opening an article again has its
    auto_lock_days begin anew. Raises InvalidArticleId, ArticleNotFound, Conflict.
    """
    row, _ = await save_article(
        deps, site, article_id, changes, create=create, moderator_key=moderator_key, begins_anew=True
    )
    return row


async def register_article(
    deps: Deps, site: Site, article_id: str, known: Mapping[str, Any], moderator_key: int | None = None
) -> tuple[Row, bool]:
    """Take over what an article's publisher knows of it; the article now, and whether it is new.

    Raises InvalidArticleId, ValidationFailed when it would close before it opens.
    """
    changes = {**known, "registered": True}
    return await save_article(deps, site, article_id, changes, create=True, moderator_key=moderator_key)


async def save_article(
    deps: Deps,
    site: Site,
    article_id: str,
    changes: Mapping[str, Any],
    *,
    create: bool,
    moderator_key: int | None,
    begins_anew: bool = False,
) -> tuple[Row, bool]:
    """One transaction for one article, tried again when somebody opened it meanwhile; the article, and whether new."""
    check_article_id(article_id)
    for _ in range(TRIES):
        try:
            async with deps.database.transaction("save_article") as tx:
                before = await articles.lock_article(tx, site.key, article_id)
                if before is None:
                    if not create:
                        raise ArticleNotFound
                    await articles.insert_article(tx, site.key, article_id, registered=True)
                new, before = before is None, before or await articles.lock_article(tx, site.key, article_id)
                assert before is not None
                await write_changes(tx, site, before, changes, moderator_key=moderator_key, anew=begins_anew)
                after = await articles.find_article(tx, site.key, article_id)
        except asyncpg.UniqueViolationError:
            continue
        assert after is not None
        deps.withdrew(*((site.name, known) for known in before["ids"]))
        return after, new
    raise Conflict("The article was opened meanwhile; try again.")


async def write_changes(
    tx: Transaction,
    site: Site,
    before: Row,
    changes: Mapping[str, Any],
    *,
    moderator_key: int | None,
    anew: bool,
) -> None:
    """Write what differs, with its decisions and its place in the log; nothing where nothing differs."""
    opens_at, closes_at = (changes.get(name, before[name]) for name in ("opens_at", "closes_at"))
    if opens_at is not None and closes_at is not None and closes_at <= opens_at:
        raise ValidationFailed({"closes_at": ["It must be later than opens_at."]})
    changed = {name: value for name, value in changes.items() if before[name] != value}
    opened = anew and changes.get("locked") is False
    if not (changed or opened):
        return  # that it was opened is told already
    await articles.update_article(tx, before["key"], changed, begins_anew=opened)
    logged = [
        await decisions.insert_decision(
            tx, Decision(site.key, action, article_key=before["key"], moderator_key=moderator_key)
        )
        for action in sorted(actions_of({**changed, "locked": False} if opened else changed))
    ]
    happening = Happening(
        "article.updated", site.key, article_key=before["key"], decision_id=logged[0] if logged else None
    )
    await events.insert_outbox(tx, happening)


def actions_of(changed: Mapping[str, Any]) -> set[str]:
    """What the log calls these changes."""
    return {NAMED_CHANGES.get(change, "update_article") for change in changed.items()}


async def add_alias(deps: Deps, site: Site, article_id: str, other_id: str) -> None:
    """Let another id name the article, too; doing it again changes nothing.

    An article of its own under that id goes, if nobody ever commented on it. Raises InvalidArticleId,
    ArticleNotFound, Conflict.
    """
    check_article_id(article_id)
    check_article_id(other_id)
    async with deps.database.transaction("add_alias") as tx:
        article, other = await lock_both(tx, site, article_id, other_id)
        if article is None:
            raise ArticleNotFound
        key = article["key"]
        if other is not None and other["key"] == key:
            return
        if article["merged_into"] is not None:
            raise Conflict("This article is being merged into another.")
        if other is not None:
            if await articles.has_comments(tx, other["key"]):
                raise Conflict("The other article has comments: merge it instead.")
            await articles.replace_article(tx, site.key, other["key"], key)
        elif not await articles.insert_alias(tx, site.key, other_id, key):
            raise Conflict("The other article was opened meanwhile; try again.")
        await events.insert_outbox(tx, Happening("article.updated", site.key, article_key=key))
    deps.withdrew(*((site.name, known) for known in {*article["ids"], *(other["ids"] if other else ()), other_id}))


async def lock_both(tx: Transaction, site: Site, article_id: str, other_id: str) -> tuple[Row | None, Row | None]:
    """Two articles about to change, locked in one order whoever asks, so that nobody waits in a circle."""
    keys = {}
    for one in (article_id, other_id):
        row = await articles.find_article(tx, site.key, one)
        keys[one] = row["key"] if row is not None else -1
    rows = {one: await articles.lock_article(tx, site.key, one) for one in sorted(keys, key=lambda one: keys[one])}
    return rows[article_id], rows[other_id]
