"""Each verb of the `discuss` command beside a running service, and every way it refuses."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import logging
import os
import re
import subprocess
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
import pytest_asyncio
import structlog
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm

from service.cli import main
from service.domain.identity import Role
from service.logs import request_log
from tests.client import Service, SiteClient, running_service, until
from tests.conftest import Cluster

ISSUER = "https://www.example.com"
SECRET = "a-secret-for-the-command-line-tests-0123456789"
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@contextmanager
def logging_kept() -> Iterator[None]:
    """The command configures the logging of its process; here that is the whole test run's."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level, requests = root.handlers[:], root.level, request_log.enabled
    try:
        yield
    finally:
        root.handlers[:], request_log.enabled = handlers, requests
        root.setLevel(level)
        structlog.configure(**before)


class Cli:
    """The command on the test's database, in a thread of its own: it brings its own event loop."""

    def __init__(self, cluster: Cluster) -> None:
        settings = cluster.settings
        self.variables = {
            "DATABASE_URL": settings.database_url,
            "DISCUSS_OWNER_URL": settings.owner_url,
            "REDIS_URL": settings.redis_url,
            "DISCUSS_SECRET": settings.secrets[0],
        }

    async def __call__(self, *arguments: str, stdin: bytes | None = None) -> Done:
        unset = {name: None for name in os.environ if name.startswith("DISCUSS_")}
        runner = CliRunner(env={**unset, **self.variables})
        with logging_kept():
            result = await asyncio.to_thread(runner.invoke, main, arguments, input=stdin, prog_name="discuss")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    async def ok(self, *arguments: str, stdin: bytes | None = None) -> str:
        """A command that must be done; its standard output."""
        done = await self(*arguments, stdin=stdin)
        assert done.code == 0, done.err
        return done.out

    async def refused(self, *arguments: str, code: int = 1, stdin: bytes | None = None) -> str:
        """A command that must be refused, in one line; the line."""
        done = await self(*arguments, stdin=stdin)
        assert (done.code, done.out) == (code, ""), done
        assert done.err.startswith("discuss: ")
        assert done.err.count("\n") == 1, done.err
        return done.err

    async def json(self, *arguments: str) -> Any:
        """What a command prints, parsed."""
        return json.loads(await self.ok(*arguments))


@pytest.fixture(scope="module")
def cluster(cluster: Cluster) -> Cluster:
    """With a secret that fits into a variable."""
    return replace(cluster, settings=replace(cluster.settings, secrets=(SECRET,)))


@pytest.fixture(scope="module")
def cli(cluster: Cluster) -> Cli:
    return Cli(cluster)


@pytest_asyncio.fixture(scope="module")
async def other(cluster: Cluster, service: Service) -> AsyncIterator[Service]:
    """A second serving process, as far as what it remembers is concerned."""
    async with running_service(cluster.settings) as started:
        yield started


@pytest_asyncio.fixture
async def site(service: Service) -> SiteClient:
    return await service.new_site()


async def within(seconds: float, condition: Any) -> None:
    """The condition comes true in time."""
    started = time.monotonic()
    await until(condition, seconds)
    assert time.monotonic() - started <= seconds


def signed(
    key: Any, algorithm: str, site: str, *, issuer: str = ISSUER, sub: str = "42", kid: str | None = None
) -> str:
    now = int(time.time())
    payload = {"iss": issuer, "aud": site, "sub": sub, "name": "Ada", "iat": now, "exp": now + 3600}
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": kid} if kid else None)


async def me(site: SiteClient, token: str) -> Any:
    return await site.get("/me", token=token)


async def known(site: SiteClient, name: str = "Ada") -> str:
    """The id of somebody who has signed in."""
    answer = await me(site, await site.token(name))
    assert answer.status == 200
    return str(answer.json["author"]["id"])


# ---- the command itself


async def test_without_arguments_it_names_every_group_and_two_examples(cli: Cli) -> None:
    out = await cli.ok()
    for name, command in main.commands.items():
        assert re.search(rf"^  {name} +\S", out, re.MULTILINE), name
        assert command.help
    assert out.count("      discuss ") + out.count("    discuss ") >= 2
    assert "..." not in out.partition("Commands:")[2]


@pytest.mark.parametrize(
    "arguments",
    [
        ("toke",),
        ("token", "--site", "demo"),
        ("token", "--site", "demo", "--name", "A", "--role", "king"),
        ("token", "--site", "demo", "--name", "  "),
        ("site", "set", "demo"),
        ("site", "set", "demo", "posting"),
        ("site", "keys", "demo"),
        ("site", "keys", "demo", "retire", "7"),
        ("site", "keys", "demo", "add", "--issuer", ISSUER),
        ("site", "keys", "demo", "add", "--issuer", ISSUER, "--generate", "--jwks-url", "https://a.example/jwks"),
        ("site", "keys", "demo", "add", "--issuer", ISSUER, "--generate", "--algorithm", "RS256"),
        ("site", "keys", "demo", "add", "--issuer", ISSUER, "--jwks-url", "https://a.example/", "--kid", "1"),
        ("article", "set", "demo", "a"),
        ("author", "show", "demo"),
        ("author", "show", "demo", "--issuer", ISSUER),
        (
            "author",
            "ban",
            "demo",
            "--issuer",
            ISSUER,
            "--subject",
            "1",
            "--until",
            "2001-01-01T00:00:00Z",
            "--reason",
            "x",
        ),
        ("author", "ban", "demo", "--issuer", ISSUER, "--subject", "1", "--until", "2090-01-01", "--reason", "x"),
        ("author", "ban", "demo", "--issuer", ISSUER, "--subject", "1", "--until", "soon", "--reason", "x"),
        ("author", "ban", "demo", "--issuer", ISSUER, "--subject", "1", "--until", "forever", "--reason", " "),
        ("author", "remap", "demo", "there-is-no-such-file"),
    ],
)
async def test_wrong_usage_is_one_line_and_code_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "--help` says more" in await cli.refused(*arguments, code=2)


@pytest.mark.parametrize(
    "arguments",
    [
        ("site", "show", "nowhere"),
        ("site", "set", "nowhere", "posting=closed"),
        ("site", "keys", "nowhere", "list"),
        ("token", "--site", "nowhere", "--name", "Ada"),
        ("article", "show", "nowhere", "a"),
        ("author", "show", "nowhere", "0190c3a4-9b1e-7c3d-8f2a-5b6c7d8e9f00"),
    ],
)
async def test_an_unknown_site_is_refused(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert "site" in await cli.refused(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("site", "show", "d\udcff"),
        ("site", "set", "{site}", "closed_text=\udcff"),
        ("site", "set", "{site}", 'closed_text="\\u0000"'),
        ("site", "set", "{site}", 'closed_text="\\ud800"'),
        ("author", "show", "{site}", "--issuer", ISSUER, "--subject", "\udcff"),
    ],
)
async def test_what_no_text_can_hold_is_refused_in_one_line(
    cli: Cli, site: SiteClient, arguments: tuple[str, ...]
) -> None:
    assert "cannot be stored" in await cli.refused(*(argument.replace("{site}", site.name) for argument in arguments))


async def test_a_database_that_is_away_is_told_in_one_line(cli: Cli) -> None:
    away = Cli.__new__(Cli)
    away.variables = {**cli.variables, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing"}
    assert "127.0.0.1" in await away.refused("site", "list")


async def test_a_database_without_tables_asks_for_a_migration(cli: Cli, cluster: Cluster) -> None:
    name = f"{cluster.name}_empty"
    cluster.servers.create_database(name)
    try:
        empty = Cli.__new__(Cli)
        empty.variables = {**cli.variables, "DATABASE_URL": cluster.servers.app_url(name)}
        assert "discuss migrate" in await empty.refused("site", "list")
    finally:
        cluster.servers.drop_database(name)


async def test_every_variable_that_is_wrong_is_told(cli: Cli) -> None:
    wrong = Cli.__new__(Cli)
    wrong.variables = {**cli.variables, "DISCUSS_SECRET": "short", "DISCUSS_LOG_LEVEL": "loud"}
    done = await wrong("site", "list")
    assert done.code == 1
    assert [line.split(" ")[1] for line in done.err.splitlines()] == ["DISCUSS_SECRET", "DISCUSS_LOG_LEVEL"]


# ---- token


async def test_token_alone_on_stdout_of_a_real_process(cli: Cli, site: SiteClient) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DISCUSS_")}
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "service", "token", "--site", site.name, "--role", "moderator", "--name", "Max"],
        env={**environment, **cli.variables},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+\n", done.stdout)
    assert done.stderr == ""
    answer = await me(site, done.stdout.strip())
    assert answer.json["author"]["name"] == "Max"
    assert answer.json["roles"] == ["reader", "moderator"]


async def test_different_names_are_different_people(cli: Cli, site: SiteClient) -> None:
    async def author_of(*options: str) -> str:
        token = (await cli.ok("token", "--site", site.name, *options)).strip()
        return str((await me(site, token)).json["author"]["id"])

    ada = await author_of("--name", "Ada")
    assert await author_of("--name", "  Ada ") == ada
    assert await author_of("--name", "Bob") != ada
    assert await author_of("--name", "Ada", "--sub", "1") != ada
    assert await author_of("--name", "Bob", "--sub", "1") == await author_of("--name", "Ada", "--sub", "1")


# ---- sites and their settings


async def test_site_create_show_and_list(cli: Cli) -> None:
    await cli.ok("site", "create", "daily-1", "guests=true", 'retention_days={"deleted_text": 7}')
    assert "daily-1" in (await cli.ok("site", "list")).splitlines()
    shown = await cli.json("site", "show", "daily-1")
    assert shown["guests"] is True
    assert shown["retention_days"] == {"deleted_text": 7, "addresses": 30}
    assert (shown["posting"], shown["max_length"], shown["version"]) == ("open", 10_000, 1)
    assert "already" in await cli.refused("site", "create", "daily-1")


@pytest.mark.parametrize("name", ["Daily", "a_b", "a" * 41, "é", "a.b", ""])
async def test_a_bad_site_name_is_refused(cli: Cli, name: str) -> None:
    assert "no name for a site" in await cli.refused("site", "create", name)


async def test_site_history_tells_what_was_there_before(cli: Cli, site: SiteClient) -> None:
    await cli.ok("site", "set", site.name, "max_links=7")
    await cli.ok("site", "set", site.name, "max_links=8", "closed_text=Back on Monday.")
    lines = [json.loads(line) for line in (await cli.ok("site", "history", site.name)).splitlines()]
    assert [(line["version"], line["by"], line["before"]) for line in lines] == [
        (3, "the command", {"max_links": 7, "closed_text": None}),
        (2, "the command", {"max_links": 3}),
    ]


async def test_site_set_merges_and_clears(cli: Cli, site: SiteClient) -> None:
    await cli.ok("site", "set", site.name, "closed_text=Back on Monday.", 'banned_words=["a","b"]', "language=de")
    await cli.ok("site", "set", site.name, 'retention_days={"addresses": 1}', "overdue_minutes=5")
    await cli.ok(
        "site", "set", site.name, 'retention_days={"deleted_text": 2}', "banned_words=", "overdue_minutes=null"
    )
    shown = await cli.json("site", "show", site.name)
    assert shown["retention_days"] == {"deleted_text": 2, "addresses": 1}
    assert (shown["banned_words"], shown["overdue_minutes"]) == ([], None)
    assert (shown["closed_text"], shown["language"], shown["version"]) == ("Back on Monday.", "de", 4)
    await cli.ok("site", "set", site.name, "closed_text=")
    assert (await cli.json("site", "show", site.name))["closed_text"] is None


async def test_site_set_tells_every_problem_and_changes_nothing(cli: Cli, site: SiteClient) -> None:
    line = await cli.refused(
        "site",
        "set",
        site.name,
        "postng=closed",
        "posting=maybe",
        "max_length=0",
        'allowed_origins=["https://a.example/x"]',
        "guests=maybe",
        'retention_days={"words": 1}',
        "max_links=",
        "language=de",
        "nothing",
        code=2,
    )
    for problem in ("did you mean posting?", "posting:", "max_length:", "allowed_origins.0:", "guests:"):
        assert problem in line
    for problem in ("retention_days.words:", "max_links:", "'nothing' is not key=value"):
        assert problem in line
    assert (await cli.json("site", "show", site.name))["version"] == 1


async def test_site_set_with_a_stale_version_is_refused(cli: Cli, site: SiteClient) -> None:
    await cli.ok("site", "set", site.name, "language=de", "--version", "1")
    assert "meanwhile" in await cli.refused("site", "set", site.name, "language=fr", "--version", "1")
    assert (await cli.json("site", "show", site.name))["language"] == "de"


async def test_closed_posting_reaches_another_process_within_two_seconds(
    cli: Cli, site: SiteClient, other: Service
) -> None:
    elsewhere = SiteClient(other, site.name)
    assert (await elsewhere.comment("a")).status == 201
    await cli.ok("site", "set", site.name, "posting=closed", "closed_text=Back on Monday.")

    async def is_closed() -> bool:
        answer = await elsewhere.comment("a")
        return bool(answer.status == 409 and answer.json["code"] == "posting_closed")

    await within(2, is_closed)
    assert (await elsewhere.comment("a")).json["detail"] == "Back on Monday."
    assert await elsewhere.count("a") >= 1


# ---- signing keys


async def test_a_generated_secret_signs_until_it_is_retired(cli: Cli, site: SiteClient) -> None:
    done = await cli("site", "keys", site.name, "add", "--issuer", ISSUER, "--generate")
    secret = done.out.strip()
    assert len(secret) >= 43
    assert done.out == secret + "\n"
    key_id = re.search(r"[0-9a-f-]{36}", done.err)
    assert key_id
    token = signed(secret, "HS256", site.name)

    async def status() -> int:
        return int((await me(site, token)).status)

    async def accepted() -> bool:
        return await status() == 200

    async def refused() -> bool:
        return await status() == 401

    await within(2, accepted)
    assert (await me(site, signed(secret, "HS256", site.name, issuer="https://else.example"))).status == 401
    listed = await cli.ok("site", "keys", site.name, "list")
    assert secret not in listed
    assert key_id[0] in listed
    await cli.ok("site", "keys", site.name, "retire", key_id[0])
    await within(2, refused)
    assert "no active signing key" in await cli.refused("site", "keys", site.name, "retire", key_id[0])


async def test_a_secret_file_needs_32_bytes(cli: Cli, site: SiteClient, tmp_path: Path) -> None:
    add = ("site", "keys", site.name, "add", "--issuer", ISSUER, "--kid", "k1", "--secret-file")
    assert "32 bytes" in await cli.refused(*add, "-", stdin=b"x" * 31 + b"\n")
    (tmp_path / "secret").write_bytes(b"y" * 32 + b"\n")
    await cli.ok(*add, str(tmp_path / "secret"))

    async def accepted() -> bool:
        return (await me(site, signed(b"y" * 32, "HS256", site.name, kid="k1"))).status == 200

    await within(2, accepted)
    assert (await me(site, signed(b"y" * 32, "HS256", site.name, kid="k2"))).status == 401


async def test_a_jwks_file_adds_each_key_and_refuses_private_ones(cli: Cli, site: SiteClient, tmp_path: Path) -> None:
    ed, ec = Ed25519PrivateKey.generate(), generate_private_key(SECP256R1())
    public = [
        {**OKPAlgorithm.to_jwk(ed.public_key(), as_dict=True), "kid": "ed"},
        {**ECAlgorithm.to_jwk(ec.public_key(), as_dict=True), "kid": "ec"},
    ]
    file = tmp_path / "jwks.json"
    add = ("site", "keys", site.name, "add", "--issuer", ISSUER, "--jwk-file", str(file))
    file.write_text(json.dumps({"keys": [*public, OKPAlgorithm.to_jwk(ed, as_dict=True)]}))
    assert "key 3: this is a private key" in await cli.refused(*add)
    file.write_text(json.dumps({"keys": [public[0], {"kty": "oct", "k": "AAAA"}]}))
    assert "key 2: this is a shared secret" in await cli.refused(*add)
    file.write_text("{")
    assert "not JSON" in await cli.refused(*add)
    file.write_text('{"keys": []}')
    assert "1 to 100 keys" in await cli.refused(*add)
    file.write_text(json.dumps({"keys": public}))
    assert "not EdDSA" in await cli.refused(*add, "--algorithm", "EdDSA")
    assert "one key only" in await cli.refused(*add, "--kid", "mine")
    assert len((await cli.ok("site", "keys", site.name, "list")).splitlines()) == 1
    await cli.ok(*add)

    async def accepted() -> bool:
        tokens = [signed(ed, "EdDSA", site.name, kid="ed"), signed(ec, "ES256", site.name, kid="ec")]
        return {(await me(site, token)).status for token in tokens} == {200}

    await within(2, accepted)


@pytest.mark.parametrize("issuer", ["discuss:cli", "discuss:guest", "import:disqus", "", "a\nb", " x", "a" * 201])
async def test_no_key_signs_for_the_services_own_issuers(cli: Cli, site: SiteClient, issuer: str) -> None:
    assert "issuer" in await cli.refused("site", "keys", site.name, "add", "--issuer", issuer, "--generate")


@pytest.mark.parametrize(
    "url", ["http://id.example.com/jwks", "https://me@id.example.com/", "ftp://a", "/jwks", "https://"]
)
async def test_a_jwks_address_must_be_plain_https(cli: Cli, site: SiteClient, url: str) -> None:
    add = ("site", "keys", site.name, "add", "--issuer", ISSUER, "--jwks-url")
    assert "JWKS address" in await cli.refused(*add, url)
    await cli.ok(*add, "https://id.example.com/jwks.json", "--algorithm", "ES256")
    listed = await cli.ok("site", "keys", site.name, "list")
    assert "ES256" in listed
    assert "https://id.example.com/jwks.json" in listed


async def test_api_keys_are_shown_once_and_stored_hashed(cli: Cli, site: SiteClient) -> None:
    api = ("site", "keys", site.name, "api-key")
    key = (await cli.ok(*api, "add", "--name", "our CMS")).strip()
    assert re.fullmatch(r"dk_[\w-]{43}", key)
    listed = await cli.ok(*api, "list")
    assert "our CMS" in listed
    assert key not in listed
    found = await site.site()
    rows = await site.service.deps.database.fetch(_Raw("SELECT hash FROM api_keys WHERE site_key = $1"), found.key)
    assert [row["hash"] for row in rows] == [hashlib.sha256(key.encode()).digest()]
    key_id = listed.splitlines()[1].split()[0]
    await cli.ok(*api, "retire", key_id)
    assert (await cli.ok(*api, "list")).splitlines()[1].split()[-1] != "-"
    assert "no active API key" in await cli.refused(*api, "retire", key_id)
    assert "name" in await cli.refused(*api, "add", "--name", " ")


def _Raw(sql: str) -> Any:  # noqa: N802
    from service.store.queries import Query

    return Query("test", sql)


# ---- articles


async def test_article_show_and_set(cli: Cli, site: SiteClient) -> None:
    assert "article" in (await cli.refused("article", "show", site.name, "a")).lower()
    assert "article" in (await cli.refused("article", "set", site.name, "a", "locked=true")).lower()
    made = await cli.json("article", "set", site.name, "a", "title=2024", "url=https://www.example.com/a", "--create")
    assert (made["id"], made["title"], made["registered"], made["comment_count"]) == ("a", "2024", True, 0)
    changed = await cli.json(
        "article", "set", site.name, "a", "section=News", "moderation=pre", "locked=true", "title="
    )
    assert (changed["section"], changed["moderation"], changed["locked"], changed["title"]) == (
        "News",
        "pre",
        True,
        None,
    )
    assert (await cli.json("article", "set", site.name, "a", "moderation=null"))["moderation"] is None
    assert (await cli.json("article", "show", site.name, "a"))["url"] == "https://www.example.com/a"
    assert (await site.page("a"))["article"]["section"] == "News"


async def test_article_refusals(cli: Cli, site: SiteClient) -> None:
    line = await cli.refused(
        "article",
        "set",
        site.name,
        "a",
        "lockd=true",
        "locked=yes",
        "url=x",
        "visibility=gone",
        "moderation=no",
        code=2,
    )
    for problem in ("did you mean locked?", "locked:", "url:", "visibility:", "moderation:"):
        assert problem in line
    for bad in ("a/b", "..", "é", "a" * 201):
        assert "article id" in await cli.refused("article", "set", site.name, bad, "locked=true", "--create")


async def test_a_locked_article_takes_no_comments_anywhere(cli: Cli, site: SiteClient, other: Service) -> None:
    elsewhere = SiteClient(other, site.name)
    await elsewhere.posted("a")
    assert (await elsewhere.page("a"))["article"]["locked"] is False
    await cli.ok("article", "set", site.name, "a", "locked=true", "locked_reason=It got out of hand.")

    async def is_locked() -> bool:
        return bool((await elsewhere.page("a"))["article"]["locked"])

    await within(1, is_locked)
    assert (await elsewhere.page("a"))["article"]["locked_reason"] == "It got out of hand."
    answer = await elsewhere.comment("a")
    assert (answer.status, answer.json["code"], answer.json["detail"]) == (409, "article_locked", "It got out of hand.")


async def test_a_hidden_article_is_empty_and_locked_on_every_public_route(
    cli: Cli, site: SiteClient, other: Service
) -> None:
    elsewhere = SiteClient(other, site.name)
    root = await site.posted("a", "a secret to be hidden")
    await site.posted("a", "another secret", parent=root["id"])

    async def counted() -> bool:
        return await elsewhere.count("a") == 2

    await until(counted)
    assert len((await elsewhere.page("a"))["comments"]) == 1
    await cli.ok("article", "set", site.name, "a", "visibility=hidden")

    async def is_hidden() -> bool:
        page, count = await elsewhere.page("a"), await elsewhere.count("a")
        return page["comments"] == [] and page["article"]["locked"] and page["article"]["comment_count"] == count == 0

    await within(1, is_hidden)
    for process in (site, elsewhere):
        for sort in ("newest", "oldest", "top", "controversial"):
            page = await process.page("a", f"?sort={sort}&limit=7")
            assert (page["comments"], page["article"]["comment_count"], page["article"]["locked"]) == ([], 0, True)
        assert (await process.post("/counts", {"articles": ["a"]})).json == {"counts": {"a": 0}}
        for path in (f"/comments/{root['id']}", f"/comments/{root['id']}/replies"):
            answer = await process.get(path)
            assert (answer.status, answer.json["code"]) == (404, "comment_not_found")
        assert (await process.comment("a")).json["code"] == "article_locked"
    await cli.ok("article", "set", site.name, "a", "visibility=shown")

    async def is_back() -> bool:
        return await elsewhere.count("a") == 2 and len((await elsewhere.page("a"))["comments"]) == 1

    await within(1, is_back)


# ---- people


async def test_author_show_by_id_and_by_account(cli: Cli, site: SiteClient) -> None:
    author_id = await known(site)
    shown = await cli.json("author", "show", site.name, author_id)
    assert (shown["id"], shown["name"], shown["subject"]) == (author_id, "Ada", "test:Ada")
    by_account = ("--issuer", shown["issuer"], "--subject", shown["subject"])
    assert await cli.json("author", "show", site.name, *by_account) == shown
    assert "no such author" in await cli.refused("author", "show", site.name, "--issuer", ISSUER, "--subject", "1")
    stranger = await site.service.new_site()
    assert "no such author" in await cli.refused("author", "show", stranger.name, author_id)


async def test_revoked_tokens_fail_in_another_process(cli: Cli, site: SiteClient, other: Service) -> None:
    elsewhere = SiteClient(other, site.name)
    token = await site.token()
    author_id = (await me(elsewhere, token)).json["author"]["id"]
    await cli.ok("author", "revoke", site.name, author_id)
    answer = await me(elsewhere, token)
    assert (answer.status, answer.json["code"]) == (401, "token_invalid")
    assert (await elsewhere.comment("a", token=token)).status == 401


async def test_a_granted_role_shows_in_me(cli: Cli, site: SiteClient) -> None:
    token = await site.token()
    author_id = (await me(site, token)).json["author"]["id"]
    await cli.ok("author", "grant", site.name, author_id, "--role", "moderator")
    assert (await me(site, token)).json["roles"] == ["reader", "moderator"]
    assert (await cli.json("author", "show", site.name, author_id))["granted_role"] == "moderator"
    await cli.ok("author", "grant", site.name, author_id, "--role", "reader")
    assert (await me(site, token)).json["roles"] == ["reader"]


@pytest.mark.parametrize(("until_", "told"), [("2999-01-31T12:00:00Z", "2999-01-31T12:00:00.000Z"), ("forever", None)])
async def test_a_banned_author_cannot_post(cli: Cli, site: SiteClient, until_: str, told: str | None) -> None:
    token = await site.token()
    author_id = (await me(site, token)).json["author"]["id"]
    await cli.ok("author", "ban", site.name, author_id, "--until", until_, "--reason", "Spam.")
    ban = (await me(site, token)).json["ban"]
    assert ban["reason"] == "Spam."
    assert ban["until"] == told
    answer = await site.comment("a", token=token)
    assert (answer.status, answer.json["code"]) == (403, "banned")
    assert (await cli.json("author", "show", site.name, author_id))["banned_until"] in ("forever", told)
    await cli.ok("author", "unban", site.name, author_id)
    assert (await me(site, token)).json["ban"] is None
    assert (await site.comment("a", token=token)).status == 201


async def test_remap_keeps_comments_and_is_all_or_nothing(cli: Cli, site: SiteClient, tmp_path: Path) -> None:
    secret = (await cli.ok("site", "keys", site.name, "add", "--issuer", "https://old.example", "--generate")).strip()
    fresh = (await cli.ok("site", "keys", site.name, "add", "--issuer", "https://new.example", "--generate")).strip()
    site.service.deps.sites.forget(site.name)
    old = signed(secret, "HS256", site.name, issuer="https://old.example", sub="17")
    taken = signed(fresh, "HS256", site.name, issuer="https://new.example", sub="user-18")
    comment = await site.posted("a", token=old)
    await site.posted("a", token=taken)
    await me(site, signed(secret, "HS256", site.name, issuer="https://old.example", sub="18"))
    file = tmp_path / "moves.csv"
    lines = [
        "# old issuer,old subject,new issuer,new subject",
        "https://old.example,17,https://new.example,user-17",
        "https://old.example\t18\thttps://new.example\tuser-18",
        "https://old.example,19,https://new.example,user-19",
    ]
    file.write_text("\n".join(lines))
    assert "line 3: there is an author https://new.example user-18" in await cli.refused(
        "author", "remap", site.name, str(file)
    )
    assert (await me(site, old)).json["author"]["id"] == comment["author"]["id"]
    del lines[2]
    file.write_text("\n".join(lines))
    assert "Remapped 1 of 2" in await cli.ok("author", "remap", site.name, str(file))
    new = signed(fresh, "HS256", site.name, issuer="https://new.example", sub="user-17")
    assert (await me(site, new)).json["author"]["id"] == comment["author"]["id"]
    assert (await site.get(f"/comments/{comment['id']}")).json["comment"]["author"]["id"] == comment["author"]["id"]
    assert "Remapped 0 of 2" in await cli.ok("author", "remap", site.name, str(file))


async def test_remap_tells_every_bad_line(cli: Cli, site: SiteClient, tmp_path: Path) -> None:
    file = tmp_path / "moves.csv"
    file.write_text("a,1,b\na,1,b,1\na,1,c,1\na,2,b,1\na,3,discuss:cli,1\na,4,,1\na,5,import:x,1\n")
    done = await cli("author", "remap", site.name, str(file))
    assert done.code == 1
    assert [line.split(":")[1].strip() for line in done.err.splitlines()] == [f"line {n}" for n in (1, 3, 4, 5, 6, 7)]
    file.write_bytes(b"\xff")
    assert "UTF-8" in await cli.refused("author", "remap", site.name, str(file), code=2)


def test_snippets_of_the_tests_sign_as_the_standard_says() -> None:
    """The tokens of this file are what docs/embedding.md makes by hand."""
    token = signed("k" * 32, "HS256", "demo")
    head, body, signature = token.split(".")
    digest = hmac.new(b"k" * 32, f"{head}.{body}".encode(), hashlib.sha256).digest()
    assert urlsafe_b64encode(digest).decode().rstrip("=") == signature


async def test_roles_are_those_of_the_domain() -> None:
    choices = next(option.type for option in main.commands["token"].params if option.name == "role")
    assert list(choices.choices) == [role.value for role in Role]  # type: ignore[attr-defined]


# ---- reports


async def test_the_figures_of_the_digital_services_act_are_those_of_what_happened(
    cli: Cli, site: SiteClient, service: Service
) -> None:
    async def decide(comment: str, action: str, by: str = "Max", **more: Any) -> None:
        body = {"decisions": [{"comment_id": comment, "action": action, **more}]}
        answer = await site.post("/moderation/decisions", body, token=await site.token(by, Role.MODERATOR))
        assert answer.json["results"][0]["result"] == "applied"

    elsewhere = await service.new_site()
    foreign = (await elsewhere.posted("a"))["id"]
    comments = [(await site.posted("a"))["id"] for _ in range(5)]
    notice = {"explanation": "It names a victim.", "legal_ground": "Privacy", "good_faith": True}
    sender = {"name": "Eve", "contact": "eve@example.com"}
    for where, comment, ground in (
        (site, comments[0], "Privacy"),
        (site, comments[0], "Insult"),
        (site, comments[1], "Privacy"),
        (elsewhere, foreign, "Privacy"),
    ):
        body = {"comment_id": comment, **notice, **sender, "legal_ground": ground}
        assert (await where.post("/notices", body)).status == 201
    flag = {"reason": "illegal", "notice": notice}
    for comment, body in ((comments[1], flag), (comments[2], {"reason": "spam"})):
        assert (await site.post(f"/comments/{comment}/flags", body, token=await site.token("Bea"))).status == 201
    await decide(comments[0], "remove", reason="court_order")
    await decide(comments[1], "dismiss_flags")
    await decide(comments[3], "spam")
    for comment in (comments[0], comments[3]):
        answer = await site.post(f"/me/comments/{comment}/appeal", {"text": "Please."}, token=await site.token())
        assert answer.status == 201
    await decide(comments[0], "uphold", by="Moira")
    await decide(comments[3], "restore", by="Moira")
    await site.set(suspect_words=["casino"])
    zoe = await site.token("Zoe")
    waiting = await site.posted("a", token=zoe)
    assert (await site.patch(f"/comments/{waiting['id']}", {"text": "A casino."}, token=zoe)).status == 202
    erasure = (await site.delete("/me", token=zoe)).json["erase_id"]

    async def erased() -> bool:  # which discards the edit, and is no restriction by anybody
        return bool((await site.get(f"/me/erasures/{erasure}", token=zoe)).json["state"] == "done")

    await until(erased)
    await site.set(moderation="pre")
    await site.posted("a")
    assert (await site.delete(f"/comments/{comments[4]}", token=await site.token())).status == 204
    await cli.ok("author", "ban", site.name, await known(site, "Bea"), "--until", "forever", "--reason", "Spam.")

    today = f"{datetime.now(UTC):%Y-%m-%d}"
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    period = ("--from", yesterday, "--to", today)  # midnight may have passed
    figures = await cli.json("report", "dsa", *period, "--site", site.name, "--json")
    for part in ("notices", "appeals"):
        assert 0 < figures[part].pop("median_seconds") < 60
    assert figures["notices"] == {
        "received": 4,
        "with_account": 1,
        "without_account": 3,
        "by_legal_ground": {"Privacy": 3, "Insult": 1},
        "by_answer": {"dismiss_flags": 2, "remove": 2},
    }
    assert figures["flags"] == {
        "received": 2,
        "by_reason": {"illegal": 1, "spam": 1},
        "by_answer": {"dismissed": 1, "open": 1},
    }
    assert figures["restrictions"] == {
        "made": 4,
        "by_people": 2,
        "by_automated_means": 2,
        "by_action": {"hold": 1, "hold_edit": 1, "remove": 1, "spam": 1},
        "by_reason": {"court_order": 1, "premoderated_site": 1, "suspect_word": 1, "unspecified": 1},
    }
    assert figures["appeals"] == {"received": 2, "granted": 1, "refused": 1, "withdrawn": 0, "open": 0}
    assert figures["suspensions"] == {"made": 1, "lifted": 0}

    everywhere = await cli.json("report", "dsa", *period, "--json")
    assert everywhere["notices"]["received"] >= 5
    text = await cli.ok("report", "dsa", *period, "--site", site.name)
    assert re.search(r"^  without account +3$", text, re.MULTILINE)
    assert re.search(r"^    Privacy +3$", text, re.MULTILINE)
    before = await cli.json("report", "dsa", "--from", "2020-01-01", "--to", "2020-12-31", "--json")
    assert (before["notices"]["received"], before["appeals"]["median_seconds"]) == (0, None)
    await cli.refused("report", "dsa", "--from", today, "--to", "2020-01-01", code=2)
    await cli.refused("report", "dsa", "--from", "today", "--to", today, code=2)
