from __future__ import annotations

import re
from io import BytesIO

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from service.domain.errors import ConfigurationError
from service.importers.article_ids import ArticleIds, article_id_from

CONTRACT = re.compile(r"\A[A-Za-z0-9._~:-]{1,200}\Z")


@settings(deadline=None)
@given(st.text(max_size=500) | st.text("aZ09._~:-/é%?", max_size=500))
@example("")
@example("///")
@example(".")
@example("/../")
@example("x" * 201)
@example("\ud800" * 201)
@example("a\n")
def test_every_text_makes_a_valid_article_id_that_makes_itself(text: str) -> None:
    article_id = article_id_from(text)
    assert CONTRACT.match(article_id)
    assert article_id not in (".", "..")
    assert article_id_from(article_id) == article_id


@settings(deadline=None)
@given(st.from_regex(CONTRACT).filter(lambda text: text not in (".", "..")))
def test_a_valid_article_id_stays_as_it_is(article_id: str) -> None:
    assert article_id_from(article_id) == article_id


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some-id", "some-id"),
        ("/blog/2013/02/12/redacted/index.html", "blog-2013-02-12-redacted-index.html"),
        ("//a//b//", "a--b"),
        ("/", "index"),
        ("", "index"),
        ("/./", "index"),
        ("..", "index"),
        ("...", "..."),
        ("123 http://example.org/?p=123", "123-http:--example.org--p-123"),
        ("café", "caf-"),
        ("caf%C3%A9", "caf-C3-A9"),
        ("A_b~c:d", "A_b~c:d"),
    ],
)
def test_the_rule_by_example(text: str, expected: str) -> None:
    assert article_id_from(text) == expected


def test_200_characters_stay_and_201_are_cut_to_180_and_a_hash_of_the_whole() -> None:
    assert article_id_from("x" * 200) == "x" * 200
    one, other = article_id_from("x" * 201), article_id_from("x" * 202)
    assert one.startswith("x" * 180 + "-")
    assert len(one) == 197
    assert one != other
    # Texts that differ only in characters the rule replaces stay apart too.
    assert article_id_from("y" * 200 + "/a") != article_id_from("y" * 200 + "?a")


def test_overrides_win_by_thread_id_url_or_path_and_the_rule_covers_the_rest() -> None:
    lines = [
        "\ufeff# a comment",
        "",
        "2,by-thread",
        "http://example.org/a?b=1\tby-url\r",
        '"/path,with,commas",by-path',
        "2,by-thread",
    ]
    ids = ArticleIds.load(BytesIO("\n".join(lines).encode()))
    assert ids.article_id(["2", None, "http://example.org/a?b=1"], default="x") == "by-thread"
    assert ids.article_id(["3", None, "http://example.org/a?b=1"], default="x") == "by-url"
    assert ids.article_id(["3", "", "/path,with,commas"], default="x") == "by-path"
    assert ids.article_id(["3", "/other"], default="/other") == "other"


def test_every_bad_line_of_a_map_is_named() -> None:
    lines = [b"1,fine", b"2", b"3,not/valid", b"4,", b"5,a,b", b"1,other", b"6,..", b"\xff,x", b'"7,x']
    with pytest.raises(ConfigurationError) as caught:
        ArticleIds.load(BytesIO(b"\n".join(lines)))
    assert [problem.split(":")[0] for problem in caught.value.problems] == [f"line {n}" for n in range(2, 10)]
    assert "not/valid" in caught.value.problems[1]
