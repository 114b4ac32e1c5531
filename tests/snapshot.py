"""The schema as PostgreSQL tells it: `python -m tests.snapshot` writes migrations/schema.sql and the newest fixture.

tests/fixtures/schema-NNNN.sql is a database as migration NNNN left it, with a discussion in it; upgrade tests restore
it and migrate on. Once a release holds NNNN its fixture is never written again.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import uuid
from pathlib import Path
from urllib.parse import unquote, urlsplit

from service.embedded import postgres_programs
from service.store.migrations import FOLDER, load_migrations, migrate
from tests.servers import SessionServers, run_sql

SCHEMA = FOLDER / "schema.sql"
FIXTURES = Path(__file__).parent / "fixtures"
HEADING = (
    "-- What the migrations build, to read and to compare. Written by `python -m tests.snapshot`; never applied.\n\n"
)
SESSION_LINE = re.compile(r"^(--|SET |SELECT pg_catalog\.set_config|\\(un)?restrict )")

# A published root, a removed reply to it, and a published reply below that: everything a page shows.
DISCUSSION = """
INSERT INTO sites (name, settings) VALUES ('old', '{"guests": true}');
INSERT INTO articles (site_key, external_id, title) VALUES (1, 'kept', 'Kept since then');
INSERT INTO article_ids (site_key, external_id, article_key) VALUES (1, 'kept', 1);
INSERT INTO article_counts (article_key, comment_count, position) VALUES (1, 2, 4);
INSERT INTO authors (id, site_key, issuer, subject, name)
VALUES ('01999999-0000-7000-8000-0000000000aa', 1, 'https://publisher.example', 'ada', 'Ada');
INSERT INTO comments (site_key, article_key, id, parent_id, root_id, depth, path, author_key, status,
                      reply_count, descendant_count)
SELECT 1, 1, id, parent, '01999999-0000-7000-8000-000000000001', depth, path, 1, status, replies, below
FROM (VALUES
    ('01999999-0000-7000-8000-000000000001'::uuid, NULL::uuid, 0, 'published', 0, 1),
    ('01999999-0000-7000-8000-000000000002', '01999999-0000-7000-8000-000000000001', 1, 'removed', 1, 1),
    ('01999999-0000-7000-8000-000000000003', '01999999-0000-7000-8000-000000000002', 2, 'published', 0, 0)
) AS c (id, parent, depth, status, replies, below), LATERAL (
    SELECT string_agg(decode('019999990000700080000000000000' || lpad(to_hex(i), 2, '0'), 'hex'), '' ORDER BY i) AS path
    FROM generate_series(1, depth + 1) AS i) AS p;
INSERT INTO revisions (article_key, comment_id, number, text, html, renderer, status, created_at)
SELECT 1, id, 1, 'Words.', '<p>Words.</p>', 1, 'published', '2025-10-01' FROM comments;
INSERT INTO events (kind, site_key, article_key, comment_id, author_key, from_status, to_status, written_at)
SELECT 'comment.created', 1, 1, id, 1, NULL, 'published', '2025-10-01' FROM comments ORDER BY id;
INSERT INTO events (kind, site_key, article_key, comment_id, author_key, from_status, to_status, written_at)
VALUES ('comment.removed', 1, 1, '01999999-0000-7000-8000-000000000002', 1, 'published', 'removed', '2025-10-01');
UPDATE followers SET position = 4 WHERE name = 'log';
"""


def client(program: str, url: str, *arguments: str, text: str | None = None) -> str:
    """What one of PostgreSQL's own client programs says, connected to `url`. Raises AssertionError when it fails."""
    parts = urlsplit(url)
    password = {"PGPASSWORD": unquote(parts.password)} if parts.password else {}
    without = parts._replace(netloc=parts.netloc.replace(f":{parts.password}@", "@")).geturl()
    done = subprocess.run(
        [postgres_programs() / program, "-d", without, *arguments],
        env=os.environ | password,
        input=text,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{program}: {done.stderr}"
    return done.stdout


def dump(url: str, *arguments: str) -> str:
    """A database as SQL."""
    return client("pg_dump", url, *arguments)


def restore(url: str, sql: str) -> None:
    """Run a dump in an empty database, wholly or not at all."""
    client("psql", url, "-Xq", "-1", "-v", "ON_ERROR_STOP=1", "-f", "-", text=sql)


def dump_schema(url: str) -> str:
    """The schema without what differs between servers and sessions: owners, rights, settings, comments."""
    lines = dump(url, "--schema-only", "--no-owner", "--no-privileges").splitlines()
    kept = "\n".join(line for line in lines if not SESSION_LINE.match(line))
    return HEADING + re.sub(r"\n{3,}", "\n\n", kept).strip() + "\n"


def fixture(version: int) -> Path:
    """The database as that migration left it."""
    return FIXTURES / f"schema-{version:04}.sql"


def main() -> None:
    """Write both files from a database that the migrations build now."""
    with SessionServers() as servers:
        name = f"discuss_snapshot_{uuid.uuid4().hex[:8]}"
        servers.create_database(name)
        owner = servers.owner_url(name)
        try:
            asyncio.run(migrate(owner, servers.app_url(name)))
            SCHEMA.write_text(dump_schema(owner))
            run_sql(owner, DISCUSSION)
            fixture(len(load_migrations())).write_text(dump(owner, "--no-owner", "--no-privileges"))
        finally:
            servers.drop_database(name)


if __name__ == "__main__":
    main()
