"""The records of an XML export, one at a time: no tree of the whole file is built, so memory does not grow with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException, DTDForbidden
from defusedxml.ElementTree import DefusedXMLParser

from service.importers.records import MalformedImport

CHUNK_BYTES = 64 * 1024
LARGEST_RECORD = 16 * 1024 * 1024  # characters and elements of one record, so that a hostile one cannot fill the memory
DEEPEST = 100


@dataclass(slots=True)
class XmlElement:
    """An element of a record, with the line it starts on."""

    name: str
    attributes: dict[str, str]
    line: int
    parts: list[str] = field(default_factory=list)
    children: list[XmlElement] = field(default_factory=list)

    def child(self, name: str) -> XmlElement | None:
        """The first child of that name."""
        return next((child for child in self.children if child.name == name), None)

    def text(self, name: str) -> str:
        """The first such child's own text without outer blanks; empty when there is none."""
        child = self.child(name)
        return "".join(child.parts).strip() if child else ""


@dataclass(frozen=True, slots=True)
class XmlRecord:
    """A complete record, and the record it stands in as far as that has been read."""

    element: XmlElement
    within: XmlElement | None


class _Target:
    """Gathers elements only inside records; a finished record is handed out and forgotten."""

    def __init__(self, record_paths: Collection[tuple[str, ...]], prefixes: Mapping[str, str]) -> None:
        self._record_paths = frozenset(record_paths)
        self._root = next(iter(self._record_paths))[0]
        self._prefixes = prefixes
        self._names: dict[str, str] = {}
        self._path: list[str] = []
        self._open: list[XmlElement] = []  # from the outermost record to the innermost element
        self._records_open: list[tuple[XmlElement, int]] = []  # with the characters and elements read of each
        self.complete: list[XmlRecord] = []
        self.parser: Any = None  # pyexpat's, which knows the line

    def line(self) -> int:
        return int(self.parser.CurrentLineNumber) if self.parser else 1

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._short(tag)
        if not self._path and name != self._root:
            raise MalformedImport(self.line(), f"not such an export: it starts with <{name}>, not with <{self._root}>")
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise MalformedImport(self.line(), f"elements are nested more than {DEEPEST} deep")
        is_record = tuple(self._path) in self._record_paths
        if not is_record and not self._open:
            return
        element = XmlElement(name, {self._short(key): value for key, value in attributes.items()}, self.line())
        if is_record:
            self._records_open.append((element, 0))
        else:
            self._open[-1].children.append(element)
            self._grow(100)
        self._open.append(element)

    def data(self, text: str) -> None:
        if self._open:
            self._open[-1].parts.append(text)
            self._grow(len(text))

    def end(self, tag: str) -> None:
        self._path.pop()
        if not self._open:
            return
        element = self._open.pop()
        if element is self._records_open[-1][0]:
            self._records_open.pop()
            self.complete.append(XmlRecord(element, self._records_open[-1][0] if self._records_open else None))

    def close(self) -> None:
        return None

    def _grow(self, size: int) -> None:
        element, before = self._records_open[-1]
        if before + size > LARGEST_RECORD:
            raise MalformedImport(element.line, f"the <{element.name}> that starts here is larger than 16 MiB")
        self._records_open[-1] = (element, before + size)

    def _short(self, tag: str) -> str:
        """`{namespace}name` as `prefix:name` for the format's namespaces; others stay and match nothing."""
        name = self._names.get(tag)
        if name is None:
            name = self._names[tag] = self._prefixed(tag)
        return name

    def _prefixed(self, tag: str) -> str:
        if not tag.startswith("{"):
            return tag
        namespace, name = tag[1:].rsplit("}", 1)
        for start, prefix in self._prefixes.items():
            if namespace.startswith(start):
                return prefix + name
        return tag


def read_xml_records(
    stream: BinaryIO, record_paths: Collection[tuple[str, ...]], prefixes: Mapping[str, str]
) -> Iterator[XmlRecord]:
    """Every element whose path from the root is one of `record_paths`, when it ends; inner records before outer ones.

    `prefixes` maps the start of a namespace to what its names are prefixed with. Raises MalformedImport for what is not
    well-formed, and for every document type declaration: entity bombs and references to other files are written there,
    and no export has one.
    """
    target = _Target(record_paths, prefixes)
    parser: Any = DefusedXMLParser(target=target, forbid_dtd=True)
    target.parser = parser.parser
    try:
        while chunk := stream.read(CHUNK_BYTES):
            if target.line() == 1 and chunk.startswith(b"\x1f\x8b"):
                raise MalformedImport(1, "this is a gzip file: unpack it first")
            parser.feed(chunk)
            yield from target.complete
            target.complete.clear()
        parser.close()
    except ParseError as error:
        raise MalformedImport(error.position[0], f"not well-formed XML: {str(error).rsplit(': line', 1)[0]}") from None
    except DTDForbidden as error:
        message = f"<!DOCTYPE {error.name}> is refused: entities and external references are not read"
        raise MalformedImport(target.line(), message) from None
    except (DefusedXmlException, LookupError, ValueError) as error:
        raise MalformedImport(target.line(), f"not readable as XML: {error}") from None
    yield from target.complete
