"""The seeded data set: the same rows on every machine, copied straight into the tables, built once and kept."""

from __future__ import annotations

import datetime
import hashlib
import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg

from bench.texts import stored_texts
from service.domain.ids import uuid7
from service.domain.markup import RENDERER, render_markdown

SITE = "bench"
SMALL_SITE = "bench-small"  # the same in small, for what moderators see: their cost must not grow with a site
ORIGIN = "https://bench.example"
ISSUER = "https://bench.example/accounts"
SIGNING_SECRET = b"signs the tokens of made-up readers only"

AUTHORS = 500  # of each site
TEXTS = 1000
MODERATOR = "moderator"  # the subject of each site's one moderator
START = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)  # long ago, so that what a run posts is always newer
SPACING_MS = 1500  # between two comments of an article

# How many replies the roots of one page have, newest root first; every article repeats it, so first pages are of one
# shape whatever the article's size: 20 roots and 45 replies, 10 of one root at most.
REPLIES = (0, 3, 1, 12, 2, 0, 4, 1, 0, 2, 0, 5, 0, 1, 25, 0, 2, 1, 0, 3)
LOVED = range(
    3 * len(REPLIES), 4 * len(REPLIES)
)  # the roots, counted from the newest, that the readers voted to the top

SMALL = [f"small-{number:02}" for number in range(30)]
HELD = [f"held-{number:02}" for number in range(30)]  # the articles of what waits for a moderator
ONE_IN_WAITS = 100  # beside so many published comments one waits

# What is searched for; no other text has these words.
RARE = "quagmire"  # in 0.08 % of comments
SELDOM = "culvert"  # in 0.9 %: as many of a million as can be looked at one by one
BYGONE = "turnpike"  # in a third of the older half, and in none since
VARIANTS = ("", f" The {RARE}!", f" The {SELDOM}.", f" The {BYGONE}.")
NEWEST = 200  # comments of an article that have none of them, so that its first page is as it was


def articles(big: int) -> dict[str, int]:
    """Article id → number of comments. `big`: those of the biggest article."""
    sizes = {"big": big, "thousand": 1000, "tenthousand": 10_000, "busy": 10_000, "posting": 10_000, "floor": 10_000}
    return sizes | {name: 5 + number for number, name in enumerate(SMALL)}


def articles_of_small_site() -> dict[str, int]:
    """The same of the small site."""
    return {"tenthousand": 10_000}


def waiting(sizes: dict[str, int]) -> int:
    """How many comments of a site with such articles wait for a moderator."""
    return max(sizes.values()) // ONE_IN_WAITS


@dataclass(frozen=True, slots=True)
class SeededComment:
    """One comment of the data set; `author` and `text` are indexes (of `written`), the rest counts."""

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
    place = itertools.count()
    for number, size in enumerate(sizes):
        for comment in _thread(rng, size, moments, loved=len(sizes) - 1 - number in LOVED):
            yield replace(comment, text=comment.text + TEXTS * variant(next(place), count))


def variant(place: int, count: int) -> int:
    """Which of VARIANTS an article's comment ends with, the oldest in place 0."""
    if place >= count - NEWEST:
        return 0
    if place % 1250 == 600:
        return 1
    if place % 110 == 50:
        return 2
    return 3 if place < count // 2 and place % 3 == 0 else 0


def written() -> list[str]:
    """Every text of the data set."""
    return [text + end for end in VARIANTS for text in stored_texts(random.Random("texts"), TEXTS)]


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
        texts = [(text, render_markdown(text)) for text in written()]
        for name, sizes in {SITE: articles(big), SMALL_SITE: articles_of_small_site()}.items():
            site = await _insert_site(connection, name)
            authors = await _copy_authors(connection, site)
            for article, count in sizes.items():
                key = await _insert_article(connection, site, article, count)
                await _copy_comments(connection, site, key, authors, texts, article, count)
            await _copy_waiting(connection, site, authors, texts, max(sizes.values()))
        await _derive(connection, texts)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def _insert_site(connection: asyncpg.Connection, name: str) -> int:
    """A site, open to everybody with a token of its one key."""
    key: int = await connection.fetchval(
        "INSERT INTO sites (name, settings) VALUES ($1, $2::jsonb) RETURNING key",
        name,
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
    """A site's readers, and its moderator, who writes nothing; the readers' keys."""
    rng = random.Random(f"authors {site}")
    rows = [
        (made_at(START, rng), site, ISSUER, f"seeded-{number}", f"Reader {number}", START, None)
        for number in range(AUTHORS)
    ]
    rows.append((made_at(START, rng), site, ISSUER, MODERATOR, "Moderator", START, "moderator"))
    columns = ["id", "site_key", "issuer", "subject", "name", "created_at", "granted_role"]
    await connection.copy_records_to_table("authors", records=rows, columns=columns)
    readers = "SELECT key FROM authors WHERE site_key = $1 AND granted_role IS NULL ORDER BY key"
    return [row["key"] for row in await connection.fetch(readers, site)]


async def _insert_article(connection: asyncpg.Connection, site: int, name: str, count: int) -> int:
    """An article that has so many published comments."""
    key: int = await connection.fetchval(
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
    return key


COMMENT_COLUMNS = (
    *("site_key", "article_key", "id", "parent_id", "root_id", "depth", "path", "author_key", "status"),
    *("up", "down", "reply_count", "descendant_count"),
)
REVISION_COLUMNS = ("article_key", "comment_id", "number", "text", "html", "renderer", "status", "created_at")


async def _copy_comments(
    connection: asyncpg.Connection,
    site: int,
    key: int,
    authors: list[int],
    texts: list[tuple[str, str]],
    name: str,
    count: int,
) -> None:
    """An article's comments with their words."""
    await _copy(
        connection, "comments", COMMENT_COLUMNS, _comment_rows(site, key, authors, article_comments(name, count))
    )
    await _copy(connection, "revisions", REVISION_COLUMNS, _revision_rows(key, texts, article_comments(name, count)))


def _comment_rows(
    site: int, key: int, authors: list[int], comments: Iterable[SeededComment]
) -> Iterator[tuple[object, ...]]:
    for c in comments:
        depth = len(c.path) // 16 - 1
        counters = (c.up, c.down, c.replies, c.descendants)
        yield (site, key, c.id, c.parent, c.root, depth, c.path, authors[c.author], "published", *counters)


def _revision_rows(
    key: int, texts: list[tuple[str, str]], comments: Iterable[SeededComment]
) -> Iterator[tuple[object, ...]]:
    for c in comments:
        yield (key, c.id, 1, *texts[c.text], RENDERER, "published", c.created_at)


async def _copy_waiting(
    connection: asyncpg.Connection, site: int, authors: list[int], texts: list[tuple[str, str]], count: int
) -> None:
    """What waits for a moderator, spread over its own articles and over the time of an article of `count` comments.

    Every tenth was held by three readers' flags and stands in that queue too, every hundredth is called illegal; a
    check holds the others.
    """
    articles = [await _insert_article(connection, site, name, 0) for name in HELD]
    rng = random.Random(f"waiting {site}")
    spacing = datetime.timedelta(milliseconds=SPACING_MS * ONE_IN_WAITS)
    made: dict[str, list[tuple[object, ...]]] = {"comments": [], "revisions": [], "flags": [], "queue": []}
    for number in range(count // ONE_IN_WAITS):
        moment = START + spacing * number
        article, author, id = articles[number % len(articles)], number % len(authors), made_at(moment, rng)
        reason = None if number % 10 else "illegal" if number % 100 == 0 else "abuse"
        check = "flags" if reason else "suspect_word"
        place = (site, article, id, None, id, 0, id.bytes, authors[author], "pending")
        made["comments"].append((*place, [check], None if reason else '{"suspect_word": "drain"}'))
        made["revisions"].append(
            (article, id, 1, *texts[rng.randrange(TEXTS)], RENDERER, "published" if reason else "pending", moment)
        )
        urgency = 1003 if reason == "illegal" else 3 if reason else 0
        waits = (article, id, authors[author], urgency, moment)
        made["queue"].append((site, "pending", *waits, [check], []))
        if reason:
            made["queue"].append((site, "flagged", *waits, [], [reason]))
            flaggers = [authors[(author + step) % len(authors)] for step in (1, 2, 3)]
            made["flags"] += [(article, id, flagger, reason, "Please look.", moment) for flagger in flaggers]
    for table, columns in WAITING_COLUMNS.items():
        await _copy(connection, table, columns, iter(made[table]))


WAITING_COLUMNS = {
    "comments": (*COMMENT_COLUMNS[:9], "held_by", "held_details"),
    "revisions": REVISION_COLUMNS,
    "flags": ("article_key", "comment_id", "author_key", "reason", "note", "created_at"),
    "queue": (
        *("site_key", "kind", "article_key", "comment_id", "author_key", "urgency", "since", "checks", "reasons"),
    ),
}


async def _copy(
    connection: asyncpg.Connection, table: str, columns: tuple[str, ...], rows: Iterator[tuple[object, ...]]
) -> None:
    """COPY in slices: one statement of a million rows keeps its foreign-key checks in memory until its end."""
    while slice_ := list(itertools.islice(rows, 50_000)):
        await connection.copy_records_to_table(table, records=slice_, columns=columns)


async def _derive(connection: asyncpg.Connection, texts: list[tuple[str, str]]) -> None:
    """What the service keeps beside comments, as it would stand at the end of the log, which is empty.

    Numbers by the hour are kept for eight days, and everything here is older.
    """
    for table, key in (("author_counts", "author_key"), ("site_counts", "site_key")):
        await connection.execute(
            f"""INSERT INTO {table} ({key}, published, pending, removed, spam, deleted)
                SELECT {key}, count(*) FILTER (WHERE status = 'published'), count(*) FILTER (WHERE status = 'pending'),
                       0, 0, 0
                FROM comments GROUP BY {key}"""
        )
    # one by one, a million vectors and their places in the index would take minutes
    await connection.execute("CREATE TEMPORARY TABLE vectors (text text, words tsvector)")
    await connection.executemany(
        "INSERT INTO vectors VALUES ($1, search_vector('en', $1))", [(text,) for text, _ in texts]
    )
    index = await connection.fetchval("SELECT indexdef FROM pg_indexes WHERE indexname = 'comment_words_by_word'")
    await connection.execute("DROP INDEX comment_words_by_word")
    await connection.execute(
        """INSERT INTO comment_words (site_key, comment_id, words)
           SELECT c.site_key, c.id, v.words
           FROM comments c
           JOIN revisions r ON r.article_key = c.article_key AND r.comment_id = c.id
           JOIN (SELECT DISTINCT ON (text) * FROM vectors) v ON v.text = r.text"""
    )
    await connection.execute(index)
