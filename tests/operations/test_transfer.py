from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.domain.errors import ConfigurationError
from service.importers.article_ids import ArticleIds
from service.importers.records import MalformedImport
from service.launcher import DISCUSSION
from service.operations.moderation import decide
from service.operations.sites import create_site
from service.operations.transfer import Format, ImportReport, export_site, import_file
from service.settings import Settings
from tests.client import Service, SiteClient, running_service, until
from tests.conftest import Cluster
from tests.servers import run_sql

FIXTURES = Path(__file__).parents[1] / "fixtures"
ROOT = Path(__file__).parents[2]
MANY = 6000


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(settings.database_url)
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    try:
        yield connection
    finally:
        await connection.close()


@pytest_asyncio.fixture
async def db(settings: Settings) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    async with connected(settings) as connection:
        yield connection


@pytest.fixture
def elsewhere(cluster: Cluster, template: str) -> Iterator[Settings]:
    """Settings of another, empty database."""
    name = f"discuss_{uuid.uuid4().hex[:12]}"
    cluster.servers.create_database(name, template)
    yield replace(
        cluster.settings, database_url=cluster.servers.app_url(name), owner_url=cluster.servers.owner_url(name)
    )
    cluster.servers.drop_database(name)


async def load(client: SiteClient, kind: Format, content: bytes, **options: Any) -> ImportReport:
    return await import_file(client.service.deps, await client.site(), kind, BytesIO(content), **options)


async def exported(client: SiteClient) -> bytes:
    out = bytearray()
    await export_site(client.service.deps, await client.site(), out.extend)
    return bytes(out)


def lines(*rows: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def comment(number: object, parent: object = None, **fields: Any) -> dict[str, Any]:
    plain = {
        "article": "a",
        "id": number,
        "author": "Ann",
        "created": "2020-02-03T04:05:06Z",
        "text": f"Words {number}",
    }
    return plain | {"parent": parent} | fields


async def rows_of(db: asyncpg.Connection[asyncpg.Record], site: str) -> list[tuple[Any, ...]]:
    """Everything an import writes, but for the keys that only this database gives out."""
    found = await db.fetch(
        """SELECT a.external_id, a.title, a.url, a.section, a.locked, a.registered, a.source, a.created_at,
                  c.id, c.parent_id, c.root_id, c.depth, c.path, c.status, c.prior_status, c.version, c.held_by,
                  c.featured, c.edited_at, c.up, c.down, c.source, r.number, r.text, r.html, r.renderer, r.status,
                  r.created_at, u.id, u.issuer, u.subject, u.name, u.avatar_url, u.roles, u.labels, u.guest,
                  u.created_at
           FROM sites s JOIN articles a ON a.site_key = s.key JOIN comments c ON c.article_key = a.key
           JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id
           JOIN authors u ON u.key = c.author_key
           WHERE s.name = $1 ORDER BY a.external_id, c.id""",
        site,
    )
    return [tuple(map(repr, row.values())) for row in found]


@dataclass(frozen=True)
class Stored:
    """A comment as it stands in the database, by the id its source gave it."""

    parent: str | None
    status: str
    depth: int


async def stored(db: asyncpg.Connection[asyncpg.Record], site: str) -> dict[str, Stored]:
    found = await db.fetch(
        """SELECT c.source->>'id' AS id, p.source->>'id' AS parent, c.status, c.depth
           FROM sites s JOIN articles a ON a.site_key = s.key JOIN comments c ON c.article_key = a.key
           LEFT JOIN comments p ON p.article_key = c.article_key AND p.id = c.parent_id WHERE s.name = $1""",
        site,
    )
    return {row["id"]: Stored(row["parent"], row["status"], row["depth"]) for row in found}


async def counts_follow(client: SiteClient, **counts: int) -> None:
    async def right() -> bool:
        return {article: await client.count(article) for article in counts} == counts

    await until(right)


def totals(report: ImportReport) -> tuple[int, int, int, int]:
    return report.read, report.imported, report.skipped.counts.total(), report.already_there


# The three real exports, their numbers counted by hand


async def test_the_real_disqus_export(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> None:
    client = await service.new_site()
    content = (FIXTURES / "disqus-export.xml").read_bytes()
    report = await load(client, "disqus", content)
    assert totals(report) == (6, 5, 1, 0)
    assert report.skipped.counts == {"unknown_thread": 1}
    assert report.skipped.examples == {"unknown_thread": ["6 (line 66)"]}
    assert (report.articles, report.authors) == (2, 3)
    assert not report.rooted.counts
    assert await stored(db, client.name) == {
        "4": Stored(None, "published", 0),
        "5": Stored("4", "published", 1),
        "8": Stored(None, "published", 0),
        "9": Stored(None, "deleted", 0),
        "11": Stored("9", "published", 1),
    }
    await counts_follow(client, **{"some-id": 3, "blog-2013-02-12-redacted-index.html": 1})
    first, reply, tombstone, answer = await client.walk("some-id", sort="oldest")
    if first["status"] == "deleted":  # both are of the same second
        first, reply, tombstone, answer = tombstone, answer, first, reply
    assert (tombstone["status"], tombstone["html"], tombstone["author"]) == ("deleted", None, None)
    assert (answer["parent_id"], answer["created_at"]) == (tombstone["id"], "2013-10-11T06:52:33.000Z")
    assert (reply["parent_id"], reply["html"], reply["author"]["name"]) == (first["id"], "<p>Hello, World.</p>", "user")
    assert (first["author"]["name"], first["author"]["guest"], first["reply_count"]) == ("peter", True, 1)
    article = (await client.page("some-id"))["article"]
    assert (article["title"], article["section"]) == ("Hello, World!", "Technology")
    [source] = await db.fetch(
        "SELECT a.source AS article, c.source FROM comments c JOIN articles a ON a.key = c.article_key "
        "JOIN sites s ON s.key = a.site_key WHERE s.name = $1 AND c.source->>'id' = '5'",
        client.name,
    )
    assert source["article"] == {"name": "disqus", "id": "2", "url": "http://example.org/"}
    assert source["source"] == {"name": "disqus", "id": "5", "thread": "2", "url": "http://example.org/"}
    again = await load(client, "disqus", content)
    assert totals(again) == (6, 0, 1, 5)


async def test_the_real_wordpress_export(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> None:
    client = await service.new_site()
    content = (FIXTURES / "wordpress-export.xml").read_bytes()
    report = await load(client, "wordpress", content)
    assert totals(report) == (8, 8, 0, 0)
    assert (report.articles, report.authors) == (2, 3)
    published = {"status": "published"}
    assert await stored(db, client.name) == {
        "18/2": Stored(None, **published, depth=0),
        "18/6": Stored(None, **published, depth=0),
        "18/7": Stored("18/6", **published, depth=1),
        "18/8": Stored("18/7", **published, depth=2),
        "18/9": Stored("18/7", **published, depth=2),
        "18/10": Stored(None, **published, depth=0),
        "18/11": Stored(None, **published, depth=0),
        "4/11": Stored(None, **published, depth=0),
    }
    await counts_follow(client, **{"18": 7, "4": 1})
    walked = await client.walk("18", sort="oldest")
    assert [item["html"] for item in walked][:3] == ["<p>Erster!1</p>", "<p>Zweiter.</p>", "<p>Drölfter!</p>"]
    assert walked[1]["descendant_count"] == 3
    assert walked[5]["html"] == (
        "<p>When you have a comment with multiple lines:<br>\nWordPress exports it like this.</p>"
    )
    assert walked[5]["created_at"] == "2022-06-06T02:13:14.000Z"
    assert totals(await load(client, "wordpress", content)) == (8, 0, 0, 8)


async def test_the_real_commento_export(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> None:
    client = await service.new_site()
    content = (FIXTURES / "commento-export.json").read_bytes()
    report = await load(client, "commento", content)
    assert totals(report) == (3, 3, 0, 0)
    assert (report.articles, report.authors) == (2, 3)
    await counts_follow(client, **{"blog-post-1": 2, "blog-post-2": 1})
    [alone] = await client.walk("blog-post-2")
    assert (alone["author"]["name"], alone["author"]["guest"]) == ("Anonymous", True)
    root, reply = await client.walk("blog-post-1")
    assert (root["author"]["name"], root["author"]["avatar_url"]) == ("User5276", None)
    assert (reply["parent_id"], reply["html"].strip()) == (root["id"], "<p>Great reply!</p>")
    assert reply["created_at"] == "2021-05-11T15:43:01.852Z"
    assert totals(await load(client, "commento", content)) == (3, 0, 0, 3)


# What becomes of single comments


async def test_statuses_keep_replies_in_their_place(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> None:
    client = await service.new_site()
    statuses = ("pending", "removed", "spam", "deleted")
    rows = [comment(status, status=status) for status in statuses]
    rows += [comment(f"below {status}", status) for status in statuses]
    await load(client, "dataset", lines(*rows, comment("unseen", status="spam")))
    await counts_follow(client, a=4)
    walked = await client.walk("a")
    assert Counter(item["status"] for item in walked) == {"published": 4, "hidden": 2, "removed": 1, "deleted": 1}
    assert {key: found.status for key, found in (await stored(db, client.name)).items() if key in statuses} == {
        status: status for status in statuses
    }


HOSTILE = """<p onclick="steal()">One <script>alert(1)</script><b>two</b>
<a href="javascript:alert(1)">three</a> <a href="https://example.org/" style="x" target="_top">four</a>
<img src=x onerror=alert(1)><iframe src="https://example.org/"></iframe></p>"""


async def test_hostile_html_is_sanitised_and_its_words_are_kept(
    service: Service, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    client = await service.new_site()
    report = await load(
        client,
        "dataset",
        lines(
            comment(1, text=None, html=HOSTILE),
            comment(2, text="Source", html=HOSTILE),
            comment(3, text=None, html="<script>alert(1)</script>"),
            comment(4, text="<b onclick=steal()>typed</b> *so*"),
        ),
    )
    assert report.skipped.counts == {"empty_text": 1}
    await counts_follow(client, a=3)
    shown = {item["html"].strip() for item in await client.walk("a")}
    clean = (
        '<p>One <strong>two</strong>\n<a rel="nofollow ugc noopener">three</a> '
        '<a href="https://example.org/" rel="nofollow ugc noopener">four</a>\n</p>'
    )
    assert shown == {clean, "<p>&lt;b onclick=steal()&gt;typed&lt;/b&gt; <em>so</em></p>"}
    texts = await db.fetch(
        "SELECT r.text FROM revisions r JOIN articles a ON a.key = r.article_key JOIN sites s ON s.key = a.site_key "
        "WHERE s.name = $1 ORDER BY r.text",
        client.name,
    )
    assert [row["text"] for row in texts] == ["<b onclick=steal()>typed</b> *so*", "One two\nthree four", "Source"]


async def test_replies_without_a_place_become_reported_roots(
    service: Service, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    client = await service.new_site()
    content = lines(
        comment("lost", "nobody"),
        comment("other", article="b"),
        comment("astray", "other"),
        comment("self", "self"),
        comment("x", "z"),
        comment("y", "x"),
        comment("z", "y"),
        comment("below", "lost"),
    )
    report = await load(client, "dataset", content)
    assert totals(report) == (8, 8, 0, 0)
    assert report.rooted.counts == {"parent_missing": 1, "parent_elsewhere": 1, "parent_circle": 2}
    assert report.rooted.examples["parent_missing"] == ["lost (line 1)"]
    assert {key: found.parent for key, found in (await stored(db, client.name)).items()} == {
        "lost": None, "other": None, "astray": None, "self": None, "x": None, "y": "x", "z": "y", "below": "lost",
    }  # fmt: skip
    again = await load(client, "dataset", content)
    assert totals(again) == (8, 0, 0, 8)
    assert await db.fetchval("SELECT count(*) FROM import_replies") == 0


async def test_a_reply_in_a_later_file_finds_its_parent(
    service: Service, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    client = await service.new_site()
    await load(client, "dataset", lines(comment(1)))
    await load(client, "dataset", lines(comment(2, 1)))
    await load(client, "dataset", lines(comment(3, 1)), source="another")
    found = await stored(db, client.name)
    assert (found["2"].parent, found["3"].parent) == ("1", None)


async def test_who_and_what_is_there_keeps_its_name(service: Service) -> None:
    client = await service.new_site()
    author = {"name": "Ann", "subject": "7"}
    await load(client, "dataset", lines(comment(1, author=author, title="First", section="News")))
    report = await load(client, "dataset", lines(comment(2, author=author | {"name": "Old"}, title="Second")))
    assert (report.articles, report.authors) == (0, 0)
    await counts_follow(client, a=2)
    page = await client.page("a")
    assert (page["article"]["title"], page["article"]["section"]) == ("First", "News")
    assert {item["author"]["name"] for item in page["comments"]} == {"Ann"}


async def test_the_map_names_articles(service: Service) -> None:
    client = await service.new_site()
    await load(client, "dataset", lines(comment(1, article="/old/page")), ids=ArticleIds({"/old/page": "new-page"}))
    await counts_follow(client, **{"new-page": 1})


# Interrupted, malformed, repeated


async def test_a_malformed_file_is_one_error_and_goes_on_once_it_is_mended(
    service: Service, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    client = await service.new_site()
    rows = [comment(number) for number in range(700)]
    early = comment("early", "late")
    good = lines(early, *rows, comment("late"))
    bad = lines(early, *rows) + b'{"article": "a", "id"\n' + lines(comment("late"))
    with pytest.raises(MalformedImport, match=r"^line 702: not well-formed JSON.*\(700 comments before it"):
        await load(client, "dataset", bad)
    await counts_follow(client, a=700)
    report = await load(client, "dataset", good)
    assert totals(report) == (702, 2, 0, 700)
    assert (await stored(db, client.name))["early"].parent == "late"
    await counts_follow(client, a=702)


def many(count: int) -> bytes:
    """Trees of which a third of the replies come early, often before their parents."""
    source = random.Random(7)
    placed = []
    for number in range(count):
        parent = source.randrange(max(0, number - 40), number) if number % 6 else None
        author = {"name": f"Person {number % 300}", "subject": number % 300}
        created = f"2020-01-{1 + number % 28:02}T{number // 28 % 24:02}:{number % 60:02}:00Z"
        words = f"Number {number} has *something* to say, and says it at some length. " * 3
        row = comment(number, parent, author=author, created=created, text=words)
        placed.append((number - (90 if source.random() < 0.33 else 0), number, row))
    return lines(*(row for _, _, row in sorted(placed, key=lambda item: item[:2])))


def discuss(settings: Settings, *args: str) -> subprocess.Popen[str]:
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "DISCUSS_OWNER_URL": settings.owner_url,
        "REDIS_URL": settings.redis_url,
        "DISCUSS_SECRET": settings.secrets[0],
    }
    return subprocess.Popen(
        [sys.executable, "-m", "service", *args],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def finished(settings: Settings, *args: str) -> tuple[int, str, str]:
    """Exit code, output and errors of the command; the service in this process goes on meanwhile."""
    running = discuss(settings, *args)
    out, err = await asyncio.to_thread(running.communicate)
    return running.returncode, out, err


async def test_killed_at_three_random_moments_it_ends_with_the_same_rows(
    service: Service, db: asyncpg.Connection[asyncpg.Record], settings: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    client = await service.new_site()
    file = tmp_path / "many.jsonl"
    file.write_bytes(many(MANY))
    moments = sorted(random.Random().sample(range(1, MANY - 1000), 3))
    for moment in moments:
        running = discuss(settings, "import", "dataset", str(file), "--site", client.name)

        async def reached(moment: int = moment) -> bool:
            return len(await stored(db, client.name)) >= moment

        await until(reached, 60)
        running.send_signal(signal.SIGKILL)
        await asyncio.to_thread(running.communicate)
        assert running.returncode == -signal.SIGKILL, f"it was done before {moments}"
    code, out, err = await finished(settings, "import", "dataset", str(file), "--site", client.name)
    assert (code, err) == (0, "")
    assert f"Read {MANY:,} comments: " in out
    assert "0 skipped" in out
    async with running_service(elsewhere) as other, connected(elsewhere) as other_db:
        await create_site(other.deps, client.name, {})
        straight = SiteClient(other, client.name)
        assert totals(await load(straight, "dataset", file.read_bytes())) == (MANY, MANY, 0, 0)
        assert await rows_of(db, client.name) == await rows_of(other_db, client.name)
        await counts_follow(client, a=MANY)
        await counts_follow(straight, a=MANY)
        counters = """SELECT c.id, c.reply_count, c.descendant_count
                      FROM comments c JOIN articles a ON a.key = c.article_key JOIN sites s ON s.key = a.site_key
                      WHERE s.name = $1 ORDER BY c.id"""
        kept, wanted = await db.fetch(counters, client.name), await other_db.fetch(counters, client.name)
        assert list(map(tuple, kept)) == list(map(tuple, wanted))


def peak_memory(settings: Settings, *args: str) -> int:
    """The most memory the command had (bytes)."""
    running = discuss(settings, *args)
    _, status, usage = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)  # it is waited for once only
    _, err = running.communicate()
    assert running.returncode == 0, err
    return usage.ru_maxrss * 1024


async def test_memory_does_not_grow_with_the_comments(service: Service, settings: Settings, tmp_path: Path) -> None:
    client = await service.new_site()
    peaks = []
    for count in (1000, 20_000):
        file = tmp_path / f"{count}.jsonl"
        file.write_bytes(many(count))
        peaks.append(
            await asyncio.to_thread(peak_memory, settings, "import", "dataset", str(file), "--site", client.name)
        )
    out = tmp_path / "out.jsonl"
    peaks.append(await asyncio.to_thread(peak_memory, settings, "export", str(out), "--site", client.name))
    assert len(out.read_bytes().splitlines()) == 20_002
    assert peaks[1] - peaks[0] < 12_000_000
    assert peaks[2] - peaks[0] < 12_000_000


# The command


async def test_the_command_reports_and_refuses(service: Service, settings: Settings, tmp_path: Path) -> None:
    client = await service.new_site()
    exports = str(FIXTURES / "disqus-export.xml")
    page_map = tmp_path / "map"
    page_map.write_text("some-id,mapped\n")
    assert await finished(
        settings, "import", "disqus", exports, "--site", client.name, "--map", str(page_map), "--source", "blog"
    ) == (
        0,
        "Read 6 comments: 5 imported, 1 skipped, 0 already there.\n"
        "New: 2 articles, 3 authors.\n"
        "Skipped:\n"
        "  unknown_thread  1: 6 (line 66)\n",
        "",
    )
    await counts_follow(client, mapped=3)
    bomb = tmp_path / "bomb.xml"
    bomb.write_text(
        '<?xml version="1.0"?>\n<!DOCTYPE disqus [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]><disqus>&b;</disqus>'
    )
    for args, message in (
        (("disqus", str(bomb), "--site", client.name), "line 2: <!DOCTYPE disqus> is refused"),
        (("disqus", str(tmp_path / "none"), "--site", client.name), "none: No such file"),
        (("disqus", exports, "--site", "nowhere"), "There is no such site."),
        (("disqus", exports, "--site", client.name, "--map", exports), "line 1: expected"),
    ):
        code, out, err = await finished(settings, "import", *args)
        assert (code, out) == (1, "")
        assert message in err
        assert all(line.startswith("discuss: ") for line in err.splitlines())


async def test_a_failed_export_leaves_the_file_that_was_there(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "out.jsonl"
    file.write_text("before")
    gone = replace(settings, database_url=settings.database_url.rsplit("/", 1)[0] + "/nowhere")
    code, _, err = await finished(gone, "export", str(file), "--site", "demo")
    assert (code, len(err.splitlines())) == (1, 1)
    assert file.read_text() == "before"
    client = await service.new_site()
    code, _, err = await finished(settings, "export", str(file), "--site", client.name)
    assert (code, err) == (0, "Exported 0 comments of 0 articles.\n")
    assert json.loads(file.read_text()) == {"discuss": 1, "type": "site", "site": client.name, "settings": {}}
    assert os.listdir(tmp_path) == ["out.jsonl"]


async def test_an_export_takes_the_place_of_no_link_or_pipe(
    service: Service, settings: Settings, tmp_path: Path
) -> None:
    client = await service.new_site()
    link, pipe = tmp_path / "link", tmp_path / "pipe"
    link.symlink_to("target")
    os.mkfifo(pipe)
    read = asyncio.create_task(asyncio.to_thread(pipe.read_bytes))
    for file in (link, pipe):
        assert (await finished(settings, "export", str(file), "--site", client.name))[0] == 0
    assert link.is_symlink()
    assert pipe.is_fifo()
    assert await read == (tmp_path / "target").read_bytes() != b""


# Export


SECRET = b"a signing secret of thirty-two bytes"


async def full_site(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> SiteClient:
    """A site with one of everything that an export keeps."""
    hook = {"url": "https://hooks.example.org/?token=confidential", "timeout_ms": 1000, "on_failure": "publish"}
    client = await service.new_site(guests=True, picture_hosts=["pics.example.org"], max_links=9, hook=hook)
    await db.execute(
        "INSERT INTO signing_keys (site_key, algorithm, issuer, secret) VALUES ($1, 'HS256', 'example', $2)",
        (await client.site()).key,
        SECRET,
    )
    ann = {
        "name": "Ann", "issuer": "https://example.org", "subject": "7", "picture": "https://pics.example.org/a.png",
        "roles": ["staff"], "labels": ["Editor"],
    }  # fmt: skip
    deep = [comment(f"deep {level}", f"deep {level - 1}" if level else None) for level in range(14)]
    await load(
        client,
        "dataset",
        lines(
            {"type": "article", "article": "a", "title": "A – “first”", "url": "https://example.org/a",
             "section": "News", "aliases": ["a-old", "a-older"], "created": "2019-01-02T03:04:05Z"},
            {"type": "article", "article": "silent", "locked": True, "locked_reason": "Enough.", "moderation": "pre",
             "visibility": "hidden", "registered": False, "closes_at": "2031-01-01T00:00:00Z"},
            *deep,
            comment(1, author=ann, votes={"up": 7, "down": 2}, featured=True, edited="2020-02-03T05:00:00.123Z"),
            comment(2, 1, status="deleted", text=""),
            comment(3, 2),
            comment(4, status="removed", prior_status="published", author=ann),
            comment(5, status="spam"),
            comment(6, status="pending", held_by=["premoderated_guest", "too_new"]),
            comment(7, 1, text=None, html=HOSTILE),
            comment(8, 1, text="**Source**", html="<p>Shown</p>", created="2020-01-01T00:00:00Z"),
            comment(9, article="b", text="Zürich\u2028 🎉 \\ \"quoted\""),
        ),
    )  # fmt: skip
    posted = await client.posted("c", "Posted *here*", token=await client.token("Ben"))
    await client.posted("c", "And a reply", parent=posted["id"], token=await client.token("Eve"))
    await decide(service.deps, await client.site(), UUID(posted["id"]), "remove", reason="off_topic")
    answer = await client.post("/guests", {"name": "Guest"})
    held = await client.comment("c", "Held", token=answer.json["token"])
    assert held.status == 202
    return client


async def test_an_export_read_back_makes_the_same_export(
    service: Service, db: asyncpg.Connection[asyncpg.Record], elsewhere: Settings
) -> None:
    client = await full_site(service, db)
    written = await exported(client)
    records = [json.loads(line) for line in written.splitlines()]
    assert [record.get("type", "comment") for record in records] == ["site"] + ["article"] * 4 + ["comment"] * 26
    found = [record for record in records if record.get("type") is None]
    assert Counter(record["status"] for record in found) == {
        "published": 20, "removed": 2, "pending": 2, "spam": 1, "deleted": 1,
    }  # fmt: skip
    seen = set()
    for record in found:
        assert record["parent"] is None or record["parent"] in seen
        seen.add(record["id"])
    assert SECRET not in written
    assert SECRET.hex().encode() not in written
    assert b"confidential" not in written
    async with running_service(elsewhere) as other, connected(elsewhere) as other_db:
        await create_site(other.deps, client.name, {})
        copy = SiteClient(other, client.name)
        report = await load(copy, "dataset", written)
        assert totals(report) == (26, 26, 0, 0)
        assert report.settings_taken
        assert await exported(copy) == written
        ids = "SELECT id FROM comments ORDER BY id"
        assert {row["id"] for row in await other_db.fetch(ids)} <= {row["id"] for row in await db.fetch(ids)}
        assert totals(await load(copy, "dataset", written)) == (26, 0, 0, 26)
        assert await exported(copy) == written
        await counts_follow(copy, **{"a": 18, "a-old": 18, "b": 1, "c": 1, "silent": 0})
        assert await copy.walk("a") == await client.walk("a")
        page = await copy.page("a-older")
        assert page["article"]["id"] == "a"


async def test_a_copy_beside_the_original_keeps_ids_and_both_work(
    service: Service, db: asyncpg.Connection[asyncpg.Record]
) -> None:
    client = await full_site(service, db)
    written = await exported(client)
    copy = await service.new_site()
    report = await load(copy, "dataset", written)
    assert totals(report) == (26, 26, 0, 0)
    await counts_follow(copy, a=18, c=1)
    copied = [json.loads(line) for line in (await exported(copy)).splitlines()][1:]
    original = [json.loads(line) for line in written.splitlines()][1:]
    for record in (*copied, *original):
        if "author" in record:
            del record["author"]["id"]  # unique in a database
    assert copied == original
    assert totals(await load(client, "dataset", written)) == (26, 0, 0, 26)


async def test_an_export_shows_one_moment(
    service: Service, db: asyncpg.Connection[asyncpg.Record], cluster: Cluster
) -> None:
    client = await service.new_site()
    await load(client, "dataset", lines(*(comment(number) for number in range(5))))
    before = await exported(client)
    out = bytearray()

    url = cluster.settings.database_url
    change = f"UPDATE authors SET name = 'Changed' WHERE site_key = {(await client.site()).key}"

    def write(line: bytes) -> None:
        if not out:
            run_sql(url, change)
        out.extend(line)

    await export_site(service.deps, await client.site(), write)
    assert bytes(out) == before
    assert await exported(client) != before


async def test_ids_of_an_export_must_hold_their_time(service: Service) -> None:
    client = await service.new_site()
    author = {"name": "Ann", "issuer": "https://example.org", "subject": "7"}
    ours = comment("0192d5e0-0000-7000-8000-000000000001", author=author, discuss=1)
    with pytest.raises(MalformedImport, match=r"line 1: id must be a UUIDv7 whose time is created"):
        await load(client, "dataset", lines(ours))


async def test_settings_are_taken_only_where_nobody_set_any(service: Service) -> None:
    fresh, ready = await service.new_site(), await service.new_site(max_links=1)
    content = lines({"discuss": 1, "type": "site", "site": "x", "settings": {"max_links": 7, "hook": {"url": "x"}}})
    assert (await load(fresh, "dataset", content)).settings_taken
    assert not (await load(ready, "dataset", content)).settings_taken
    assert ((await fresh.site()).settings.max_links, (await ready.site()).settings.max_links) == (7, 1)
    assert (await fresh.site()).settings.hook is None
    other = await service.new_site()
    wrong = lines({"discuss": 1, "type": "site", "site": "x", "settings": {"max_links": "7"}})
    with pytest.raises(ConfigurationError, match="max_links"):
        await load(other, "dataset", wrong)


# Any tree in any order


@st.composite
def forests(draw: st.DrawFn) -> list[tuple[int, int | None, str]]:
    """(number, parent, status) in file order; parents may be missing, later, or themselves."""
    size = draw(st.integers(1, 30))
    parents = st.none() | st.integers(0, size + 1)
    statuses = st.sampled_from(["published", "published", "deleted", "pending"])
    rows = [(number, draw(parents), draw(statuses)) for number in range(size)]
    return draw(st.permutations(rows))


def kept_parents(rows: Sequence[tuple[int, int | None, str]]) -> dict[int, int | None]:
    """The parents that must be kept: those that are there and lead to a root."""
    parents = {number: parent for number, parent, _ in rows}
    return {
        number: parent if parent in parents and not circles(number, parents) else None
        for number, parent in parents.items()
    }


def circles(number: int, parents: dict[int, int | None]) -> bool:
    above: int | None = number
    for _ in parents:
        above = parents.get(above) if above is not None else None
    return above is not None and above in parents


@given(forests())
@hypothesis_settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_forest_in_any_order_is_kept(
    service: Service, db: asyncpg.Connection[asyncpg.Record], rows: list[tuple[int, int | None, str]]
) -> None:
    client = await service.new_site()
    content = lines(*(comment(number, parent, status=status) for number, parent, status in rows))
    report = await load(client, "dataset", content)
    assert totals(report) == (len(rows), len(rows), 0, 0)
    parents = {number: parent for number, parent, _ in rows}
    found = {int(key): value for key, value in (await stored(db, client.name)).items()}
    for number, parent in kept_parents(rows).items():
        got = found[number].parent
        if circles(number, parents):
            assert got in (None, str(parents[number]))
        else:
            assert got == (None if parent is None else str(parent))
    lost = sum(parent is not None and found[number].parent is None for number, parent in parents.items())
    assert report.rooted.counts.total() == lost
    await assert_sound(db, client)
    await counts_follow(client, a=sum(status == "published" for _, _, status in rows))
    await assert_counted(db, client, found)
    assert totals(await load(client, "dataset", content)) == (len(rows), 0, 0, len(rows))


async def assert_sound(db: asyncpg.Connection[asyncpg.Record], client: SiteClient) -> None:
    """Depth, root and path are those that a posted reply would have."""
    broken = await db.fetch(
        """SELECT c.id FROM sites s JOIN articles a ON a.site_key = s.key JOIN comments c ON c.article_key = a.key
           LEFT JOIN comments p ON p.article_key = c.article_key AND p.id = c.parent_id
           WHERE s.name = $1 AND (c.depth, c.root_id, c.path) IS DISTINCT FROM
               (CASE WHEN p.id IS NULL THEN 0 ELSE least(p.depth + 1, 8) END, coalesce(p.root_id, c.id),
                coalesce(substring(p.path FOR 128), '') || uuid_send(c.id))""",
        client.name,
    )
    assert broken == []


async def assert_counted(db: asyncpg.Connection[asyncpg.Record], client: SiteClient, found: dict[int, Stored]) -> None:
    """Every comment above depth 8 counts what was published directly and anywhere below it."""
    counters = await db.fetch(
        """SELECT c.source->>'id' AS id, c.reply_count, c.descendant_count, c.depth
           FROM sites s JOIN articles a ON a.site_key = s.key JOIN comments c ON c.article_key = a.key
           WHERE s.name = $1 AND c.depth < 8""",
        client.name,
    )
    for row in counters:
        below = list(descendants(int(row["id"]), found))
        direct = [number for number in below if found[number].parent == row["id"]]
        assert (row["reply_count"], row["descendant_count"]) == (published(direct, found), published(below, found))


def descendants(number: int, found: dict[int, Stored]) -> Iterator[int]:
    for child, value in found.items():
        if value.parent == str(number):
            yield child
            yield from descendants(child, found)


def published(numbers: Iterable[int], found: dict[int, Stored]) -> int:
    return sum(found[number].status == "published" for number in numbers)


# The demo


async def test_the_demo_discussion_is_whole(service: Service, db: asyncpg.Connection[asyncpg.Record]) -> None:
    client = await service.new_site(guests=True)
    report = await load(client, "dataset", DISCUSSION.read_bytes(), source="demo")
    assert totals(report) == (92, 92, 0, 0)
    assert not report.rooted.counts
    await counts_follow(
        client,
        **{
            "the-last-lighthouse-keeper": 45, "night-train-returns": 8, "city-plants-ten-thousand-trees": 6,
            "the-bread-question": 5, "library-fines": 6, "choir-of-strangers": 5, "the-town-clock": 7,
            "the-hill-that-was-not-there": 3,
        },
    )  # fmt: skip
    walked = await client.walk("the-last-lighthouse-keeper")
    assert Counter(item["status"] for item in walked) == {"published": 45, "deleted": 1, "removed": 1}
    assert max(item["depth"] for item in walked) == 3
    newest = max(datetime.fromisoformat(item["created_at"]) for item in walked)
    assert newest < datetime.fromisoformat("2026-11-23T00:00:00Z")
