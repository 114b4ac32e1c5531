from __future__ import annotations

import json
import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest

from service.importers.article_ids import ArticleIds
from service.importers.commento import read_commento
from service.importers.records import ImportedAuthor, ImportedComment, MalformedImport, Origin
from tests.importers.exports import comments, real, skips

IDS = ArticleIds()
FIRST = "e7069a7dfcfaed43caf62300a9b0edb1c124ad79d0f5887c93649c15d7f69945"
SECOND = "7d77e39fcd813241d6281478cc8f21ab5f807d043c750bc1a936bc23b34fb854"
THIRD = "ea5f7bcd6ac9bb7b657f7d0569831104e1bcf9c253d03c1e16bf9654c49a5ce9"
COMMENT = {
    "commentHex": "c1",
    "domain": "example.org",
    "url": "/a",
    "commenterHex": "u1",
    "markdown": "Words",
    "parentHex": "root",
    "state": "approved",
    "creationDate": "2021-03-12T11:21:56Z",
    "deleted": False,
}


def export(*found: dict[str, Any], commenters: object = (), **others: object) -> BytesIO:
    return BytesIO(json.dumps({"version": 1, "comments": found, "commenters": commenters} | others).encode())


def one(commenters: object = (), **fields: Any) -> ImportedComment:
    [comment] = comments(read_commento(export(COMMENT | fields, commenters=commenters), ids=IDS)).values()
    return comment


def test_the_real_export_in_numbers() -> None:
    records = list(read_commento(real("commento-export.json"), ids=IDS))
    found = comments(records)
    assert len(records) == 3
    assert skips(records) == []
    assert list(found) == [FIRST, SECOND, THIRD]
    assert [comment.parent_source_id for comment in found.values()] == [None, None, SECOND]
    assert [comment.article.external_id for comment in found.values()] == ["blog-post-2", "blog-post-1", "blog-post-1"]
    assert [comment.status for comment in found.values()] == ["published"] * 3
    assert [comment.line for comment in found.values()] == [4, 18, 32]
    assert [comment.created_at for comment in found.values()] == [
        datetime(2021, 3, 12, 11, 21, 56, tzinfo=UTC),
        datetime(2021, 3, 17, 12, 9, 47, 722_000, tzinfo=UTC),
        datetime(2021, 5, 11, 15, 43, 1, 852_000, tzinfo=UTC),
    ]
    assert [(comment.text, comment.text_format) for comment in found.values()] == [
        ("Example comment created by user.", "markdown"),
        ("Example 2 comment created by user.", "markdown"),
        ("Great reply!", "markdown"),
    ]


def test_the_real_export_in_detail() -> None:
    found = comments(read_commento(real("commento-export.json"), ids=IDS))
    assert found[FIRST].author == ImportedAuthor("import:commento", "anonymous", "Anonymous", guest=True)
    assert found[SECOND].author == ImportedAuthor(
        "import:commento", "a1ac58ed1146bd7fe3feff6a7276f73955c3bfd23cacee00e2e0a7a89b1a8c10", "User5276"
    )
    replier = found[THIRD].author
    assert replier is not None
    assert replier.name == "Saturnin Uf"
    assert found[THIRD].origin == Origin("commento", THIRD, "/blog/post/1", "https://example.com/blog/post/1")


def test_no_address_and_no_hash_of_one_is_kept() -> None:
    everything = repr(list(read_commento(real("commento-export.json"), ids=IDS)))
    for private in ("gmail.com", "8f279626d26175134b0d5c88648172f7", "gravatar"):
        assert private not in everything


def test_other_pictures_are_kept_if_https() -> None:
    def picture(photo: str) -> str | None:
        comment = one([{"commenterHex": "u1", "name": "Ann", "photo": photo}])
        assert comment.author is not None
        return comment.author.picture

    assert picture("https://example.org/ann.png") == "https://example.org/ann.png"
    assert picture("http://example.org/ann.png") is None
    assert picture("undefined") is None


@pytest.mark.parametrize(
    ("fields", "status", "text"),
    [
        ({"state": "unapproved"}, "pending", "Words"),
        ({"state": "flagged"}, "spam", "Words"),
        ({"deleted": True, "markdown": "[deleted]"}, "deleted", ""),
        ({"deleted": True, "state": "flagged"}, "deleted", "Words"),
        ({"markdown": "[deleted]"}, "published", "[deleted]"),
    ],
)
def test_statuses(fields: dict[str, Any], status: str, text: str) -> None:
    comment = one(**fields)
    assert (comment.status, comment.text) == (status, text)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"markdown": " "}, "empty_text"),
        ({"creationDate": "2021"}, "invalid_time"),
        ({"commentHex": ""}, "missing_id"),
    ],
)
def test_what_cannot_be_imported_is_skipped_with_its_reason(fields: dict[str, Any], reason: str) -> None:
    [skip] = skips(read_commento(export(COMMENT | fields), ids=IDS))
    assert (skip.reason_code, skip.line) == (reason, 1)


def test_a_page_id_that_is_no_path_makes_no_url() -> None:
    assert one(url="my page").article.url is None
    assert one(url="my page").article.external_id == "my-page"


@pytest.mark.parametrize("key", ["/a", "https://example.org/a"])
def test_the_map_names_pages_by_path_or_url(key: str) -> None:
    [comment] = comments(read_commento(export(COMMENT), ids=ArticleIds({key: "mapped"}))).values()
    assert comment.article.external_id == "mapped"


def test_what_is_nested_or_unknown_is_passed_over_and_no_comments_are_fine() -> None:
    stream = export(COMMENT | {"x": {"markdown": "inner"}, "y": [1, {"z": []}]}, other=[[{"comments": 1}]])
    assert comments(read_commento(stream, ids=IDS))["c1"].text == "Words"
    assert list(read_commento(BytesIO(b'{"version": 1, "comments": null, "commenters": null}'), ids=IDS)) == []


def test_nul_is_dropped() -> None:
    assert one(markdown="a\0b").text == "ab"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b'{"comments": [\n{"commentHex": "c1"\n', 2, "premature EOF"),
        (b'{"comments": [\n\n  {"commentHex": x}]}\n', 3, "invalid char"),
        (b'{"comments": []}\n\n{}', 3, "trailing garbage"),
        (b'{"comments": [{"markdown": "\xff"}]}', 1, "UTF8"),
        (b"", 1, "not well-formed JSON"),
        (b'{"x": "' + b"x" * 200_000 + b'",\ny}', 2, "invalid"),
        (b"[]", 1, "unexpected start_array in the file"),
        (b"7", 1, "unexpected number in the file"),
        (b'{"commenters": []}', 1, "no comments list"),
        (b'{"comments": {}}', 1, "unexpected start_map in comments"),
        (b'{"comments": 7}', 1, "unexpected number in comments"),
        (b'{"comments": [\n7]}', 2, "unexpected number in comments"),
        (b'{"comments": [[]]}', 1, "unexpected start_array in comments"),
        (b'{\n"version": 2, "comments": []}', 2, "version 2"),
        (b'{"comments": [],\n "commenters": [{"name": "Ann"}]}', 2, "without commenterHex"),
        (b'{"comments": [\n{"commentHex": 7}]}', 2, "commentHex is not a string"),
        (b'{"comments": [' + b"[" * 200, 1, "unexpected start_array"),
        (b'{"comments": [], "x": ' + b"[" * 200, 1, "nested more than 100 deep"),
        (b"\x1f\x8b\x08\x00", 1, "gzip"),
    ],
)
def test_malformed_files_are_one_clear_error_with_the_line(content: bytes, line: int, message: str) -> None:
    with pytest.raises(MalformedImport, match=message) as caught:
        list(read_commento(BytesIO(content), ids=IDS))
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_many_comments_are_read_in_flat_memory() -> None:
    stream = export(*(COMMENT | {"commentHex": f"c{n}", "markdown": "words " * 400} for n in range(8_000)))
    tracemalloc.start()
    read = sum(1 for _ in read_commento(stream, ids=IDS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == 8_000
    assert peak < 4_000_000
