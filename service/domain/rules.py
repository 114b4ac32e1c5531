"""A site's settings made ready to judge by: lists of words and domains as one search each, hours in their zone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ahocorasick_rs import AhoCorasick

from service.domain.folding import hosts, name_skeleton, readings, with_edges
from service.domain.sites import SiteSettings

MOST_TOLD: Final = 5  # words or domains named to moderators


class WordList:
    """Words and phrases found in text as a reader takes it in: whole words, whatever they were typed with.

    Searching takes time with the length of the text, not with the number of words.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = {pattern: word for word in words for pattern in _patterns(word)}
        self._search = AhoCorasick(list(self._words)) if self._words else None
        self._in_order = list(self._words.values())

    def __bool__(self) -> bool:
        return self._search is not None

    def found(self, marked: Iterable[str]) -> list[str]:
        """The words of the list, as listed, that stand in readings `with_edges`; the first few."""
        if self._search is None:
            return []
        found: dict[str, None] = {}
        for reading in marked:
            for index, _, _ in self._search.find_matches_as_indexes(reading):
                found[self._in_order[index]] = None
                if len(found) == MOST_TOLD:
                    return list(found)
        return list(found)


def _patterns(word: str) -> list[str]:
    """What to look for; nothing for a word without anything visible."""
    return [pattern for pattern in (with_edges(readings(word)[0].strip()),) if pattern]


@dataclass(frozen=True, slots=True)
class Rules:
    """What drafts are judged by beside the settings themselves."""

    banned: WordList
    suspect: WordList
    held_domains: frozenset[str]
    reserved: frozenset[str]  # skeletons of names

    def domains_in(self, folded: Iterable[str]) -> list[str]:
        """The held domains whose hosts stand in readings; the first few in alphabetical order."""
        if not self.held_domains:
            return []
        return sorted(set().union(*map(hosts, folded)) & self.held_domains)[:MOST_TOLD]


def rules_from(settings: SiteSettings) -> Rules:
    """A site's rules; 20 ms for 10,000 words."""
    return Rules(
        banned=WordList(settings.banned_words),
        suspect=WordList(settings.suspect_words),
        held_domains=frozenset(settings.held_domains),
        reserved=skeletons(tuple(settings.reserved_names)),
    )


@lru_cache(maxsize=1000)
def skeletons(names: tuple[str, ...]) -> frozenset[str]:
    """What the names look like; those without letters look like nothing."""
    return frozenset(map(name_skeleton, names)) - {""}
