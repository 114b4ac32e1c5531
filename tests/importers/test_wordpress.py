from __future__ import annotations

import time
import tracemalloc
from datetime import UTC, datetime

import pytest

from service.importers.article_ids import ArticleIds
from service.importers.records import ImportedComment, MalformedImport, Origin
from service.importers.wordpress import paragraphs, read_wordpress
from tests.importers.exports import comments, real, skips, wordpress, wordpress_comment

IDS = ArticleIds()


def one(comment: str, item: str = "<wp:post_id>18</wp:post_id>") -> ImportedComment:
    [found] = comments(read_wordpress(wordpress(f"<item>{item}{comment}</item>"), ids=IDS)).values()
    return found


def test_the_real_export_in_numbers() -> None:
    records = list(read_wordpress(real("wordpress-export.xml"), ids=IDS))
    found = comments(records)
    assert len(records) == 8
    # Both items have a comment 11.
    assert list(found) == ["18/2", "18/6", "18/7", "18/8", "18/9", "18/10", "18/11", "4/11"]
    assert skips(records) == []
    assert [comment.parent_source_id for comment in found.values()] == [
        None, None, "18/6", "18/7", "18/7", None, None, None,
    ]  # fmt: skip
    assert [comment.article.external_id for comment in found.values()] == ["18"] * 7 + ["4"]
    assert [comment.status for comment in found.values()] == ["published"] * 8
    assert [comment.text for comment in found.values()] == [
        "<p>Erster!1</p>",
        "<p>Zweiter.</p>",
        "<p>Drölfter!</p>",
        "<p>Yet another reply.</p>",
        "<p>...</p>",
        "<p>When you have a comment with multiple lines:<br>\nWordPress exports it like this.</p>",
        "<p>...</p>",
        "<p>...</p>",
    ]


def test_the_real_export_in_detail() -> None:
    found = comments(read_wordpress(real("wordpress-export.xml"), ids=IDS))
    assert found["18/2"].article.title == "Hello, World…"
    assert found["18/2"].article.url == "http://example.tld/2014/test/"
    assert found["18/2"].article.created_at == datetime(2014, 1, 14, 17, 31, 3, tzinfo=UTC)
    assert found["18/7"].created_at == datetime(2014, 4, 29, 15, 21, 35, tzinfo=UTC)  # it has the GMT time only
    assert found["18/10"].created_at == datetime(2022, 6, 6, 2, 13, 14, tzinfo=UTC)  # ten hours from its local time
    assert found["4/11"].origin == Origin("wordpress", "4/11", "4", "http://example.tld/?p=4")
    authors = {key: comment.author for key, comment in found.items()}
    guest, user = authors["18/2"], authors["18/6"]
    assert guest is not None
    assert user is not None
    assert (guest.issuer, guest.name, guest.guest) == ("import:wordpress", "Ohai", True)
    assert (user.subject, user.name, user.guest) == ("1", "Tester", False)
    assert len({author.subject for author in authors.values() if author}) == 3  # Ohai, user 1, and Tester without an id


def test_no_address_of_the_real_export_is_kept() -> None:
    everything = repr(list(read_wordpress(real("wordpress-export.xml"), ids=IDS)))
    for private in ("test@example.org", "info@posativ.org", "multiline@example.org", "86.56.63.0", "82.119.20.0"):
        assert private not in everything


@pytest.mark.parametrize(
    ("approved", "status"),
    [
        ("1", "published"),
        ("0", "pending"),
        ("spam", "spam"),
        ("trash", "removed"),
        ("post-trashed", "removed"),
        ("whatever", "pending"),
    ],
)
def test_statuses(approved: str, status: str) -> None:
    assert one(wordpress_comment(5, comment_approved=approved)).status == status


def test_a_local_time_stands_in_for_a_missing_gmt_one() -> None:
    comment = one(wordpress_comment(5, comment_date_gmt="0000-00-00 00:00:00"))
    assert comment.created_at == datetime(2020, 2, 3, 6, 5, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"comment_type": "pingback"}, "pingback"),
        ({"comment_type": "trackback"}, "trackback"),
        ({"comment_type": "order_note"}, "not_a_comment"),
        ({"comment_content": " \n"}, "empty_text"),
        ({"comment_date": "", "comment_date_gmt": ""}, "invalid_time"),
    ],
)
def test_what_cannot_be_imported_is_skipped_with_its_reason_and_line(fields: dict[str, str], reason: str) -> None:
    body = "<item><wp:post_id>18</wp:post_id>\n" + wordpress_comment(5, **fields) + wordpress_comment(6) + "</item>"
    records = list(read_wordpress(wordpress(body), ids=IDS))
    [skip] = skips(records)
    assert (skip.source_id, skip.reason_code, skip.line) == ("18/5", reason, 5)
    assert list(comments(records)) == ["18/6"]


def test_an_item_that_nothing_names_has_its_comments_skipped() -> None:
    [skip] = skips(read_wordpress(wordpress(f"<item>{wordpress_comment(5)}</item>"), ids=IDS))
    assert skip.reason_code == "no_article"


@pytest.mark.parametrize(
    ("item", "article_id"),
    [
        ("<wp:post_id>18</wp:post_id><link>http://example.org/?p=4</link>", "18"),
        ("<link>http://example.org/?p=4</link>", "4"),
        ("<link>http://example.org/?page_id=7</link>", "7"),
        ("<link>http://example.org/2014/test/?p=x</link>", "2014-test"),
        ("<link>http://example.org/</link>", "index"),
        ("<link>http://[broken/x</link>", "http:---broken-x"),
    ],
)
def test_article_ids(item: str, article_id: str) -> None:
    assert one(wordpress_comment(5), item).article.external_id == article_id


@pytest.mark.parametrize("key", ["18", "http://example.org/a/", "/a/"])
def test_the_map_names_items_by_post_id_url_or_path_but_source_ids_stay(key: str) -> None:
    item = f"<item><link>http://example.org/a/</link><wp:post_id>18</wp:post_id>{wordpress_comment(5)}</item>"
    found = comments(read_wordpress(wordpress(item), ids=ArticleIds({key: "mapped"})))
    assert found["18/5"].article.external_id == "mapped"


def test_the_first_category_is_the_section_and_closed_comments_lock_the_article() -> None:
    item = (
        '<wp:post_id>18</wp:post_id><category domain="post_tag">t</category><category domain="category">News</category>'
        "<wp:comment_status>closed</wp:comment_status>"
    )
    article = one(wordpress_comment(5), item).article
    assert article.section == "News"
    assert article.locked


@pytest.mark.parametrize(
    ("content", "html"),
    [
        ("one", "<p>one</p>"),
        ("one\r\ntwo\n\n\n  three", "<p>one<br>\ntwo</p>\n<p>three</p>"),
        ("a <em>b\nc</em> d", "<p>a <em>b<br>\nc</em> d</p>"),
        ("before\n<pre>x\n\n  y</pre>\nafter", "<p>before</p><pre>x\n\n  y</pre><p>after</p>"),
        ("<pre>a <p>\n\nb</pre>", "<pre>a <p>\n\nb</pre>"),
        ("<p>one\ntwo</p>\n\n<p>three</p>", "<p>one<br>\ntwo</p><p>three</p>"),
        ("<ul>\n<li>a\nb</li>\n</ul>", "<ul><li>a<br>\nb</li></ul>"),
        ("<blockquote>a\n\nb</blockquote>c", "<blockquote><p>a</p>\n<p>b</p></blockquote><p>c</p>"),
        ("a < b\n<pretty>", "<p>a < b<br>\n<pretty></p>"),
        ("  \n ", ""),
    ],
)
def test_line_breaks_become_paragraphs_and_brs(content: str, html: str) -> None:
    assert paragraphs(content) == html


@pytest.mark.parametrize("attack", ["<p ", "<pre>", "\n ", "<", "</p", "\n\n<p>", "&nbsp;"])
def test_hostile_markup_takes_linear_time(attack: str) -> None:
    started = time.process_time()
    paragraphs(attack * (1_000_000 // len(attack)))
    assert time.process_time() - started < 5  # quadratic would be hours


def test_entity_bombs_and_dtds_are_refused() -> None:
    bomb = '<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n'
    with pytest.raises(MalformedImport, match="<!DOCTYPE rss> is refused: entities") as caught:
        list(read_wordpress(wordpress("<item>&b;</item>", bomb), ids=IDS))
    assert caught.value.line == 2


def test_a_disqus_export_is_no_wordpress_export() -> None:
    with pytest.raises(MalformedImport, match="not such an export"):
        list(read_wordpress(real("disqus-export.xml"), ids=IDS))


def test_one_item_with_many_comments_is_read_in_flat_memory() -> None:
    content = "words " * 800
    body = "<item><wp:post_id>18</wp:post_id>"
    body += "".join(wordpress_comment(number, comment_content=content) for number in range(5_000))
    stream = wordpress(body + "</item>")
    tracemalloc.start()
    read = sum(1 for _ in read_wordpress(stream, ids=IDS))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert read == 5_000
    assert peak < 2_000_000
