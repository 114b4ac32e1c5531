"""Moving in and out: importing other products' exports and our own, and exporting a site.

An import writes batches, each its own transaction, and remembers nothing between runs: an id is made of the site, the
source and the source's id, so a run after a crash finds what is there.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Literal
from uuid import UUID, uuid4

import asyncpg
import orjson

from service.deps import Deps
from service.domain.errors import ConfigurationError, Unavailable
from service.domain.identity import MAX_LABEL, MAX_LABELS, MAX_NAME, Role
from service.domain.ids import created_at_of, uuid7_from
from service.domain.markup import RENDERER, render_markdown, sanitise_html, text_of
from service.domain.sites import SETTING_NAMES, Site, SiteSettings
from service.domain.text import clean_line, clean_text, is_blank
from service.importers.article_ids import ArticleIds
from service.importers.commento import read_commento
from service.importers.dataset import export_line, read_dataset
from service.importers.disqus import read_disqus
from service.importers.records import (
    NAMELESS,
    ImportedArticle,
    ImportedAuthor,
    ImportedComment,
    ImportedSite,
    MalformedImport,
    Origin,
    Skipped,
    anonymous_subject,
    issuer_of,
    may_be_empty,
    short_key,
)
from service.importers.wordpress import read_wordpress
from service.operations.authors import allowed_picture
from service.store import events, rights, sites, transfer
from service.store.database import Database, Transaction
from service.store.transfer import Place

Format = Literal["disqus", "wordpress", "commento", "dataset"]
Record = ImportedSite | ImportedArticle | ImportedComment | Skipped
Progress = Callable[[int, "ImportReport"], None]  # bytes read so far, and what came of them

READERS: Mapping[str, Callable[..., Iterator[Any]]] = {
    "disqus": read_disqus,
    "wordpress": read_wordpress,
    "commento": read_commento,
    "dataset": read_dataset,
}
BATCH = 500  # records
BATCH_CHARACTERS = 1_000_000
LOG_BATCH = 2000
PATIENCE = 60.0  # seconds for a statement of an import
EXPORT_PATIENCE = 24 * 3600.0
FOREIGN_HTML = 0  # as renderer: the HTML is what it was imported as, not made of the text
EXAMPLES = 5
SECRET_SETTINGS = ("hook",)  # its address may carry a credential, and a copy must not call it unasked

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARAGRAPH_END = re.compile(r"</(?:p|pre|blockquote|ul|ol)>")
_LINE_END = re.compile(r"<br>\n?|</li>")


@dataclass(slots=True)
class Reasons:
    """How often each reason applied, with the first few it applied to."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)

    def add(self, reason: str, source_id: str | None, line: int | None) -> None:
        """Count one."""
        self.counts[reason] += 1
        first = self.examples.setdefault(reason, [])
        if len(first) < EXAMPLES:
            first.append(" ".join(filter(None, (source_id, f"(line {line})" if line else None))))


@dataclass(slots=True)
class ImportReport:
    """What became of a file's comments: read = imported + skipped + already there. `rooted` are among the imported."""

    imported: int = 0
    already_there: int = 0
    skipped: Reasons = field(default_factory=Reasons)
    rooted: Reasons = field(default_factory=Reasons)
    waiting: int = 0  # put aside until their parents are there; none at the end
    articles: int = 0
    authors: int = 0
    erased: int = 0  # comments of people who were erased here
    settings_taken: bool = False

    @property
    def read(self) -> int:
        """Comments read so far."""
        return self.imported + self.already_there + self.waiting + self.skipped.counts.total()


@dataclass(slots=True)
class Prepared:
    """A comment nobody has yet: what will be written, but for its place and the keys of its article and author."""

    key: bytes
    parent_key: bytes | None
    comment: ImportedComment
    author: ImportedAuthor
    values: dict[str, Any]


@dataclass(slots=True)
class Import:
    """One run over one file."""

    deps: Deps
    site: Site
    database: Database
    id: UUID = field(default_factory=uuid4)
    report: ImportReport = field(default_factory=ImportReport)
    number: int = 0  # of replies put aside

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that gives way to readers."""
        async with self.database.transaction("import_batch") as tx:
            await transfer.settle_import(tx)
            yield tx


async def import_file(
    deps: Deps,
    site: Site,
    file_format: Format,
    stream: BinaryIO,
    *,
    ids: ArticleIds | None = None,
    source: str | None = None,
    progress: Progress = lambda position, report: None,
) -> ImportReport:
    """Import an export into a site; doing it again, after whatever interruption, adds what is missing and no more.

    `stream` must be seekable. Raises MalformedImport with the line; what stands before it has been imported, but for
    replies to comments after it. Raises Unavailable when PostgreSQL is away.
    """
    named = {} if source is None else {"source": source}
    batches = batched(READERS[file_format](stream, ids=ids or ArticleIds(), **named))
    database = Database(deps.settings.database_url, size=1, patience=PATIENCE)
    await database.connect()
    run = Import(deps, site, database)
    try:
        while (batch := await asyncio.to_thread(next, batches, None)) is not None:
            await take(run, batch)
            progress(stream.tell(), run.report)
        await take_waiting(run)
        return run.report
    except MalformedImport as error:
        stays = f"{run.report.imported} comments before it were imported; mend the file and run this again"
        raise MalformedImport(error.line, f"{error.message} ({stays})") from None
    finally:
        if run.number:
            await transfer.forget_replies(database, run.id)
        await database.close()


def batched(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Records in batches of bounded size; those before a MalformedImport come before it is raised."""
    batch: list[Record] = []
    size = 0
    try:
        for record in records:
            batch.append(record)
            size += size_of(record)
            if len(batch) >= BATCH or size >= BATCH_CHARACTERS:
                yield batch
                batch, size = [], 0
    except MalformedImport:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def size_of(record: Record) -> int:
    """Characters of a comment's words; the rest of a record is short."""
    return len(record.text) + len(record.html or "") if isinstance(record, ImportedComment) else 0


async def take(run: Import, batch: Sequence[Record]) -> None:
    """Import one batch: what is there already is found first, so that nothing is rendered in vain."""
    comments = await forgotten(run, [record for record in batch if isinstance(record, ImportedComment)])
    articles = {record.external_id: record for record in batch if isinstance(record, ImportedArticle)}
    for record in batch:
        if isinstance(record, Skipped):
            run.report.skipped.add(record.reason_code, record.source_id, record.line)
        elif isinstance(record, ImportedSite):
            await take_settings(run, record)
    keys = [comment_key(run.site, comment) for comment in comments]
    parents = [parent_key(run.site, comment) for comment in comments]
    async with run.transaction() as tx:
        known = await transfer.find_imported(tx, run.site.key, {*keys, *filter(None, parents)})
    fresh: dict[bytes, Prepared] = {}
    for comment, key, parent in zip(comments, keys, parents, strict=True):
        if key in known or key in fresh:
            run.report.already_there += 1
        elif (prepared := prepare(run.site, comment, key, parent)) is None:
            run.report.skipped.add("empty_text", comment.source_id, comment.line)
        else:
            fresh[key] = prepared
            articles.setdefault(comment.article.external_id, article_of(comment))
    if fresh or articles:
        await write(run, list(fresh.values()), articles, known)


async def forgotten(run: Import, comments: list[ImportedComment]) -> list[ImportedComment]:
    """The comments, those of erased people as an erasure leaves them: without a name, deleted if the site says so."""
    by_person: dict[bytes, list[int]] = {}
    for number, comment in enumerate(comments):
        if comment.author is not None:
            author = identified(comment.author)
            for person in run.deps.person_hashes(run.site.name, author.issuer, author.subject):
                by_person.setdefault(person, []).append(number)
    for person in await rights.known_erased(run.database, run.site.key, list(by_person)):
        for number in by_person[person]:
            nameless = replace(comments[number], author=None)
            deletes = run.site.settings.erase == "delete" or nameless.status != "published"
            comments[number] = (
                replace(nameless, text="", html=None, status="deleted", prior_status=None) if deletes else nameless
            )
            run.report.erased += 1
    return comments


async def write(
    run: Import, fresh: Sequence[Prepared], articles: Mapping[str, ImportedArticle], known: Mapping[bytes, Place]
) -> None:
    """Write a batch in one transaction: articles, authors, comments whose parents are there, others put aside."""
    places, placed, waiting = dict(known), list[dict[str, Any]](), list[dict[str, Any]]()
    rooted = list[tuple[str, ImportedComment]]()
    authors = author_rows(run.site, fresh)
    first = {item.comment.article.external_id: item.comment.created_at for item in reversed(fresh)}
    opening = [article_row(n, article, first.get(name)) for n, (name, article) in enumerate(articles.items())]
    async with run.transaction() as tx:
        opened = await transfer.open_articles(tx, run.site.key, opening)
        article_keys = await transfer.article_keys(tx, run.site.key, list(articles))
        stored = await transfer.insert_authors(tx, run.site.key, list(authors.values()))
        author_keys = await transfer.author_keys(tx, run.site.key, list(authors))
        for item in fresh:
            item.values["article_key"] = article_keys[item.comment.article.external_id]
            try:
                item.values["author_key"] = author_keys[item.author.issuer, item.author.subject]
            except KeyError:
                raise Unavailable from None  # stored by somebody else under the same id meanwhile
            if item.parent_key is not None and item.parent_key not in places:
                run.number += 1
                waiting.append(waiting_row(run.number, item))
                continue
            reason = set_place(places, item.key, item.parent_key, item.values)
            if reason is not None:
                rooted.append((reason, item.comment))
            placed.append({"n": len(placed), **item.values})
        inserted = await transfer.insert_comments(tx, run.site.key, placed)
        kept = await transfer.keep_replies(tx, run.id, waiting)
    report = run.report
    report.articles += opened
    report.authors += stored
    report.waiting += kept
    for reason, comment in rooted:
        report.rooted.add(reason, comment.source_id, comment.line)
    count_written(report, inserted, len(placed))
    report.already_there += len(waiting) - kept
    await tell(run, articles)


def count_written(report: ImportReport, inserted: int, wanted: int) -> None:
    """Count a batch that was written; what another run wrote meanwhile was there already."""
    report.imported += inserted
    report.already_there += wanted - inserted


async def tell(run: Import, article_ids: Iterable[str]) -> None:
    """Let counts and pages follow now, batch by batch, so that readers' own changes never queue behind an import."""
    run.deps.withdrew(*((run.site.name, article_id) for article_id in article_ids))
    await events.advance_log(run.database, LOG_BATCH)


# Replies that stood before their parents


async def take_waiting(run: Import) -> None:
    """Import what was put aside, parents first. Those without a parent, and one of every circle, become roots."""
    if not run.report.waiting:
        return
    async with run.transaction() as tx:
        await transfer.order_replies(tx, run.id)
        if await transfer.open_circles(tx, run.id):
            await transfer.order_replies(tx, run.id)
    after = (-1, 0)
    while rows := await next_waiting(run, after):
        await write_waiting(run, rows)
        after = (rows[-1]["level"], rows[-1]["n"])


async def next_waiting(run: Import, after: tuple[int, int]) -> list[asyncpg.Record]:
    """The next batch of what was put aside."""
    async with run.transaction() as tx:
        return await transfer.next_replies(tx, run.id, after, BATCH)


async def write_waiting(run: Import, rows: Sequence[asyncpg.Record]) -> None:
    """Write a batch of what was put aside."""
    rooted, placed = list[tuple[str, Mapping[str, Any]]](), list[dict[str, Any]]()
    async with run.transaction() as tx:
        keys = {key for row in rows for key in (row["key"], row["parent_key"]) if key is not None}
        places = await transfer.find_imported(tx, run.site.key, keys)
        for row in rows:
            record = row["record"]
            values = record["values"]
            values["id"] = UUID(values["id"])
            reason = set_place(places, row["key"], row["parent_key"], values)
            # it had a parent when it was put aside
            if row["parent_key"] is None:
                reason = "parent_circle"
            if reason is not None:
                rooted.append((reason, record))
            placed.append({"n": len(placed), **values})
        inserted = await transfer.insert_comments(tx, run.site.key, placed)
    run.report.waiting -= len(rows)
    for reason, record in rooted:
        run.report.rooted.add(reason, record["source_id"], record["line"])
    count_written(run.report, inserted, len(placed))
    await tell(run, {row["record"]["article_id"] for row in rows})


def waiting_row(number: int, item: Prepared) -> dict[str, Any]:
    """A comment to be put aside."""
    assert item.parent_key is not None
    comment = item.comment
    return {
        "n": number,
        "key": item.key.hex(),
        "parent_key": item.parent_key.hex(),
        "size": len(item.values["text"]) + len(item.values["html"]),
        "record": {
            "source_id": comment.source_id,
            "line": comment.line,
            "article_id": comment.article.external_id,
            "values": item.values,
        },
    }


# What is written


def set_place(places: dict[bytes, Place], key: bytes, parent_key: bytes | None, values: dict[str, Any]) -> str | None:
    """Put a comment below its parent (the rule is insert_comment's), or as a root where that cannot be, and why."""
    article_key, comment_id = values["article_key"], values["id"]
    parent = places.get(parent_key) if parent_key is not None else None
    reason = None
    if parent is None and parent_key is not None:
        reason = "parent_missing"
    elif parent is not None and parent.article_key != article_key:
        parent, reason = None, "parent_elsewhere"
    if parent is None:
        place = Place(article_key, comment_id, comment_id, 0, comment_id.bytes)
    else:
        path = parent.path[:128] + comment_id.bytes
        place = Place(article_key, comment_id, parent.root_id, min(parent.depth + 1, 8), path)
    places[key] = place
    values["parent_id"] = parent.id if parent else None
    values["root_id"], values["depth"], values["path"] = place.root_id, place.depth, place.path.hex()
    return reason


def prepare(site: Site, comment: ImportedComment, key: bytes, parent: bytes | None) -> Prepared | None:
    """A comment ready to be written; nothing when no words are left of one that needs some."""
    text, html, renderer = words(comment)
    if comment.id is None and not may_be_empty(comment.status) and is_blank(text_of(html)):
        return None
    author = comment.author or ImportedAuthor(
        issuer_of(comment.source), anonymous_subject(comment.source, None, None), NAMELESS, guest=True
    )
    published = "published" in (comment.status, comment.prior_status) or comment.status == "deleted"
    values = {
        "id": comment_id(site, comment),
        "status": comment.status,
        "prior_status": comment.prior_status if comment.status in ("removed", "spam") else None,
        "held_by": comment.held_by,
        "featured": comment.featured and comment.status == "published",
        "edited_at": comment.edited_at,
        "up": comment.votes_up,
        "down": comment.votes_down,
        "source": origin_values(comment.origin),
        "text": text,
        "html": html,
        "renderer": renderer,
        "revision_status": "published" if published else "pending",
        "worded_at": comment.edited_at or comment.created_at,
    }
    return Prepared(key, parent, comment, author, values)


def words(comment: ImportedComment) -> tuple[str, str, int]:
    """Text, HTML and renderer: Markdown rendered, HTML sanitised, with its words as the text where it has no other."""
    if comment.text_format == "html":
        html = sanitise_html(comment.text)
        return plain_words(html), html, FOREIGN_HTML
    text = clean_text(comment.text)
    if comment.html is not None:
        return text, sanitise_html(comment.html), FOREIGN_HTML
    return text, render_markdown(text), RENDERER


def plain_words(html: str) -> str:
    """The words of sanitised HTML, with its paragraphs and lines."""
    broken = _LINE_END.sub("\n", _PARAGRAPH_END.sub("\n\n", html))
    return clean_text(re.sub(r"\n{3,}", "\n\n", text_of(broken)).strip())


def milliseconds(moment: datetime) -> int:
    """Since 1970."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def seed(*parts: str) -> bytes:
    """What ids are made from: the parts, told apart."""
    return orjson.dumps(["discuss-import", *parts])


def comment_id(site: Site, comment: ImportedComment) -> UUID:
    """Our own id, or the one that this record of this source always gets."""
    if comment.id is None:
        return uuid7_from(milliseconds(comment.created_at), seed(site.name, comment.source, comment.source_id))
    try:
        if created_at_of(comment.id) == comment.created_at:
            return comment.id
    except ValueError:
        pass
    raise MalformedImport(comment.line or 0, "id must be a UUIDv7 whose time is created")


def comment_key(site: Site, comment: ImportedComment) -> bytes:
    """What a record is found again by: the whole of our own id, else what follows the time in the id."""
    made = comment_id(site, comment).bytes
    return made if comment.id is not None else made[6:]


def parent_key(site: Site, comment: ImportedComment) -> bytes | None:
    """The key of the comment it replies to."""
    if comment.parent_id is not None:
        return comment.parent_id.bytes
    if comment.parent_source_id is None:
        return None
    return uuid7_from(0, seed(site.name, comment.source, comment.parent_source_id)).bytes[6:]


def origin_values(origin: Origin | None) -> dict[str, str] | None:
    """Where something was before, as it is stored."""
    if origin is None:
        return None
    values = {item.name: getattr(origin, item.name) for item in fields(origin)}
    return {name: value for name, value in values.items() if value is not None}


def article_of(comment: ImportedComment) -> ImportedArticle:
    """The article a comment names, with what its source called it."""
    article, origin = comment.article, comment.origin
    if article.source is not None or comment.id is not None or origin is None or origin.thread is None:
        return article
    values = {item.name: getattr(article, item.name) for item in fields(article)}
    return ImportedArticle(**values | {"source": Origin(origin.name, origin.thread, url=origin.url)})


def article_row(number: int, article: ImportedArticle, first_comment_at: datetime | None) -> dict[str, Any]:
    """An article to be opened."""
    return {
        "n": number,
        "external_id": article.external_id,
        "title": one_line(article.title, 500),
        "url": article.url,
        "section": one_line(article.section, 200),
        "registered": article.registered,
        "locked": article.locked,
        "locked_reason": article.locked_reason,
        "moderation": article.moderation,
        "visibility": article.visibility,
        "opens_at": article.opens_at,
        "closes_at": article.closes_at,
        "source": origin_values(article.source),
        "created_at": article.created_at or first_comment_at or datetime.now(UTC),
        "aliases": article.aliases,
    }


def one_line(text: str | None, longest: int) -> str | None:
    """A title or name as it is stored; nothing when nothing is left."""
    return (clean_line(text)[:longest].strip() or None) if text else None


def author_rows(site: Site, fresh: Iterable[Prepared]) -> dict[tuple[str, str], dict[str, Any]]:
    """The authors of a batch by identity, as their first comment in it tells them."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    given: set[UUID] = set()
    for item in fresh:
        author = item.author = identified(item.author)
        identity = author.issuer, author.subject
        if identity in rows:
            continue
        own = uuid7_from(milliseconds(item.comment.created_at), seed("author", site.name, *identity))
        author_id = author.id if author.id is not None and author.id not in given else own
        given.add(author_id)
        rows[identity] = {"n": len(rows), "id": author_id, "spare_id": own} | author_values(site, author, item.comment)
    return rows


def identified(author: ImportedAuthor) -> ImportedAuthor:
    """The author with an identity that fits into an index."""
    values = {item.name: getattr(author, item.name) for item in fields(author)}
    return ImportedAuthor(**values | {"issuer": short_key(author.issuer), "subject": short_key(author.subject)})


def author_values(site: Site, author: ImportedAuthor, comment: ImportedComment) -> dict[str, Any]:
    """An author to be stored; roles only show, what somebody may do comes from their token."""
    labels = [clean_line(label) for label in author.labels]
    name = one_line(author.name, MAX_NAME)
    return {
        "issuer": author.issuer,
        "subject": author.subject,
        "name": name if name and not is_blank(name) else NAMELESS,
        "avatar_url": allowed_picture(author.picture, site.settings.picture_hosts),
        "roles": [role.value for role in Role if role.value in author.roles],
        "labels": [label for label in labels if 1 <= len(label) <= MAX_LABEL][:MAX_LABELS],
        "guest": author.guest,
        "created_at": comment.created_at,
    }


async def take_settings(run: Import, record: ImportedSite) -> None:
    """Take over an export's settings where nobody has set any. Raises ConfigurationError for what is no setting."""
    given = {name: value for name, value in record.settings.items() if name not in SECRET_SETTINGS}
    if not given or run.site.settings != SiteSettings():
        return
    defaults = asdict(SiteSettings())
    wrong = [
        name
        for name, value in given.items()
        if name not in SETTING_NAMES or (defaults[name] is not None and type(value) is not type(defaults[name]))
    ]
    if wrong:
        raise ConfigurationError([f"{name} in the file is not a setting of this kind" for name in wrong])
    if await sites.update_settings(run.database, run.site.key, given, run.site.version) is None:
        return
    run.deps.sites.forget(run.site.name)
    run.site = await sites.find_site(run.database, run.site.name) or run.site
    run.report.settings_taken = True


# Export


@dataclass(slots=True)
class ExportReport:
    """What was written."""

    articles: int = 0
    comments: int = 0


async def export_site(
    deps: Deps,
    site: Site,
    write: Callable[[bytes], object],
    *,
    progress: Callable[[ExportReport], None] = lambda report: None,
) -> ExportReport:
    """Write a site as JSON Lines: its settings, its articles, its comments, as of one moment, without any secret.

    Raises Unavailable when PostgreSQL is or goes away; then the lines written so far are not the whole.
    """
    report = ExportReport()
    database = Database(deps.settings.database_url, size=1, patience=EXPORT_PATIENCE)
    await database.connect()
    try:
        async with database.transaction("export_site") as tx:
            await transfer.begin_snapshot(tx)
            write(export_line(exported_site(await sites.find_site(tx, site.name) or site)))
            async for row in transfer.each_article(tx, site.key):
                write(export_line(exported_article(row)))
                report.articles += 1
            async for row in parents_first(transfer.each_comment(tx, site.key)):
                write(export_line(exported_comment(row)))
                report.comments += 1
                if report.comments % BATCH == 0:
                    progress(report)
        return report
    finally:
        await database.close()


async def parents_first(rows: AsyncIterator[asyncpg.Record]) -> AsyncIterator[asyncpg.Record]:
    """Rows in reading order with every reply after its parent.

    Below depth 8 replies stand beside their parents, by id; one that is older than its parent, as only imports have
    it, is held back until that has come.
    """
    beside: bytes | None = None  # the path above those at depth 8
    seen, held = set[UUID](), dict[UUID, list[asyncpg.Record]]()
    async for row in rows:
        if row["depth"] < 8:
            yield row
            continue
        path = row["path"]
        if path[:128] != beside:
            beside, seen, held = path[:128], set(), {}
        parent = row["parent_id"]
        if parent.bytes != path[112:128] and parent not in seen:
            held.setdefault(parent, []).append(row)
            continue
        released = [row]
        while released:
            following = released.pop()
            yield following
            seen.add(following["id"])
            released.extend(reversed(held.pop(following["id"], [])))


def exported_site(site: Site) -> ImportedSite:
    """The site and those of its settings that differ from the defaults."""
    defaults, values = asdict(SiteSettings()), asdict(site.settings)
    settings = {
        name: value for name, value in values.items() if value != defaults[name] and name not in SECRET_SETTINGS
    }
    return ImportedSite(site.name, settings)


def exported_article(row: asyncpg.Record) -> ImportedArticle:
    """A row of each_article as a line's record."""
    values = dict(row)
    source = values.pop("source")
    return ImportedArticle(
        **values | {"aliases": tuple(row["aliases"]), "source": Origin(**source) if source else None}
    )


def exported_comment(row: asyncpg.Record) -> ImportedComment:
    """A row of each_comment as a line's record."""
    parent = row["parent_id"]
    author = ImportedAuthor(
        issuer=row["issuer"],
        subject=row["subject"],
        name=row["name"],
        guest=row["guest"],
        picture=row["avatar_url"],
        roles=tuple(row["roles"]),
        labels=tuple(row["labels"]),
        id=row["author_id"],
    )
    return ImportedComment(
        source="discuss",
        source_id=str(row["id"]),
        article=ImportedArticle(row["article_id"]),
        parent_source_id=str(parent) if parent else None,
        author=author,
        created_at=created_at_of(row["id"]),
        text=row["text"],
        text_format="markdown",
        html=row["html"] if row["renderer"] == FOREIGN_HTML else None,
        status=row["status"],
        origin=Origin(**row["source"]) if row["source"] else None,
        prior_status=row["prior_status"],
        edited_at=row["edited_at"],
        featured=row["featured"],
        held_by=tuple(row["held_by"]),
        votes_up=row["up"],
        votes_down=row["down"],
        id=row["id"],
        parent_id=parent,
    )
