"""How votes rank comments. The generated columns compute the same in SQL: same operations, same order, in float8.

Only + - * / and the square root are used, which IEEE 754 rounds exactly, so both give the same bits.
"""

from __future__ import annotations

from math import sqrt


def wilson_lower_bound(up: int, down: int, z: float = 1.96) -> float:
    """The least share of up-votes to be expected with 95 % confidence (z = 1.96), from 0 to 1 (Wilson 1927).

    0 where up = 0, otherwise with n = up + down and p = up / n:

        (p + z*z / (2*n) - z * sqrt((p * (1 - p) + z*z / (4*n)) / n)) / (1 + z*z / n)

    Raises ValueError for negative numbers of votes.
    """
    _refuse_negative(up, down)
    if up == 0:
        return 0.0
    n = float(up + down)
    p = up / n
    return (p + z * z / (2 * n) - z * sqrt((p * (1 - p) + z * z / (4 * n)) / n)) / (1 + z * z / n)


def controversy(up: int, down: int) -> float:
    """How much and how evenly people disagree: the number of votes, times how balanced they are (0 to 1).

        (up + down) * least(up, down) / greatest(up, down)

    multiplied before it is divided; 0 where up = 0 or down = 0. Reddit's (up + down) ** balance orders alike, but
    powers are not rounded the same everywhere.

    Raises ValueError for negative numbers of votes.
    """
    _refuse_negative(up, down)
    if up == 0 or down == 0:
        return 0.0
    return float(up + down) * min(up, down) / max(up, down)


def _refuse_negative(up: int, down: int) -> None:
    if up < 0 or down < 0:
        raise ValueError("numbers of votes are never negative")
