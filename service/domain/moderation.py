"""What is done with a draft before anybody sees it, and what moderators may do with a comment.

`CHECKS` is the whole list, in order. Each check looks at the draft and returns a verdict or nothing. The first refusal
ends it; holds add up, so that a moderator sees every reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from service.domain.errors import (
    ArticleLocked,
    Banned,
    BannedWord,
    Conflict,
    DiscussError,
    GuestsNotAllowed,
    PostingClosed,
    ReservedName,
    SlowMode,
    TooManyLinks,
    ValidationFailed,
)
from service.domain.folding import name_skeleton, readings, with_edges
from service.domain.rules import Rules, rules_from
from service.domain.sites import SiteSettings, posting_of

Status = Literal["pending", "published", "removed", "spam", "deleted"]
Action = Literal[
    "hold", "approve", "remove", "spam", "restore", "delete",
    "reject_edit", "uphold", "feature", "unfeature", "dismiss_flags",
]  # fmt: skip
DEFAULT_RULES = rules_from(SiteSettings())


@dataclass(frozen=True)
class Draft:
    """A comment about to be posted, with everything it is judged by.

    `texts` is what readers see of it: words, addresses of links, the title of the article it opens. `known` counts the
    author's comments that stood the test of a person or of time, `removed_share` (0 to 1) is None where the site does
    not ask or nothing was judged yet, `alike` counts other authors who said nearly the same lately.
    """

    now: datetime
    settings: SiteSettings
    links: int
    guest: bool
    rules: Rules = DEFAULT_RULES
    name: str = ""
    staff: bool = False  # staff, moderator or admin
    staff_names: frozenset[str] = frozenset()  # skeletons
    texts: tuple[str, ...] = ()
    length: int = 0
    banned_until: datetime | None = None
    ban_reason: str | None = None
    network_ban: str | None = None  # its reason
    article_locked: bool = False
    locked_reason: str | None = None
    article_moderation: str | None = None
    section: str | None = None
    slow_mode_seconds: int | None = None
    last_said_at: datetime | None = None  # on this article
    alike: int = 0
    known: int = 0
    removed_share: float | None = None

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """Name and texts as they may be read; \x01, which is in no text, keeps them apart."""
        return readings("\x01".join((self.name, *self.texts)))

    @cached_property
    def marked(self) -> tuple[str, ...]:
        """The same with the edges of words marked, as lists of words are searched for."""
        return tuple(map(with_edges, self.folded))


@dataclass(frozen=True, slots=True)
class Refusal:
    """The draft is not taken."""

    error: DiscussError


@dataclass(frozen=True, slots=True)
class Hold:
    """The draft waits for a moderator, who is told the detail."""

    detail: str | None = None


HOLD = Hold()
Verdict = Refusal | Hold | None


def banned_author(draft: Draft) -> Verdict:
    """A banned author does not post until the ban ends."""
    if draft.banned_until is not None and draft.banned_until > draft.now:
        return Refusal(Banned.because(draft.ban_reason))
    return None


def network_ban(draft: Draft) -> Verdict:
    """Nobody posts from a banned network until the ban ends; staff do."""
    if draft.network_ban is None or draft.staff:
        return None
    return Refusal(Banned.by_network(draft.network_ban))


def unwelcome_guest(draft: Draft) -> Verdict:
    """A site may stop taking guests; those who came before stay guests."""
    return Refusal(GuestsNotAllowed()) if draft.guest and not draft.settings.guests else None


def posting_closed(draft: Draft) -> Verdict:
    """`posting: closed` is the site's kill switch, and outside of `open_hours` it is closed as well."""
    if posting_of(draft.settings, draft.now) == "open":
        return None
    return Refusal(PostingClosed(draft.settings.closed_text))


def locked_article(draft: Draft) -> Verdict:
    """A locked article takes no new comments, be it locked by a person or by its age and times."""
    return Refusal(ArticleLocked(draft.locked_reason)) if draft.article_locked else None


def slow_mode(draft: Draft) -> Verdict:
    """In slow mode a reader waits between two comments on the article; staff do not."""
    if draft.slow_mode_seconds is None or draft.last_said_at is None or draft.staff:
        return None
    again_at = draft.last_said_at + timedelta(seconds=draft.slow_mode_seconds)
    return Refusal(SlowMode((again_at - draft.now).total_seconds())) if again_at > draft.now else None


def too_long(draft: Draft) -> Verdict:
    """More characters than the site allows."""
    if draft.length > draft.settings.max_length:
        return Refusal(ValidationFailed({"text": [f"At most {draft.settings.max_length} characters."]}))
    return None


def near_duplicate(draft: Draft) -> Verdict:
    """So many people say nearly the same at the same time that it looks like a campaign."""
    setting = draft.settings.near_duplicates
    if setting is None or draft.staff or draft.alike + 1 < setting["authors"]:
        return None
    return Hold(f"{draft.alike + 1} authors within {setting['minutes']} minutes")


def too_many_links(draft: Draft) -> Verdict:
    """More links than the site allows."""
    if draft.links > draft.settings.max_links:
        return Refusal(TooManyLinks(f"At most {draft.settings.max_links} links are allowed here."))
    return None


def held_domain(draft: Draft) -> Verdict:
    """An address on one of the site's `held_domains`, or on a domain below it."""
    found = draft.rules.domains_in(draft.folded) if draft.rules.held_domains else []
    return Hold(", ".join(found)) if found else None


def banned_word(draft: Draft) -> Verdict:
    """A word of the site's `banned_words`."""
    found = draft.rules.banned.found(draft.marked) if draft.rules.banned else []
    return Refusal(BannedWord(f"This site does not allow: {', '.join(found)}.")) if found else None


def suspect_word(draft: Draft) -> Verdict:
    """A word of the site's `suspect_words`."""
    found = draft.rules.suspect.found(draft.marked) if draft.rules.suspect else []
    return Hold(", ".join(found)) if found else None


def new_author(draft: Draft) -> Verdict:
    """The first comments of somebody new, until `new_author_approvals` of them stood the test."""
    needed = draft.settings.new_author_approvals
    return Hold(f"{draft.known} of {needed} approved") if draft.known < needed and not draft.staff else None


def bad_history(draft: Draft) -> Verdict:
    """Too many of the author's last comments were removed."""
    setting, share = draft.settings.history_hold, draft.removed_share
    if setting is None or not share or draft.staff or share < setting["removed_share"]:
        return None
    return Hold(f"{share:.0%} of the last {setting['last']} removed")


def reserved_name(draft: Draft) -> Verdict:
    """A name that could be taken for one of `reserved_names` or for somebody of the staff; staff use any."""
    if draft.staff:
        return None
    looks_like = name_skeleton(draft.name)
    return Refusal(ReservedName()) if looks_like in draft.rules.reserved or looks_like in draft.staff_names else None


def premoderated_site(draft: Draft) -> Verdict:
    """The site looks at everything first, unless the article or its section says otherwise."""
    narrower = draft.article_moderation or draft.settings.section_moderation.get(draft.section or "")
    return HOLD if draft.settings.moderation == "pre" and narrower is None else None


def premoderated_section(draft: Draft) -> Verdict:
    """The section's comments are looked at first, unless the article says otherwise."""
    section = draft.settings.section_moderation.get(draft.section or "")
    return HOLD if section == "pre" and draft.article_moderation is None else None


def premoderated_article(draft: Draft) -> Verdict:
    """The article's comments are looked at first."""
    return HOLD if draft.article_moderation == "pre" else None


def premoderated_guest(draft: Draft) -> Verdict:
    """Guests' comments are looked at first, unless the site trusts them."""
    return HOLD if draft.guest and draft.settings.guest_moderation == "pre" else None


CHECKS: tuple[Callable[[Draft], Verdict], ...] = (
    banned_author,
    network_ban,
    unwelcome_guest,
    posting_closed,
    locked_article,
    slow_mode,
    too_long,
    near_duplicate,
    too_many_links,
    held_domain,
    banned_word,
    suspect_word,
    new_author,
    bad_history,
    reserved_name,
    premoderated_site,
    premoderated_section,
    premoderated_article,
    premoderated_guest,
)
NAME_CHECKS = (banned_word, reserved_name)  # of a name alone
REPEAT = "same_text_again"  # judged by the database while writing: two at once must not both pass
HOOK = "hook"  # judged by the publisher's own service, after all others


@dataclass(eq=False)  # not frozen: context managers write an exception's traceback
class Refused(Exception):
    """A check refused the draft: which one, and the error its author gets."""

    check: str
    error: DiscussError


Held = dict[str, str | None]  # by the check that holds: what it found


def judge(draft: Draft, checks: Sequence[Callable[[Draft], Verdict]] = CHECKS) -> Held:
    """The checks that hold the draft, with what they found; empty when it may be published.

    Raises Refused, with the name of the first check that refuses.
    """
    held: Held = {}
    for check in checks:
        verdict = check(draft)
        if isinstance(verdict, Refusal):
            raise Refused(check.__name__, verdict.error)
        if verdict is not None:
            held[check.__name__] = verdict.detail
    return held


def details_of(held: Held) -> dict[str, str]:
    """What the checks found, where they said more than their name does."""
    return {check: detail for check, detail in held.items() if detail is not None}


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
