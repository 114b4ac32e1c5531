"""The OpenAPI document: valid, complete, closed, true; and the page made of it."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from multidict import CIMultiDict
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.api.problems import STATUS
from service.app import create_app, described
from service.settings import Settings
from tests.client import WATCHERS, Answer, Service
from tests.contracts.openapi_watch import FORMATS, ContractBroken, OpenApiWatcher


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in described()["paths"].items():
        for method, operation in item.items():
            yield method, path, operation


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a document."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def test_the_document_is_valid_openapi_3_1() -> None:
    document = json.loads(json.dumps(described()))
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))


FILES = re.compile(r"/(|embed/.*|console.*|demo.*|favicon.*)")  # pages and what they load, no part of the API


def test_every_route_is_in_the_document_and_nothing_else(settings: Settings) -> None:
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in create_app(settings).router.routes()
        if route.resource is not None and route.method not in ("HEAD", "*")  # * answers that there is nothing
        if not FILES.fullmatch(route.resource.canonical)
    }
    assert served == {(method, path) for method, path, _ in operations()}


def test_every_get_answers_head_too(settings: Settings) -> None:
    routes = {
        (route.method, route.resource.canonical) for route in create_app(settings).router.routes() if route.resource
    }
    assert {path for method, path in routes if method == "GET"} == {path for method, path in routes if method == "HEAD"}


def test_schemas_are_closed_and_null_is_a_type() -> None:
    for name, schema in described()["components"]["schemas"].items():
        assert schema["type"] == "object", name
        assert schema["additionalProperties"] is False, name
        assert schema["description"], name
    for node in nodes(described()):
        assert "nullable" not in node, "3.0's spelling"


def test_every_example_fits_its_schema() -> None:
    found = 0
    components = described()["components"]
    for method, path, operation in operations():
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for content in (content for body in bodies for content in body.get("content", {}).values()):
            examples = [content["example"]] if "example" in content else []
            examples += [example["value"] for example in content.get("examples", {}).values()]
            schema = {**content["schema"], "components": components}
            for example in examples:
                Draft202012Validator(schema, format_checker=FORMATS).validate(example)
                found += 1
            assert examples or "$ref" not in content["schema"], f"{method} {path} has an answer without an example"
    assert found > 100
    for name, header in components["headers"].items():
        assert Draft202012Validator(header["schema"]).is_valid(header["example"]), name


def test_every_operation_tells_parameters_bodies_answers_and_codes() -> None:
    for method, path, operation in operations():
        parameters = [parameter for parameter in operation["parameters"] if "in" in parameter]
        in_path = {parameter["name"] for parameter in parameters if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        assert all(parameter["description"] and parameter["schema"] for parameter in parameters)
        assert operation["summary"].endswith("."), operation["summary"]
        bare = path.endswith(("/replay", "/undo", "/revoke")) or "/aliases/" in path
        assert (method in ("post", "put", "patch") and not bare) == ("requestBody" in operation)
        assert all("X-Request-ID" in answer["headers"] for answer in operation["responses"].values())
        assert {"400", "414", "431", "500"} <= set(operation["responses"]), "what any request may meet"
        if operation["security"]:
            codes = operation["responses"]["401"]["content"]["application/problem+json"]["examples"]
            assert set(codes) == {"token_missing", "token_invalid", "token_expired"}
    for method in ("get", "post"):
        assert "304" in described()["paths"]["/api/v1/sites/{site}/counts"][method]["responses"]


def test_every_code_is_in_the_problem_schema_with_its_status() -> None:
    assert set(described()["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]) == set(STATUS)
    for _, path, operation in operations():
        for status, answer in operation["responses"].items():
            for code in answer.get("content", {}).get("application/problem+json", {}).get("examples", {}):
                assert STATUS[code] == int(status), path


async def test_the_document_is_served_to_everybody_and_kept(service: Service) -> None:
    answer = await service.request("GET", "/api/v1/openapi.json", headers={"Origin": "https://tools.example"})
    assert answer.status == 200
    assert answer.json == json.loads(json.dumps(described()))
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Content-Type"] == "application/json"
    again = await service.request("GET", "/api/v1/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.body) == (304, b"")


class Page(HTMLParser):
    """What a page holds that a browser would fetch, run or jump to."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            assert not name.startswith("on"), "a script in an attribute"
            assert name != "style", "the policy forbids styles in attributes"
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in ("src", "srcset", "href", "data", "action", "poster"):
                self.loads.append(value or "")
            elif name == "id":
                self.ids.append(value or "")


async def test_docs_show_every_route_from_this_host_alone(service: Service) -> None:
    answer = await service.request("GET", "/docs")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    text = answer.body.decode()
    page = Page()
    page.feed(text)
    assert page.loads == [], "nothing is loaded"
    assert "script" not in page.tags
    assert len(page.ids) == len(set(page.ids))
    jumps = {link.removeprefix("#") for link in page.links if link.startswith("#")}
    assert jumps <= set(page.ids), "every link leads somewhere"
    assert {link for link in page.links if not link.startswith("#")} == {"/api/v1/openapi.json"}
    for method, path, operation in operations():
        assert operation["operationId"] in page.ids, path
        assert f"{method.upper()}</span>" in text
    for code in STATUS.keys() & set(re.findall(r"[a-z_]+", json.dumps(described()["paths"]))):
        assert f"<code>{code}</code>" in text


async def test_the_docs_policy_allows_their_own_style_and_nothing_else(service: Service) -> None:
    answer = await service.request("GET", "/docs")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.body.decode(), re.S)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    directives = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert "url(" not in style
    assert "@import" not in style


# ---- the watcher watches


@pytest.fixture
def watcher() -> OpenApiWatcher:
    return OpenApiWatcher(described())


def page_answer(**changes: Any) -> Answer:
    """A page as the service answers it, with changes to its body."""
    operation = described()["paths"]["/api/v1/sites/{site}/articles/{article_id}/comments"]["get"]
    body = deepcopy(operation["responses"]["200"]["content"]["application/json"]["example"]) | changes
    headers = CIMultiDict(
        {
            "Content-Type": "application/json",
            "ETag": '"0123456789"',
            "Cache-Control": "public, max-age=0",
            "Vary": "Accept-Encoding",
            "X-Request-ID": "r",
        }
    )
    return Answer(200, headers, b"{}", body)


PAGE = "/api/v1/sites/demo/articles/a1/comments?limit=5"


def test_the_watcher_takes_what_is_right(watcher: OpenApiWatcher) -> None:
    watcher("GET", PAGE, page_answer())
    assert watcher.seen == {("get", "/api/v1/sites/{site}/articles/{article_id}/comments", 200)}


def without(answer: Answer, *, header: str) -> Answer:
    headers = CIMultiDict(answer.headers)
    del headers[header]
    return replace(answer, headers=headers)


def test_the_watcher_catches_what_the_document_does_not_say(watcher: OpenApiWatcher) -> None:
    extra = page_answer(secret="x")
    missing = page_answer()
    del missing.json["article"]["locked"]
    deep = page_answer()
    deep.json["comments"][0]["replies"]["items"][0]["author"]["email"] = "ada@example.com"
    time = page_answer()
    time.json["comments"][0]["created_at"] = "2026-01-31T12:00:00Z"
    pending = page_answer()
    pending.json["comments"][0]["status"] = "pending"
    null = page_answer(comments=None)
    for broken, why in (
        (extra, "secret"),
        (missing, "locked"),
        (deep, "email"),
        (time, "created_at"),
        (pending, "pending"),
        (null, "comments"),
        (replace(page_answer(), status=201), "status"),
        (replace(page_answer(), headers={**page_answer().headers, "Content-Type": "text/html"}), "text/html"),
        (without(page_answer(), header="ETag"), "ETag"),
        (without(page_answer(), header="X-Request-ID"), "X-Request-ID"),
    ):
        with pytest.raises(ContractBroken, match=why):
            watcher("GET", PAGE, broken)


def problem(status: int, code: str, **more: Any) -> Answer:
    headers = CIMultiDict(
        {"Content-Type": "application/problem+json", "Cache-Control": "private, no-store", "X-Request-ID": "r"}
    )
    body = {
        "type": "about:blank",
        "title": "T",
        "status": status,
        "detail": "D",
        "code": code,
        "request_id": "r",
    } | more
    return Answer(status, headers, b"{}", body)


def test_the_watcher_catches_unlisted_codes_and_routes(watcher: OpenApiWatcher) -> None:
    watcher("GET", PAGE, problem(404, "site_not_found"))
    watcher("GET", PAGE, problem(422, "validation_error", errors={"limit": ["Too many."]}))
    watcher("GET", "/nowhere", problem(404, "not_found"))
    for method, path, broken in (
        ("GET", PAGE, problem(404, "comment_not_found")),  # of another route
        ("GET", PAGE, problem(400, "site_not_found")),  # of another status
        ("GET", PAGE, problem(418, "teapot")),
        ("GET", PAGE, problem(422, "validation_error")),  # without errors
        ("GET", PAGE, problem(404, "site_not_found", errors={})),  # with errors
        ("GET", PAGE, problem(404, "site_not_found", request_id="another")),
        ("GET", PAGE, problem(429, "rate_limited")),  # without Retry-After
        ("GET", "/nowhere", page_answer()),
        ("PATCH", PAGE, problem(405, "method_not_allowed")),  # without Allow
    ):
        with pytest.raises(ContractBroken):
            watcher(method, path, broken)


async def test_every_answer_of_the_suite_is_watched(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    (watching,) = [watcher for watcher in WATCHERS if isinstance(watcher, OpenApiWatcher)]
    site = await service.new_site()
    assert (await site.get("")).status == 200
    assert ("get", "/api/v1/sites/{site}", 200) in watching.seen
    other = deepcopy(described())
    other["components"]["schemas"]["Site"]["properties"]["posting"] = {"const": "never"}
    monkeypatch.setattr(watching, "validator", OpenApiWatcher(other).validator)
    with pytest.raises(ContractBroken, match="posting"):
        await site.get("")
