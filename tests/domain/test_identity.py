"""Claims that count and claims that do not; roles."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import TokenExpired, TokenInvalid
from service.domain.identity import (
    LEEWAY,
    Role,
    claims_from_payload,
    clean_name,
    effective_roles,
    is_expired,
)

NOW = 1_800_000_000
DAY = 24 * 3600
GOOD: dict[str, Any] = {
    "iss": "https://news.example",
    "aud": "news",
    "sub": "42",
    "name": "Ada Lovelace",
    "iat": NOW - 60,
    "exp": NOW + 3600,
}
ABSENT = object()


def claims(now: float = NOW, site: str = "news", **changes: Any) -> Any:
    payload = {name: value for name, value in {**GOOD, **changes}.items() if value is not ABSENT}
    return claims_from_payload(payload, site=site, now=now)


def test_a_full_payload_becomes_claims() -> None:
    found = claims(
        aud=["other", "news"],
        picture="https://img.example/a.png",
        roles=["moderator", "emperor", "staff", "staff"],
        labels=["Subscriber", "Founder"],
    )
    assert (found.issuer, found.subject, found.name) == ("https://news.example", "42", "Ada Lovelace")
    assert found.picture == "https://img.example/a.png"
    assert found.roles == ("staff", "moderator")
    assert found.labels == ("Subscriber", "Founder")
    assert (found.issued_at, found.expires_at) == (NOW - 60, NOW + 3600)
    assert (found.guest, found.trusted) == (False, False)


def test_optional_claims_may_be_absent_or_null() -> None:
    for nothing in (ABSENT, None):
        found = claims(picture=nothing, roles=nothing, labels=nothing)
        assert (found.picture, found.roles, found.labels) == (None, (), ())


BAD_AUDIENCES: list[Any] = ["", "News", "news ", "new", 7, [], ["other"], [["news"]], ["news", 1], {"news": 1}]
UNUSABLE = ["\x00", "a\x00b", "\ud800", "a\udfff", "a\nb", "a\tb", "a\x1bb", "a\x7fb", "a\x85b"]
MUTATIONS: list[dict[str, Any]] = [
    *({claim: ABSENT} for claim in GOOD),
    *({claim: None} for claim in GOOD),
    *({claim: wrong} for claim in ("iss", "sub", "name") for wrong in (7, True, ["x"], {"x": 1}, "", "   ")),
    *({claim: text} for claim in ("iss", "sub", "name", "picture") for text in UNUSABLE),
    *({claim: [text]} for claim in ("roles", "labels") for text in UNUSABLE),
    {"sub": "s" * 201},
    {"name": "n" * 81},
    {"name": "\u200b\u200d\u2060"},
    {"name": "\u0301\u0302"},
    {"iss": "i" * 201},
    *({"aud": wrong} for wrong in BAD_AUDIENCES),
    *(
        {claim: wrong}
        for claim in ("iat", "exp")
        for wrong in ("1800000000", True, [NOW], {"x": NOW}, -1, 10**400, 1e300)
    ),
    *({claim: wrong} for claim in ("iat", "exp") for wrong in (float("nan"), float("inf"), float("-inf"))),
    {"iat": NOW, "exp": NOW},
    {"iat": NOW + 10, "exp": NOW},
    {"iat": NOW - 60, "exp": NOW - 60 + DAY + 1},
    {"iat": NOW - 60, "exp": NOW + 30 * DAY},
    {"iat": NOW + LEEWAY + 1},
    {"nbf": NOW + LEEWAY + 1},
    {"nbf": "soon"},
    *({"picture": wrong} for wrong in (7, ["https://img.example/"], {"url": "https://img.example/"})),
    *({claim: wrong} for claim in ("roles", "labels") for wrong in ("admin", 7, {"admin": True}, [1], [["x"]], [None])),
]


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_no_mutated_claim_is_accepted(mutation: dict[str, Any]) -> None:
    assert len(MUTATIONS) >= 40
    with pytest.raises(TokenInvalid):
        claims(**mutation)


def test_time_limits_are_exact() -> None:
    claims(iat=NOW, exp=NOW + DAY)
    claims(iat=NOW + LEEWAY, nbf=NOW + LEEWAY)
    claims(iat=NOW - 10.5, exp=NOW + 0.5)
    assert not is_expired(claims(now=GOOD["exp"] + LEEWAY - 1), GOOD["exp"] + LEEWAY - 1)
    assert is_expired(claims(), GOOD["exp"] + LEEWAY)
    with pytest.raises(TokenExpired):
        claims(now=GOOD["exp"] + LEEWAY)


def test_an_expired_token_that_is_wrong_otherwise_is_invalid() -> None:
    with pytest.raises(TokenInvalid):
        claims(now=NOW + 2 * DAY, aud="other")


def test_guests_last_30_days_and_carry_nothing_but_a_name() -> None:
    extra: dict[str, Any] = {"roles": ["admin"], "labels": ["Staff"], "picture": "https://img.example/a.png"}
    guest = claims(iss="discuss:guest", iat=NOW, exp=NOW + 30 * DAY, **extra)
    assert guest.guest
    assert (guest.roles, guest.labels, guest.picture, guest.trusted) == ((), (), None, False)
    with pytest.raises(TokenInvalid):
        claims(iss="discuss:guest", iat=NOW, exp=NOW + 30 * DAY + 1)


def test_only_the_command_line_is_trusted() -> None:
    assert claims(iss="discuss:cli", roles=["admin"]).trusted
    with pytest.raises(TokenInvalid):
        claims(iss="discuss:cli", iat=NOW, exp=NOW + DAY + 1)


@pytest.mark.parametrize(
    "picture",
    [
        "http://img.example/a.png",
        "//img.example/a.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA==",
        "https://",
        "https:///a.png",
        "https://user@img.example/a.png",
        "https://img.example\\@evil.example/",
        "https://img.example/a b.png",
        "https://[::1",
        "https://img.example/" + "a" * 2048,
        "",
    ],
)
def test_unusable_pictures_are_dropped(picture: str) -> None:
    assert claims(picture=picture).picture is None


def test_labels_are_five_short_ones() -> None:
    labels = ["  Gold   member ", "x" * 31, "", "a", "b", "a", "c", "d", "e"]
    assert claims(labels=labels).labels == ("Gold member", "a", "b", "c", "d")
    assert claims(labels=["x" * 30]).labels == ("x" * 30,)


def test_names_are_normalised() -> None:
    assert clean_name("  Jose\u0301   Müller ") == "José Müller"
    assert clean_name("Z" + "\u0335" * 50) == "Z" + "\u0335" * 8
    assert clean_name("n" * 80) == "n" * 80
    assert clean_name("A\u200dda") == "Ada"  # an invisible character would make an impostor's name look the same
    with pytest.raises(ValueError, match="80"):
        clean_name("n" * 81)


@given(st.text())
def test_clean_names_are_stable(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except ValueError:
        return
    assert clean_name(cleaned) == cleaned
    assert 1 <= len(cleaned) <= 80
    cleaned.encode()


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from([*GOOD, "picture", "roles", "labels", "nbf"]), json))
def test_any_payload_is_claims_or_one_of_two_errors(changes: dict[str, Any]) -> None:
    try:
        found = claims(**changes)
    except (TokenInvalid, TokenExpired):
        return
    for text in (found.issuer, found.subject, found.name, found.picture or "", *found.roles, *found.labels):
        assert "\x00" not in text
        text.encode()


def test_roles_are_ordered() -> None:
    assert sorted({*Role}) == [Role.READER, Role.STAFF, Role.MODERATOR, Role.ADMIN]
    for low, high in itertools.combinations(Role, 2):
        assert low < high
        assert high >= low


@pytest.mark.parametrize(
    ("in_token", "granted", "setting", "trusted", "expected"),
    [
        (("admin",), None, "none", False, []),
        (("staff",), None, "none", False, []),
        (("staff", "moderator", "admin"), None, "staff", False, ["staff"]),
        (("staff", "moderator", "admin"), None, "moderator", False, ["staff", "moderator"]),
        (("admin",), None, "moderator", False, []),
        (("admin",), None, "admin", False, ["admin"]),
        (("admin",), None, "none", True, ["admin"]),
        (("staff",), "admin", "staff", False, ["staff", "admin"]),
        ((), "moderator", "none", False, ["moderator"]),
        (("reader",), "reader", "admin", False, []),
    ],
)
def test_roles_in_tokens_count_up_to_the_setting(
    in_token: tuple[str, ...], granted: str | None, setting: Any, trusted: bool, expected: list[str]
) -> None:
    assert [role.value for role in effective_roles(in_token, granted, setting, trusted)] == expected
