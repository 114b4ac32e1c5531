"""Text as its reader takes it in, whatever it was typed with: what words, domains and names are looked for in.

Case, compatibility forms (fullwidth, mathematical letters), invisible characters, marks that do not belong to a letter,
and the letters of other alphabets that look like Latin ones make no difference.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import Final

from service.domain.text import BASIC_PLANE, class_of, without_invisible

# Unicode's confusables (UTS 39, revision 15.1) of the alphabets people borrow from; what NFKC folds anyway is left out.
_LOWER: Final = {
    "a": "ɑαаᎪꓮ",
    "b": "ᏏᏴꓐ",
    "c": "сᏟᴄⲥꓚ",
    "d": "ԁᎠᏧꓒꓓ",
    "e": "еҽᎬꓰꬲ",
    "f": "քẝꓝꞙꬵ",
    "g": "ƍɡցᏀᏳᶃꓖ",
    "h": "һհᎻᏂꓧ",
    "i": "ıɩɪιіӏᎥꙇ",
    "j": "ϳјᎫꓙ",
    "k": "Ꮶꓗ",
    "l": "ǀᏞꓡꓲ",
    "m": "Ꮇꓟ",
    "n": "ոռꓠ",
    "o": "οσоօᴏᴑⲟꓳꬽ",
    "p": "ρрᏢⲣꓑ",
    "q": "ԛգզ",
    "r": "гᎡᏒᴦⲅꓣꭇꭈ",
    "s": "ƽѕᏕᏚꓢꜱ",
    "t": "Ꭲꓔ",
    "u": "ʋυսᴜꓴꞟꭎꭒ",
    "v": "νѵᏙᴠꓦ",
    "w": "ɯѡԝաᎳᏔᴡꓪ",
    "x": "хꓫ",
    "y": "ɣʏγуүᎩᎽᶌỿꓬꭚ",
    "z": "Ꮓᴢꓜ",
    "'": "‘’ʼ",
}
# Capitals that look like a Latin capital while their small letters look like something else.
_CAPITAL: Final = {
    "b": "ƄΒВЬꞴ",
    "e": "Ε",
    "f": "Ϝ",
    "g": "Ԍ",
    "h": "ΗНⲎ",
    "j": "Ʝ",
    "k": "ΚКⲔ",
    "l": "ⲒⳐ",
    "m": "ΜϺМⲘ",
    "n": "ΝⲚ",
    "r": "Ʀꮁ",
    "s": "Տ",
    "t": "ΤТⲦ",
    "x": "ΧⲬꞳ",
    "y": "ΥⲨ",
    "z": "Ζ",
}
# In a name a small letter shaped like a Latin capital is enough to be taken for it, and so are these signs.
_IN_NAMES: Final = {"b": "в", "h": "н", "k": "к", "m": "м", "t": "т", "a": "@", "s": "$", "l": "1|i!", "o": "0"}


def _table(*letters: dict[str, str]) -> dict[int, str]:
    return {ord(like): latin for table in letters for latin, alike in table.items() for like in alike}


_LOWER_TABLE: Final = _table(_LOWER)
_CAPITAL_TABLE: Final = _table(_CAPITAL)
_NAME_TABLE: Final = _table(_IN_NAMES)
_CAPITALS: Final = re.compile(f"[{''.join(_CAPITAL.values())}]")

# Marks that are no part of how a word is spelled: accents NFC could not compose, strokes, Hebrew and Arabic points. The
# vowel signs of Indic scripts and of Thai have other classes.
_STRAY_CLASSES: Final = {1, *range(10, 36), *range(202, 241)}
_STRAY_MARKS: Final = re.compile(
    f"[{class_of(code for code, _ in BASIC_PLANE if unicodedata.combining(chr(code)) in _STRAY_CLASSES)}]+"
)

# Scripts without spaces, and Hangul, whose particles are written onto the word: a word may begin and end anywhere.
_WITHOUT_SPACES: Final = (
    *((0x0E00, 0x0FFF), (0x1000, 0x109F), (0x1100, 0x11FF), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF)),
    *((0x3040, 0x31FF), (0x3400, 0x4DBF), (0x4E00, 0xA4CF), (0xA960, 0xA97F), (0xA9E0, 0xA9FF), (0xAA60, 0xAADF)),
    *((0xAC00, 0xD7FF), (0xF900, 0xFAFF)),
)
_SPACELESS: Final = {code for first, last in _WITHOUT_SPACES for code in range(first, last + 1)}
_RUN: Final = re.compile(
    f"[{class_of(code for code, category in BASIC_PLANE if category[0] in 'LMN' and code not in _SPACELESS)}]+"
)
_ASCII_RUN: Final = re.compile("[a-z0-9]+")
_GAPS: Final = re.compile(r"\s+")
_NO_LETTER: Final = re.compile(r"[\W_]+")
_EDGE: Final = "\x00"  # in no text: storing it is refused

# The lookbehinds keep a long row of letters from being tried from each of them.
_HOST: Final = re.compile(r"(?<![a-z0-9-])[a-z0-9-]+(?:[.。][a-z0-9-]+)+")
_LONGEST_HOST: Final = 253  # characters (RFC 1035)


def readings(text: str) -> tuple[str, ...]:
    """The ways a text may be read, folded: two where capitals look like other letters than their small forms do."""
    if text.isascii():
        return (_GAPS.sub(" ", text.lower()),)
    text = unicodedata.normalize("NFKC", without_invisible(text))
    small = _folded(text)
    return (small, _folded(text.translate(_CAPITAL_TABLE))) if _CAPITALS.search(text) else (small,)


def _folded(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text.casefold())
    return _GAPS.sub(" ", _STRAY_MARKS.sub("", folded).translate(_LOWER_TABLE))


def with_edges(reading: str) -> str:
    """A reading whose words have a mark on both sides, so that a word so marked is found as a whole word only.

    Scripts without spaces get none: their words are found anywhere.
    """
    run = _ASCII_RUN if reading.isascii() else _RUN
    return run.sub(f"{_EDGE}\\g<0>{_EDGE}", reading)


def hosts(reading: str) -> set[str]:
    """What looks like a host name in a reading, as it stands there, and every domain it belongs to."""
    found: set[str] = set()
    for host in _HOST.findall(reading):
        labels = host.replace("。", ".")[-_LONGEST_HOST:].split(".")
        found.update(".".join(labels[start:]) for start in range(len(labels)))
    return found


@functools.lru_cache(maxsize=20_000)
def name_skeleton(name: str) -> str:
    """What a name looks like at a glance: names with the same skeleton could be taken for each other. "" for a name
    without letters and digits, which looks like no other."""
    text = unicodedata.normalize("NFKC", without_invisible(name.replace("™", "").replace("®", "")))
    text = unicodedata.normalize("NFKD", text.translate(_CAPITAL_TABLE).casefold())
    text = "".join(char for char in text if not unicodedata.combining(char))
    text = text.translate(_LOWER_TABLE).translate(_NAME_TABLE)
    return _NO_LETTER.sub("", text).replace("rn", "m").replace("vv", "w")
