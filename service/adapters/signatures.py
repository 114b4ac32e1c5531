"""Standard Webhooks: what proves to a publisher's server that a request is ours, and was not changed or replayed."""

from __future__ import annotations

import secrets
from base64 import b64encode
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """A secret to share with a receiver: whsec_ and 32 random bytes in base64."""
    return shown_secret(secrets.token_bytes(SECRET_BYTES))


def shown_secret(secret: bytes) -> str:
    """A secret as Standard Webhooks write it."""
    return PREFIX + b64encode(secret).decode()


def signed_headers(secret: str, message_id: str, body: bytes, now: float) -> dict[str, str]:
    """The headers of a signed JSON request at `now` (seconds since 1970); `body` is the UTF-8 that is sent.

    `message_id` stays the same when the message is sent again, so that receivers notice.
    """
    moment = datetime.fromtimestamp(int(now), UTC)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now)),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }
