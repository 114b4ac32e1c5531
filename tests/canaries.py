"""Words that must not be seen: every held and removed text of the suite, looked for in every public answer it gets.

Texts posted by the suite carry a canary, a word found nowhere else. The recorder learns it from its author's own
answer, follows the comment's status through the one function that changes it, and looks at every public answer that was
asked for while the words were hidden: from the process that hid them at once, from others after the contract's second.
"""

from __future__ import annotations

import asyncio
import functools
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from service.deps import Deps
from service.operations import moderation
from tests.client import Answer

WORD = re.compile(r"canary[0-9a-f]{16}")
BETWEEN_PROCESSES = 1.0  # seconds after which every process has forgotten what one has hidden
PRIVATE = re.compile(r"/(me|moderation)(/|\?|$)")


class CanaryHeard(AssertionError):
    """Words that were hidden stood in a public answer."""


@dataclass(frozen=True)
class Hiding:
    """Since when words are hidden (monotonic seconds), and by which process's parts."""

    since: float
    by: object


@dataclass
class CanaryRecorder:
    """A watcher for tests.client.WATCHERS. Raises CanaryHeard."""

    words: dict[str, set[str]] = field(default_factory=dict)  # by comment id
    hidden: dict[str, Hiding] = field(default_factory=dict)  # by word
    looked: int = 0  # answers that might have told hidden words
    _pending: dict[object, list[str]] = field(default_factory=dict)

    def __call__(self, method: str, path: str, answer: Answer) -> None:
        """Learn from authors' own answers, look into public ones."""
        if method in ("POST", "PATCH") and isinstance(answer.json, dict) and {"text", "status"} <= answer.json.keys():
            self.learn(answer.json["id"], answer.json["text"], answer.json["status"], answer.served_by)
        elif method == "GET" and not PRIVATE.search(path):
            self.look(path, answer)

    def learn(self, comment_id: str, text: str, status: str, by: object) -> None:
        """Somebody posted; what is held was never public, so it is hidden from the beginning."""
        found = set(WORD.findall(text))
        self.words.setdefault(comment_id, set()).update(found)
        if status != "published" and found - self.hidden.keys():
            self.hide(comment_id, by)

    def hide(self, comment_id: str, by: object) -> None:
        """From now on nobody may see the comment's words."""
        for word in self.words.get(comment_id, ()):
            self.hidden.setdefault(word, Hiding(time.monotonic(), by))

    def show(self, comment_id: str) -> None:
        """Everybody may see them again."""
        for word in self.words.get(comment_id, ()):
            self.hidden.pop(word, None)

    def look(self, path: str, answer: Answer) -> None:
        """Raise CanaryHeard for words that were hidden when the answer was asked for."""
        self.looked += bool(self.hidden)
        for word in set(WORD.findall(answer.body.decode("utf-8", "replace"))) & self.hidden.keys():
            hiding = self.hidden[word]
            allowed = 0.0 if answer.served_by is hiding.by else BETWEEN_PROCESSES
            if answer.asked_at > hiding.since + allowed:
                late = answer.asked_at - hiding.since
                raise CanaryHeard(f"{path}: {word}, hidden {late:.3f} s before this was asked for")

    def changed(self, comment_id: str, status: str) -> None:
        """The running task gives a comment a status, in a transaction that is not committed yet."""
        if status == "published":
            self.show(comment_id)
        else:
            self._pending.setdefault(asyncio.current_task(), []).append(comment_id)

    def committed(self, by: object) -> None:
        """What the running task changed is so from now on."""
        for comment_id in self._pending.pop(asyncio.current_task(), ()):
            self.hide(comment_id, by)


def follow_statuses(recorder: CanaryRecorder) -> Iterator[None]:
    """Tell the recorder of every change of status that operations make, until resumed."""
    change, withdrew = moderation.change, Deps.withdrew

    @functools.wraps(change)
    async def told_change(*args: Any, **kwargs: Any) -> Any:
        decided = await change(*args, **kwargs)
        comment = args[2]
        if decided.changed:
            recorder.changed(str(comment["id"]), decided.status)
        return decided

    @functools.wraps(withdrew)
    def told_withdrew(deps: Deps, *tags: Any) -> None:
        withdrew(deps, *tags)
        recorder.committed(deps)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moderation, "change", told_change)
        patch.setattr(Deps, "withdrew", told_withdrew)
        yield
