"""Exports for tests: the real ones beside the tests, and small ones written around a body."""

from __future__ import annotations

from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from service.importers.records import ImportedArticle, ImportedComment, ImportedSite, Skipped

FIXTURES = Path(__file__).parent.parent / "fixtures"

Record = ImportedSite | ImportedArticle | ImportedComment | Skipped


def real(name: str) -> BinaryIO:
    return BytesIO((FIXTURES / name).read_bytes())


def comments(records: Iterable[Record]) -> dict[str, ImportedComment]:
    """By source id; every id must be there once."""
    found = [record for record in records if isinstance(record, ImportedComment)]
    by_id = {comment.source_id: comment for comment in found}
    assert len(by_id) == len(found)
    return by_id


def skips(records: Iterable[Record]) -> list[Skipped]:
    return [record for record in records if isinstance(record, Skipped)]


def disqus(body: str) -> BinaryIO:
    return BytesIO(
        '<?xml version="1.0"?>\n'
        '<disqus xmlns="http://disqus.com" xmlns:dsq="http://disqus.com/disqus-internals">\n'
        f"{body}\n</disqus>".encode()
    )


def disqus_post(post_id: object, thread: object = 1, parent: object = None, **fields: str) -> str:
    values = {"message": "<p>Words</p>", "createdAt": "2020-02-03T04:05:06Z"} | fields
    author = values.pop("author", "<name>Ann</name><username>ann</username><isAnonymous>false</isAnonymous>")
    written = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in values.items())
    above = f'<parent dsq:id="{parent}"/>' if parent is not None else ""
    return f'<post dsq:id="{post_id}">{written}<author>{author}</author><thread dsq:id="{thread}"/>{above}</post>\n'


def wordpress(body: str, declaration: str = "") -> BinaryIO:
    return BytesIO(
        f'<?xml version="1.0" encoding="UTF-8"?>\n{declaration}'
        '<rss version="2.0" xmlns:wp="http://wordpress.org/export/1.2/">\n<channel>\n'
        f"{body}\n</channel></rss>".encode()
    )


def wordpress_comment(comment_id: object, **fields: str) -> str:
    values = {
        "comment_author": "Ann",
        "comment_author_email": "ann@example.org",
        "comment_date": "2020-02-03 06:05:06",
        "comment_date_gmt": "2020-02-03 04:05:06",
        "comment_content": "Words",
        "comment_approved": "1",
        "comment_parent": "0",
        "comment_user_id": "0",
    } | fields
    written = "".join(f"<wp:{name}><![CDATA[{value}]]></wp:{name}>" for name, value in values.items())
    return f"<wp:comment><wp:comment_id>{comment_id}</wp:comment_id>{written}</wp:comment>\n"
