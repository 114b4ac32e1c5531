from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.ids import created_at_of, millisecond_of, parse_id, uuid7, uuid7_after, uuid7_from

MILLISECONDS = st.integers(0, (1 << 48) - 1)
TAILS = st.binary(min_size=10, max_size=10)
NOW = 1_732_399_200_123


def test_the_example_of_the_rfc() -> None:
    """RFC 9562, appendix A.6."""
    tail = (0xCC3 << 62 | 0x18C4_DC0C_0C07_398F).to_bytes(10, "big")
    assert str(uuid7(0x017F22E279B0, tail)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(MILLISECONDS, TAILS)
def test_every_id_is_a_version_7_of_its_millisecond(milliseconds: int, tail: bytes) -> None:
    id = uuid7(milliseconds, tail)
    assert (id.version, id.variant) == (7, "specified in RFC 4122")
    assert millisecond_of(id) == milliseconds
    assert parse_id(str(id)) == id


@given(MILLISECONDS.filter(bool), TAILS, st.integers(-5, 5))
def test_a_reply_is_later_than_its_parent_whatever_the_clock_says(milliseconds: int, tail: bytes, by: int) -> None:
    parent = uuid7(milliseconds - 1, tail)
    said = max(0, min(milliseconds + by, (1 << 48) - 1))
    reply = uuid7_after(said, parent)
    assert reply > parent
    assert millisecond_of(reply) in (said, milliseconds)
    assert millisecond_of(uuid7_after(said, None)) == said


@given(MILLISECONDS, MILLISECONDS, TAILS, TAILS)
def test_order_of_ids_is_order_in_time(one: int, other: int, tail: bytes, other_tail: bytes) -> None:
    if one != other:
        assert (
            (one < other)
            == (uuid7(one, tail) < uuid7(other, other_tail))
            == (str(uuid7(one, tail)) < str(uuid7(other, other_tail)))
        )


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_created_at_is_exactly_the_millisecond(at: datetime) -> None:
    at = at.replace(microsecond=at.microsecond // 1000 * 1000)
    milliseconds = (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert created_at_of(uuid7(milliseconds)) == at
    assert created_at_of(uuid7(milliseconds)).tzinfo is UTC


def test_all_random_bits_matter() -> None:
    tails = [(1 << bit).to_bytes(10, "big") for bit in range(74)]
    assert len({uuid7(NOW, tail) for tail in tails}) == 74
    assert len({uuid7(NOW) for _ in range(1000)}) == 1000


def test_a_seed_makes_the_same_id_each_time() -> None:
    assert uuid7_from(NOW, b"disqus:42") == uuid7_from(NOW, b"disqus:42")
    assert uuid7_from(NOW, b"disqus:42") != uuid7_from(NOW, b"disqus:43")
    assert millisecond_of(uuid7_from(NOW, b"disqus:42")) == NOW


def test_times_before_1970_become_1970() -> None:
    assert millisecond_of(uuid7(-1)) == 0
    assert created_at_of(uuid7_from(-86_400_000, b"x")) == datetime(1970, 1, 1, tzinfo=UTC)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="48 bits"):
        uuid7(1 << 48)
    with pytest.raises(ValueError, match="10 random bytes"):
        uuid7(NOW, b"short")
    with pytest.raises(ValueError, match="not a UUIDv7"):
        millisecond_of(uuid4())
    with pytest.raises(ValueError, match="9999"):
        created_at_of(uuid7((1 << 48) - 1))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        " 017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        "٠17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398\x00",
    ],
)
def test_only_the_canonical_form_is_an_id(text: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        parse_id(text)


def test_the_canonical_form_is_an_id() -> None:
    text = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
    assert parse_id(text) == UUID(text)
