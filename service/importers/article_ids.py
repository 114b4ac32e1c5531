"""Which article of ours a page of the source becomes: the naming rule, and the operator's overrides of it."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import BinaryIO, Self
from urllib.parse import urlsplit

from service.domain.articles import ARTICLE_ID
from service.domain.errors import ConfigurationError
from service.importers.records import storable

_OUTSIDE_THE_SET = re.compile(r"[^A-Za-z0-9._~:-]")


def is_article_id(text: str) -> bool:
    """Whether the contract takes this as an article id."""
    return ARTICLE_ID.fullmatch(text) is not None


def article_id_from(text: str) -> str:
    """A valid article id from any text; a valid one stays as it is.

    Outer slashes are dropped, every other character outside the contract's set becomes `-`. Nothing, and the paths
    `.` and `..` (which name the same page as `/`), become `index`. Over 200 characters: the first 180, `-` and 16 hex
    digits of the SHA-256 of the whole.
    """
    name = text.strip("/")
    if name in ("", ".", ".."):
        return "index"
    article_id = _OUTSIDE_THE_SET.sub("-", name)
    if len(article_id) <= 200:
        return article_id
    return f"{article_id[:180]}-{hashlib.sha256(name.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def path_of(url: str) -> str:
    """The path of a URL as it is written, percent escapes and all; the whole text if it is no URL."""
    try:
        return urlsplit(url).path
    except ValueError:
        return url


@dataclass(frozen=True, slots=True)
class ArticleIds:
    """The naming rule with the operator's overrides: from a thread id, URL or path of the source to our article id."""

    overrides: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def load(cls, stream: BinaryIO) -> Self:
        """Read a `--map` file: `source,article id` a line, by comma or tab; blank lines and # comments don't count.

        Raises ConfigurationError naming every bad line.
        """
        overrides: dict[str, str] = {}
        problems: list[str] = []
        for number, raw in enumerate(stream, start=1):
            try:
                entry = _entry(raw)
                if entry is None:
                    continue
                if overrides.setdefault(entry[0], entry[1]) != entry[1]:
                    raise ValueError(f"{entry[0]!r} is mapped to {overrides[entry[0]]!r} above already")
            except (ValueError, csv.Error) as error:
                problems.append(f"line {number}: {error}")
        if problems:
            raise ConfigurationError(problems)
        return cls(MappingProxyType(overrides))

    def article_id(self, keys: Iterable[str | None], default: str) -> str:
        """The article id of the first key that is mapped, else the one the rule makes of `default`."""
        return self.override(keys) or article_id_from(default)

    def override(self, keys: Iterable[str | None]) -> str | None:
        """The article id of the first key that is mapped, if any is."""
        return next((self.overrides[key] for key in keys if key and key in self.overrides), None)


def _entry(raw: bytes) -> tuple[str, str] | None:
    try:
        line = raw.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not line.strip() or line.startswith("#"):
        return None
    cells = next(csv.reader([line], delimiter="\t" if "\t" in line else ",", strict=True))
    if len(cells) != 2 or not cells[0].strip():
        raise ValueError("expected a thread id, URL or path of the source, a comma or tab, and an article id")
    source, article_id = storable(cells[0].strip()), cells[1].strip()
    if not is_article_id(article_id):
        raise ValueError(f"{article_id!r} is not an article id (1 to 200 of A-Z a-z 0-9 . _ ~ : -)")
    return source, article_id
