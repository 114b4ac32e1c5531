from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, get_args
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from service.importers.article_ids import ArticleIds
from service.importers.dataset import LONGEST_LINE, export_line, read_dataset
from service.importers.records import (
    ImportedArticle,
    ImportedAuthor,
    ImportedComment,
    ImportedSite,
    MalformedImport,
    Origin,
    Skipped,
    TextFormat,
)
from tests.importers.exports import Record, comments, skips

IDS = ArticleIds()
PLAIN: dict[str, Any] = {
    "article": "a", "id": "1", "parent": None, "author": "Ann", "created": "2020-02-03T04:05:06Z", "text": "Words",
}  # fmt: skip
OURS = PLAIN | {
    "discuss": 1,
    "id": "0192d5e0-0000-7000-8000-000000000001",
    "author": {"name": "Ann", "issuer": "https://example.org", "subject": "7"},
}


def lines(*objects: object) -> BytesIO:
    return BytesIO(b"".join(orjson.dumps(each) + b"\n" for each in objects))


def read(*objects: object) -> list[Record]:
    return list(read_dataset(lines(*objects), ids=IDS))


def one(**fields: Any) -> ImportedComment:
    [comment] = comments(read(PLAIN | fields)).values()
    return comment


def test_a_plain_line_in_detail() -> None:
    assert one() == ImportedComment(
        source="dataset",
        source_id="1",
        article=ImportedArticle("a"),
        parent_source_id=None,
        author=one().author,
        created_at=datetime(2020, 2, 3, 4, 5, 6, tzinfo=UTC),
        text="Words",
        text_format="markdown",
        status="published",
        origin=Origin("dataset", "1", "a"),
    )
    author = one().author
    assert author is not None
    assert (author.issuer, author.name, author.guest) == ("import:dataset", "Ann", True)
    assert author == one(text="Other words").author
    assert author != one(author="Bob").author


def test_every_optional_field_of_a_plain_line() -> None:
    comment = one(
        id=7,
        parent=6,
        article="https://example.org/news/one?x=1",
        title="One",
        section="News",
        author={
            "name": "Ann", "issuer": "https://example.org", "subject": 42, "roles": ["staff"], "labels": ["Editor"],
            "picture": "https://example.org/ann.png",
        },
        created="2020-02-03T05:05:06.7899+01:00",
        html="<p>Words</p>",
        status="removed",
        prior_status="pending",
        edited="2020-02-03T04:06:00Z",
        featured=True,
        votes={"up": 3, "down": 1},
        source={"name": "old", "id": "x7", "thread": "t", "url": "https://old.example.org/"},
    )  # fmt: skip
    assert comment.source_id == "7"
    assert comment.parent_source_id == "6"
    assert comment.article == ImportedArticle("news-one", "One", "https://example.org/news/one?x=1", "News")
    assert comment.author == ImportedAuthor(
        "https://example.org", "42", "Ann", picture="https://example.org/ann.png", roles=("staff",), labels=("Editor",)
    )
    assert comment.created_at == datetime(2020, 2, 3, 4, 5, 6, 789_000, tzinfo=UTC)
    assert (comment.text, comment.text_format, comment.html) == ("Words", "markdown", "<p>Words</p>")
    assert (comment.status, comment.prior_status, comment.featured) == ("removed", "pending", True)
    assert comment.edited_at == datetime(2020, 2, 3, 4, 6, tzinfo=UTC)
    assert (comment.votes_up, comment.votes_down) == (3, 1)
    assert comment.origin == Origin("old", "x7", "t", "https://old.example.org/")


def test_html_alone_is_the_text() -> None:
    [comment] = comments(read({k: v for k, v in PLAIN.items() if k != "text"} | {"html": "<p>Words</p>"})).values()
    assert (comment.text, comment.text_format, comment.html) == ("<p>Words</p>", "html", None)


def test_an_article_line_describes_the_article_of_later_comments() -> None:
    records = read({"type": "article", "article": "/a/", "title": "A", "locked": True}, PLAIN, PLAIN | {"id": "2"})
    article = ImportedArticle("a", title="A", locked=True)
    assert records[0] == article
    assert [comment.article for comment in comments(records).values()] == [article, article]


def test_the_map_names_articles_by_what_the_line_says_or_its_path() -> None:
    ids = ArticleIds({"a": "one", "/b": "two"})
    stream = lines(PLAIN, PLAIN | {"id": "2", "article": "https://example.org/b"})
    assert [record.article.external_id for record in comments(read_dataset(stream, ids=ids)).values()] == ["one", "two"]


def test_a_published_comment_without_words_is_skipped_and_a_deleted_one_kept() -> None:
    records = read(PLAIN | {"text": " "}, PLAIN | {"id": "2", "text": "", "status": "deleted"})
    assert [(skip.source_id, skip.reason_code, skip.line) for skip in skips(records)] == [("1", "empty_text", 1)]
    assert comments(records)["2"].status == "deleted"


def test_our_own_line_keeps_its_ids() -> None:
    parent = "0192d5e0-0000-7000-8000-000000000000"
    [comment] = comments(read(OURS | {"parent": parent})).values()
    assert comment.id == UUID(OURS["id"])
    assert comment.parent_id == UUID(parent)
    assert (comment.source, comment.source_id, comment.parent_source_id) == ("discuss", OURS["id"], parent)
    assert comment.origin is None


def test_a_byte_order_mark_blank_lines_and_a_missing_last_line_break_are_fine() -> None:
    content = b"\xef\xbb\xbf" + orjson.dumps(PLAIN) + b"\r\n\n  \n" + orjson.dumps(PLAIN | {"id": "2"})
    assert [comment.line for comment in comments(read_dataset(BytesIO(content), ids=IDS)).values()] == [1, 4]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"article": None}, "article is required"),
        ({"article": 1.5}, "article must be a string"),
        ({"id": None}, "id is required"),
        ({"id": True}, "id must be a string"),
        ({"parent": []}, "parent must be a string"),
        ({"author": 7}, "author must be an object"),
        ({"author": {"subject": "7"}}, "author.name is required"),
        ({"author": {"name": "Ann", "mail": "x"}}, "unknown field author.mail"),
        ({"author": {"name": "Ann", "roles": "staff"}}, "author.roles must be a list"),
        ({"created": None}, "created is required"),
        ({"created": "2020-02-03"}, "created must be an RFC 3339 time"),
        ({"created": "2020-02-03T04:05:06"}, "created must be an RFC 3339 time"),
        ({"created": "2020-02-30T04:05:06Z"}, "created must be an RFC 3339 time"),
        ({"created": "1969-12-31T23:59:59Z"}, "from 1970 to 9998"),
        ({"created": "9999-12-31T23:59:59.999Z"}, "from 1970 to 9998"),
        ({"created": "0001-01-01T00:00:00+10:00"}, "created must be"),
        ({"text": 7}, "text must be a string"),
        ({"status": "approved"}, "status must be one of pending, published, removed, spam, deleted"),
        ({"featured": 1}, "featured must be true or false"),
        ({"votes": {"up": -1}}, "votes.up must be a whole number"),
        ({"votes": {"up": 2**31}}, "votes.up must be a whole number"),
        ({"votes": {"sideways": 1}}, "unknown field votes.sideways"),
        ({"source": {"name": "old"}}, "source.id is required"),
        ({"txet": "x"}, "unknown field txet"),
        ({"type": "vote"}, "type must be one of"),
        ({"discuss": 2}, "discuss must be 1"),
        ({"discuss": 1}, "id must be a UUID"),
        (OURS | {"article": "a/b"}, "article is not an article id"),
        (OURS | {"author": {"name": "Ann"}}, "author.issuer is required"),
    ],
)
def test_a_bad_line_is_an_error_that_names_line_and_field(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedImport, match=message) as caught:
        read(PLAIN | {"id": "0"}, PLAIN | change)
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"article": "a",', "not well-formed JSON"),
        (b"[]", "not a JSON object"),
        (b'{"text": "\xff"}', "not well-formed JSON"),
        (b'{"text": "\\ud800"}', "not well-formed JSON"),
        (b'{"text": NaN}', "not well-formed JSON"),
        (b'"' + b"x" * LONGEST_LINE + b'"', "longer than 4194304 bytes"),
    ],
)
def test_a_line_that_is_no_json_object_is_an_error_with_its_number(content: bytes, message: str) -> None:
    with pytest.raises(MalformedImport, match=message) as caught:
        list(read_dataset(BytesIO(b"\n\n" + content + b"\n"), ids=IDS))
    assert caught.value.line == 3


def test_a_bad_line_yields_nothing_of_itself() -> None:
    reader = read_dataset(lines(PLAIN, PLAIN | {"id": "2", "txet": ""}), ids=IDS)
    next(reader)
    with pytest.raises(MalformedImport):
        next(reader)


WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
SOME_WORDS = WORDS.filter(bool)
TIMES = st.integers(0, 221_845_392_000_000).map(  # to the year 9000
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
ARTICLE_IDS = st.text("abcXYZ09._~:-", min_size=1, max_size=20).filter(lambda text: text not in (".", ".."))
ARTICLES = st.builds(
    ImportedArticle,
    external_id=ARTICLE_IDS,
    title=st.none() | WORDS,
    url=st.none() | SOME_WORDS,
    section=st.none() | WORDS,
    locked=st.booleans(),
    locked_reason=st.none() | WORDS,
    moderation=st.sampled_from([None, "pre", "post"]),
    visibility=st.sampled_from(["shown", "hidden"]),
    slow_mode_seconds=st.none() | st.integers(0, 86400),
    opens_at=st.none() | TIMES,
    closes_at=st.none() | TIMES,
    created_at=st.none() | TIMES,
    aliases=st.lists(ARTICLE_IDS, max_size=3).map(tuple),
)
AUTHORS = st.builds(
    ImportedAuthor,
    issuer=SOME_WORDS,
    subject=SOME_WORDS,
    name=SOME_WORDS,
    guest=st.booleans(),
    picture=st.none() | SOME_WORDS,
    roles=st.lists(WORDS, max_size=2).map(tuple),
    labels=st.lists(WORDS, max_size=2).map(tuple),
    id=st.none() | st.uuids(),
)
ORIGINS = st.builds(Origin, SOME_WORDS, SOME_WORDS, st.none() | WORDS, st.none() | WORDS)


@st.composite
def comments_of(draw: st.DrawFn, article: ImportedArticle) -> ImportedComment:
    own_id, parent_id = draw(st.uuids()), draw(st.none() | st.uuids())
    text_format: TextFormat = draw(st.sampled_from(get_args(TextFormat)))
    return ImportedComment(
        source="discuss",
        source_id=str(own_id),
        article=article,
        parent_source_id=str(parent_id) if parent_id else None,
        author=draw(st.none() | AUTHORS),
        created_at=draw(TIMES),
        text=draw(WORDS),
        text_format=text_format,
        status=draw(st.sampled_from(["pending", "published", "removed", "spam", "deleted"])),
        origin=draw(st.none() | ORIGINS),
        html=draw(st.none() | WORDS) if text_format == "markdown" else None,
        prior_status=draw(st.sampled_from([None, "pending", "published"])),
        edited_at=draw(st.none() | TIMES),
        featured=draw(st.booleans()),
        votes_up=draw(st.integers(0, 2**31 - 1)),
        votes_down=draw(st.integers(0, 2**31 - 1)),
        id=own_id,
        parent_id=parent_id,
    )


@st.composite
def sites(draw: st.DrawFn) -> list[ImportedSite | ImportedArticle | ImportedComment]:
    settings = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.lists(WORDS))
    articles = draw(st.lists(ARTICLES, max_size=3, unique_by=lambda article: article.external_id))
    found = [draw(st.lists(comments_of(article), max_size=3)) for article in articles]
    return [ImportedSite("daily", draw(settings)), *articles, *(comment for each in found for comment in each)]


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sites())
def test_what_is_exported_is_read_back_the_same(
    records: Sequence[ImportedSite | ImportedArticle | ImportedComment],
) -> None:
    written = [export_line(record) for record in records]
    assert all(line.count(b"\n") == 1 and line.endswith(b"\n") for line in written)
    found = list(read_dataset(BytesIO(b"".join(written)), ids=IDS))
    assert found == list(records)
    assert [export_line(record) for record in found if not isinstance(record, Skipped)] == written


def test_only_a_comment_with_an_id_and_one_html_can_be_exported() -> None:
    with pytest.raises(ValueError, match="needs its id"):
        export_line(one())
    with pytest.raises(ValueError, match="no other HTML"):
        export_line(replace(one(), id=UUID(int=1), text_format="html", html="<p>x</p>"))


def test_many_lines_are_read_in_flat_memory() -> None:
    stream = BytesIO(b"".join(orjson.dumps(PLAIN | {"id": n, "text": "words " * 400}) + b"\n" for n in range(8_000)))
    tracemalloc.start()
    found = sum(1 for _ in read_dataset(stream, ids=IDS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == 8_000
    assert peak < 1_000_000
