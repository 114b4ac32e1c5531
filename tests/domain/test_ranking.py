from __future__ import annotations

from fractions import Fraction
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.ranking import controversy, wilson_lower_bound

VOTES = st.integers(0, 10**7)


@pytest.mark.parametrize(
    ("up", "down", "bound"),
    # computed with decimals of 50 digits
    [(0, 0, 0), (0, 10, 0), (1, 0, 0.2065432), (1, 1, 0.0945286), (10, 0, 0.7224598), (600, 400, 0.5693083)],
)
def test_wilson_lower_bound_of_known_votes(up: int, down: int, bound: float) -> None:
    assert isclose(wilson_lower_bound(up, down), bound, abs_tol=1e-6)


@given(VOTES.filter(bool), VOTES)
def test_wilson_lower_bound_solves_its_equation(up: int, down: int) -> None:
    """The bound b is where the observed share is z standard errors above b: (p - b)² = z² b (1 - b) / n, b <= p."""
    bound, n, p = Fraction(wilson_lower_bound(up, down)), up + down, Fraction(up, up + down)
    assert 0 < bound <= p
    assert isclose((p - bound) ** 2, Fraction(1.96) ** 2 * bound * (1 - bound) / n, rel_tol=1e-5, abs_tol=1e-15)


@given(VOTES, VOTES)
def test_votes_move_the_rank_the_right_way(up: int, down: int) -> None:
    assert wilson_lower_bound(up + 1, down) > wilson_lower_bound(up, down)
    assert wilson_lower_bound(up, down + 1) <= wilson_lower_bound(up, down)


def test_many_votes_are_surer_than_few() -> None:
    assert wilson_lower_bound(60, 40) > wilson_lower_bound(6, 4)
    assert wilson_lower_bound(100, 1) > wilson_lower_bound(1, 0)
    assert wilson_lower_bound(9, 1, z=1.0) > wilson_lower_bound(9, 1)


@pytest.mark.parametrize(
    ("up", "down", "expected"), [(0, 0, 0), (9, 0, 0), (0, 9, 0), (1, 1, 2), (10, 10, 20), (10, 5, 7.5), (1, 3, 4 / 3)]
)
def test_controversy_of_known_votes(up: int, down: int, expected: float) -> None:
    assert controversy(up, down) == expected


@given(VOTES, VOTES)
def test_controversy_takes_no_side(up: int, down: int) -> None:
    assert controversy(up, down) == controversy(down, up)
    assert 0 <= controversy(up, down) <= up + down
    assert controversy(up + 1, up + 1) > controversy(up, up)


@pytest.mark.parametrize("rank", [wilson_lower_bound, controversy])
def test_negative_votes_are_a_mistake(rank: object) -> None:
    assert callable(rank)
    for votes in ((-1, 0), (0, -1)):
        with pytest.raises(ValueError, match="never negative"):
            rank(*votes)
