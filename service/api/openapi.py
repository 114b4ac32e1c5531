"""The OpenAPI 3.1 document, made once from the URL table and the schemas, and served from memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from schemas.common import ARTICLE_ID, SITE, TIME, Id, Problem, Time
from service.api.examples import EXAMPLES, EXAMPLES_BY_STATUS, PATH_EXAMPLES
from service.api.problems import FIELDS, STATUS
from service.api.representations import Representation, represent, respond
from service.domain import errors

if TYPE_CHECKING:
    from service.api.routes import Route

VERSION = "1.0.0"  # of the contract
CACHE_CONTROL = "public, max-age=60"
DESCRIPTION = """Threaded comments for articles.

Times are RFC 3339 in UTC with milliseconds, ids are opaque strings. Unknown fields in a body are refused (422), unknown
query parameters are ignored. Lists take `limit` and `cursor` and answer `next_cursor`, null at the end.

Public reads are the same bytes for everybody, with a strong `ETag`; they ignore `Authorization`. Everything else takes
`Authorization: Bearer TOKEN` and no cookies. Bodies are `application/json` in UTF-8 of at most 128 KiB.

Errors are `application/problem+json` (RFC 9457); `code` tells them apart."""

# What any request may be answered with, whatever its route: the HTTP parser's refusals, and our own failures.
EVERYWHERE = ("bad_request", "uri_too_long", "headers_too_large", "internal_error")
UNMATCHED = ("not_found", "method_not_allowed", *EVERYWHERE)

TAGS = {
    "live": "Live streams",
    "articles": "Articles",
    "activity": "Articles",
    "votes": "Comments",
    "flags": "Comments",
    "notices": "Comments",
    "webhooks": "Moderation",
    "appeals": "People",
    "notifications": "People",
    "moderation": "Moderation",
    "queue": "Moderation",
    "decisions": "Moderation",
    "directory": "Moderation",
    "people": "Moderation",
    "comments": "Comments",
    "fragments": "Comments",
    "feeds": "Comments",
    "counts": "Counts",
    "sites": "Site",
    "authors": "People",
    "rights": "People",
    "health": "Operations",
    "openapi": "Operations",
    "docs": "Operations",
    "metrics": "Operations",
}
TAG_TEXTS = {
    "Live streams": "What happens, as it happens (server-sent events).",
    "Articles": "For publishers' servers and moderators; what is talked about.",
    "Comments": "Reading and writing discussions.",
    "Counts": "How many comments articles have, for the pages that link to them.",
    "Site": "What a page needs to know of a publication.",
    "People": "Who is asking.",
    "Moderation": "For moderators and admins.",
    "Operations": "For whoever runs the service, and this description.",
}

PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "webhook_id": {"description": "A webhook's id", "schema": {"type": "string", "format": "uuid"}},
    "delivery_id": {"description": "A delivery's id", "schema": {"type": "string", "format": "uuid"}},
    "site": {"description": "The publication", "schema": {"type": "string", "pattern": SITE}},
    "article_id": {
        "description": "The publisher's id of the article: 1 to 200 of `A-Z a-z 0-9 . _ ~ : -`",
        "schema": {"type": "string", "pattern": ARTICLE_ID},
    },
    "other_id": {
        "description": "Another id of the same article",
        "schema": {"type": "string", "pattern": ARTICLE_ID},
    },
    "comment_id": {"description": "A comment's id", "schema": {"type": "string", "format": "uuid"}},
    "author_id": {"description": "An author's id", "schema": {"type": "string", "format": "uuid"}},
    "removal_id": {"description": "A removal's id", "schema": {"type": "string", "format": "uuid"}},
    "erase_id": {"description": "The id an erasure was given", "schema": {"type": "string", "format": "uuid"}},
    "notice_id": {"description": "The id a notice was given", "schema": {"type": "string", "format": "uuid"}},
}

HEADER_PARAMETERS: dict[str, dict[str, Any]] = {
    "X-Request-ID": {
        "description": "An id to find this request by; answered as sent when it is sane",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
        "example": "reader-42",
    },
    "If-None-Match": {
        "description": "Entity tags the client has; 304 when one of them, in any coding, is still right",
        "schema": {"type": "string"},
        "example": '"7f0c1c9a2b3d4e5f60718293-gz"',
    },
    "Idempotency-Key": {
        "description": "Makes a retry safe for 24 hours: the same key and body are answered as the first time. "
        "1 to 200 printable characters, bare or quoted",
        "schema": {"type": "string", "pattern": "^[\\x20-\\x7e]{1,202}$"},
        "example": "0b8e2f6c-7d1e-4a53-9c40-5f2f8f1f6f10",
    },
    "Last-Event-ID": {
        "description": "The last id a stream gave; it goes on after it without a gap",
        "schema": {"type": "string", "pattern": "^[0-9]{1,19}$"},
        "example": "4711",
    },
}


def _header(description: str, example: str, pattern: str | None = None, *, required: bool = True) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"} | ({"pattern": pattern} if pattern else {})
    return {"description": description, "required": required, "schema": schema, "example": example}


HEADERS = {
    "X-Request-ID": _header("The request's id", "reader-42", "^[A-Za-z0-9._-]{1,128}$"),
    "Cache-Control": _header("How long whom may keep the answer", "private, no-store"),
    "ETag": _header("The body's strong entity tag, one for each coding", '"7f0c1c9a2b3d4e5f60718293"', '^"[!#-~]*"$'),
    "Vary": _header("Which request headers chose the answer", "Accept-Encoding"),
    "Surrogate-Key": _header(
        "What a cache in front may purge it by", "site/demo article/demo/lighthouse", "^site/[a-z0-9-]+", required=False
    ),
    "Location": _header(
        "The comment's address", f"/api/v1/sites/demo/comments/{PATH_EXAMPLES['comment_id']}", "^/api/v1/sites/"
    ),
    "Idempotency-Replayed": _header("This was answered before", "true", "^true$", required=False),
    "RateLimit": _header("What is left of each limit, and seconds until more", '"posts";r=9;t=60', required=False),
    "RateLimit-Policy": _header("The limits: quota and window in seconds", '"posts";q=10;w=60', required=False),
    "Retry-After": _header("Seconds to wait before the next try", "12", "^[1-9][0-9]*$"),
    "WWW-Authenticate": _header("The challenge (RFC 6750)", 'Bearer realm="discuss"', "^Bearer "),
    "Allow": _header("The methods this address takes", "GET, HEAD, OPTIONS"),
}
CACHING_HEADERS = ("ETag", "Cache-Control", "Vary", "Surrogate-Key")
LIMIT_HEADERS = ("RateLimit", "RateLimit-Policy")

DOCUMENT = web.AppKey("openapi_document", Representation)


async def get_openapi(request: web.Request) -> web.Response:
    """This description as an OpenAPI 3.1 document."""
    return respond(request, request.app[DOCUMENT])


def represent_document(document: Mapping[str, Any]) -> Representation:
    """The document as it is served."""
    return represent(orjson.dumps(document), content_type="application/json", cache_control=CACHE_CONTROL)


def error_texts() -> dict[str, str]:
    """What each code means, in the words people get."""

    def kinds(base: type[errors.DiscussError]) -> Iterator[type[errors.DiscussError]]:
        for derived in base.__subclasses__():
            yield derived
            yield from kinds(derived)

    texts = {kind.code: (kind.__doc__ or "").strip() for kind in kinds(errors.DiscussError)}
    return texts | {errors.DiscussError.code: (errors.DiscussError.__doc__ or "").strip()}


def path_parameters(path: str) -> list[str]:
    """The names of a path template's parameters, in order."""
    return re.findall(r"{(\w+)}", path)


def by_status(codes: Sequence[str]) -> dict[int, list[str]]:
    """The codes by their HTTP status, statuses in order."""
    found: dict[int, list[str]] = {}
    for code in sorted(dict.fromkeys(codes), key=lambda code: STATUS[code]):
        found.setdefault(STATUS[code], []).append(code)
    return found


def build_document(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document as plain JSON values."""
    return _Builder().build(routes)


class _Builder:
    """Collects the components that paths refer to."""

    def __init__(self) -> None:
        self.plugin = MarshmallowPlugin()
        self.spec = APISpec(
            title="Discuss",
            version=VERSION,
            openapi_version="3.1.1",
            info={"description": DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
            servers=[{"url": "/"}],
            tags=[{"name": name, "description": text} for name, text in TAG_TEXTS.items()],
            plugins=[self.plugin],
        )
        self.converter: OpenAPIConverter = self.plugin.converter  # type: ignore[assignment]  # set by APISpec
        self.plugin.map_to_openapi_type(Id, "string", "uuid")  # type: ignore[no-untyped-call]
        self.plugin.map_to_openapi_type(Time, "string", "date-time")  # type: ignore[no-untyped-call]
        self.plugin.map_to_openapi_type(fields.URL, "string", "uri")  # type: ignore[no-untyped-call]
        self.converter.add_attribute_function(_time_pattern)  # type: ignore[no-untyped-call]
        self.texts = error_texts()

    def build(self, routes: Sequence[Route]) -> dict[str, Any]:
        """Every route with everything it refers to."""
        for name, header in HEADERS.items():
            self.spec.components.header(name, header)
        for name, parameter in HEADER_PARAMETERS.items():
            self.spec.components.parameter(name, "header", {"name": name, "required": False, **parameter})
        self.spec.components.security_scheme(
            "bearer",
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "A token the publisher signed for this site, a guest's, or one of the `discuss` command",
            },
        )
        self.schema(Problem)
        paths: dict[str, dict[str, Any]] = {}
        for route in routes:
            paths.setdefault(route.path, {})[route.method.lower()] = self.operation(route)
        document = self.spec.to_dict()
        document["paths"] = paths
        schemas = document["components"]["schemas"]
        schemas["Problem"]["properties"]["code"]["enum"] = list(STATUS)
        for key, name in self.converter.refs.items():
            schemas[name]["description"] = (key[0].__doc__ or "").strip()
            if name in EXAMPLES:
                schemas[name]["examples"] = [EXAMPLES[name]]
        document["components"]["responses"] = {"Unmatched": self.unmatched()}
        return document

    def schema(self, schema: type[Schema]) -> dict[str, str]:
        """A reference to the schema, which becomes a component."""
        reference: dict[str, str] = self.converter.resolve_nested_schema(schema)  # type: ignore[no-untyped-call]
        return reference

    def operation(self, route: Route) -> dict[str, Any]:
        """One method of one path."""
        operation: dict[str, Any] = {
            "operationId": route.name,
            "tags": [TAGS[route.handler.__module__.rpartition(".")[2]]],
            "summary": route.summary,
            "parameters": self.parameters(route),
            "responses": self.responses(route),
            "security": [{"bearer": []}] if route.who != "anybody" else [],
        }
        if route.description:
            operation["description"] = route.description
        if route.body is not None:
            content = self.content(route.body, None)
            operation["requestBody"] = {"required": True, "content": content}
        return operation

    def parameters(self, route: Route) -> list[dict[str, Any]]:
        """Path, query and header parameters."""
        found: list[dict[str, Any]] = [
            {"name": name, "in": "path", "required": True, "example": PATH_EXAMPLES[name], **PATH_PARAMETERS[name]}
            for name in path_parameters(route.path)
        ]
        for parameter in route.query:
            found.append(
                {
                    "name": parameter.name,
                    "in": "query",
                    "required": parameter.required,
                    "description": parameter.description,
                    "schema": dict(parameter.schema),
                }
            )
        headers = (*route.headers, *(("If-None-Match",) if route.cached else ()), "X-Request-ID")
        return found + [{"$ref": f"#/components/parameters/{name}"} for name in headers]

    def responses(self, route: Route) -> dict[str, Any]:
        """Answers and problems by status."""
        found = {str(status): self.answer(route, status) for status in route.answers}
        if route.cached:
            found["304"] = {"description": "What the client has is still right", "headers": _headers(*CACHING_HEADERS)}
        for status, codes in by_status((*route.errors, *EVERYWHERE)).items():
            found[str(status)] = self.problem(status, codes)
        return dict(sorted(found.items()))

    def answer(self, route: Route, status: int) -> dict[str, Any]:
        """One success."""
        answer = route.answers[status]
        names: tuple[str, ...] = CACHING_HEADERS if route.cached else ("Cache-Control",)
        if "Idempotency-Key" in route.headers:
            names += ("Location", "Idempotency-Replayed")
        if route.kind == "private" and "rate_limited" in route.errors:
            names += LIMIT_HEADERS
        held = "Taken, but held for a moderator. " if status == 202 and len(route.answers) > 1 else ""
        text = (answer.__doc__ or "").strip() if not isinstance(answer, str) else "The document" if answer else "Done"
        headers = _headers(*names)
        described = {"description": held + text, "headers": headers}
        return described | ({"content": self.content(answer, status)} if answer else {})

    def content(self, answer: type[Schema] | str, status: int | None) -> dict[str, Any]:
        """The media type's schema and example; a schema that is a media type's name stands for any text of it."""
        if isinstance(answer, str):
            return {answer: {"schema": {"type": "object" if answer == "application/json" else "string"}}}
        reference = self.schema(answer)
        name = reference["$ref"].rpartition("/")[2]
        example = EXAMPLES_BY_STATUS.get((name, status or 0), EXAMPLES[name])
        return {"application/json": {"schema": reference, "example": example}}

    def problem(self, status: int, codes: Sequence[str]) -> dict[str, Any]:
        """The problems of one status that a route may answer, closed to their codes."""
        narrowed: dict[str, Any] = {"properties": {"status": {"const": status}, "code": {"enum": list(codes)}}}
        if status == 422:
            narrowed["required"] = ["errors"]
        else:
            narrowed["properties"]["errors"] = False
        names = ["Cache-Control"]
        names += {401: ["WWW-Authenticate"], 405: ["Allow"], 429: ["Retry-After"], 503: ["Retry-After"]}.get(status, [])
        names += LIMIT_HEADERS if status == 429 else ()
        examples = {code: {"value": self.problem_example(code)} for code in codes}
        return {
            "description": " ".join(f"`{code}`: {self.texts[code]}" for code in codes),
            "headers": _headers(*names),
            "content": {
                "application/problem+json": {
                    "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]},
                    "examples": examples,
                }
            },
        }

    def problem_example(self, code: str) -> dict[str, Any]:
        """The body with one code."""
        status = STATUS[code]
        body: dict[str, Any] = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": self.texts[code],
            "code": code,
            "request_id": "reader-42",
        }
        return body | ({"errors": {FIELDS.get(code, "text"): [self.texts[code]]}} if status == 422 else {})

    def unmatched(self) -> dict[str, Any]:
        """The problem of what matches no route here; its codes are of several statuses."""
        narrowed = {"properties": {"code": {"enum": list(UNMATCHED)}, "errors": False}}
        return {
            "description": "No route: `not_found`; a route, but not this method: `method_not_allowed` with `Allow`; "
            "and what the HTTP parser refuses.",
            "headers": _headers("Cache-Control"),
            "content": {
                "application/problem+json": {
                    "schema": {"allOf": [{"$ref": "#/components/schemas/Problem"}, narrowed]},
                    "examples": {code: {"value": self.problem_example(code)} for code in UNMATCHED},
                }
            },
        }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*names, "X-Request-ID")}


def _time_pattern(self: OpenAPIConverter, field: fields.Field[Any], **kwargs: Any) -> dict[str, Any]:
    """Times have one spelling."""
    return {"pattern": TIME} if isinstance(field, Time) else {}
