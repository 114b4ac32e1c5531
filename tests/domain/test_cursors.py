from __future__ import annotations

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.cursors import MAX_LENGTH, Cursors
from service.domain.errors import InvalidCursor

OLD, NEW = b"o" * 32, b"n" * 32
CURSORS = Cursors((NEW, OLD))
SCOPE = "roots/top/daily/front-page"
VALUES = st.lists(
    st.one_of(
        st.integers(-(2**63), 2**63 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    ),
    max_size=4,
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def bits(values: list[str | int | float]) -> list[object]:
    return [struct.pack(">d", value) if isinstance(value, float) else value for value in values]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=50), VALUES)
def test_a_cursor_opens_to_the_same_values_bit_for_bit(scope: str, values: list[str | int | float]) -> None:
    opened = CURSORS.open(scope, CURSORS.seal(scope, values))
    assert bits(opened) == bits(values)
    assert [type(value) for value in opened] == [type(value) for value in values]


@given(st.text(max_size=20), st.text(max_size=20), VALUES)
def test_a_cursor_belongs_to_its_scope(scope: str, other: str, values: list[str | int | float]) -> None:
    if scope != other:
        with pytest.raises(InvalidCursor):
            CURSORS.open(other, CURSORS.seal(scope, values))


def test_the_end_of_the_scope_cannot_be_moved() -> None:
    sealed = base64.urlsafe_b64decode(CURSORS.seal("roots", ["a"]) + "==")
    mac = sealed[:16]
    for scope, payload in (("root", b's["a"]'), ('roots["a"', b"]")):
        forged = base64.urlsafe_b64encode(mac + payload).rstrip(b"=").decode()
        with pytest.raises(InvalidCursor):
            CURSORS.open(scope, forged)


def test_no_character_can_be_changed() -> None:
    cursor = CURSORS.seal(SCOPE, [0.25, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"])
    for place, character in enumerate(cursor):
        for other in ALPHABET:
            if other != character:
                with pytest.raises(InvalidCursor):
                    CURSORS.open(SCOPE, cursor[:place] + other + cursor[place + 1 :])


@given(st.one_of(st.text(max_size=80), st.text(ALPHABET, max_size=80), st.text(ALPHABET + "=\n\x00 ", max_size=80)))
def test_nothing_made_up_opens(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(SCOPE, cursor)


@pytest.mark.parametrize(
    "change", ["{}=", "{}==", "{}\n", " {}", "{}\x00", "{}A", "\ufeff{}", "{}é", "{}\ud800", "{}.{}"]
)
def test_only_the_exact_cursor_opens(change: str) -> None:
    cursor = CURSORS.seal(SCOPE, [1])
    assert CURSORS.open(SCOPE, cursor) == [1]
    with pytest.raises(InvalidCursor):
        CURSORS.open(SCOPE, change.format(cursor, cursor))


@pytest.mark.parametrize("cursor", ["", "A", "null", "AAAA", "A" * 22, "A" * (MAX_LENGTH + 1), "A" * 100_000])
def test_empty_short_and_long_ones_are_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursor):
        CURSORS.open(SCOPE, cursor)


def test_standard_base64_is_not_another_spelling() -> None:
    cursor = next(c for c in (CURSORS.seal(SCOPE, [n]) for n in range(1000)) if "-" in c or "_" in c)
    with pytest.raises(InvalidCursor):
        CURSORS.open(SCOPE, cursor.replace("-", "+").replace("_", "/"))


def test_the_first_key_signs_and_all_verify() -> None:
    before, after, strangers = Cursors((OLD,)), Cursors((NEW,)), Cursors((b"s" * 32,))
    assert CURSORS.seal(SCOPE, [1]) == after.seal(SCOPE, [1])
    assert CURSORS.open(SCOPE, before.seal(SCOPE, [1])) == [1]
    with pytest.raises(InvalidCursor):
        before.open(SCOPE, CURSORS.seal(SCOPE, [1]))
    with pytest.raises(InvalidCursor):
        CURSORS.open(SCOPE, strangers.seal(SCOPE, [1]))


def test_cursors_are_short_and_fit_into_urls() -> None:
    cursor = CURSORS.seal(SCOPE, [0.12345678901234567, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"])
    assert set(cursor) <= set(ALPHABET)
    assert len(cursor) <= 110


@pytest.mark.parametrize("values", [[float("nan")], [float("inf")], [2**64], ["\ud800"], ["x" * MAX_LENGTH]])
def test_values_that_would_not_come_back_are_not_sealed(values: list[str | int | float]) -> None:
    with pytest.raises(ValueError, match=r"."):
        CURSORS.seal(SCOPE, values)


def test_without_a_key_there_are_no_cursors() -> None:
    with pytest.raises(ValueError, match="need a key"):
        Cursors(())
