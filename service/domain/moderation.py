"""What is done with a draft before anybody sees it, and what moderators may do with a comment.

`CHECKS` is the whole list, in order. Each check looks at the draft and returns a verdict or nothing. The first refusal
ends it; holds add up, so that a moderator sees every reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from service.domain.errors import (
    ArticleLocked,
    Banned,
    Conflict,
    DiscussError,
    GuestsNotAllowed,
    PostingClosed,
    TooManyLinks,
)
from service.domain.sites import SiteSettings

Status = Literal["pending", "published", "removed", "spam", "deleted"]
Action = Literal[
    "hold", "approve", "remove", "spam", "restore", "delete",
    "reject_edit", "uphold", "feature", "unfeature", "dismiss_flags",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """A comment about to be posted, with everything it is judged by."""

    now: datetime
    settings: SiteSettings
    links: int
    guest: bool
    banned_until: datetime | None = None
    ban_reason: str | None = None
    article_locked: bool = False
    locked_reason: str | None = None
    article_moderation: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The draft is not taken."""

    error: DiscussError


class Hold:
    """The draft waits for a moderator."""


HOLD = Hold()
Verdict = Refusal | Hold | None


def banned_author(draft: Draft) -> Verdict:
    """A banned author does not post until the ban ends."""
    if draft.banned_until is not None and draft.banned_until > draft.now:
        return Refusal(Banned(f"{Banned.__doc__} {draft.ban_reason or ''}".strip()))
    return None


def unwelcome_guest(draft: Draft) -> Verdict:
    """A site may stop taking guests; those who came before stay guests."""
    return Refusal(GuestsNotAllowed()) if draft.guest and not draft.settings.guests else None


def posting_closed(draft: Draft) -> Verdict:
    """`posting: closed` is the site's kill switch."""
    return Refusal(PostingClosed(draft.settings.closed_text)) if draft.settings.posting == "closed" else None


def locked_article(draft: Draft) -> Verdict:
    """A locked article takes no new comments."""
    return Refusal(ArticleLocked(draft.locked_reason)) if draft.article_locked else None


def too_many_links(draft: Draft) -> Verdict:
    """More links than the site allows."""
    if draft.links > draft.settings.max_links:
        return Refusal(TooManyLinks(f"At most {draft.settings.max_links} links are allowed here."))
    return None


def premoderated_site(draft: Draft) -> Verdict:
    """The site looks at everything first, unless the article says otherwise."""
    return HOLD if draft.settings.moderation == "pre" and draft.article_moderation is None else None


def premoderated_article(draft: Draft) -> Verdict:
    """The article's comments are looked at first."""
    return HOLD if draft.article_moderation == "pre" else None


def premoderated_guest(draft: Draft) -> Verdict:
    """Guests' comments are looked at first, unless the site trusts them."""
    return HOLD if draft.guest and draft.settings.guest_moderation == "pre" else None


CHECKS: tuple[Callable[[Draft], Verdict], ...] = (
    banned_author,
    unwelcome_guest,
    posting_closed,
    locked_article,
    too_many_links,
    premoderated_site,
    premoderated_article,
    premoderated_guest,
)
REPEAT = "same_text_again"  # judged by the database while writing: two at once must not both pass


@dataclass(eq=False)  # not frozen: context managers write an exception's traceback
class Refused(Exception):
    """A check refused the draft: which one, and the error its author gets."""

    check: str
    error: DiscussError


def judge(draft: Draft) -> list[str]:
    """The names of the checks that hold the draft; empty when it may be published.

    Raises Refused, with the name of the first check that refuses.
    """
    holds = []
    for check in CHECKS:
        verdict = check(draft)
        if isinstance(verdict, Refusal):
            raise Refused(check.__name__, verdict.error)
        if verdict is not None:
            holds.append(check.__name__)
    return holds


@dataclass(frozen=True, slots=True)
class Standing:
    """A comment as decisions see and change it.

    `prior` is the status that restore goes back to; `approved`: a person approved the words as they are;
    `edited`: they changed since the last decision; `flagged`: flags are open; `appealed`: an appeal is open.
    """

    status: Status
    prior: Status | None = None
    featured: bool = False
    approved: bool = False
    edited: bool = False
    revision: int = 1
    pending_revision: int | None = None
    flagged: bool = False
    appealed: bool = False


def decide(action: Action, now: Standing) -> Standing:
    """What an action makes of a comment; the same standing when it is so already.

    Raises Conflict where the contract's state table knows no such step (`deleted` is final).
    """
    if action == "delete":
        return now if now.status == "deleted" else closed(now, "deleted", None)
    if now.status == "deleted":
        raise Conflict("Its author deleted this comment; that is final.")
    return STEPS[action](now)


def closed(now: Standing, status: Status, prior: Status | None) -> Standing:
    """Out of sight: an edit that waits is out with it, and the flags had their answer."""
    return replace(
        now,
        status=status,
        prior=prior,
        featured=False,
        approved=False,
        edited=False,
        pending_revision=None,
        flagged=False,
    )


def hold(now: Standing) -> Standing:
    """published → pending."""
    if now.status in ("removed", "spam"):
        raise Conflict(f"A {now.status} comment cannot be held; restore it first.")
    return replace(now, status="pending", prior=None, featured=False)


def approve(now: Standing) -> Standing:
    """pending, spam, removed → published; on a published one the waiting edit is published and flags are dismissed."""
    return replace(
        now,
        status="published",
        prior=None,
        approved=True,
        edited=False,
        revision=now.pending_revision or now.revision,
        pending_revision=None,
        flagged=False,
        appealed=False,
    )


def remove(now: Standing) -> Standing:
    """Any but deleted → removed."""
    return now if now.status == "removed" else closed(now, "removed", where_it_was(now))


def spam(now: Standing) -> Standing:
    """Any but deleted → spam."""
    return now if now.status == "spam" else closed(now, "spam", where_it_was(now))


def where_it_was(now: Standing) -> Status | None:
    """The last of pending or published that a comment had."""
    return now.status if now.status in ("pending", "published") else now.prior


def restore(now: Standing) -> Standing:
    """removed, spam → the last of pending or published it had."""
    if now.status in ("pending", "published"):
        return now
    return replace(now, status=now.prior or "pending", prior=None, appealed=False)


def reject_edit(now: Standing) -> Standing:
    """Discard the edit that waits."""
    return replace(now, pending_revision=None, edited=False)


def uphold(now: Standing) -> Standing:
    """Refuse the appeal; the status stays."""
    return replace(now, appealed=False)


def feature(now: Standing) -> Standing:
    """Editor's pick; published only."""
    return replace(published(now), featured=True)


def unfeature(now: Standing) -> Standing:
    """No editor's pick any more; published only."""
    return replace(published(now), featured=False)


def published(now: Standing) -> Standing:
    """The standing itself. Raises Conflict unless it is published."""
    if now.status != "published":
        raise Conflict("Only a published comment can be featured.")
    return now


def dismiss_flags(now: Standing) -> Standing:
    """The flags were wrong."""
    return replace(now, flagged=False)


STEPS: Mapping[Action, Callable[[Standing], Standing]] = {
    "hold": hold,
    "approve": approve,
    "remove": remove,
    "spam": spam,
    "restore": restore,
    "reject_edit": reject_edit,
    "uphold": uphold,
    "feature": feature,
    "unfeature": unfeature,
    "dismiss_flags": dismiss_flags,
}
