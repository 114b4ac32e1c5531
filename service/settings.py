"""All of the service's settings, read once from the environment (documented in docs/operators.md)."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from service.domain.errors import ConfigurationError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Settings:
    """What the process runs with. Every field is one environment variable; `VARIABLES` has the names."""

    database_url: str
    redis_url: str
    secrets: tuple[str, ...]  # the first signs, all verify
    owner_url: str
    env: Literal["development", "production"] = "development"
    public_url: str | None = None
    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8080
    processes: int = 2
    trusted_proxies: tuple[Network, ...] = ()
    metrics_port: int | None = None
    metrics_token: str | None = None
    allow_private_targets: bool = False
    limits: Literal["on", "off"] = "on"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def production(self) -> bool:
        """Whether unsafe settings are refused."""
        return self.env == "production"


VARIABLES = {
    "DATABASE_URL": "PostgreSQL the service logs in to (default: its own, from wheels)",
    "DISCUSS_OWNER_URL": "PostgreSQL login that owns the tables and runs migrations (default: DATABASE_URL)",
    "REDIS_URL": "Redis or Valkey; redis+cluster:// for a cluster (default: its own, from wheels)",
    "DISCUSS_SECRET": "signs cursors, guests and address hashes; 32 bytes or more; two values while rotating: new,old",
    "DISCUSS_ENV": "development or production",
    "DISCUSS_PUBLIC_URL": "the address readers reach the service at",
    "DISCUSS_DATA": "folder of the embedded servers' data (default .data)",
    "DISCUSS_HOST": "address to listen on",
    "DISCUSS_PORT": "port to listen on",
    "DISCUSS_PROCESSES": "how many serving processes there are in all: each has its share of the limits without Redis",
    "DISCUSS_TRUSTED_PROXIES": "networks whose X-Forwarded-For is believed, comma-separated",
    "DISCUSS_METRICS_PORT": "a port of its own for /metrics",
    "DISCUSS_METRICS_TOKEN": "Bearer token that opens /metrics on the main port",
    "DISCUSS_ALLOW_PRIVATE_TARGETS": "1 lets JWKS, hooks and webhooks reach http and loopback (development only)",
    "DISCUSS_LIMITS": "off sets very high rate limits for load tests (development only)",
    "DISCUSS_LOG_LEVEL": "debug, info, warning or error",
}


class _Reader:
    """Takes variables one by one and collects every problem."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str = "") -> str:
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, choices[0])
        if value not in choices:
            self.problems.append(f"{name} must be one of {', '.join(choices)}, not {value!r}")
            return choices[0]
        return value

    def number(self, name: str, low: int, high: int) -> int | None:
        value = self.text(name)
        if not value:
            return None
        if not value.isascii() or not value.isdigit() or not low <= int(value) <= high:
            self.problems.append(f"{name} must be a whole number from {low} to {high}, not {value!r}")
            return None
        return int(value)

    def flag(self, name: str) -> bool:
        return self.choice(name, ("0", "1")) == "1"

    def networks(self, name: str) -> tuple[Network, ...]:
        found: list[Network] = []
        for part in filter(None, (item.strip() for item in self.text(name).split(","))):
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError:
                self.problems.append(f"{name}: {part!r} is not a network like 10.0.0.0/8")
        return tuple(found)

    def url(self, name: str, schemes: tuple[str, ...], default: str = "") -> str:
        value = self.text(name, default)
        if value and urlsplit(value).scheme not in schemes:
            self.problems.append(f"{name} must begin with {' or '.join(s + '://' for s in schemes)}")
        return value

    def secrets(self, name: str) -> tuple[str, ...]:
        values = tuple(part.strip() for part in self.text(name).split(",") if part.strip())
        if not values:
            self.problems.append(f"{name} is missing: set it to 32 random bytes or more")
        if len(values) > 2:
            self.problems.append(f"{name} takes at most two values, the new one first")
        if any(len(value.encode()) < 32 for value in values):
            self.problems.append(f"{name} is too short: each value needs 32 bytes or more")
        return values


POSTGRES_SCHEMES = ("postgresql", "postgres")
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")


def data_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder of the embedded servers' data: DISCUSS_DATA, or .data here."""
    return Path(environ.get("DISCUSS_DATA", "").strip() or ".data").resolve()


def load_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises ConfigurationError that names every problem at once: unknown DISCUSS_ variables, malformed values, and
    in production whatever is unsafe there.
    """
    read = _Reader(environ)
    for name in sorted(environ):
        if name.startswith("DISCUSS_") and name not in VARIABLES:
            read.problems.append(f"{name} is not a setting of Discuss")
    database_url = read.url("DATABASE_URL", POSTGRES_SCHEMES)
    redis_url = read.url("REDIS_URL", REDIS_SCHEMES)
    for name, value in (("DATABASE_URL", database_url), ("REDIS_URL", redis_url)):
        if not value:
            read.problems.append(f"{name} is missing")
    settings = Settings(
        database_url=database_url,
        redis_url=redis_url,
        secrets=read.secrets("DISCUSS_SECRET"),
        owner_url=read.url("DISCUSS_OWNER_URL", POSTGRES_SCHEMES, database_url),
        env=read.choice("DISCUSS_ENV", ("development", "production")),  # type: ignore[arg-type]
        public_url=read.url("DISCUSS_PUBLIC_URL", ("http", "https")).rstrip("/") or None,
        data=data_folder(environ),
        host=read.text("DISCUSS_HOST", "127.0.0.1"),
        port=read.number("DISCUSS_PORT", 1, 65535) or 8080,
        processes=read.number("DISCUSS_PROCESSES", 1, 10_000) or 2,
        trusted_proxies=read.networks("DISCUSS_TRUSTED_PROXIES"),
        metrics_port=read.number("DISCUSS_METRICS_PORT", 1, 65535),
        metrics_token=read.text("DISCUSS_METRICS_TOKEN") or None,
        allow_private_targets=read.flag("DISCUSS_ALLOW_PRIVATE_TARGETS"),
        limits=read.choice("DISCUSS_LIMITS", ("on", "off")),  # type: ignore[arg-type]
        log_level=read.choice("DISCUSS_LOG_LEVEL", ("info", "debug", "warning", "error")),  # type: ignore[arg-type]
    )
    if settings.production:
        read.problems.extend(unsafe_in_production(settings))
    if read.problems:
        raise ConfigurationError(read.problems)
    return settings


def unsafe_in_production(settings: Settings) -> list[str]:
    """What production refuses to start with, one sentence each."""
    problems = []
    if settings.allow_private_targets:
        problems.append("DISCUSS_ALLOW_PRIVATE_TARGETS must not be set in production")
    if settings.limits == "off":
        problems.append("DISCUSS_LIMITS=off is refused in production")
    if not settings.public_url or not settings.public_url.startswith("https://"):
        problems.append("DISCUSS_PUBLIC_URL must be the service's https address in production")
    if settings.owner_url == settings.database_url:
        problems.append("DISCUSS_OWNER_URL must be another login than DATABASE_URL's: the service may not own its logs")
    return problems
