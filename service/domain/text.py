"""What people type, made fit to be stored, counted and compared.

Every string that reaches the database has gone through `clean_text` or `clean_line`.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from service.domain.errors import InvalidText

MAX_MARKS: Final = 8  # combining marks kept on one base


def class_of(codes: Iterable[int]) -> str:
    """The inside of a regular expression's [...] that matches the characters with these ascending codes."""
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


# A class with ranges beyond the basic plane makes `re` try them one by one on every character: 200 us instead of 10.
BASIC_PLANE: Final = [(code, unicodedata.category(chr(code))) for code in range(0x10000)]
_MARKS: Final = class_of(code for code, category in BASIC_PLANE if category[0] == "M")
_PUNCTUATION: Final = class_of(code for code, category in BASIC_PLANE if category[0] == "P")
_VIRAMAS: Final = class_of(code for code in range(0x900, 0x12000) if unicodedata.combining(chr(code)) == 9)
_JOINERS: Final = "\u200c\u200d"
# Soft hyphen, directional marks, embeddings and isolates, zero-width spaces, byte order mark, annotations, tags.
_BASIC_FORMATS: Final = "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
_FORMATS: Final = f"{_BASIC_FORMATS}\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f"
_FILLERS: Final = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a Braille pattern without ink
# Default_Ignorable_Code_Point (Unicode 15, DerivedCoreProperties) and what else leaves no ink.
_NO_INK: Final = (
    "\\s\x00-\x1f\x7f-\x9f\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\ufff0-\ufff8\U0001bca0-\U0001bca3"
    f"\U000e0000-\U000e0fff{_JOINERS}{_FORMATS}{_FILLERS}"
)

_PLAIN_ASCII: Final = bytes([0x09, 0x0A, *range(0x20, 0x7F)])
_DROPPED: Final = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_FROM_FIRST_ASTRAL_NONCHARACTER: Final = re.compile("[\U0001fffe-\U0010ffff]")
_ASTRAL_NONCHARACTERS: Final = re.compile(
    "[" + "".join(f"{chr(last - 1)}{chr(last)}" for last in range(0x1FFFF, 0x110000, 0x10000)) + "]"
)
# Where more marks may be than a base can have: everything beyond the basic plane is let in, and sorted out afterwards.
_MAYBE_MARKS: Final = re.compile(f"[{_MARKS}{_JOINERS}{_BASIC_FORMATS}\U00010000-\U0010ffff]{{{MAX_MARKS + 1},}}")
_UNSEEN_IN_LINE: Final = re.compile(f"[{_FORMATS}]|(?<![{_VIRAMAS}])[{_JOINERS}]")
_FILLER: Final = re.compile(f"[{_FILLERS}]")
_INK: Final = re.compile(f"[^{_NO_INK}]")
_IGNORED_IN_COMPARISON: Final = re.compile(f"[{_JOINERS}{_FORMATS}\u034f\ufe00-\ufe0f]")
_ADDRESS: Final = re.compile(r"https?://|\bwww\.", re.IGNORECASE)
_GAP: Final = re.compile(f"[\\s{_PUNCTUATION}{_FILLERS}]+")


def refuse_unstorable(text: str) -> None:
    """Raise InvalidText for NUL (PostgreSQL cannot store it) and for lone surrogates (UTF-8 cannot encode them)."""
    if "\x00" in text:
        raise InvalidText
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidText from None


def drop_unprintable(text: str) -> str:
    """Without control characters other than newline and tab (C0, DEL, C1) and without noncharacters."""
    text = _DROPPED.sub("", text)
    return _ASTRAL_NONCHARACTERS.sub("", text) if _FROM_FIRST_ASTRAL_NONCHARACTER.search(text) else text


def cap_marks(text: str, most: int = MAX_MARKS) -> str:
    """Without the combining marks beyond `most` on one base (at least `MAX_MARKS`)."""

    def cap(run: re.Match[str]) -> str:
        marks = 0
        kept = []
        for character in run[0]:
            category = unicodedata.category(character)
            if category[0] == "M":
                marks += 1
                if marks > most:
                    continue
            elif category != "Cf":  # format characters have no base of their own: looked through, not counted anew
                marks = 0
            kept.append(character)
        return "".join(kept)

    return _MAYBE_MARKS.sub(cap, text)


def clean_text(text: str) -> str:
    """The form in which text of several lines is stored and counted: NFC, newlines as LF, no unprintable characters,
    at most `MAX_MARKS` combining marks on a base. Cleaning again changes nothing.

    Raises InvalidText for NUL and lone surrogates.
    """
    if text.isascii() and not text.encode().translate(None, _PLAIN_ASCII):
        return text
    refuse_unstorable(text)
    text = drop_unprintable(text.replace("\r\n", "\n").replace("\r", "\n"))
    # Ordering one base's marks takes NFC quadratic time: 60,000 of them hold up the process for seconds.
    return cap_marks(unicodedata.normalize("NFC", cap_marks(text, most=256)))


def clean_line(text: str) -> str:
    """The form in which names and titles are stored: `clean_text`, in one line, trimmed, gaps made one space.

    Format characters go, too: a name stands in the middle of other people's sentences, where a directional control
    would turn what follows around, and an invisible character would give an impostor the same name to the eye.
    In text they stay (Persian, Indic scripts and emoji need them); `markup` keeps them from leaking. The joiners
    stay after a virama (RFC 5892, A.1 and A.2), because Sinhala names cannot be written without.

    Raises InvalidText for NUL and lone surrogates.
    """
    line = clean_text(text)
    if not line.isascii():
        line = _FILLER.sub(" ", _UNSEEN_IN_LINE.sub("", line))
    line = " ".join(line.split())
    # What is removed can bring marks together that compose or change places.
    return line if line == text else clean_line(line)


def is_blank(text: str) -> bool:
    """Whether nothing of the text can be seen: only spaces, zero-width characters and fillers such as U+3164."""
    return _INK.search(text) is None


def without_invisible(text: str) -> str:
    """The text without the characters that nobody sees and that make no difference to what is read."""
    return _IGNORED_IN_COMPARISON.sub("", text)


def normalised(text: str) -> str:
    """The text as compared with others to find the same text again: NFKC, case folded, invisible characters dropped,
    each run of spaces and punctuation one space. Symbols and emoji count; so does punctuation where there is no more.
    """
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    folded = without_invisible(folded)
    return _GAP.sub(" ", folded).strip() or " ".join(folded.split())


def fingerprint(text: str) -> bytes:
    """16 bytes (BLAKE2b) that are the same for texts that are the same when `normalised`."""
    return hashlib.blake2b(normalised(text).encode(), digest_size=16).digest()


def count_links(html: str) -> int:
    """The number of links in HTML made by `markup`, where a written `<` is always an entity."""
    return html.count('<a href="')


def count_addresses(line: str) -> int:
    """The number of web addresses in a name or title, which is never rendered."""
    return len(_ADDRESS.findall(without_invisible(unicodedata.normalize("NFKC", line))))
