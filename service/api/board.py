"""A board on which the workers of one gunicorn write their numbers, so that whoever is asked can add them up.

It is a file without a name that the workers inherit: nothing is left of it when the last of them is gone, however they
end. Nobody locks it: a worker writes only its own place, the master keeps the numbers of the dead in the first one.
"""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct
from typing import Any

import orjson

COPY_BYTES = 1 << 20  # room for one copy of one process's numbers (a sparse file: only what is written takes space)
HEAD = Struct("<QII")  # sequence, length, checksum
MAXIMAL_TRIES = 5

Record = dict[str, Any]


class Board:
    """Made by the master before it forks. Place 0 is the master's; each worker takes another, told by the master.

    A record has the worker's `age`, gunicorn's number that no other worker of this master ever gets.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the processes)
        self._sequences: dict[int, int] = {}

    def close(self) -> None:
        """Give the file back; processes that end need not."""
        self._file.close()

    def write(self, place: int, record: Record) -> None:
        """Replace what stands at a place. The copy before stays readable, should the writer die meanwhile."""
        text = orjson.dumps(record)
        if len(text) > COPY_BYTES - HEAD.size:
            return  # a metric that grew without bound must not spoil the neighbour's place
        sequence = self._sequences.get(place) or self._newest(place)[0]
        sequence += 1
        self._sequences[place] = sequence
        head = HEAD.pack(sequence, len(text), zlib.crc32(text))
        os.pwrite(self._file.fileno(), head + text, (2 * place + sequence % 2) * COPY_BYTES)

    def _newest(self, place: int) -> tuple[int, Record]:
        """The sequence and content of the newer whole copy at a place; 0 and nothing when there is none."""
        best: tuple[int, bytes] = (0, b"{}")
        for offset in (2 * place * COPY_BYTES, (2 * place + 1) * COPY_BYTES):
            head = os.pread(self._file.fileno(), HEAD.size, offset)
            if len(head) < HEAD.size:
                continue
            sequence, length, checksum = HEAD.unpack(head)
            if sequence > best[0] and length <= COPY_BYTES:
                text = os.pread(self._file.fileno(), length, offset + HEAD.size)
                if zlib.crc32(text) == checksum:
                    best = sequence, text
        return best[0], orjson.loads(best[1])

    def _places(self) -> range:
        size = os.fstat(self._file.fileno()).st_size
        return range(1, -(-size // (2 * COPY_BYTES)))

    def read(self) -> tuple[Record, list[Record]]:
        """What the dead counted (empty when nobody died), and the records of the living; nobody twice or not at all."""
        for _ in range(MAXIMAL_TRIES):
            sequence, departed = self._newest(0)
            known, living = departed.get("through", 0), set(departed.get("living", ()))
            records = [record for place in self._places() if (record := self._newest(place)[1])]
            if self._newest(0)[0] == sequence:  # else somebody was moved to the dead meanwhile
                break
        return departed.get("record", {}), [r for r in records if r["age"] > known or r["age"] in living]

    # ---- by the master

    def free_place(self, taken: Iterable[int]) -> int:
        """The lowest place that no living worker has."""
        used = set(taken)
        return next(place for place in range(1, len(used) + 2) if place not in used)

    def bury(self, living: Iterable[int], through: int, add: Callable[[list[Record]], Record]) -> None:
        """A worker died: keep what it counted. `living` are the others' ages, `through` the newest worker's."""
        ages = set(living)
        departed, records = self.read()
        dead = [record for record in records if record["age"] <= through and record["age"] not in ages]
        self.write(0, {"through": through, "living": sorted(ages), "record": add([departed, *dead])})


@dataclass(frozen=True, slots=True)
class Seat:
    """A worker's place on the board."""

    board: Board
    place: int
    age: int
