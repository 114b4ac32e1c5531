"""What the section asks of a reader's browser: a slowed Chromium, measured by its own tracing; and bytes beside Isso's.

Left out, with a word, where there is no Chromium or no Playwright (which `make test` installs beside a Chromium).
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli

from bench import stage as on
from bench.isso import URI, Isso
from bench.rounds import Row
from bench.seed import SITE
from bench.stage import Stage

RUNS, QUICK_RUNS = 9, 3
SLOWED = 4  # times
SHOWN_MS, TASK_MS = 300, 50
READ = "tenthousand"
WRITTEN_UNDER = 500  # comments
TYPED = "The lamp went out at four, and nobody but the dog had noticed. "
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update")
VIEWPORT = {"width": 1280, "height": 900}
CATEGORIES = ("blink.user_timing", "loading", "devtools.timeline", "disabled-by-default-devtools.timeline")

PAGE = """<!doctype html><html lang="en"><title>An article</title>
<script type="module" src="{service}/embed/discuss.js"></script>
<style>discuss-thread:not(:defined) {{ display: block; min-height: 100vh }}</style>
<div style="height: {above}px">A long story.</div>
<discuss-thread site="{site}" article="{article}" {attributes}></discuss-thread>"""

ISSO_PAGE = """<!doctype html><html lang="en"><title>An article</title>
<script data-isso="{service}/" src="{service}/js/embed.min.js"
 data-isso-sorting="newest" data-isso-max-comments-top="20" data-isso-max-comments-nested="10"></script>
<section id="isso-thread" data-isso-id="{uri}"></section>"""

# The section comes into sight all at once, as when somebody jumps to it; `shown` stands in the frame in which comments
# fill the window, `complete` in the one that has all of the page's.
ENTER = """() => new Promise((done) => {
  const thread = document.querySelector("discuss-thread");
  const look = () => {
    const list = thread.shadowRoot.querySelector("ol.list");
    const full = list?.querySelector("article") && list.getBoundingClientRect().bottom >= innerHeight;
    if (full) performance.mark("shown");
    else requestAnimationFrame(look);
  };
  thread.addEventListener("discuss-ready", () => requestAnimationFrame(() => {
    performance.mark("complete");
    requestAnimationFrame(done);
  }));
  performance.mark("enter");
  thread.scrollIntoView();
  requestAnimationFrame(look);
})"""


# Isso, on the same page, from the moment its script is asked for; it has no more to load then than it always has.
ISSO_ENTER = """(service) => new Promise((done) => {
  const look = () => {
    if (document.querySelectorAll("#isso-root > .isso-comment").length < 20) return requestAnimationFrame(look);
    performance.mark("shown");
    requestAnimationFrame(done);
  };
  const script = Object.assign(document.createElement("script"), { src: `${service}/js/embed.min.js` });
  const how = { isso: `${service}/`, issoSorting: "newest", issoMaxCommentsTop: 20, issoMaxCommentsNested: 10 };
  Object.assign(script.dataset, how);
  performance.mark("enter");
  document.body.append(script);
  requestAnimationFrame(look);
})"""
ISSO_BARE = """<!doctype html><html lang="en"><title>An article</title>
<section id="isso-thread" data-isso-id="{uri}"></section>"""


def figures(stage: Stage) -> Iterator[Row]:
    """Everything about browsers; nothing where there is none."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("browser: left out, because there is no Chromium or no Playwright", file=sys.stderr)
        return
    assert stage.isso
    stage.isso.put_back()
    runs = RUNS if stage.seconds > 1 else QUICK_RUNS
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
            yield from _reading(stage, stage.isso, browser, runs)
            yield _typing(stage, browser, runs)
            yield _bytes(stage, stage.isso, browser)
            browser.close()
    except Error as error:
        raise on.WrongAnswerError(f"the browser did not come to an end: {error}") from error


def _reading(stage: Stage, isso: Isso, browser: Any, runs: int) -> Iterator[Row]:
    """The section from the moment it enters the viewport until it is painted, and what it moves."""
    page = on.fetch_page(stage.service, READ)
    comments = sum(1 + len(root["replies"]["items"]) for root in page["comments"])
    html = PAGE.format(service=stage.service.url, above=3000, site=SITE, article=READ, attributes="")
    theirs = isso.server.url

    def enter_isso(page: Any) -> None:
        page.evaluate(ISSO_ENTER, theirs)

    traces, beside = [], []
    with _page_server(html) as url:
        for _ in range(runs + 1):
            traces.append(_traced(browser, url, _enter))
            beside.append(_traced(browser, f"{theirs}/bench-article", enter_isso, html=ISSO_BARE.format(uri=URI)))
    del traces[0], beside[0]  # they warm the services
    times = [_painted(trace) for trace in traces]
    isso_times = [_painted(trace) for trace in beside]
    complete = [_painted(trace, "complete") for trace in traces]
    shifts = [_shifted(trace) for trace in traces]
    yield Row(
        f"section of 20 roots and {comments - 20} replies, CPU slowed {SLOWED} times: painted after it is in sight",
        f"{_milliseconds(times)}; what is further down {_milliseconds(complete)}",
        f"{_milliseconds(isso_times)} Isso, one level of replies",
        [ours / other for ours, other in zip(times, isso_times, strict=True)],
        f"≤ {SHOWN_MS} ms",
        statistics.median(times) <= SHOWN_MS,
    )
    yield Row("layout shift the section causes", f"{max(shifts):g} at most", "", [], "0", max(shifts) == 0)


def _enter(page: Any) -> None:
    page.evaluate(ENTER)
    if page.locator("ol.list > li").count() != 20:
        raise on.WrongAnswerError("the section does not show 20 roots")


def _typing(stage: Stage, browser: Any, runs: int) -> Row:
    """The longest task while somebody types above a long thread."""
    token = stage.tokens[0]
    url = f"{stage.service.url}/bench-article"  # an origin that may write
    html = PAGE.format(service=stage.service.url, above=0, site=SITE, article=READ, attributes=f'token="{token}"')
    longest = [_longest_task(_traced(browser, url, _type, html=html, prepare=_open_long)) for _ in range(runs)]
    return Row(
        f"typing above a thread of {WRITTEN_UNDER} comments, CPU slowed {SLOWED} times: longest task",
        _milliseconds(longest),
        "",
        [],
        f"≤ {TASK_MS} ms",
        statistics.median(longest) <= TASK_MS,
    )


def _open_long(page: Any) -> None:
    page.locator(".place textarea").wait_for()
    while page.locator("li.comment").count() < WRITTEN_UNDER:
        with page.expect_response("**/comments?*cursor=*"):
            page.locator("section > .more").click()
        page.locator("section > .more:enabled").wait_for()
    page.locator(".place textarea").click()


def _type(page: Any) -> None:
    page.evaluate("performance.mark('enter')")
    page.keyboard.type(TYPED, delay=20)
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    page.evaluate("performance.mark('shown')")
    if page.locator(".place textarea").input_value() != TYPED:
        raise on.WrongAnswerError("what was typed is not there")


def _bytes(stage: Stage, isso: Isso, browser: Any) -> Row:
    """What a browser loads to read the same first comments, each file compressed as far as brotli goes."""
    ours = PAGE.format(service=stage.service.url, above=0, site=SITE, article=READ, attributes="")
    theirs = ISSO_PAGE.format(service=isso.server.url, uri=URI)
    here = _loaded(browser, stage.service.url, ours, "discuss-thread article")
    there = _loaded(browser, isso.server.url, theirs, ".isso-comment")
    sizes = [sum(len(brotli.compress(body)) for body in bodies) for bodies in (here, there)]
    ratio = sizes[0] / sizes[1]
    return Row(
        "bytes to read a first page: scripts, style, comments (brotli)",
        f"{sizes[0]:,} in {len(here)} files",
        f"{sizes[1]:,} in {len(there)} files of Isso",
        [ratio],
        "< 0.5",
        ratio < 0.5,
    )


def _loaded(browser: Any, service: str, html: str, wanted: str) -> list[bytes]:
    """The bodies of everything that a page needs of a service until something is to be seen."""
    page = browser.new_page()
    url = f"{service}/bench-article"
    answers: list[Any] = []
    page.route(url, lambda route: route.fulfill(content_type="text/html", body=html))
    page.on("response", lambda answer: answers.append(answer))
    page.goto(url)
    page.locator(wanted).first.wait_for(state="attached")
    page.wait_for_timeout(500)
    bodies = [answer.body() for answer in answers if answer.url != url and "/events" not in answer.url]
    page.close()
    return bodies


def _traced(
    browser: Any,
    url: str,
    act: Callable[[Any], None],
    *,
    html: str = "",
    prepare: Callable[[Any], None] = lambda page: None,
) -> list[dict[str, Any]]:
    """What a browser without anything kept says of an act on a page; `html`: what is found at the address."""
    context = browser.new_context(viewport=VIEWPORT)
    page = context.new_page()
    if html:
        page.route(url, lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto(url)
    page.unroute_all()
    if page.locator("discuss-thread").count():
        page.evaluate("customElements.whenDefined('discuss-thread').then(() => true)")
    prepare(page)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
    browser.start_tracing(page=page, categories=list(CATEGORIES))
    act(page)
    trace: list[dict[str, Any]] = json.loads(browser.stop_tracing())["traceEvents"]
    context.close()
    return trace


def _marks(trace: list[dict[str, Any]], end: str = "shown") -> tuple[dict[str, Any], dict[str, Any]]:
    """Where the act began, and where its result was there."""
    found = {event["name"]: event for event in trace if event["name"] in ("enter", end) and "ts" in event}
    return found["enter"], found[end]


def _painted(trace: list[dict[str, Any]], end: str = "shown") -> float:
    """Milliseconds until the page's main thread handed the frame with the result to the compositor."""
    enter, shown = _marks(trace, end)
    commits = [
        event["ts"] + event.get("dur", 0)
        for event in trace
        if event["name"] == "Commit" and event["ts"] >= shown["ts"] and event["pid"] == shown["pid"]
    ]
    return float(min(commits) - enter["ts"]) / 1000


def _shifted(trace: list[dict[str, Any]]) -> float:
    """The sum of all layout shifts nobody asked for."""
    shifts = [event["args"]["data"] for event in trace if event["name"] == "LayoutShift"]
    return sum(float(shift["weighted_score_delta"]) for shift in shifts if not shift["had_recent_input"])


def _longest_task(trace: list[dict[str, Any]]) -> float:
    """Milliseconds of the longest task of the page's main thread between the marks."""
    enter, shown = _marks(trace)
    tasks = [
        event["dur"]
        for event in trace
        if event["name"] == "RunTask"
        and (event["pid"], event["tid"]) == (enter["pid"], enter["tid"])
        and enter["ts"] <= event["ts"] <= shown["ts"]
    ]
    return float(max(tasks)) / 1000


def _milliseconds(values: list[float]) -> str:
    return f"{statistics.median(values):.0f} ms ({min(values):.0f} to {max(values):.0f})"


@contextlib.contextmanager
def _page_server(html: str) -> Iterator[str]:
    """A publisher's server with one page, on an origin of its own; its address."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(html.encode() if self.path == "/" else b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/"
    finally:
        server.shutdown()
