"""Copies of articles' comment counts in Redis, shared by all processes. PostgreSQL has the truth.

Every copy carries its version, the position of the event log it is right for, and only a newer one replaces it, so
pushing twice or out of order does no harm. The position up to which everything was pushed is kept in Redis too: a Redis
that was flushed or came back from an old snapshot tells so itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from service.adapters.redis_client import Redis, RedisDown, Script
from service.domain.limits import join_key

LIFETIME = 86_400  # seconds a copy lives after it was pushed

# KEYS[1] the copy. ARGV: position, value, lifetime in seconds. Positions are compared as text: Lua counts to 2^53.
NEWER = Script("""
local stored = redis.call('GET', KEYS[1])
if stored then
  local old, new = string.match(stored, '^%d+'), ARGV[1]
  if old and (#old > #new or #old == #new and old >= new) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'EX', ARGV[3])
return 1
""")


class Counts:
    """The copies of one event log. `epoch` names the log, None until it is known; other logs do not see them."""

    def __init__(self, redis: Redis, epoch: str | None = None) -> None:
        self.epoch = epoch
        self._redis = redis

    async def set_many(self, counts: Iterable[tuple[str, str, int, int]]) -> bool:
        """Store (site, article id, count, position) where the position is newer than what is there.

        False if some may be missing because Redis was down: then the marker must not move on.
        """
        runs = [(self._key(site, article), (position, count, LIFETIME)) for site, article, count, position in counts]
        return not any(isinstance(result, Exception) for result in await self._redis.run(NEWER, runs))

    async def get_many(self, site: str, article_ids: Sequence[str]) -> dict[str, tuple[int, int]]:
        """(count, position) of the articles whose copies are there; the others must be read from PostgreSQL."""
        values = await self._redis.get_many([self._key(site, article) for article in article_ids])
        found = {}
        for article, value in zip(article_ids, values, strict=True):
            if isinstance(value, bytes):
                position, _, count = value.partition(b":")
                found[article] = (int(count), int(position))
        return found

    async def pushed_position(self) -> int | None:
        """Up to which position every count has been pushed; None if Redis knows nothing. Raises RedisDown."""
        value = await self._redis.call("GET", self._marker())
        return None if value is None else int(value.partition(b":")[0])

    async def set_pushed_position(self, position: int) -> None:
        """Remember, after the counts were pushed, how far they are; an older position is ignored. Raises RedisDown."""
        (result,) = await self._redis.run(NEWER, [(self._marker(), (position, "", LIFETIME))])
        if isinstance(result, RedisDown):
            raise result

    def _key(self, site: str, article_id: str) -> str:
        return "discuss:count:" + join_key(str(self.epoch), site, article_id)

    def _marker(self) -> str:
        return f"discuss:counts:{join_key(str(self.epoch))}:pushed"
