"""Fields and bases every schema of the contract shares."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from marshmallow import RAISE, Schema, ValidationError, fields

from service.domain import articles
from service.domain.ids import parse_id
from service.domain.sites import SITE_NAME

ARTICLE_ID = f"^{articles.ARTICLE_ID.pattern}$"
SITE = f"^{SITE_NAME.pattern}$"
TEXT = r"^[^\u0000]*$"
TIME = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"


class Closed(Schema):
    """Every schema of the contract: an unknown field is an error, both ways."""

    class Meta:
        unknown = RAISE


class Time(fields.Field[datetime]):
    """RFC 3339, UTC, milliseconds, Z."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        if value is None:
            return None
        text: str = value.astimezone(UTC).isoformat(timespec="milliseconds")
        return text.removesuffix("+00:00") + "Z"

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        try:
            parsed = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("Not a time like 2026-01-31T12:00:00.000Z.") from None
        if parsed.tzinfo is None:
            raise ValidationError("The time needs its zone, best Z.")
        try:
            return parsed.astimezone(UTC)
        except OverflowError:
            raise ValidationError("No such time in UTC.") from None


class Truth(fields.Boolean):
    """true or false, not what else Python takes for them."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class Id(fields.Field[UUID]):
    """An opaque id."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else str(value)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> UUID:
        try:
            return parse_id(value)
        except (TypeError, ValueError):
            raise ValidationError("Not an id.") from None


def count(description: str) -> fields.Integer:
    """A number of things in an answer."""
    return fields.Integer(required=True, metadata={"minimum": 0, "description": description})


def cursor() -> fields.String:
    """Where a list goes on, in an answer."""
    return fields.String(
        required=True,
        allow_none=True,
        metadata={"minLength": 1, "description": "Send it as `cursor` to go on; null at the end of the list"},
    )


class Problem(Closed):
    """An error (RFC 9457). What went wrong is told by `code`; `detail` is for people."""

    type = fields.String(required=True, metadata={"description": "Always about:blank; `code` tells the kind"})
    title = fields.String(required=True, metadata={"description": "The status in words"})
    status = fields.Integer(required=True, metadata={"minimum": 400, "maximum": 599})
    detail = fields.String(required=True, metadata={"description": "What happened, for people"})
    code = fields.String(required=True, metadata={"description": "What happened, for programs"})
    request_id = fields.String(required=True, metadata={"description": "Same as the header X-Request-ID"})
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With status 422: messages by field, nested fields joined by dots"},
    )
