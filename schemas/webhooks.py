"""Webhooks and their deliveries, for admins."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from schemas.common import Closed, Id, Time, count, cursor
from service.domain.webhooks import TYPES

STATUSES = ("pending", "delivered", "failed")


def refuse_repeats(values: list[str]) -> None:
    """Each type once."""
    if len(set(values)) < len(values):
        raise ValidationError("Name each type once.")


def types(**kwargs: Any) -> fields.List[Any]:
    """Event types a webhook is told of."""
    return fields.List(
        fields.String(validate=validate.OneOf(TYPES)),
        validate=[validate.Length(max=len(TYPES)), refuse_repeats],
        metadata={"description": "Which events it is told of; all when empty"},
        **kwargs,
    )


def active(**kwargs: Any) -> fields.Boolean:
    """Whether a webhook is told of anything."""
    return fields.Boolean(
        truthy={True}, falsy={False}, metadata={"description": "What happens meanwhile is not told later"}, **kwargs
    )


def url(**kwargs: Any) -> fields.String:
    """A receiver's address."""
    return fields.String(
        validate=validate.Length(1, 2048),
        metadata={"description": "https, a public host, without user name or password"},
        **kwargs,
    )


class WebhookRequestSchema(Closed):
    """A new webhook."""

    url = url(required=True)
    types = types(load_default=list)
    active = active(load_default=True)


class WebhookChangeSchema(Closed):
    """What is to be different; what is left out stays. `"active": true` also lets a failing webhook start again."""

    url = url()
    types = types()
    active = active()


class WebhookSchema(Closed):
    """A server of the publisher's that is told of events."""

    id = Id(required=True)
    url = url(required=True)
    types = types(required=True)
    active = active(required=True)
    created_at = Time(required=True)


class NewWebhookSchema(WebhookSchema):
    """A new webhook with its secret, which is never told again."""

    secret = fields.String(
        required=True,
        metadata={"pattern": "^whsec_[A-Za-z0-9+/]{43}=$", "description": "Verify signatures with it; keep it safe"},
    )


class WebhooksSchema(Closed):
    """A site's webhooks, oldest first."""

    items = fields.List(fields.Nested(WebhookSchema), required=True)
    next_cursor = cursor()


class DeliverySchema(Closed):
    """One event for one webhook."""

    id = Id(required=True, metadata={"description": "The header webhook-id of every attempt"})
    type = fields.String(required=True, validate=validate.OneOf(TYPES))
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    attempts = count("How often it was attempted")
    next_at = Time(
        required=True, allow_none=True, metadata={"description": "When it is attempted next; null when it is not"}
    )
    last_status = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The HTTP status of the last answer; null when there was none"},
    )


class DeliveriesSchema(Closed):
    """A webhook's deliveries of the last 30 days, newest first."""

    items = fields.List(fields.Nested(DeliverySchema), required=True)
    next_cursor = cursor()
