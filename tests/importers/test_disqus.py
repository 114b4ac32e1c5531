from __future__ import annotations

import tracemalloc
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest

from service.importers.article_ids import ArticleIds
from service.importers.disqus import read_disqus
from service.importers.records import ImportedComment, MalformedImport, Origin, Skipped
from tests.importers.exports import comments, disqus, disqus_post, real, skips

IDS = ArticleIds()
THREAD = '<thread dsq:id="1"><id>a</id><link>http://example.org/a/</link></thread>\n'


def test_the_real_export_in_numbers() -> None:
    records = list(read_disqus(real("disqus-export.xml"), ids=IDS))
    found = comments(records)
    assert len(records) == 6
    assert list(found) == ["4", "5", "8", "9", "11"]
    assert skips(records) == [Skipped("6", "unknown_thread", "thread '1337' is not in the file", 66)]
    assert {key: comment.status for key, comment in found.items()} == {
        "4": "published", "5": "published", "8": "published", "9": "deleted", "11": "published",
    }  # fmt: skip
    assert {key: comment.parent_source_id for key, comment in found.items()} == {
        "4": None, "5": "4", "8": None, "9": None, "11": "9",
    }  # fmt: skip
    assert {key: comment.article.external_id for key, comment in found.items()} == {
        "4": "some-id", "5": "some-id", "8": "blog-2013-02-12-redacted-index.html", "9": "some-id", "11": "some-id",
    }  # fmt: skip
    assert {key: comment.line for key, comment in found.items()} == {"4": 33, "5": 49, "8": 101, "9": 117, "11": 133}
    assert {key: comment.text for key, comment in found.items()} == {
        "4": "...",
        "5": "<p>Hello, World.</p>",
        "8": "<p>Message from thread with empty title and id</p>",
        "9": "",
        "11": "<p>Hello, World.</p>",
    }


def test_the_real_export_in_detail() -> None:
    found = comments(read_disqus(real("disqus-export.xml"), ids=IDS))
    first, reply, other = found["4"], found["5"], found["8"]
    assert first.created_at == datetime(2013, 10, 10, 19, 20, 29, tzinfo=UTC)
    assert found["11"].created_at == datetime(2013, 10, 11, 6, 52, 33, tzinfo=UTC)
    assert first.text_format == "html"
    assert first.origin == Origin("disqus", "4", "2", "http://example.org/")
    assert first.article.title == "Hello, World!"
    assert first.article.url == "http://example.org/"
    assert first.article.section == "Technology"
    assert other.article.title is None
    assert other.article.section is None
    assert first.author is not None
    assert reply.author is not None
    assert (first.author.issuer, first.author.name, first.author.guest) == ("import:disqus", "peter", True)
    assert (reply.author.subject, reply.author.name, reply.author.guest) == ("user", "user", False)
    # The same anonymous person is one author; the e-mail that three people share does not make them one.
    assert found["9"].author == first.author
    assert len({comment.author for comment in found.values()}) == 3


def test_no_address_of_the_real_export_is_kept() -> None:
    everything = repr(list(read_disqus(real("disqus-export.xml"), ids=IDS)))
    for private in ("foo@bar.com", "baz@email.foo", "127.0.0.1"):
        assert private not in everything


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, "published"),
        ({"isDeleted": "true"}, "deleted"),
        ({"isSpam": "true"}, "spam"),
        ({"isDeleted": "true", "isSpam": "true"}, "deleted"),
        ({"isApproved": "false"}, "pending"),
        ({"isApproved": "true"}, "published"),
    ],
)
def test_statuses(fields: dict[str, str], status: str) -> None:
    [comment] = comments(read_disqus(disqus(THREAD + disqus_post(5, **fields)), ids=IDS)).values()
    assert comment.status == status


@pytest.mark.parametrize(
    ("post", "reason"),
    [
        (disqus_post(5, message=" <p>&nbsp;</p> "), "empty_text"),
        (disqus_post(5, message="", isSpam="true"), "empty_text"),
        (disqus_post(5, createdAt="yesterday"), "invalid_time"),
        (disqus_post(5, createdAt="1969-12-31T23:59:59Z"), "invalid_time"),
        (disqus_post(5, thread=99), "unknown_thread"),
        (disqus_post(5, thread=3), "no_article"),
        (disqus_post(""), "missing_id"),
    ],
)
def test_what_cannot_be_imported_is_skipped_with_its_reason_and_line(post: str, reason: str) -> None:
    records = list(read_disqus(disqus(THREAD + '<thread dsq:id="3"><id/></thread>\n' + post), ids=IDS))
    [skip] = skips(records)
    assert len(records) == 1
    assert skip.reason_code == reason
    assert skip.line == 5


def test_a_thread_may_come_after_its_posts_and_each_post_comes_once() -> None:
    later = THREAD.replace('"1"', '"2"').replace("<id>a</id>", "<id>b</id>")
    body = THREAD + disqus_post(5, 2) + disqus_post(6, 1) + disqus_post(7, 99) + later + disqus_post(8, 2)
    records = list(read_disqus(disqus(body), ids=IDS))
    assert {key: comment.article.external_id for key, comment in comments(records).items()} == {
        "5": "b", "6": "a", "8": "b",
    }  # fmt: skip
    assert [skip.source_id for skip in skips(records)] == ["7"]


@pytest.mark.parametrize("key", ["1", "a", "http://example.org/a/", "/a/"])
def test_the_map_names_threads_by_internal_id_id_url_or_path(key: str) -> None:
    ids = ArticleIds({key: "mapped"})
    [comment] = comments(read_disqus(disqus(THREAD + disqus_post(5)), ids=ids)).values()
    assert comment.article.external_id == "mapped"


def test_a_closed_thread_is_a_locked_article() -> None:
    thread = THREAD.replace("</thread>", "<isClosed>true</isClosed></thread>")
    [comment] = comments(read_disqus(disqus(thread + disqus_post(5)), ids=IDS)).values()
    assert comment.article.locked


def test_anonymous_people_differ_by_source_name_and_email_and_stay_the_same_otherwise() -> None:
    def subject(name: str, email: str, source: str = "disqus") -> str:
        author = f"<name>{name}</name><email>{email}</email><isAnonymous>true</isAnonymous>"
        stream = disqus(THREAD + disqus_post(5, author=author))
        [comment] = comments(read_disqus(stream, ids=IDS, source=source)).values()
        assert comment.author is not None
        return comment.author.subject

    assert subject("Ann", "ann@example.org") == subject("Ann", " Ann@Example.org\n")
    different = [
        subject("Ann", "ann@example.org"),
        subject("Bob", "ann@example.org"),
        subject("Ann", "bob@example.org"),
        subject("Ann", "ann@example.org", source="blog"),
    ]
    assert len(set(different)) == 4


def bomb(declaration: str) -> BytesIO:
    return BytesIO(f'<?xml version="1.0"?>\n{declaration}<disqus xmlns="http://disqus.com">&x9;</disqus>'.encode())


def test_a_billion_laughs_are_refused_by_name_and_line() -> None:
    entities = "".join(f'<!ENTITY x{n} "{f"&x{n - 1};" * 10}">' for n in range(1, 10))
    with pytest.raises(MalformedImport, match=r"line 2: <!DOCTYPE disqus> is refused: entities") as caught:
        list(read_disqus(bomb(f'<!DOCTYPE disqus [<!ENTITY x0 "ha">{entities}]>'), ids=IDS))
    assert caught.value.line == 2


@pytest.mark.parametrize(
    "declaration", ['[<!ENTITY x9 SYSTEM "{url}">]', 'SYSTEM "{url}"', '[<!ENTITY % p SYSTEM "{url}"> %p;]']
)
def test_external_references_are_refused_unread(declaration: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    with pytest.raises(MalformedImport, match="external references are not read"):
        list(read_disqus(bomb(f"<!DOCTYPE disqus {declaration.format(url=secret.as_uri())}>"), ids=IDS))


def test_a_truncated_file_yields_what_was_whole_and_then_names_the_line() -> None:
    whole = disqus(THREAD + disqus_post(5) + "\n" + disqus_post(6)).read()
    reader = read_disqus(BytesIO(whole[: whole.index(b"</message>", whole.index(b'"6"'))]), ids=IDS)
    first = next(reader)
    assert isinstance(first, ImportedComment)
    assert first.source_id == "5"
    with pytest.raises(MalformedImport, match="not well-formed XML") as caught:
        next(reader)
    assert caught.value.line == 6


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", 1, "not well-formed XML"),
        (b"<html>\n</html>", 1, "starts with <html>"),
        (b'<disqus xmlns="http://other.org"/>', 1, "starts with"),
        (b'\n\n<disqus xmlns="http://disqus.com">\n&nbsp;</disqus>', 4, "undefined entity"),
        (b'<?xml version="1.0" encoding="x-none"?><disqus/>', 1, "encoding"),
        (b"\x1f\x8b\x08\x00rest", 1, "gzip"),
        (b'<disqus xmlns="http://disqus.com">' + b"<a>" * 101, 1, "deep"),
    ],
)
def test_other_malformed_files_are_one_clear_error(content: bytes, line: int, message: str) -> None:
    with pytest.raises(MalformedImport, match=message) as caught:
        list(read_disqus(BytesIO(content), ids=IDS))
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_one_record_cannot_fill_the_memory() -> None:
    stream = disqus(THREAD + disqus_post(5, message="x" * (17 * 1024 * 1024)))
    with pytest.raises(MalformedImport, match="line 4: the <post> that starts here is larger than 16 MiB"):
        list(read_disqus(stream, ids=IDS))


def test_50000_posts_are_read_in_flat_memory(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    with path.open("w") as file:
        file.write('<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">\n' + THREAD)
        for number in range(50_000):
            words = f"<message>{'words ' * 70}</message><createdAt>2020-02-03T04:05:06Z</createdAt>"
            file.write(f'<post dsq:id="{number}">{words}<thread dsq:id="1"/></post>\n')
        file.write("</disqus>")
    assert path.stat().st_size > 20_000_000
    with path.open("rb") as stream:
        tracemalloc.start()
        read = sum(1 for _ in read_disqus(stream, ids=IDS))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert read == 50_000
    assert peak < 2_000_000
