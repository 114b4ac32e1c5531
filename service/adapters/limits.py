"""The rate limiter: one window for all processes in Redis, and while Redis is away each process's share of it."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from math import ceil
from pathlib import Path
from typing import Any

from service.adapters.redis_client import Redis, Script
from service.domain.limits import (
    EXACT_QUOTA,
    LIMITS,
    MAXIMAL_SLOTS,
    Charge,
    Limit,
    Slots,
    Standing,
    add_charge,
    birth,
    format_slots,
    live_slots,
    local_allowance,
    local_wait_ms,
    parse_slots,
    rate_limit_headers,
    used,
)

WINDOW = Script(Path(__file__).with_name("limits.lua").read_text())
ONLY_ADD = -1  # instead of a quota: charge nothing
MAXIMAL_WINDOWS = 20_000  # windows a process remembers for an outage, about 10 MB


@dataclass(slots=True)
class Window:
    """What this process knows of one window."""

    copy: bytes = b""  # as Redis last told it
    mine: Slots = field(default_factory=list)  # what Redis holds of this process: told again if Redis loses it
    own: Slots = field(default_factory=list)  # what this process accepted by itself, not told to Redis yet


@dataclass(frozen=True, slots=True)
class Charged:
    """One accepted charge, as `Limiter.refund` needs it."""

    limit: Limit
    key: str
    slot: int
    local: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the limiter said to one request."""

    standings: tuple[Standing, ...]
    charged: tuple[Charged, ...]  # empty when a limit refused

    @property
    def refused(self) -> Limit | None:
        """The limit that refuses for the longest, or None if the request is accepted."""
        return max(self._refusals(), key=lambda standing: standing.reset_ms).limit if self._refusals() else None

    @property
    def retry_after(self) -> int:
        """Seconds after which another try is accepted (Retry-After, at least 1); 0 if this one was."""
        return max((max(1, ceil(standing.reset_ms / 1000)) for standing in self._refusals()), default=0)

    @property
    def headers(self) -> dict[str, str]:
        """RateLimit and RateLimit-Policy, for success and refusal."""
        return rate_limit_headers(self.standings)

    def _refusals(self) -> list[Standing]:
        return [standing for standing in self.standings if not standing.accepted]


class Limiter:
    """Charges requests to limits. `processes` is how many processes share the limits when Redis is away.

    `clock` is seconds since the epoch, used only while Redis is away: windows follow Redis's clock. `secret` keeps
    addresses and accounts from being guessed from the keys in Redis; it must be the same in all processes.
    """

    def __init__(
        self,
        redis: Redis,
        processes: int,
        clock: Callable[[], float] = time.time,
        quotas: Mapping[str, Limit] = LIMITS,
        secret: bytes = b"",
    ) -> None:
        self.local_decisions = 0  # for /metrics
        self._redis = redis
        self._processes = processes
        self._clock = clock
        self._quotas = quotas
        self._secret = secret[:64]  # as much as blake2b takes
        self._windows: OrderedDict[str, Window] = OrderedDict()
        self._ahead_ms = 0  # of Redis's clock before ours

    async def charge(self, charges: Sequence[Charge]) -> Verdict:
        """Charge a request to all its limits, or to none if one of them refuses.

        Raises KeyError for an unknown limit, nothing else: without Redis this process decides by its share.
        """
        limits = [self._quotas[charge.limit] for charge in charges]
        keys = [self._key(charge) for charge in charges]
        told = [self._take_own(key) for key in keys]
        asked = zip(limits, keys, told, strict=True)
        runs = [(key, self._arguments(limit, limit.quota, own)) for limit, key, own in asked]
        results = await self._redis.run(WINDOW, runs)
        standings, charged = [], []
        for limit, key, own, result in zip(limits, keys, told, results, strict=True):
            local = isinstance(result, Exception)
            if local:
                standing, slot = self._charge_locally(limit, key, own)
            else:
                standing, slot = self._learn(limit, key, own, result)
            standings.append(standing)
            if standing.accepted:
                charged.append(Charged(limit, key, slot, local))
        if len(charged) < len(standings):
            await self._give_back(charged)
            charged = []
        return Verdict(tuple(standings), tuple(charged))

    async def refund(self, verdict: Verdict) -> None:
        """Give a verdict's charges back, once, as if the request had never been. Raises nothing."""
        await self._give_back(verdict.charged)

    # ---- Redis

    def _key(self, charge: Charge) -> str:
        digest = blake2b(charge.key.encode(), digest_size=16, key=self._secret)
        return f"discuss:limit:{charge.limit}:{digest.hexdigest()}"

    def _take_own(self, key: str) -> Slots:
        """What Redis was not told yet; only one request tells it."""
        window = self._windows.get(key)
        if window is None:
            return []
        own, window.own = window.own, []
        return own

    @staticmethod
    def _arguments(limit: Limit, quota: int, additions: Slots) -> list[str | int | bytes]:
        arguments: list[str | int | bytes] = [limit.window_ms, limit.slot_ms, quota]
        return [*arguments, format_slots(additions)] if additions else arguments

    def _learn(self, limit: Limit, key: str, told: Slots, result: Any) -> tuple[Standing, int]:
        """The standing in Redis's answer, and the slot that was charged."""
        accepted, count, wait_ms, slot, now_ms, copy = result
        self._ahead_ms = now_ms - self._now_ms()
        window = self._window(key)
        if birth(window.copy) != birth(copy) or len(window.mine) > MAXIMAL_SLOTS + EXACT_QUOTA:
            window.mine = live_slots(window.mine, limit, now_ms)
            if birth(window.copy) != birth(copy) and window.mine:
                self._redis.submit(("EVAL", WINDOW.text, 1, key, *self._arguments(limit, ONLY_ADD, window.mine)))
        window.copy = copy
        for told_slot, told_count in told:
            add_charge(window.mine, told_slot, told_count)
        if accepted:
            add_charge(window.mine, slot)
        return Standing(limit, bool(accepted), max(0, limit.quota - count), wait_ms), slot

    async def _give_back(self, charged: Sequence[Charged]) -> None:
        for charge in charged:
            window = self._window(charge.key)
            add_charge(window.own if charge.local else window.mine, charge.slot, -1)
        await self._redis.run(
            WINDOW,
            [
                (charge.key, self._arguments(charge.limit, ONLY_ADD, [(charge.slot, -1)]))
                for charge in charged
                if not charge.local
            ],
        )

    # ---- by itself

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    def _window(self, key: str) -> Window:
        window = self._windows.get(key)
        if window is None:
            window = self._windows[key] = Window()
            if len(self._windows) > MAXIMAL_WINDOWS:
                self._windows.popitem(last=False)
        self._windows.move_to_end(key)
        return window

    def _charge_locally(self, limit: Limit, key: str, untold: Slots) -> tuple[Standing, int]:
        self.local_decisions += 1
        now_ms = self._now_ms() + self._ahead_ms
        slot = now_ms // limit.slot_ms
        window = self._window(key)
        seen = live_slots(parse_slots(window.copy), limit, now_ms)
        for own_slot, own_count in untold:
            add_charge(window.own, own_slot, own_count)
        window.own = live_slots(window.own, limit, now_ms)
        wait_ms = local_wait_ms(limit, seen, window.own, self._processes, now_ms)
        if wait_ms == 0:
            add_charge(window.own, slot)
        left = local_allowance(limit, used(seen), self._processes) - used(window.own)
        return Standing(limit, wait_ms == 0, max(0, left), wait_ms or limit.window_ms), slot
