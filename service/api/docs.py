"""The page at /docs: the OpenAPI document as one readable page, without scripts and from this host alone."""

from __future__ import annotations

import json
import re
import shlex
from base64 import b64encode
from collections.abc import Iterable, Mapping
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Any

from aiohttp import hdrs, web
from multidict import CIMultiDict

from service.api import headers as h
from service.api.representations import Representation, respond

STYLE = Path(__file__).resolve().parents[2] / "web" / "docs" / "docs.css"
CACHE_CONTROL = "public, max-age=60"
PAGE = web.AppKey("docs_page", Representation)

Json = Mapping[str, Any]
_JSON_TEXT = re.compile(r'("(?:[^"\\]|\\.)*")(:?)')
_LIMITS = {
    "minimum": "from {}",
    "maximum": "to {}",
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {} items",
    "maxItems": "at most {} items",
    "default": "default {}",
}


async def get_docs(request: web.Request) -> web.Response:
    """This description for people."""
    return respond(request, request.app[PAGE])


def represent_page(document: Json, base_url: str) -> Representation:
    """The page as it is served; nothing but its own style sheet may be loaded or run."""
    style = STYLE.read_text()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    headers: CIMultiDict[str] = CIMultiDict(h.SECURITY + h.PUBLIC)
    headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers[hdrs.CONTENT_TYPE] = "text/html; charset=utf-8"
    headers[h.CACHE_CONTROL] = CACHE_CONTROL
    headers[h.VARY] = hdrs.ACCEPT_ENCODING
    return Representation(_Page(document, base_url).html(style).encode(), headers)


class _Page:
    """Writes one document as HTML."""

    def __init__(self, document: Json, base_url: str) -> None:
        self.document = document
        self.base_url = base_url
        self.operations = [
            (path, method, operation) for path, item in document["paths"].items() for method, operation in item.items()
        ]

    def html(self, style: str) -> str:
        """The whole page."""
        title = f"{self.document['info']['title']} API"
        return (
            f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            f'<style>{style}</style></head><body><a class="skip" href="#main">Skip to the content</a>'
            f'<div class="frame">{self.navigation(title)}<main id="main">{self.introduction(title)}'
            f"{''.join(map(self.group, self.document['tags']))}{self.codes()}{self.objects()}"
            "</main></div></body></html>"
        )

    def navigation(self, title: str) -> str:
        """What is where."""
        groups = "".join(
            f"<h2>{escape(tag['name'])}</h2><ul>"
            + "".join(
                f'<li><a href="#{operation["operationId"]}">{escape(operation["summary"].rstrip("."))}</a></li>'
                for _, _, operation in self.of(tag)
            )
            + "</ul>"
            for tag in self.document["tags"]
        )
        return (
            f'<nav aria-label="Contents"><a href="#main"><strong>{title}</strong></a>'
            f'<div class="contents">{groups}<h2>Reference</h2><ul><li><a href="#codes">Error codes</a></li>'
            '<li><a href="#objects">Objects</a></li></ul></div></nav>'
        )

    def introduction(self, title: str) -> str:
        """What holds for every route, and the table of them."""
        info = self.document["info"]
        rows = "".join(
            f'<tr><td>{method_badge(method)}</td><td><a href="#{operation["operationId"]}">{path_code(path)}</a>'
            f'<span class="does">{escape(operation["summary"])}</span></td><td>{who(operation)}</td></tr>'
            for tag in self.document["tags"]
            for path, method, operation in self.of(tag)
        )
        return (
            f'<h1>{title}</h1><p class="quiet">Version {escape(info["version"])} · '
            f'<a href="/api/v1/openapi.json">OpenAPI document</a></p>{prose(info["description"])}'
            '<h2 id="routes">Routes</h2><table class="routes"><thead><tr><th>Method</th><th>Path</th><th>Who</th></tr>'
            f"</thead><tbody>{rows}</tbody></table>"
        )

    def of(self, tag: Json) -> list[tuple[str, str, Json]]:
        """The operations with a tag."""
        return [item for item in self.operations if item[2]["tags"] == [tag["name"]]]

    def group(self, tag: Json) -> str:
        """The routes with a tag."""
        routes = "".join(self.route(*item) for item in self.of(tag))
        return f"<h2>{escape(tag['name'])}</h2><p>{inline(tag['description'])}</p>{routes}"

    def route(self, path: str, method: str, operation: Json) -> str:
        """Everything about one route."""
        parameters = [self.resolved(parameter) for parameter in operation["parameters"]]
        body = operation.get("requestBody", {}).get("content", {}).get("application/json")
        answers = {status: answer for status, answer in operation["responses"].items() if not is_problem(answer)}
        problems = {status: answer for status, answer in operation["responses"].items() if is_problem(answer)}
        return (
            f'<section class="route" id="{operation["operationId"]}"><h3>{method_badge(method)}'
            f'<a href="#{operation["operationId"]}">{path_code(path)}</a></h3>'
            f'<p class="lead">{inline(operation["summary"])}</p><p class="who">Open to: {who(operation).lower()}</p>'
            f"{prose(operation.get('description', ''))}"
            f"{section('Parameters', fields(map(self.parameter, parameters)))}"
            f"{self.body(body) if body else ''}"
            f"<h4>Try it</h4>{block(self.curl(path, method, operation, parameters, body))}"
            f"<h4>Answers</h4>{''.join(self.answer(*item) for item in answers.items())}"
            f"<h4>Problems</h4>{problem_table(problems)}</section>"
        )

    def resolved(self, value: Json) -> Json:
        """What a reference stands for."""
        while "$ref" in value:
            found: Any = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found
        return value

    def parameter(self, parameter: Json) -> tuple[str, str, str, bool]:
        """A parameter as a row of `fields`."""
        place = {"path": "in the path", "query": "query", "header": "header"}[parameter["in"]]
        rules = describe(parameter["schema"])
        text = f'{inline(parameter["description"])}<span class="rule">{rules}</span>'
        return parameter["name"], place, text, parameter["required"]

    def body(self, body: Json) -> str:
        """What to send."""
        return f"<h4>Body: {type_of(body['schema'])}</h4>{self.properties(body['schema'])}{block_json(body['example'])}"

    def properties(self, schema: Json) -> str:
        """An object's fields."""
        schema = self.resolved(schema)
        required = schema.get("required", [])
        return fields(
            (
                name,
                type_of(field),
                f'{inline(field.get("description", ""))}<span class="rule">{limits_of(field)}</span>',
                name in required,
            )
            for name, field in schema.get("properties", {}).items()
        )

    def answer(self, status: str, answer: Json) -> str:
        """One answer with its headers and an example."""
        inside = []
        for media_type, content in answer.get("content", {}).items():
            inside.append(f"<p><code>{escape(media_type)}</code> {type_of(content['schema'])}</p>")
            if "example" in content:
                inside.append(block_json(content["example"]))
        headers = (
            (name, "", inline(self.resolved(header)["description"]), False)
            for name, header in answer["headers"].items()
        )
        inside.append(section("Headers", fields(headers)))
        opened = " open" if status == "200" or status == "201" else ""
        return (
            f'<details{opened}><summary><span class="status good">{status}</span>'
            f'<span class="text">{inline(answer["description"])}</span></summary>'
            f'<div class="inside">{"".join(inside)}</div></details>'
        )

    def curl(self, path: str, method: str, operation: Json, parameters: Iterable[Json], body: Json | None) -> str:
        """The route at a terminal."""
        query = []
        for parameter in parameters:
            if parameter["in"] == "path":
                path = path.replace(f"{{{parameter['name']}}}", str(parameter["example"]))
            elif parameter["required"] and parameter["in"] == "query":
                query.append(f"{parameter['name']}=lighthouse&{parameter['name']}=harbour")
        words = [shlex.quote(self.base_url + path + ("?" + "&".join(query) if query else ""))]
        if method != "get":
            words.insert(0, f"-X {method.upper()}")
        if operation["security"]:
            words.append('-H "Authorization: Bearer $TOKEN"')
        if any(parameter["name"] == "Idempotency-Key" for parameter in parameters):
            words.append('-H "Idempotency-Key: $(uuidgen)"')
        if body:
            words.append("-H 'Content-Type: application/json'")
            words.append(f"-d {shlex.quote(json.dumps(body['example']))}")
        return escape("curl " + " \\\n  ".join(words), quote=False)

    def codes(self) -> str:
        """Every error code, from the routes' problems."""
        known: dict[str, Json] = {}
        answers = [answer for _, _, operation in self.operations for answer in operation["responses"].values()]
        for answer in (*answers, *self.document["components"]["responses"].values()):
            if is_problem(answer):
                known |= {code: item["value"] for code, item in answer["content"][PROBLEM]["examples"].items()}
        rows = "".join(
            code_row(str(example["status"]), code, example["detail"])
            for code, example in sorted(known.items(), key=lambda item: item[1]["status"])
        )
        example = known.get("validation_error") or next(iter(known.values()))
        return (
            '<h2 id="codes">Error codes</h2><p>Every error has this body, whatever it comes from. Act on '
            f"<code>code</code>; <code>detail</code> is for people and may change.</p>{block_json(example)}"
            f"{code_table(rows)}"
        )

    def objects(self) -> str:
        """Every object's fields."""
        schemas = self.document["components"]["schemas"]
        parts = "".join(
            f'<section class="route" id="object-{name}"><h3>{name}</h3><p>{inline(schema.get("description", ""))}</p>'
            f"{self.properties(schema)}</section>"
            for name, schema in sorted(schemas.items())
        )
        return (
            '<h2 id="objects">Objects</h2><p>Closed: there are no fields but these, and answers have all that are '
            f"marked required.</p>{parts}"
        )


PROBLEM = "application/problem+json"


def is_problem(answer: Json) -> bool:
    """Whether an answer is an error."""
    return PROBLEM in answer.get("content", {})


def who(operation: Json) -> str:
    """Who may call it."""
    return "Signed in" if operation["security"] else "Anybody"


def method_badge(method: str) -> str:
    """The method, in its colour."""
    return f'<span class="method {method}">{method.upper()}</span>'


def path_code(path: str) -> str:
    """A path that may break after its slashes."""
    return "<code>" + escape(path).replace("/", "/<wbr>") + "</code>"


def inline(text: str) -> str:
    """A line of text with `code`."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))


def prose(text: str) -> str:
    """Paragraphs."""
    return "".join(f"<p>{inline(paragraph)}</p>" for paragraph in text.split("\n\n") if paragraph.strip())


def section(title: str, content: str) -> str:
    """A part with a heading, if there is anything in it."""
    return f"<h4>{title}</h4>{content}" if content else ""


def fields(rows: Iterable[tuple[str, str, str, bool]]) -> str:
    """Names with their type, text and whether they are required."""
    items = "".join(
        f"<div><dt><code>{escape(name)}</code>{' <span class=must>required</span>' if required else ''}"
        f'<span class="rule quiet">{kind}</span></dt><dd>{text}</dd></div>'
        for name, kind, text, required in rows
    )
    return f'<dl class="fields">{items}</dl>' if items else ""


def type_of(schema: Json) -> str:
    """A schema's type in words, with links to objects."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f'<a href="#object-{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(type_of, schema["anyOf"]))
    kinds = schema.get("type", "any")
    names = [kinds] if isinstance(kinds, str) else kinds
    return " or ".join(_named(name, schema) for name in names)


def _named(name: str, schema: Json) -> str:
    if name == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if name == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {type_of(schema['additionalProperties'])}"
    if name == "string" and schema.get("format"):
        return {"uuid": "id", "date-time": "time", "uri": "URL"}.get(schema["format"], "string")
    return str(name)


def limits_of(schema: Json) -> str:
    """A schema's bounds in words."""
    words = [text.format(json.dumps(schema[name]).strip('"')) for name, text in _LIMITS.items() if name in schema]
    if "minimum" in schema and "maximum" in schema:
        words[:2] = [f"{schema['minimum']} to {schema['maximum']}"]
    if "enum" in schema:
        allowed = [value for value in schema["enum"] if value is not None]
        words.insert(0, "one of " + ", ".join(f"<code>{escape(str(value))}</code>" for value in allowed))
    if "const" in schema:
        words.insert(0, f"always <code>{escape(str(schema['const']))}</code>")
    if "pattern" in schema and schema.get("format") != "date-time":
        words.append(f"matches <code>{escape(schema['pattern'])}</code>")
    return ", ".join(words)


def describe(schema: Json) -> str:
    """Type and bounds in words."""
    bounds = limits_of(schema) or limits_of(schema.get("items", {}))
    return type_of(schema) + (f", {bounds}" if bounds else "")


def block(code: str) -> str:
    """Code that is HTML already."""
    return f'<pre tabindex="0"><code>{code}</code></pre>'


def block_json(value: Any) -> str:
    """JSON with its keys and strings in colour."""

    def coloured(match: re.Match[str]) -> str:
        return f'<span class="{"k" if match[2] else "s"}">{match[1]}</span>{match[2]}'

    text = escape(json.dumps(value, indent=2, ensure_ascii=False), quote=False)
    return block(_JSON_TEXT.sub(coloured, text))


def code_row(status: str, code: str, text: str) -> str:
    """One error code."""
    return f'<tr><td><span class="status">{status}</span></td><td><code>{code}</code></td><td>{inline(text)}</td></tr>'


def code_table(rows: str) -> str:
    """Error codes in a table."""
    head = "<tr><th>Status</th><th>Code</th><th>Meaning</th></tr>"
    return f'<table class="codes"><thead>{head}</thead><tbody>{rows}</tbody></table>'


def problem_table(problems: Mapping[str, Json]) -> str:
    """The codes a route may answer, by status."""
    rows = "".join(
        code_row(status, code, item["value"]["detail"])
        for status, answer in problems.items()
        for code, item in answer["content"][PROBLEM]["examples"].items()
    )
    return code_table(rows)
