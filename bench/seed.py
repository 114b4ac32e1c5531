"""The seeded data set: the same rows on every machine, copied straight into the tables, built once and kept."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from bench.texts import stored_texts
from service.domain.ids import uuid7
from service.domain.markup import RENDERER, render_markdown

SITE = "bench"
ORIGIN = "https://bench.example"
ISSUER = "https://bench.example/accounts"
SIGNING_SECRET = b"signs the tokens of made-up readers only"

AUTHORS = 500
TEXTS = 1000
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)  # long ago, so that what a run posts is always newer
SPACING_MS = 1500  # between two comments of an article

# How many replies the roots of one page have, newest root first; every article repeats it, so first pages are of one
# shape whatever the article's size: 20 roots and 45 replies, 10 of one root at most.
REPLIES = (0, 3, 1, 12, 2, 0, 4, 1, 0, 2, 0, 5, 0, 1, 25, 0, 2, 1, 0, 3)
LOVED = range(
    3 * len(REPLIES), 4 * len(REPLIES)
)  # the roots, counted from the newest, that the readers voted to the top

SMALL = [f"small-{number:02}" for number in range(30)]


def articles(big: int) -> dict[str, int]:
    """Article id → number of comments. `big`: those of the biggest article."""
    sizes = {"big": big, "thousand": 1000, "tenthousand": 10_000, "busy": 10_000, "posting": 10_000, "floor": 10_000}
    return sizes | {name: 5 + number for number, name in enumerate(SMALL)}


@dataclass(frozen=True, slots=True)
class SeededComment:
    """One comment of the data set; `author` and `text` are indexes, `replies` and `descendants` counts."""

    id: uuid.UUID
    parent: uuid.UUID | None
    root: uuid.UUID
    path: bytes
    author: int
    text: int
    created_at: datetime.datetime
    up: int
    down: int
    replies: int
    descendants: int


def checksum(migrations: Path, big: int) -> str:
    """Names the data set: it changes with the schema, the renderer, the size and this package's seeding code."""
    digest = hashlib.sha256(f"{big} {RENDERER}".encode())
    here = Path(__file__).parent
    for file in [*sorted(migrations.glob("*.sql")), here / "seed.py", here / "texts.py"]:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def made_at(moment: datetime.datetime, rng: random.Random) -> uuid.UUID:
    """An id of that millisecond."""
    return uuid7(round(moment.timestamp() * 1000), rng.randbytes(10))


def thread_sizes(count: int) -> list[int]:
    """Replies of each root, oldest root first, `count` comments in all; what does not fit the shape is the oldest."""
    sizes, left = [], count
    for replies in itertools.cycle(REPLIES):
        sizes.append(min(replies, left - 1))
        left -= sizes[-1] + 1
        if not left:
            return sizes[::-1]
    raise AssertionError("unreachable: a cycle does not end")


def article_comments(name: str, count: int) -> Iterator[SeededComment]:
    """The comments of one article, oldest first, parents before their replies."""
    rng = random.Random(f"{name} {count}")
    sizes = thread_sizes(count)
    moments = (START + datetime.timedelta(milliseconds=SPACING_MS * number) for number in itertools.count())
    for number, size in enumerate(sizes):
        yield from _thread(rng, size, moments, loved=len(sizes) - 1 - number in LOVED)


def _thread(rng: random.Random, size: int, moments: Iterator[datetime.datetime], *, loved: bool) -> list[SeededComment]:
    """A root and `size` replies, none deeper than 8."""
    times = [next(moments) for _ in range(size + 1)]
    ids = [made_at(moment, rng) for moment in times]
    parents: list[int | None] = [None]
    paths = [ids[0].bytes]
    for place in range(1, size + 1):
        parent = rng.choice([older for older in range(place) if len(paths[older]) < 16 * 9])
        parents.append(parent)
        paths.append(paths[parent] + ids[place].bytes)
    return [
        SeededComment(
            id=ids[place],
            parent=None if parents[place] is None else ids[parents[place] or 0],
            root=ids[0],
            path=paths[place],
            author=rng.randrange(AUTHORS),
            text=rng.randrange(TEXTS),
            created_at=times[place],
            up=rng.randrange(300, 400) if loved and place == 0 else rng.randrange(12),
            down=0 if loved and place == 0 else rng.randrange(6),
            replies=parents.count(place),
            descendants=sum(path.startswith(paths[place]) for path in paths) - 1,
        )
        for place in range(size + 1)
    ]


async def fill(owner_url: str, big: int) -> None:
    """Write the whole data set into a migrated, empty database."""
    connection = await asyncpg.connect(owner_url)
    try:
        site = await _insert_site(connection)
        authors = await _copy_authors(connection, site)
        texts = stored_texts(random.Random("texts"), TEXTS)
        words = [(text, render_markdown(text)) for text in texts]
        for name, count in articles(big).items():
            await _copy_article(connection, site, authors, words, name, count)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def _insert_site(connection: asyncpg.Connection) -> int:
    """The site, open to everybody with a token of its one key."""
    key: int = await connection.fetchval(
        "INSERT INTO sites (name, settings) VALUES ($1, $2::jsonb) RETURNING key",
        SITE,
        json.dumps({"allowed_origins": [ORIGIN]}),
    )
    await connection.execute(
        "INSERT INTO signing_keys (site_key, kid, algorithm, issuer, secret) VALUES ($1, 'bench', 'HS256', $2, $3)",
        key,
        ISSUER,
        SIGNING_SECRET,
    )
    return key


async def _copy_authors(connection: asyncpg.Connection, site: int) -> list[int]:
    rng = random.Random("authors")
    rows = [
        (made_at(START, rng), site, ISSUER, f"seeded-{number}", f"Reader {number}", START) for number in range(AUTHORS)
    ]
    columns = ["id", "site_key", "issuer", "subject", "name", "created_at"]
    await connection.copy_records_to_table("authors", records=rows, columns=columns)
    found = await connection.fetch("SELECT key FROM authors ORDER BY key")
    return [row["key"] for row in found]


async def _copy_article(
    connection: asyncpg.Connection, site: int, authors: list[int], words: list[tuple[str, str]], name: str, count: int
) -> None:
    """One article with its comments, their words and its count."""
    key = await connection.fetchval(
        "INSERT INTO articles (site_key, external_id, title, url, registered, created_at)"
        " VALUES ($1, $2, $3, $4, true, $5) RETURNING key",
        site,
        name,
        f"The article {name}",
        f"{ORIGIN}/{name}",
        START,
    )
    await connection.execute("INSERT INTO article_ids VALUES ($1, $2, $3)", site, name, key)
    await connection.execute("INSERT INTO article_counts (article_key, comment_count) VALUES ($1, $2)", key, count)
    await _copy(connection, "comments", COMMENT_COLUMNS, _comment_rows(key, authors, article_comments(name, count)))
    await _copy(connection, "revisions", REVISION_COLUMNS, _revision_rows(key, words, article_comments(name, count)))


SITE_KEY = 1  # the only site of the data set
COMMENT_COLUMNS = (
    *("site_key", "article_key", "id", "parent_id", "root_id", "depth", "path", "author_key", "status"),
    *("up", "down", "reply_count", "descendant_count"),
)
REVISION_COLUMNS = ("article_key", "comment_id", "number", "text", "html", "renderer", "status", "created_at")


def _comment_rows(key: int, authors: list[int], comments: Iterable[SeededComment]) -> Iterator[tuple[object, ...]]:
    for c in comments:
        depth = len(c.path) // 16 - 1
        counters = (c.up, c.down, c.replies, c.descendants)
        yield (SITE_KEY, key, c.id, c.parent, c.root, depth, c.path, authors[c.author], "published", *counters)


def _revision_rows(
    key: int, words: list[tuple[str, str]], comments: Iterable[SeededComment]
) -> Iterator[tuple[object, ...]]:
    for c in comments:
        yield (key, c.id, 1, *words[c.text], RENDERER, "published", c.created_at)


async def _copy(
    connection: asyncpg.Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> None:
    """COPY in slices: one statement of a million rows keeps its foreign-key checks in memory until its end."""
    while slice_ := list(itertools.islice(rows, 50_000)):
        await connection.copy_records_to_table(table, records=slice_, columns=columns)
