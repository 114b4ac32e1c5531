"""What readers get: pages and counts, kept and built, against bare handlers, quiet times and Isso."""

from __future__ import annotations

import contextlib
import functools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from bench import servers
from bench import stage as on
from bench.isso import FIRST_SCREEN
from bench.load import Expected, Run
from bench.rounds import Contender, Row, cost, interleave, median_p99, reader, row
from bench.servers import ROOT, Server
from bench.stage import Stage

STREAMS, QUICK_STREAMS, FIRST_STREAMS = 5000, 1000, 50
ISSO_READERS = 4  # Isso's workers take one request at a time, more only wait


def _against_floor(stage: Stage, what: str, name: str, path: str, coding: str, wanted: float) -> Iterator[Row]:
    assert stage.floor
    answer = on.expected(stage.service, path, coding)
    floor_answer = on.expected(stage.floor, f"/{name}", coding)
    if floor_answer != answer:
        raise on.WrongAnswerError(f"the floor has other bytes than {path}")
    service, floor = reader(stage.service, path, answer), reader(stage.floor, f"/{name}", answer)
    runs = interleave(stage, {"service": service, "floor": floor})
    yield row(f"{what} ({answer.most:,} B)", runs["service"], runs["floor"], wanted, "bare handler")


FLOOR_BYTES = {
    "page": (on.page("big"), "identity"),
    "page.br": (on.page("big"), "br"),
    "count": (on.ONE_COUNT, "identity"),
    "counts": (on.THIRTY_COUNTS, "identity"),
}


def cached_page(stage: Stage) -> Iterator[Row]:
    """The first page that every reader gets, out of the cache."""
    on.fetch_page(stage.service, "big")
    yield from _against_floor(stage, "first page, cached", "page", on.page("big"), "identity", 0.7)
    yield from _against_floor(stage, "first page, cached, brotli", "page.br", on.page("big"), "br", 0.7)


def counts(stage: Stage) -> Iterator[Row]:
    """The numbers beside the titles of a front page."""
    yield from _against_floor(stage, "one count", "count", on.ONE_COUNT, "identity", 0.65)
    yield from _against_floor(stage, "30 counts", "counts", on.THIRTY_COUNTS, "identity", 0.5)


def uncached_page(stage: Stage) -> Iterator[Row]:
    """A first page built for each request, on the biggest article and on a small one, one connection."""
    biggest = json.loads(on.fetch(stage.service, on.page("big")))["article"]["comment_count"]
    for sort in ("newest", "top"):
        query = f"?sort={sort}&limit=21"
        contenders = {}
        for article in ("big", "thousand"):
            on.fetch_page(stage.service, article, query, roots=21)
            path = on.page(article, query)
            contenders[article] = reader(stage.service, path, on.expected(stage.service, path), 1)
        runs = interleave(stage, contenders)
        found = [a.p50 / b.p50 for a, b in zip(runs["big"], runs["thousand"], strict=True)]
        both = [*runs["big"], *runs["thousand"]]
        yield Row(
            f"first page not cached, {sort}, {biggest:,} comments there: p50",
            f"{statistics.median(run.p50 for run in runs['big']):.2f} ms",
            f"{statistics.median(run.p50 for run in runs['thousand']):.2f} ms with 1,000 comments",
            found,
            "≤ 1.1",
            statistics.median(found) <= 1.1,
            "",
            cost(runs["big"], runs["thousand"]),
            sum(run.wrong for run in both),
            next((run.sample for run in both if run.sample), ""),
        )


@contextlib.contextmanager
def steady_posts(stage: Stage, article: str, seconds: float) -> Iterator[dict[str, object]]:
    """50 posts a second by another process meanwhile; the answer's sums are there when the block has ended."""
    command = [sys.executable, "-m", "bench.poster", stage.service.url + on.page(article), str(seconds)]
    sums: dict[str, object] = {}
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        child.stdin.write("\n".join(stage.tokens))
        child.stdin.close()
        child.stdin = None
        yield sums
        output, _ = child.communicate()
    sums.update(json.loads(output))


def page_while_posting(stage: Stage) -> Iterator[Row]:
    """The first page of an article that is written to all the time, against the same page left alone."""
    path = on.page("busy")
    for coding in ("identity", "br"):
        answer = on.expected(stage.service, path, coding, slack=0.2)
        quiet = reader(stage.service, path, answer)
        posted: list[dict[str, object]] = []
        runs = interleave(stage, {"busy": functools.partial(_busy_round, stage, quiet, posted), "quiet": quiet})
        line = row(f"first page while 50/s are posted to it, {coding}", runs["busy"], runs["quiet"], 0.6, "quiet")
        failed = sum(int(str(sums["sent"])) - int(str(sums["created"])) for sums in posted)
        p99, post_p99 = median_p99(runs["busy"]), statistics.median(float(str(sums["p99"])) for sums in posted)
        yield Row(
            **vars(line)
            | {
                "measured": f"{line.measured}, p99 {p99:.1f} ms (posts: p99 {post_p99:.0f} ms)",
                "beside": f"{line.beside}, p99 {median_p99(runs['quiet']):.1f} ms",
                "wanted": "≥ 0.6, p99 ≤ 10 ms",
                "met": line.met and p99 <= 10,
                "wrong": line.wrong + failed,
                "sample": line.sample or next((str(sums["wrong"]) for sums in posted if sums["wrong"]), ""),
            }
        )


def _busy_round(stage: Stage, read: Contender, posted: list[dict[str, object]], seconds: float) -> Run:
    with steady_posts(stage, "busy", seconds + 1) as sums:
        time.sleep(0.5)  # the poster has begun, and goes on for as long after the end
        run = read(seconds)
    posted.append(sums)
    _await_on_page(stage, str(sums["last_root"]))
    return run


def _await_on_page(stage: Stage, id: str) -> None:
    """What was posted last is on the page within a second."""
    deadline = time.monotonic() + 1
    while json.loads(on.fetch(stage.service, on.page("busy")))["comments"][0]["id"] != id:
        if time.monotonic() > deadline:
            raise on.WrongAnswerError(f"comment {id} was not on the first page one second after its 201")
        time.sleep(0.02)


def isso_first_screen(stage: Stage) -> Iterator[Row]:
    """What a reader sees first at 10,000 comments, here and in Isso."""
    assert stage.isso
    stage.isso.put_back()
    length = len(on.fetch(stage.isso.server, FIRST_SCREEN))
    isso_answer = Expected(length, length, '"total_replies"')
    on.fetch_page(stage.service, "tenthousand")
    path = on.page("tenthousand")
    contenders = {
        "service": reader(stage.service, path, on.expected(stage.service, path)),
        "isso": reader(stage.isso.server, FIRST_SCREEN, isso_answer, ISSO_READERS),
    }
    runs = interleave(stage, contenders)
    yield row("first screen at 10,000 comments", runs["service"], runs["isso"], 100, f"Isso ({length:,} B)")


def streams(stage: Stage) -> Iterator[Row]:
    """Live streams of one article on one process: what each takes, and when all of them have what was posted."""
    count, seconds = (STREAMS, 20) if stage.seconds > 1 else (QUICK_STREAMS, 5)
    with servers.alone(stage.service, stage.folder) as server:
        process = server.workers()[0]
        _stream_round(server, stage.tokens[0], FIRST_STREAMS, 2)  # what the process needs for the first of them
        before = process.memory_info().rss
        sums, opened, told = _stream_round(server, stage.tokens[1], count, seconds)
    each = (max(opened[0], told[0]) - before) / count
    spent = told[1] - opened[1]
    what = f"{count:,} streams of one process"
    yield Row(f"{what}: memory of each", f"{each / 1024:.1f} KiB", "", [], "≤ 16 KiB", each <= 16 * 1024)
    yield Row(
        f"{what}, a comment a second: p99 until they have it",
        f"{sums['p99']:.0f} ms (p50 {sums['p50']:.0f}, at most {sums['most']:.0f})",
        "",
        [],
        "≤ 500 ms",
        sums["p99"] <= 500,
        cost=f"{spent / seconds / count * 1e6:.0f}",
        wrong=sums["wrong"],
        sample=f"{sums['wrong']} streams did not get each of {seconds} comments once" if sums["wrong"] else "",
    )


def _stream_round(
    server: Server, token: str, count: int, seconds: int
) -> tuple[dict[str, Any], tuple[int, float], tuple[int, float]]:
    """What the readers of so many streams saw; the process's bytes and CPU seconds with all open, and at the end."""
    command = [sys.executable, "-m", "bench.streams", server.url + on.article("streamed"), str(count), str(seconds)]
    process = server.workers()[0]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        child.stdin.write(token + "\n")
        child.stdin.flush()
        held = []
        for answer in ("open", "told"):
            if child.stdout.readline().strip() != answer:
                raise on.WrongAnswerError(f"{count:,} streams were not {answer}")
            held.append((process.memory_info().rss, sum(process.cpu_times()[:2])))
            child.stdin.write("go\n")
            child.stdin.flush()
        return json.loads(child.stdout.readline()), held[0], held[1]
