"""The documents: what they tell people to type works, what they name exists, and nothing names this or that machine."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pytest
import pytest_asyncio
from aiohttp import web

from schemas.common import ARTICLE_ID
from schemas.sites import SettingsSchema
from service.api.metrics import COUNTERS, GAUGES, LAG
from service.cli import main
from service.cli.article import ArticleSettingsSchema
from service.domain.articles import ARTICLE_ID as DOMAIN_ARTICLE_ID
from service.domain.sites import SETTING_NAMES
from service.embedded import free_port
from service.operations.sites import add_secret, create_site
from tests.client import Service, SiteClient, until
from tests.conftest import Cluster

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = tuple(
    ROOT / name
    for name in (
        "README.md",
        "CHANGELOG.md",
        "bench/README.md",
        *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")),
    )
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SECRET = "a-secret-for-the-tests-of-documents-0123456789"


def blocks(path: Path, *languages: str) -> list[str]:
    """The fenced blocks of a document that are in one of the languages."""
    return [body for language, body in BLOCK.findall(path.read_text()) if language in languages]


def program(name: str) -> str:
    """A program these tests run; where all must be there, as in CI, its absence is a failure."""
    found = shutil.which(name)
    if found is None:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(f"{name} is not installed")
    return found


# ---- commands


def commands_in(text: str) -> Iterator[str]:
    """Everything that begins with `discuss ` at the start of a line or of a code span, or after $( or a path."""
    for body in (body for language, body in BLOCK.findall(text) if language in ("", "sh", "ini")):
        joined = body.replace("\\\n", " ")
        yield from re.findall(r"(?:^|[(/=])(discuss +[a-z][^\n|;)]*)", joined, re.MULTILINE)
    prose = BLOCK.sub("", text)
    yield from (" ".join(span.split()) for span in re.findall(r"`(discuss +[a-z][^`]*)`", prose))


def words_of(line: str) -> list[str]:
    """A command line's words, without explanations behind it."""
    try:
        return shlex.split(re.split(r" {3,}", line)[0])[1:]
    except ValueError:
        return line.split()[1:]


def problem_of(words: list[str]) -> str | None:
    """What is wrong with a command line: an unknown verb or option."""
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group):
        rest = rest[sum(isinstance(param, click.Argument) for param in command.params) :]
        if not rest or rest[0] == "--help":
            return None
        if rest[0] not in command.commands:
            return f"there is no {rest[0]!r} in `discuss {' '.join(words)}`"
        command = command.commands[rest.pop(0)]
    known = {name for param in command.params for name in param.opts} | {"--help", "-h"}
    unknown = [word for word in rest if word.startswith("--") and word.split("=")[0] not in known]
    if unknown:
        return f"`discuss {' '.join(words)}` knows no {unknown}"
    schema = {"set": SettingsSchema, "create": SettingsSchema}.get(command.name or "")
    if schema and words[0] == "article":
        schema = ArticleSettingsSchema
    settings = [word.partition("=")[0] for word in rest if re.match(r"[a-z_]+=", word)]
    strange = [name for name in settings if schema is None or name not in schema().fields]
    return f"`discuss {' '.join(words)}` sets {strange}" if strange else None


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_in_the_documents_exists(path: Path) -> None:
    assert [problem for line in commands_in(path.read_text()) if (problem := problem_of(words_of(line)))] == []


def test_commands_are_found_in_the_documents() -> None:
    assert sum(len(list(commands_in(path.read_text()))) for path in DOCUMENTS) > 40
    assert problem_of(["site", "keys", "demo", "ad"])
    assert problem_of(["token", "--nme", "x"])
    assert problem_of(["site", "set", "demo", "postng=closed"])
    assert problem_of(["article", "set", "demo", "a", "posting=closed"])


def all_commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{path} {name}")


def test_every_command_and_option_says_what_it_does_and_its_examples_are_right() -> None:
    for path, command in all_commands(main, "discuss"):
        assert command.help, path
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help or isinstance(option.type, click.Choice), f"{path} {option.name}"
        for line in re.findall(r"^ {4,}\S*(discuss .*)$|\$\((discuss [^)]*)\)", command.help, re.MULTILINE):
            assert problem_of(words_of("".join(line))) is None, path


def make_verbs() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_verb_and_variable_in_the_documents_exists(path: Path) -> None:
    variables = set(re.findall(r"^([A-Z]+) \?=", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for line in re.findall(r"(?:^|`)make ([a-z]+(?: [A-Z]+=\S+)*)", path.read_text(), re.MULTILINE):
        verb, *given = line.split()
        assert verb in make_verbs(), line
        assert {word.partition("=")[0] for word in given} <= variables, line


# ---- what is typed is run


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    """With a secret that fits into a variable."""
    return replace(cluster, settings=replace(cluster.settings, secrets=(SECRET,)))


async def run_blocks(path: Path, service: Service, cluster: Cluster) -> str:
    """Run a document's shell blocks in order, as typed but for the address; what they print."""
    program("curl")
    script = "\n".join(block for block in blocks(path, "sh") if not block.startswith("make "))
    script = script.replace("$PWD/.venv/bin", str(Path(sys.executable).parent))
    script = script.replace(".venv/bin/", f"{Path(sys.executable).parent}/").replace(
        "http://localhost:8080", service.url
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISCUSS_")}
    done = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-euo", "pipefail", "-c", script],
        env={
            **environment,
            "PYTHONPATH": str(ROOT),  # this tree, wherever the command was installed from
            "DATABASE_URL": cluster.settings.database_url,
            "REDIS_URL": cluster.settings.redis_url,
            "DISCUSS_SECRET": SECRET,
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def test_the_tour_of_the_readme(service: Service, cluster: Cluster) -> None:
    await create_site(service.deps, "demo", {})
    out = await run_blocks(ROOT / "README.md", service, cluster)
    assert re.search(r"^Idempotency-Replayed: true", out, re.MULTILINE | re.IGNORECASE)
    demo = SiteClient(service, "demo")
    page = await demo.page("tour")
    assert [root["html"].strip() for root in page["comments"]] == [
        "<p>Me too.</p>",
        "<p>Hello, <em>everybody</em>.</p>",
    ]
    assert [reply["html"].strip() for reply in page["comments"][1]["replies"]["items"]] == ["<p>Hello yourself.</p>"]
    assert out.count(page["comments"][1]["id"]) >= 2, "the second page is printed"
    assert out.rstrip().splitlines()[-1].endswith('"another":0}}')

    async def counted() -> bool:
        return await demo.count("tour") == 3

    await until(counted)


async def test_the_quickstart(service: Service, cluster: Cluster) -> None:
    out = await run_blocks(ROOT / "docs" / "quickstart.md", service, cluster)
    assert "The first comment." in out
    page = await SiteClient(service, "daily").page("first-article")
    assert page["article"]["locked"]
    assert page["comments"][0]["author"]["name"] == "Ada"


def test_the_two_commands_of_the_readme() -> None:
    first = blocks(ROOT / "README.md", "sh")[0]
    assert [line.split("#")[0].strip() for line in first.splitlines()] == ["make run", "make test"]
    assert {"run", "test"} <= make_verbs()


def snippet(language: str, word: str) -> str:
    """The one block of the embedding guide in a language that has a word in it."""
    (found,) = [block for block in blocks(ROOT / "docs" / "embedding.md", language) if word in block]
    return found


# What each language needs to print the token that the document's function makes.
CALLS = {
    "python": (sys.executable, ["-c"], '\nprint(discuss_token("{secret}", "42", "Zoë"))'),
    "javascript": ("node", ["-e"], '\nconsole.log(discussToken("{secret}", "42", "Zoë"))'),
    "php": ("php", ["-r"], '\necho discuss_token("{secret}", "42", "Zoë");'),
}


@pytest.mark.parametrize("language", CALLS)
async def test_the_tokens_that_page_developers_are_shown(language: str, service: Service) -> None:
    name, arguments, call = CALLS[language]
    if not shutil.which(name):
        pytest.skip(f"{name} is not needed for anything else")
    site = await (await service.new_site()).site()
    secret = "a secret that a page's server would have"
    await add_secret(service.deps, site, "https://www.example.com", secret.encode())
    code = snippet(language, "claims").replace('"daily"', f'"{site.name}"').replace("'daily'", f"'{site.name}'")
    code += call.format(secret=secret)
    done = await asyncio.to_thread(
        subprocess.run, [name, *arguments, code], capture_output=True, text=True, check=True, timeout=30
    )
    answer = await SiteClient(service, site.name).get("/me", token=done.stdout.strip())
    assert answer.status == 200, answer.body
    assert answer.json["author"]["name"] == "Zoë"


# The comments as a page's server prints them: now, and again some seconds later.
PRINTS = {
    "python": "\nprint(discussion('a:1'))\ntime.sleep({wait})\nprint('~', discussion('a:1'))",
    "javascript": """
discussion("a:1").then(console.log)
  .then(() => new Promise((done) => setTimeout(done, {wait} * 1000)))
  .then(() => discussion("a:1")).then((html) => console.log("~", html));""",
    "php": "\necho discussion('a:1', '{folder}');\nsleep({wait});\necho '~', discussion('a:1', '{folder}');",
}


@pytest_asyncio.fixture
async def failing() -> AsyncIterator[tuple[str, list[str]]]:
    """A service that answers once and never again, and what it was asked for."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) > 1:
            await asyncio.sleep(30)
        return web.Response(text="<p>Kept.</p>")

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


async def fragment_of(site: SiteClient, article: str) -> str:
    """The fragment of an article with one comment, as it stays."""
    found = ""

    async def counted() -> bool:
        nonlocal found
        found = (await site.get(f"/articles/{article}/comments.html")).body.decode().strip()
        return 'data-comment-count="1"' in found

    await until(counted)
    return found


async def printed(language: str, address: str, site: str, folder: Path, wait: int = 0) -> list[str]:
    """What the guide's function gives for an article, now and later, when it keeps things for a second."""
    name, arguments, _ = CALLS[language]
    if not shutil.which(name):
        pytest.skip(f"{name} is not needed for anything else")
    code = snippet(language, "discussion(").replace("https://comments.example.com", address)
    for what, quick in {"+ 5_000": "+ 1_000", "+ 5": "+ 1", "(300)": "(2000)", "0.3": "2"}.items():
        code = code.replace(what, quick)  # kept for a second, and a busy machine may take its time
    code = code.replace("sites/daily", f"sites/{site}")
    code += PRINTS[language].replace("{folder}", str(folder)).replace("{wait}", str(wait))
    done = await asyncio.to_thread(
        subprocess.run, [name, *arguments, code], capture_output=True, text=True, check=True, timeout=20
    )
    assert done.stderr == ""
    return [part.strip() for part in done.stdout.split("~")]


@pytest.mark.parametrize("language", PRINTS)
async def test_comments_that_the_pages_server_puts_into_the_page(
    language: str, service: Service, failing: tuple[str, list[str]], tmp_path: Path
) -> None:
    site = await service.new_site()
    await site.posted("a:1", "Printed <b>plainly</b>.", token=await site.token("<i>Zoë</i>"))
    want = await fragment_of(site, "a:1")
    assert "Printed &lt;b&gt;plainly" in want
    assert "&lt;i&gt;Zoë" in want
    assert await printed(language, service.url, site.name, tmp_path) == [want, want]

    address, asked = failing
    (kept := tmp_path / "kept").mkdir()
    assert await printed(language, address, "daily", kept, wait=2) == ["<p>Kept.</p>", "<p>Kept.</p>"]
    assert asked == ["/api/v1/sites/daily/articles/a:1/comments.html"] * 2
    (empty := tmp_path / "empty").mkdir()
    assert await printed(language, f"http://127.0.0.1:{free_port()}", "daily", empty) == ["", ""]


# As much of WordPress as the guide's plugin asks for. `page` is one post as a theme prints it.
WORDPRESS = """<?php
define('HOUR_IN_SECONDS', 3600);
define('DISCUSS_KEY', 'a secret that a page\\'s server would have');
[$hooks, $kept, $asked] = [[], [], 0];
class WP_User {
    public $ID = 42;
    public $display_name;
    function exists(): bool { return $this->ID > 0; }
}
$user = new WP_User();
$user->display_name = str_repeat('Zoë "<b>', 20);
[$single, $locked] = [true, false];
function add_action($name, $do, $priority = 10) { add_filter($name, $do, $priority); }
function add_filter($name, $do, $priority = 10) { global $hooks; $hooks[$name][] = [$priority, $do]; }
function __return_false() { return false; }
function __return_zero() { return 0; }
function is_singular($type) { global $single; return $single && $type === 'post'; }
function in_the_loop() { return true; }
function is_main_query() { return true; }
function doing_filter($name) { return false; }
function post_password_required() { global $locked; return $locked; }
function get_the_ID() { return 7; }
function get_permalink() { return 'https://www.example.com/?p=7&x=</script>'; }
function wp_login_url($next) { return 'https://www.example.com/wp-login.php?redirect_to=' . urlencode($next); }
function wp_json_encode($value) { return json_encode($value); }
function wp_get_current_user() { global $user; return $user; }
function esc_attr($text) { return htmlspecialchars($text, ENT_QUOTES); }
function esc_url($text) { return htmlspecialchars($text, ENT_QUOTES); }
function get_transient($name) { global $kept; return $kept[$name] ?? false; }
function set_transient($name, $value, $seconds) { global $kept; $kept[$name] = $value; }
function wp_remote_get($url, $options) {
    global $asked;
    $asked++;
    $html = @file_get_contents($url, false, stream_context_create(['http' => $options]));
    return $html === false ? null : $html;
}
function wp_remote_retrieve_response_code($answer) { return $answer === null ? '' : 200; }
function wp_remote_retrieve_body($answer) { return $answer; }
if (!function_exists('mb_substr')) {
    function mb_substr($text, $from, $length) {
        return implode('', array_slice(preg_split('//u', $text, -1, 1), $from, $length));
    }
}
function page(): string {
    global $hooks;
    foreach ($hooks['wp_head'] as [, $do]) $do();
    $content = '<p>A story.</p>';
    foreach ($hooks['the_content'] as [$priority, $do]) $content = $priority > 11 ? $do($content) : '';
    return $content;
}
function discuss_test(): string {
    global $user, $single, $locked, $kept, $asked;
    ob_start();
    $found = ['content' => page(), 'again' => page(), 'asked' => $asked];
    $found['head'] = ob_get_clean();
    ob_start();
    $user->ID = 0;
    $kept['discuss_7'] = ['html' => 'Kept.', 'until' => 0];
    $found['nobody'] = page();
    $locked = true;
    $found['locked'] = page();
    $single = false;
    ob_get_clean();
    ob_start();
    $found['list'] = page() . ob_get_clean();
    return json_encode($found);
}
"""


async def test_the_wordpress_plugin(service: Service, tmp_path: Path) -> None:
    if not shutil.which("php"):
        pytest.skip("php is not needed for anything else")
    site = await service.new_site()
    await add_secret(
        service.deps, await site.site(), "https://www.example.com", b"a secret that a page's server would have"
    )
    await site.posted("wp-7", "In the [gallery] at 100 %s.")
    fragment = await fragment_of(site, "wp-7")
    plugin = snippet("php", "Plugin Name") + snippet("php", "claims")
    plugin = (
        plugin.replace("'timeout' => 1", "'timeout' => 5")
        .replace("sites/daily", f"sites/{site.name}")
        .replace("'daily'", f"'{site.name}'")
    )
    (tmp_path / "wordpress.php").write_text(WORDPRESS)

    async def run(address: str) -> Any:
        (tmp_path / "plugin.php").write_text(plugin.replace("https://comments.example.com", address))
        code = f"require '{tmp_path}/wordpress.php'; require '{tmp_path}/plugin.php'; echo discuss_test();"
        done = await asyncio.to_thread(
            subprocess.run, ["php", "-r", code], capture_output=True, text=True, check=True, timeout=20
        )
        assert done.stderr == ""
        return json.loads(done.stdout)

    found = await run(service.url)
    element = re.fullmatch(
        r'<p>A story.</p><discuss-thread site="daily" article="wp-7" token="([\w.-]+)">(.*)</discuss-thread>',
        found["content"],
        re.DOTALL,
    )
    assert element is not None, found["content"]
    assert element[2].strip() == fragment
    answer = await site.get("/me", token=element[1])
    assert answer.status == 200, answer.body
    assert answer.json["author"]["name"] == ('Zoë "<b>' * 20)[:80]
    assert (found["again"], found["asked"]) == (found["content"], 1)
    assert found["head"].startswith(f"<script type='module' src='{service.url}/embed/discuss.js'></script>\n<script>")
    assert found["head"].count("</script>") == 4
    assert r'location = "https:\/\/www.example.com\/wp-login.php?redirect_to=https%3A' in found["head"]
    assert 'token="">' in found["nobody"]
    assert found["nobody"].endswith(f">{fragment}\n</discuss-thread>")
    assert found["locked"] == "<p>A story.</p>"
    assert found["list"].startswith("<p>A story.</p><script type='module'")
    assert "wp-login" not in found["list"]
    lost = await run(f"http://127.0.0.1:{free_port()}")
    assert lost["content"].endswith('"></discuss-thread>')
    assert lost["nobody"].endswith(">Kept.</discuss-thread>")


# ---- what is named exists


def anchors(path: Path) -> set[str]:
    """The places of a document that can be linked to."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", path.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", path.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.exists(), target
        if anchor:
            assert anchor in anchors(linked), target


def test_every_document_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    for path in (ROOT / "docs").glob("*.md"):
        assert f"(docs/{path.name})" in readme


def test_every_library_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    architecture = (ROOT / "docs" / "architecture.md").read_text()
    table = architecture.partition("## Libraries")[2]
    told = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
    for requirement in project["dependencies"]:
        name = re.split(r"[\[>=<]", requirement)[0]
        assert any(name in row for row in told), name


def test_every_path_in_the_layout_exists() -> None:
    (layout,) = [body for body in blocks(ROOT / "docs" / "architecture.md", "") if body.startswith("service/")]
    folder = ROOT
    for line in layout.splitlines():
        name = line.split()[0]
        folder = ROOT / name if not line.startswith(" ") else folder
        inside = folder / name if line.startswith(" ") else folder
        assert inside.exists(), name


def test_every_metric_operators_are_told_of_is_counted() -> None:
    counted = {f"discuss_{name}_total" for name in COUNTERS} | {f"discuss_{name}" for name in (*GAUGES, *LAG)}
    told = set(re.findall(r"`(discuss_[a-z_]+)`", (ROOT / "docs" / "operators.md").read_text()))
    assert told - counted - {"discuss_request_seconds"} == set()
    assert len(told) > 5


def test_settings_are_the_same_in_schema_and_domain() -> None:
    assert set(SettingsSchema().fields) == set(SETTING_NAMES)


def test_article_ids_are_the_contracts_in_schema_and_domain() -> None:
    for text in ("a", ".", "..", "...", "a/b", "a" * 200, "a" * 201, "", "é", "a\n"):
        named = text in ("a", "...", "a" * 200)
        assert bool(DOMAIN_ARTICLE_ID.fullmatch(text)) == named == bool(re.fullmatch(ARTICLE_ID, text)), text


# ---- nothing names a machine

# In pieces, so that this file does not name them either.
HOSTS = tuple(
    left + right
    for left, right in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("registry.", "npmjs"),
        ("registry.", "yarnpkg"),
        ("docker", ".io"),
        ("proxy.", "golang.org"),
    )
)
PLACES = tuple(f"/{name}/" for name in ("work", "home", "root", "Users"))
FOREIGN = ("tests/fixtures/",)  # others' data, as they come


def test_no_file_names_a_registry_or_a_machine() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if name.startswith(FOREIGN) or not path.is_file():
            continue
        text = path.read_bytes().decode(errors="replace")
        found += [f"{name}: {word}" for word in (*HOSTS, *PLACES) if word in text]
    assert found == []
