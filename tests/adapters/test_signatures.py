"""Signatures of webhooks, against the standard's own library and against its text."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64decode, b64encode

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from service.adapters.signatures import new_secret, signed_headers

BODY = '{"text":"Zoë"}'.encode()


def test_receivers_can_verify_what_is_signed() -> None:
    secret = new_secret()
    headers = signed_headers(secret, "msg_1", BODY, time.time())
    assert Webhook(secret).verify(BODY, headers) == {"text": "Zoë"}
    for changed in (BODY + b" ", BODY.replace(b"Z", b"z")):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(changed, headers)
    for other in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(int(time.time()) - 2)}):
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY, headers | other)
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(BODY, headers)


def test_the_signature_is_the_standards() -> None:
    secret = "whsec_" + b64encode(b"k" * 32).decode()
    headers = signed_headers(secret, "msg_1", BODY, 1674087231.9)
    digest = hmac.digest(b"k" * 32, b"msg_1.1674087231." + BODY, hashlib.sha256)
    assert headers == {
        "Content-Type": "application/json",
        "webhook-id": "msg_1",
        "webhook-timestamp": "1674087231",
        "webhook-signature": "v1," + b64encode(digest).decode(),
    }


def test_secrets_are_long_and_differ() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(b64decode(new_secret().removeprefix("whsec_"))) == 32
