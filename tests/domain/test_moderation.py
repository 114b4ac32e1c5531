from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from service.domain.errors import ArticleLocked, Banned, Conflict, GuestsNotAllowed, PostingClosed, TooManyLinks
from service.domain.moderation import (
    CHECKS,
    Action,
    Draft,
    Refused,
    Standing,
    Status,
    decide,
    judge,
)
from service.domain.sites import SiteSettings

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DRAFT = Draft(now=NOW, settings=SiteSettings(), links=0, guest=False)
GUEST = replace(DRAFT, guest=True)

# The contract's table: approve from pending, spam, removed; remove and spam from any; restore to what it was last.
# None: already so. No entry: no such step.
TABLE: dict[tuple[Action, Status], Status | None] = {
    ("hold", "published"): "pending",
    ("hold", "pending"): None,
    ("approve", "pending"): "published",
    ("approve", "spam"): "published",
    ("approve", "removed"): "published",
    ("approve", "published"): None,
    ("remove", "pending"): "removed",
    ("remove", "published"): "removed",
    ("remove", "spam"): "removed",
    ("remove", "removed"): None,
    ("spam", "pending"): "spam",
    ("spam", "published"): "spam",
    ("spam", "removed"): "spam",
    ("spam", "spam"): None,
    ("restore", "removed"): "pending",
    ("restore", "spam"): "pending",
    ("restore", "pending"): None,
    ("restore", "published"): None,
    ("delete", "pending"): "deleted",
    ("delete", "published"): "deleted",
    ("delete", "removed"): "deleted",
    ("delete", "spam"): "deleted",
    ("delete", "deleted"): None,
}


STATUS_ACTIONS: tuple[Action, ...] = ("hold", "approve", "remove", "spam", "restore", "delete")


@pytest.mark.parametrize("action", STATUS_ACTIONS)
@pytest.mark.parametrize("status", get_args(Status))
def test_the_table_of_statuses_and_actions(action: Action, status: Status) -> None:
    before = Standing(status, prior="pending" if status in ("removed", "spam") else None)
    if (action, status) not in TABLE:
        with pytest.raises(Conflict):
            decide(action, before)
        return
    assert decide(action, before).status == (TABLE[action, status] or status)


@pytest.mark.parametrize("action", get_args(Action))
def test_deleted_is_final(action: Action) -> None:
    deleted = Standing("deleted")
    if action == "delete":
        assert decide(action, deleted) == deleted
        return
    with pytest.raises(Conflict):
        decide(action, deleted)


def test_a_waiting_edit_is_published_discarded_or_gone_with_its_comment() -> None:
    edited = Standing("published", edited=True, pending_revision=3, flagged=True)
    approved = decide("approve", edited)
    assert (approved.revision, approved.pending_revision, approved.flagged) == (3, None, False)
    assert (decide("reject_edit", edited).revision, decide("reject_edit", edited).pending_revision) == (1, None)
    assert decide("remove", edited).pending_revision is None


def test_only_published_comments_are_featured() -> None:
    assert decide("feature", Standing("published")).featured
    assert not decide("remove", Standing("published", featured=True)).featured
    with pytest.raises(Conflict):
        decide("feature", Standing("pending"))


@pytest.mark.parametrize("first", ["remove", "spam"])
@pytest.mark.parametrize("second", ["remove", "spam"])
@pytest.mark.parametrize("status", ["pending", "published"])
def test_restore_goes_back_over_any_number_of_removals(first: Action, second: Action, status: Status) -> None:
    removed = decide(first, Standing(status))
    again = decide(second, removed)
    assert decide("restore", again).status == status


def test_an_imported_removal_is_restored_to_a_moderators_eyes_first() -> None:
    assert decide("restore", Standing("removed")).status == "pending"


def test_nothing_holds_an_ordinary_draft() -> None:
    assert judge(DRAFT) == {}


@pytest.mark.parametrize(
    ("draft", "check", "error"),
    [
        (replace(DRAFT, banned_until=NOW + timedelta(seconds=1)), "banned_author", Banned),
        (replace(DRAFT, settings=SiteSettings(posting="closed")), "posting_closed", PostingClosed),
        (replace(DRAFT, article_locked=True), "locked_article", ArticleLocked),
        (GUEST, "unwelcome_guest", GuestsNotAllowed),
        (replace(DRAFT, links=4), "too_many_links", TooManyLinks),
    ],
)
def test_a_draft_is_refused_by_the_first_check_that_minds(draft: Draft, check: str, error: type[Exception]) -> None:
    with pytest.raises(Refused) as refused:
        judge(draft)
    assert refused.value.check == check
    assert isinstance(refused.value.error, error)


@pytest.mark.parametrize(
    ("draft", "held_by"),
    [
        (replace(DRAFT, settings=SiteSettings(moderation="pre")), ["premoderated_site"]),
        (replace(DRAFT, settings=SiteSettings(moderation="pre"), article_moderation="post"), []),
        (replace(DRAFT, article_moderation="pre"), ["premoderated_article"]),
        (replace(GUEST, settings=SiteSettings(guests=True)), ["premoderated_guest"]),
        (replace(GUEST, settings=SiteSettings(guests=True, guest_moderation="post")), []),
        (
            replace(GUEST, settings=SiteSettings(guests=True, moderation="pre")),
            ["premoderated_site", "premoderated_guest"],
        ),
        (replace(DRAFT, banned_until=NOW), []),
        (replace(DRAFT, links=3), []),
    ],
)
def test_every_check_that_holds_a_draft_is_named(draft: Draft, held_by: list[str]) -> None:
    assert list(judge(draft)) == held_by


def test_checks_have_names_of_their_own_and_say_what_they_do() -> None:
    assert len({check.__name__ for check in CHECKS}) == len(CHECKS)
    assert all(check.__doc__ for check in CHECKS)


def test_a_refusal_passes_through_context_managers() -> None:
    @contextmanager
    def managed() -> Iterator[None]:
        yield

    with pytest.raises(Refused), managed():
        judge(replace(DRAFT, article_locked=True))
