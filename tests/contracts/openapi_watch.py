"""Compares every answer the suite receives with the OpenAPI document: status, headers, media type, closed body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from jsonschema import Draft202012Validator, FormatChecker
from yarl import URL

from tests.client import Answer

JSON = "application/json"
PROBLEM = "application/problem+json"

FORMATS = FormatChecker(())


def _check(name: str, parse: Callable[[str], object]) -> None:
    def holds(value: object) -> bool:
        return not isinstance(value, str) or parse(value) is not False

    FORMATS.checks(name, raises=ValueError)(holds)


_check("uuid", lambda text: str(UUID(text)) == text)
_check("date-time", datetime.fromisoformat)
_check("uri", lambda text: bool(urlsplit(text).scheme and urlsplit(text).netloc))


class ContractBroken(AssertionError):
    """An answer is not what the document says."""


PAGES = ("/demo", "/embed/", "/console")  # and their files: no part of the API


class OpenApiWatcher:
    """A watcher for tests.client.WATCHERS. Raises ContractBroken for answers the document does not allow."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.templates = [(template_pattern(path), path) for path in document["paths"]]
        self.seen: set[tuple[str, str, int]] = set()  # method, path template, status
        self.validator = lru_cache(maxsize=None)(self._validator)

    def __call__(self, method: str, path: str, answer: Answer) -> None:
        """Check one answer."""
        if path == "/" or path.startswith(PAGES):
            return
        where = f"{method} {path} -> {answer.status}"
        template = self.template_of(path)
        item = self.document["paths"].get(template, {})
        sent = "get" if method == "HEAD" else method.lower()
        if method == "OPTIONS":
            self.check_options(where, answer)
        elif sent not in item:
            self.check_unmatched(where, answer, item)
        else:
            response = item[sent]["responses"].get(str(answer.status))
            if response is None:
                raise ContractBroken(f"{where}: the status is not in the document; {answer.body[:300]!r}")
            keys = ("paths", template, sent, "responses", str(answer.status))
            self.check(where, answer, response, keys, empty=method == "HEAD")
            self.seen.add((sent, template, answer.status))

    def template_of(self, path: str) -> str:
        """The path template an address matches, the one without parameters first; itself if none does."""
        raw = URL(f"http://service{path}").raw_path
        found = [template for pattern, template in self.templates if pattern.fullmatch(raw)]
        return min(found, key=lambda template: template.count("{"), default=raw)

    def check_options(self, where: str, answer: Answer) -> None:
        """Preflights have no body; refused ones are problems."""
        if answer.status == 204:
            require(not answer.body, f"{where}: a body")
        else:
            require(answer.status in (403, 404, 503), f"{where}: an odd status for a preflight")
            self.check_problem(where, answer)

    def check_unmatched(self, where: str, answer: Answer, item: Mapping[str, Any]) -> None:
        """What has no route, or not this method."""
        response = self.document["components"]["responses"]["Unmatched"]
        require(answer.status >= 400, f"{where}: a route that is not in the document")
        if answer.status == 405:
            allowed = {name.upper() for name in item}
            told = {name.strip() for name in answer.headers.get("Allow", "").split(",")}
            require(allowed <= told, f"{where}: Allow {told} does not name {allowed}")
        self.check(where, answer, response, ("components", "responses", "Unmatched"))

    def check_problem(self, where: str, answer: Answer) -> None:
        """A body that is any problem."""
        require(answer.headers.get("Content-Type") == PROBLEM, f"{where}: {answer.headers.get('Content-Type')}")
        self.valid(where, answer.json, ("components", "schemas", "Problem"))

    def check(
        self, where: str, answer: Answer, response: Mapping[str, Any], keys: tuple[str, ...], *, empty: bool = False
    ) -> None:
        """One answer against one response object that stands at `keys`."""
        self.check_headers(where, answer, response["headers"])
        content = response.get("content")
        if content is None:
            require(not answer.body, f"{where}: a body")
            return
        media_type = answer.headers.get("Content-Type", "").partition(";")[0]
        require(media_type in content, f"{where}: {media_type} is not one of {list(content)}")
        if media_type in (JSON, PROBLEM):
            require(answer.headers["Content-Type"] == media_type, f"{where}: {answer.headers['Content-Type']}")
            if not empty:
                self.valid(where, answer.json, (*keys, "content", media_type, "schema"))
        if media_type == PROBLEM and not empty:
            told = (answer.json["status"], answer.json["request_id"])
            require(told == (answer.status, answer.headers["X-Request-ID"]), f"{where}: {told} in the body")

    def check_headers(self, where: str, answer: Answer, headers: Mapping[str, Any]) -> None:
        """Required headers are there, and what is there looks as promised."""
        for name in headers:
            header = self.document["components"]["headers"][name]
            value = answer.headers.get(name)
            if value is None:
                require(not header["required"], f"{where}: no {name}")
            else:
                self.valid(f"{where}, {name}", value, ("components", "headers", name, "schema"))

    def valid(self, where: str, value: Any, keys: tuple[str, ...]) -> None:
        """A value against the schema that stands at `keys`."""
        error = next(iter(self.validator(keys).iter_errors(value)), None)
        if error is not None:
            place = "/".join(map(str, error.absolute_path)) or "the body"
            raise ContractBroken(f"{where}: {place}: {error.message}")

    def _validator(self, keys: tuple[str, ...]) -> Draft202012Validator:
        schema: Any = self.document
        for key in keys:
            schema = schema[key]
        # so that references find the components
        return Draft202012Validator({**schema, "components": self.document["components"]}, format_checker=FORMATS)


def template_pattern(path: str) -> re.Pattern[str]:
    """What a path template matches."""
    return re.compile(
        "".join("[^/]+" if part.startswith("{") else re.escape(part) for part in re.split(r"({\w+})", path))
    )


def require(holds: object, message: str) -> None:
    """Raise ContractBroken unless it holds."""
    if not holds:
        raise ContractBroken(message)
