"""Running the checks of domain/moderation.py: bringing what they need, and asking the publisher's own service."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson

from service.adapters.outbound import OutboundError
from service.adapters.signatures import shown_secret, signed_headers
from service.deps import Deps
from service.domain.errors import DuplicateComment, Forbidden
from service.domain.ids import created_at_of
from service.domain.limits import client_ip
from service.domain.markup import link_targets, text_of
from service.domain.moderation import CHECKS, HOOK, REPEAT, Draft, Held, Refused, judge
from service.domain.nearness import near_fingerprints
from service.domain.rows import Row
from service.domain.rules import rules_from, skeletons
from service.domain.sites import Site, SiteSettings, settings_from
from service.domain.text import clean_line, count_addresses, count_links
from service.domain.times import rfc3339
from service.operations.authors import Author
from service.operations.rules import rules_of
from service.operations.sites import merge_settings
from service.store import comments
from service.store.comments import Inquiry

LONGEST_REASON = 500  # characters of the hook's reason that are kept
TRIED = 1000  # comments
TRIED_AT_ONCE = 10  # then others have their turn
RULES = frozenset(check.__name__ for check in CHECKS)


@dataclass(frozen=True, slots=True)
class Words:
    """What somebody wants to say: `title` when it opens an article."""

    text: str
    html: str
    title: str | None = None

    @property
    def seen(self) -> tuple[str, ...]:
        """What readers see of it, addresses behind links included."""
        return (text_of(self.html), *link_targets(self.html), self.title or "")


def inquiry_of(settings: SiteSettings, text: str, address: str) -> Inquiry:
    """What the site wants to know of whoever says this, from where."""
    near, history = settings.near_duplicates, settings.history_hold
    return Inquiry(
        address=client_ip(address),
        approvals=settings.new_author_approvals,
        history=int(history["last"]) if history else 0,
        near=near_fingerprints(text) if near else [],
        near_minutes=near["minutes"] if near else 0,
        near_authors=near["authors"] if near else 0,
    )


async def draft_of(deps: Deps, site: Site, author: Author, words: Words, context: Row) -> Draft:
    """What somebody wants to say, as the checks see it; `context` is posting_context's or editing_context's row."""
    return Draft(
        now=context["now"],
        settings=site.settings,
        rules=await rules_of(deps, site),
        links=links_in(words, author.name),
        guest=author.guest,
        name=author.name,
        staff=bool(author.roles),
        staff_names=skeletons(site.staff_names),
        texts=words.seen,
        length=len(words.text),
        banned_until=author.banned_until,
        ban_reason=author.ban_reason,
        network_ban=context["network_ban"],
        article_locked=bool(context["locked"]),
        locked_reason=context["locked_reason"],
        article_moderation=context["moderation"],
        section=context["section"],
        slow_mode_seconds=context["slow_mode_seconds"],
        last_said_at=created_at_of(context["last_said"]) if context["last_said"] is not None else None,
        alike=context["alike"],
        known=context["known"],
        removed_share=context["removed_share"],
    )


def links_in(words: Words, name: str) -> int:
    """The links of a comment, those in its author's name and its article's title included."""
    return count_links(words.html) + count_addresses(name) + count_addresses(words.title or "")


def judged(deps: Deps, draft: Draft) -> Held:
    """The checks that hold the draft; raises the error of the one that refuses it, and counts it."""
    try:
        return judge(draft)
    except Refused as refused:
        deps.refusals[refused.check] += 1
        raise refused.error from None


def said_again(deps: Deps, error: DuplicateComment) -> DuplicateComment:
    """The same text in the same place, which the database refused: counted."""
    deps.refusals[REPEAT] += 1
    return error


async def asked(
    deps: Deps, site: Site, author: Author, words: Words, comment_id: UUID, place: dict[str, Any], held: Held
) -> Held:
    """What holds the comment after the publisher's own service was asked, if the site has one.

    It can add a hold or refuse; what other checks hold stays held. `place` has article and parent as the request shows
    them. Must not be called while a connection is held. Raises Forbidden with its reason.
    """
    hook = site.settings.hook
    if hook is None:
        return held
    body = orjson.dumps(
        {
            "type": "comment.check",
            "timestamp": rfc3339(datetime.fromtimestamp(deps.now(), UTC)),
            "data": {
                "site": site.name,
                "comment": {
                    "id": str(comment_id),
                    "parent_id": place["parent_id"],
                    "text": words.text,
                    "html": words.html,
                    "held_by": list(held),
                },
                "article": place["article"],
                "author": {
                    "id": str(author.id),
                    "name": author.name,
                    "roles": list(author.roles),
                    "labels": list(author.labels),
                    "guest": author.guest,
                },
            },
        }
    )
    try:
        action, reason = await answer_of(deps, site, hook, f"check_{comment_id}", body)
    except OutboundError as error:
        deps.counters[f"hook_failures:{error.reason}"] += 1
        action, reason = ("hold" if hook.get("on_failure", "hold") == "hold" else "publish"), f"no answer: {error}"
    if action == "refuse":
        deps.refusals[HOOK] += 1
        raise Forbidden(reason or "The publisher's own check refused this comment.")
    return {**held, HOOK: reason} if action == "hold" else held


async def answer_of(
    deps: Deps, site: Site, hook: dict[str, Any], message_id: str, body: bytes
) -> tuple[str, str | None]:
    """What the publisher's service says: publish, hold or refuse, and why. Raises OutboundError for anything else."""
    headers = signed_headers(shown_secret(site.hook_secret), message_id, body, deps.now())
    answer = await deps.outbound.post(hook["url"], body, headers, timeout=hook.get("timeout_ms", 1000) / 1000)
    if not 200 <= answer.status < 300:
        raise OutboundError("status", f"answered {answer.status}")
    try:
        said = orjson.loads(answer.body) if answer.body.strip() else {}
        action, reason = (said["action"], said.get("reason")) if said != {} else ("publish", None)
        if action not in ("publish", "hold", "refuse") or not isinstance(reason, str | None):
            raise ValueError
        return action, clean_line(reason)[:LONGEST_REASON] or None if reason else None
    except (ValueError, TypeError, KeyError) as error:
        raise OutboundError("json", 'not like {"action": "hold", "reason": "..."}') from error


def again_before(site: Site, now: datetime) -> datetime:
    """What was said before may be said again."""
    return now - timedelta(minutes=site.settings.repeat_minutes)


@dataclass(frozen=True, slots=True)
class Tried:
    """What proposed settings would do to a site's last comments: the checks that hold, refuse or let go, by comment."""

    tried: int
    held: dict[UUID, list[str]] = field(default_factory=dict)
    refused: dict[UUID, list[str]] = field(default_factory=dict)
    freed: dict[UUID, list[str]] = field(default_factory=dict)


async def try_settings(deps: Deps, site: Site, changes: Mapping[str, Any]) -> Tried:
    """Judge the last 1,000 comments by settings with these changes (validated by the caller); nothing is changed.

    Published and pending ones are judged as if they were posted now, by what is said and by whom: bans, locks, closing
    and slow mode are about the moment, and not tried. Freed are those that only checks hold which would not any more.
    """
    settings = settings_from(merge_settings(asdict(site.settings), changes))
    settings = replace(settings, posting="open", open_hours=None)
    rules = await asyncio.to_thread(rules_from, settings)
    history = int(settings.history_hold["last"]) if settings.history_hold else 0
    rows = await comments.recent_comments(deps.database, site.key, TRIED, settings.new_author_approvals, history)
    near = NearTexts(settings)
    tried = Tried(len(rows))
    for number, row in enumerate(rows):
        if number % TRIED_AT_ONCE == 0:
            await asyncio.sleep(0)
        words = Words(row["text"], row["html"])
        draft = Draft(
            now=created_at_of(row["id"]),
            settings=settings,
            rules=rules,
            links=links_in(words, row["name"]),
            guest=row["guest"],
            name=row["name"],
            staff=bool(row["roles"] or row["granted_role"]),
            staff_names=skeletons(site.staff_names),
            texts=words.seen,
            length=len(words.text),
            article_moderation=row["moderation"],
            section=row["section"],
            alike=near.others(row),
            known=row["known"],
            removed_share=row["removed_share"],
        )
        note_verdict(tried, draft, row)
    return tried


def note_verdict(tried: Tried, draft: Draft, row: Row) -> None:
    """Note what the proposed rules make of a comment."""
    try:
        held = judge(draft)
    except Refused as refused:
        tried.refused[row["id"]] = [refused.check]
        return
    if held:
        tried.held[row["id"]] = list(held)
    elif row["status"] == "pending" and row["held_by"] and set(row["held_by"]) <= RULES:
        tried.freed[row["id"]] = list(row["held_by"])


class NearTexts:
    """Who said something alike before, among comments that are looked at in the order of time."""

    def __init__(self, settings: SiteSettings) -> None:
        self._window = timedelta(minutes=settings.near_duplicates["minutes"]) if settings.near_duplicates else None
        self._said: defaultdict[int, dict[int, datetime]] = defaultdict(dict)

    def others(self, row: Row) -> int:
        """How many others said nearly the same within the window before; 0 where the site does not ask."""
        if self._window is None:
            return 0
        now, author, alike = created_at_of(row["id"]), row["author_key"], set[int]()
        for fingerprint in near_fingerprints(row["text"]):
            said = self._said[fingerprint]
            alike.update(key for key, at in said.items() if key != author and now - at < self._window)
            said[author] = now
        return len(alike)
