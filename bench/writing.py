"""What people do: posts against bare transactions and Isso, votes, and everything at once."""

from __future__ import annotations

import contextlib
import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import seed
from bench import stage as on
from bench.isso import URI
from bench.load import Expected, Run, Votes, load
from bench.rounds import CONNECTIONS, Contender, Row, interleave, median_p99, row
from bench.servers import ROOT
from bench.stage import Stage


def posts(stage: Stage) -> Iterator[Row]:
    """Durable posts to one article, against the rows alone and against Isso."""
    assert stage.isso
    seconds = stage.seconds + 1
    contenders: dict[str, Contender] = {
        "service": functools.partial(post_round, stage),
        "floor": functools.partial(_insert_round, stage),
        "isso": functools.partial(_isso_round, stage),
    }
    runs = interleave(stage, contenders, seconds)
    p99 = median_p99(runs["service"])
    over_floor = row("posts to one article", runs["service"], runs["floor"], 0.35, "bare transactions")
    over_isso = row("posts to one article of 10,000 comments", runs["service"], runs["isso"], 4, "Isso")
    for line in (over_floor, over_isso):
        yield Row(**vars(line) | {"measured": f"{line.measured}, p99 {p99:.0f} ms"})


def post_round(stage: Stage, seconds: float) -> Run:
    """Post as fast as it goes; the table must then hold what was answered, and the count say the same."""
    answer, what = on.service_posts(stage, "posting", f"run-{time.time_ns()}")
    before = on.stored_comments(stage, "posting")
    run = load(stage.service, on.page("posting"), answer, connections=CONNECTIONS, seconds=seconds, sent=what)
    on.wait_until_followed(stage)
    stored = on.stored_comments(stage, "posting")
    # wrk leaves without reading its last answers: one a connection
    if not run.right <= stored - before <= run.right + CONNECTIONS:
        raise on.WrongAnswerError(f"{run.right} posts were answered with 201, but {stored - before} are stored")
    _await_count(stage, "posting", stored)
    return run


def _await_count(stage: Stage, article: str, count: int) -> None:
    deadline = time.monotonic() + 2
    path = f"{on.BELOW}/counts?article={article}"
    while (shown := json.loads(on.fetch(stage.service, path))["counts"][article]) != count:
        if time.monotonic() > deadline:
            raise on.WrongAnswerError(f"{article} has {count} comments, but its count says {shown}")
        time.sleep(0.05)


def _insert_round(stage: Stage, seconds: float) -> Run:
    """Floor (b): two processes of 16 connections, beside the frozen service, whose followers would work for it."""
    command = [sys.executable, "-m", "bench.floor_insert", stage.database_url, str(seconds)]
    before = on.stored_comments(stage, "floor")
    with stage.service.frozen(), contextlib.ExitStack() as stack:
        children = [
            stack.enter_context(
                subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(2)
        ]
        for child in children:
            assert child.stdout
            child.stdout.readline()
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        sums = [json.loads(child.communicate()[0]) for child in children]
    on.wait_until_followed(stage)
    written, warm = sum(each["posts"] for each in sums), 2 * 16
    stored = on.stored_comments(stage, "floor") - before
    if stored != written + warm:
        raise on.WrongAnswerError(f"the floor wrote {written + warm} comments, but {stored} are stored")
    spent = max(each["seconds"] for each in sums)
    return Run(written, 0, spent, 0, 0, tuple(each["posts"] / written for each in sums), 0, "")


def _isso_round(stage: Stage, seconds: float) -> Run:
    assert stage.isso
    stage.isso.put_back()
    answer, what = on.isso_posts(stage.isso, f"run-{time.time_ns()}")
    path = f"/new?uri={URI}"
    return load(stage.isso.server, path, answer, connections=CONNECTIONS, seconds=seconds, sent=what)


# ---- votes

VALUES = ('{"value":1}', '{"value":-1}', '{"value":0}')


def votes(stage: Stage) -> Iterator[Row]:
    """Votes on one comment by all seeded readers, against posts."""
    deadlocks = _deadlocks(stage)
    comment = json.loads(on.fetch(stage.service, on.page("thousand")))["comments"][0]
    contenders: dict[str, Contender] = {
        "votes": functools.partial(_vote_round, stage, comment["id"], comment["author"]["name"]),
        "posts": functools.partial(post_round, stage),
    }
    runs = interleave(stage, contenders, stage.seconds + 1)
    if _deadlocks(stage) != deadlocks:
        raise on.WrongAnswerError(f"{_deadlocks(stage) - deadlocks} deadlocks")
    line = row(f"votes on one comment by {seed.AUTHORS - 1}", runs["votes"], runs["posts"], 0.5, "posts")
    yield Row(**vars(line) | {"measured": f"{line.measured}, p99 {median_p99(runs['votes']):.0f} ms"})


def _vote_round(stage: Stage, comment_id: str, written_by: str, seconds: float) -> Run:
    """Vote as fast as it goes; the totals must then be those of the rows, one for each reader at most."""
    names = [f"Reader {number}" for number in range(seed.AUTHORS)]
    voters = [on.token(f"seeded-{number}", name) for number, name in enumerate(names) if name != written_by]
    headers = on.signed_in(None, {"Content-Type": "application/json"})
    answer = Expected(least=40, most=100, marker='"votes":{', headers=headers)
    path = f"{on.BELOW}/comments/{comment_id}/vote"
    seeded = _votes_without_rows(stage, comment_id)
    run = load(stage.service, path, answer, connections=CONNECTIONS, seconds=seconds, sent=Votes(VALUES, voters))
    on.wait_until_followed(stage)
    deadline = time.monotonic() + 2
    while (now := _votes_without_rows(stage, comment_id)) != seeded:
        if time.monotonic() > deadline:
            raise on.WrongAnswerError(f"the totals (up, down) are {now} more than the rows of votes, not {seeded}")
        time.sleep(0.05)
    return run


def _votes_without_rows(stage: Stage, comment_id: str) -> tuple[int, int]:
    """How much more than rows of votes readers are shown, up and down: what the data set gave the comment."""
    shown = json.loads(on.fetch(stage.service, f"{on.BELOW}/comments/{comment_id}"))["comment"]["votes"]
    sql = """SELECT count(*) FILTER (WHERE value = 1) AS up, count(*) FILTER (WHERE value = -1) AS down
             FROM votes WHERE comment_id = $1::uuid"""
    (stored,) = on.rows_of(stage.database_url, sql, comment_id)
    return shown["up"] - stored["up"], shown["down"] - stored["down"]


def _deadlocks(stage: Stage) -> int:
    sql = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
    return int(on.query(stage.database_url, sql))


# ---- everything at once

OPERATIONS = 10_000
MIXED = [f"mixed-{number:02}" for number in range(36)]
SETTLED = 2.0  # seconds after the last answer, and everything is exact

# What the service shows and keeps beside what it would be, counted from statuses, flags and rows of votes.
WRONG_VALUES = """
WITH a AS MATERIALIZED (
    SELECT key FROM articles WHERE external_id LIKE 'mixed-%'
), c AS MATERIALIZED (
    SELECT c.* FROM comments c JOIN a ON a.key = c.article_key
), people AS (
    SELECT DISTINCT author_key AS key FROM c
), waiting AS (
    SELECT id, 'pending' AS kind FROM c WHERE status = 'pending' OR pending_revision IS NOT NULL
    UNION ALL
    SELECT id, 'flagged' FROM c WHERE EXISTS (SELECT FROM flags f WHERE f.comment_id = c.id AND f.state = 'open')
), queued AS (
    SELECT q.comment_id, q.kind FROM queue q JOIN a ON a.key = q.article_key
)
SELECT 'comment_count' AS value, count(*) AS wrong FROM a JOIN article_counts n ON n.article_key = a.key
WHERE n.comment_count <> (SELECT count(*) FROM c WHERE c.article_key = a.key AND c.status = 'published')
UNION ALL
SELECT 'reply_count', count(*) FROM c
LEFT JOIN (SELECT parent_id, count(*) AS n FROM c WHERE status = 'published' GROUP BY 1) r ON r.parent_id = c.id
WHERE c.reply_count <> coalesce(r.n, 0)
UNION ALL
SELECT 'descendant_count', count(*) FROM c
WHERE c.descendant_count <> CASE WHEN c.depth = 8 THEN c.reply_count ELSE (
    SELECT count(*) FROM c d
    WHERE d.root_id = c.root_id AND d.id <> c.id AND d.status = 'published'
        AND substring(d.path FOR octet_length(c.path)) = c.path) END
UNION ALL
SELECT 'votes', count(*) FROM c
LEFT JOIN (SELECT comment_id, count(*) FILTER (WHERE value = 1) AS up, count(*) FILTER (WHERE value = -1) AS down
           FROM votes GROUP BY 1) v ON v.comment_id = c.id
WHERE (c.up, c.down) <> (coalesce(v.up, 0), coalesce(v.down, 0))
UNION ALL
SELECT 'queue', count(*) FROM ((TABLE waiting EXCEPT TABLE queued) UNION ALL (TABLE queued EXCEPT TABLE waiting)) q
UNION ALL
SELECT 'author_record', count(*) FROM people p JOIN author_counts n ON n.author_key = p.key
WHERE (n.published, n.pending, n.removed, n.spam, n.deleted) <> (
    SELECT count(*) FILTER (WHERE status = 'published'), count(*) FILTER (WHERE status = 'pending'),
           count(*) FILTER (WHERE status = 'removed'), count(*) FILTER (WHERE status = 'spam'),
           count(*) FILTER (WHERE status = 'deleted')
    FROM comments x WHERE x.author_key = p.key)
"""
# The numbers of the whole site's queues.
WAITING = """
SELECT count(*) FILTER (WHERE status = 'pending' OR pending_revision IS NOT NULL) AS pending,
       count(*) FILTER (WHERE EXISTS (SELECT FROM flags f WHERE f.comment_id = c.id AND f.state = 'open')) AS flagged,
       count(*) FILTER (WHERE status = 'removed') AS removed, count(*) FILTER (WHERE status = 'spam') AS spam
FROM comments c WHERE site_key = 1
"""
SHOWN = """
SELECT a.external_id AS article, c.id::text, c.up, c.down, c.reply_count, c.descendant_count
FROM comments c JOIN articles a ON a.key = c.article_key
WHERE a.external_id LIKE 'mixed-%' AND c.status = 'published'
"""


def mixed(stage: Stage) -> Iterator[Row]:
    """Readers and moderators do everything there is to do, on a few dozen articles; then every number is right."""
    deadlocks = _deadlocks(stage)
    command = [sys.executable, "-m", "bench.mixer", stage.service.url + on.BELOW, str(OPERATIONS), str(CONNECTIONS)]
    given = json.dumps({"readers": stage.tokens, "moderator": on.moderator(), "articles": MIXED})
    done = subprocess.run(command, cwd=ROOT, input=given, stdout=subprocess.PIPE, text=True, check=True)
    sums = json.loads(done.stdout)
    exact, off = _await_exact(stage, sums["ended"])
    written = on.query(
        stage.database_url,
        "SELECT count(*) FROM comments c JOIN articles a ON a.key = c.article_key WHERE external_id LIKE 'mixed-%'",
    )
    if written != sums["created"]:
        raise on.WrongAnswerError(f"{sums['created']} comments were taken, but {written} are stored")
    if _deadlocks(stage) != deadlocks:
        raise on.WrongAnswerError(f"{_deadlocks(stage) - deadlocks} deadlocks")
    yield Row(
        f"{OPERATIONS:,} mixed operations on {len(MIXED)} articles: everything exact",
        f"{exact:.2f} s after the last, {sums['sent'] / sums['seconds']:,.0f}/s, p99 {sums['p99']:.0f} ms",
        f"{sums['refused']:,} refused as they must be",
        [],
        f"≤ {SETTLED:g} s",
        exact <= SETTLED and not off,
        wrong=sums["wrong"] + sum(off.values()),
        sample=sums["sample"] or str(off or ""),
    )


def _await_exact(stage: Stage, ended: float) -> tuple[float, dict[str, int]]:
    """Seconds from the last answer until every number was right, and what was wrong when time was up."""
    while True:
        looked = time.monotonic() - ended
        off = _wrong_values(stage)
        if not off or looked > SETTLED:
            return max(looked, 0), off


def _wrong_values(stage: Stage) -> dict[str, int]:
    """How many values of each kind are wrong, in the tables first, then in answers."""
    kept = {row["value"]: row["wrong"] for row in on.rows_of(stage.database_url, WRONG_VALUES) if row["wrong"]}
    return kept or _wrong_answers(stage)


def _wrong_answers(stage: Stage) -> dict[str, int]:
    """The same of what readers and moderators get: counts, first pages, the queues' numbers."""
    off = {"counts": 0, "pages": 0, "queues": 0}
    shown = {row["id"]: row for row in on.rows_of(stage.database_url, SHOWN)}
    (waiting,) = on.rows_of(stage.database_url, WAITING)
    totals = {name: sum(row["article"] == name for row in shown.values()) for name in MIXED}
    for _ in range(SEVERAL):  # each on a connection of its own, so that both workers are asked
        path = f"{on.BELOW}/counts?" + "&".join(f"article={name}" for name in MIXED)
        counts = json.loads(on.fetch(stage.service, path))["counts"]
        off["counts"] += sum(counts[name] != total for name, total in totals.items())
        path = f"{on.BELOW}/moderation/counts"
        queues = json.loads(on.fetch(stage.service, path, token=on.moderator()))
        off["queues"] += sum(queues[name] != number for name, number in waiting.items())
        for name in MIXED:
            page = json.loads(on.fetch(stage.service, on.page(name)))
            comments = [one for root in page["comments"] for one in (root, *root["replies"]["items"])]
            off["pages"] += sum(_differs(one, shown) for one in comments)
    return {name: wrong for name, wrong in off.items() if wrong}


SEVERAL = 4


def _differs(comment: dict[str, Any], shown: dict[str, Any]) -> bool:
    """Whether a comment of a page has other numbers than its row; one without its words is no published one."""
    row = shown.get(comment["id"])
    if comment["html"] is None or row is None:
        return (comment["html"] is None) != (row is None)
    votes = comment["votes"]
    said = (votes["up"], votes["down"], comment["reply_count"], comment["descendant_count"])
    return said != (row["up"], row["down"], row["reply_count"], row["descendant_count"])
