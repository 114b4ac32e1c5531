"""The documents: what they tell people to type works, what they name exists, and nothing names this or that machine."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from schemas.common import ARTICLE_ID
from schemas.sites import SettingsSchema
from service.api.metrics import COUNTERS, GAUGES, LAG
from service.cli import main
from service.cli.article import ArticleSettingsSchema
from service.domain.articles import ARTICLE_ID as DOMAIN_ARTICLE_ID
from service.domain.sites import SETTING_NAMES
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
    (snippet,) = blocks(ROOT / "docs" / "embedding.md", language)
    code = snippet.replace('"daily"', f'"{site.name}"').replace("'daily'", f"'{site.name}'")
    code += call.format(secret=secret)
    done = await asyncio.to_thread(
        subprocess.run, [name, *arguments, code], capture_output=True, text=True, check=True, timeout=30
    )
    answer = await SiteClient(service, site.name).get("/me", token=done.stdout.strip())
    assert answer.status == 200, answer.body
    assert answer.json["author"]["name"] == "Zoë"


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
