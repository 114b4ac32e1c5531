"""The section's words: every language says everything that English says, in the plurals it has, and nothing else."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from schemas.flags import REASONS
from schemas.notifications import TYPES
from service.api.assets import WEB
from service.api.problems import STATUS
from service.domain.moderation import CHECKS
from service.operations.comments import SORTS

EMBED = WEB / "embed"
Texts = dict[str, Any]  # by key: a text, or texts by plural category

# The categories of CLDR, as Intl.PluralRules chooses them. Spanish, French and Portuguese have `many` too, for
# millions; it falls back to `other`.
PLURALS = {
    "en": {"one", "other"},
    "es": {"one", "other"},
    "fr": {"one", "other"},
    "de": {"one", "other"},
    "pt": {"one", "other"},
    "ru": {"one", "few", "many", "other"},
    "ar": {"zero", "one", "two", "few", "many", "other"},
    "zh": {"other"},
    "tr": {"one", "other"},
    "hi": {"one", "other"},
}
# Where a category is for one number only, the text may say it in words.
EXACT = {"en": {"one"}, "es": {"one"}, "de": {"one"}, "tr": {"one"}, "ar": {"zero", "one", "two"}}
CODES = sorted(PLURALS)
FOLDERS = ("", "writing/")  # for everybody; for those who take part

# Codes that are said alike: readers can do nothing about them.
ALIKE: dict[str, list[str]] = json.loads(
    re.sub(r",\s*}$", "}", re.findall(r"ALIKE = (\{.*?\});", (EMBED / "words.js").read_text(), re.DOTALL)[0])
)
UNTOLD = {code for codes in ALIKE.values() for code in codes}
OWN_ERRORS = {"network", "page", "unknown", "too_long"}  # not the service's

HOLDING = [check.__name__ for check in CHECKS if re.search(r"HOLD|Hold\(", inspect.getsource(check))]
HOLDS = {re.sub(r"_(site|section|article)$", "", name) for name in HOLDING} | {"flags"}
ANSWERS = {"appeal_decided": ("granted", "refused"), "flag_answered": ("upheld", "dismissed")}
NOTICES = {f"{kind}.{answer}" for kind, answers in ANSWERS.items() for answer in answers} | (set(TYPES) - set(ANSWERS))
NOTICES.add("removed.why")  # with a reason
# What may stand for the rest of a key that a module puts together.
FAMILIES: dict[str, set[str]] = {
    "error.": (set(STATUS) - UNTOLD) | OWN_ERRORS,
    "sort.": set(SORTS),
    "held.": HOLDS,
    "time.": {"now", "minute", "hour", "day"},
    "tombstone.": {"deleted", "removed", "hidden"},
    "reason.": set(REASONS),
    "notices.": NOTICES,
    "tool.": {"bold", "italic", "quote", "code", "link", "list"},
    "moderate.": {"conflict", "not_found"},
    "moderate.done.": {"approve", "remove", "spam", "restore", "feature", "unfeature"},
}


def read(path: str) -> Texts:
    """The texts of a file: JSON but for `export default`, the semicolon and the last comma."""
    source = (EMBED / "lang" / path).read_text().removeprefix("export default ").rstrip().removesuffix(";")
    found: Texts = json.loads(re.sub(r",\s*}$", "}", source), object_pairs_hook=unique)
    return found


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object without a key that is there twice."""
    assert len(dict(pairs)) == len(pairs), [key for key, _ in pairs]
    return dict(pairs)


def forms(text: Any) -> dict[str, str]:
    """The texts of a key by plural category; `other` alone when it has no plural."""
    return text if isinstance(text, dict) else {"other": text}


def placeholders(text: str) -> list[str]:
    """The names of the values that a text wants."""
    return sorted(re.findall(r"\{(\w*)\}", text))


def calls(source: str) -> Iterator[str]:
    """The keys' expressions in a module: the first arguments of t(…) and knows(…), and keys that are put together."""
    for call in re.finditer(r"\b(?:t|knows)\(", source):
        depth, at = 1, call.end()
        while depth and not (depth == 1 and source[at] == ","):
            depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(source[at], 0)
            at += 1
        yield source[call.end() : at]
    yield from re.findall(r"keys? = .*?;", source)


def said(sources: Iterable[str]) -> tuple[set[str], set[str]]:
    """The keys that modules name, and the beginnings of those that they put together."""
    expressions = [expression for source in sources for expression in calls(source)]
    literals = {key for one in expressions for key in re.findall(r'(?<![!=]== )"([\w.]+)"', one)}
    starts = {start for one in expressions for start in re.findall(r"`([\w.]+\.)\$\{", one)}
    return literals, starts


ENGLISH = {folder: read(f"{folder}en.js") for folder in FOLDERS}
ALL = {key: text for texts in ENGLISH.values() for key, text in texts.items()}
SAID, PUT_TOGETHER = said(path.read_text() for path in sorted(EMBED.glob("*.js")))


def test_every_language_of_the_section_is_there() -> None:
    named = re.search(r"LANGUAGES = /\^\((.*?)\)", (EMBED / "discuss.js").read_text())
    assert named is not None
    assert sorted(named[1].split("|")) == CODES
    for folder in FOLDERS:
        assert sorted(path.stem for path in (EMBED / "lang" / folder).glob("*.js")) == CODES


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("folder", FOLDERS, ids=["reading", "writing"])
def test_a_language_says_what_english_says(folder: str, code: str) -> None:
    texts, english = read(f"{folder}{code}.js"), ENGLISH[folder]
    assert list(texts) == list(english)
    for key, text in texts.items():
        counts = isinstance(english[key], dict)
        assert isinstance(text, dict) == counts, key
        assert set(forms(text)) == (PLURALS[code] if counts else {"other"}), key
        wanted = placeholders(forms(english[key])["other"])
        for category, form in forms(text).items():
            assert form == form.strip() != "", key
            said_in_words = counts and category in EXACT.get(code, ())
            without_number = [name for name in wanted if name != "n"]
            assert placeholders(form) in ([wanted, without_number] if said_in_words else [wanted]), (key, category)


@pytest.mark.parametrize("code", [code for code in CODES if code != "en"])
def test_a_language_is_not_english(code: str) -> None:
    same = {
        key for folder in FOLDERS for key, text in read(f"{folder}{code}.js").items() if text == ENGLISH[folder][key]
    }
    assert len(same) <= 6, same  # words that are the same, as Code and Spam


def test_no_text_is_loaded_twice() -> None:
    assert not ENGLISH[""].keys() & ENGLISH["writing/"].keys()


def test_every_refusal_that_readers_meet_has_words() -> None:
    assert set(STATUS) > UNTOLD
    assert {key.removeprefix("error.") for key in ALL if key.startswith("error.")} == FAMILIES["error."]


def test_every_key_that_modules_use_has_a_text() -> None:
    assert len(SAID) > 50
    assert SAID - set(ALL) == set()


def test_every_key_that_modules_put_together_has_a_text() -> None:
    assert FAMILIES.keys() >= PUT_TOGETHER
    assert {start + rest for start, rests in FAMILIES.items() for rest in rests} - set(ALL) == set()


def test_every_text_is_used() -> None:
    together = {start + rest for start in PUT_TOGETHER for rest in FAMILIES[start]}
    assert set(ALL) - SAID - together == set()
