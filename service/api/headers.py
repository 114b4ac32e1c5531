"""The header names and values that every answer shares."""

from __future__ import annotations

from multidict import istr

ACCESS_CONTROL_ALLOW_HEADERS = istr("Access-Control-Allow-Headers")
ACCESS_CONTROL_ALLOW_METHODS = istr("Access-Control-Allow-Methods")
ACCESS_CONTROL_ALLOW_ORIGIN = istr("Access-Control-Allow-Origin")
ACCESS_CONTROL_EXPOSE_HEADERS = istr("Access-Control-Expose-Headers")
ACCESS_CONTROL_MAX_AGE = istr("Access-Control-Max-Age")
ACCESS_CONTROL_REQUEST_METHOD = istr("Access-Control-Request-Method")
CACHE_CONTROL = istr("Cache-Control")
SERVER = istr("Server")
SURROGATE_KEY = istr("Surrogate-Key")
VARY = istr("Vary")
X_REQUEST_ID = istr("X-Request-ID")

EXPOSED = "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, Idempotency-Replayed"
ALLOWED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, Last-Event-ID, X-Request-ID"
MAX_AGE = "7200"  # seconds a browser may remember a preflight
NO_STORE = "private, no-store"

# Server is named here so that aiohttp does not name itself and its version.
SECURITY: tuple[tuple[istr, str], ...] = (
    (istr("X-Content-Type-Options"), "nosniff"),
    (istr("Referrer-Policy"), "no-referrer"),
    (istr("Content-Security-Policy"), "default-src 'none'; frame-ancestors 'none'"),
    (SERVER, "Discuss"),
)

PUBLIC: tuple[tuple[istr, str], ...] = (
    (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED),
)
