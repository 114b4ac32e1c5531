"""Dockerfile and docker-compose.yml, checked without an engine by the real compose and hadolint."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from service.settings import VARIABLES

ROOT = Path(__file__).resolve().parents[2]
SECRETS = {"POSTGRES_PASSWORD": "one", "POSTGRES_APP_PASSWORD": "two", "DISCUSS_SECRET": "3" * 32}


def program(name: str) -> str:
    """A program of the development requirements; where all must be there, as in CI, its absence is a failure."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if found is None:
        (pytest.fail if os.environ.get("REQUIRE_ALL") == "1" else pytest.skip)(f"{name} is not installed")
    return found


def compose(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [program("docker-compose"), "--env-file", os.devnull, "-f", str(ROOT / "docker-compose.yml"), "config"]
    plain = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    return subprocess.run([*command, *arguments], env=plain | environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    done = compose(SECRETS, "--format", "json")
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text()


def test_compose_accepts_the_file() -> None:
    done = compose(SECRETS, "-q")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", SECRETS)
def test_compose_refuses_to_start_without_a_secret(name: str) -> None:
    done = compose({other: value for other, value in SECRETS.items() if other != name}, "-q")
    assert done.returncode != 0
    assert f"variable {name} is missing" in done.stderr


def test_the_service_waits_for_migrations_and_healthy_servers(services: dict[str, dict[str, Any]]) -> None:
    for name in ("service", "followers"):
        conditions = {other: rule["condition"] for other, rule in services[name]["depends_on"].items()}
        assert conditions == {
            "migrate": "service_completed_successfully",
            "postgres": "service_healthy",
            "valkey": "service_healthy",
        }
    assert all("test" in services[name]["healthcheck"] for name in ("postgres", "valkey"))


def test_only_the_service_is_reachable_and_only_from_this_machine(services: dict[str, dict[str, Any]]) -> None:
    published = {name: service["ports"] for name, service in services.items() if service.get("ports")}
    assert list(published) == ["service"]
    assert [port["host_ip"] for port in published["service"]] == ["127.0.0.1"]


def test_what_must_survive_is_on_volumes(services: dict[str, dict[str, Any]]) -> None:
    mounted = {name: [volume["target"] for volume in services[name]["volumes"]] for name in ("postgres", "valkey")}
    # From version 18 on the image keeps its data one level above the place it had before.
    assert mounted == {"postgres": ["/var/lib/postgresql"], "valkey": ["/data"]}


def test_containers_are_given_settings_that_exist(services: dict[str, dict[str, Any]]) -> None:
    for name in ("migrate", "service", "followers"):
        assert set(services[name]["environment"]) <= set(VARIABLES)


def test_containers_run_commands_that_exist(services: dict[str, dict[str, Any]], dockerfile: str) -> None:
    last = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)[-1]
    commands = [services[name]["command"] for name in ("migrate", "service", "followers")]
    for command in [json.loads(last), *commands]:
        assert command[0] == "discuss"
        done = subprocess.run(
            [sys.executable, "-m", "service", *command[1:], "--help"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_hadolint_finds_nothing() -> None:
    done = subprocess.run([program("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_installs_what_the_makefile_installs(dockerfile: str) -> None:
    installs = [line.strip() for line in re.findall(r"pip install ([^\\\n]*)", dockerfile)]
    assert installs == ["--require-hashes -r requirements.txt", "--no-deps --no-build-isolation -e ."]
    makefile = (ROOT / "Makefile").read_text()
    assert all(f"install {arguments}\n" in makefile for arguments in installs)


def test_the_image_is_not_root_and_checks_its_health(dockerfile: str) -> None:
    users = re.findall(r"^USER (\S+)", dockerfile, re.MULTILINE)
    assert users
    assert users[-1] not in ("root", "0")
    assert re.search(r"^HEALTHCHECK .*\\\n +CMD .*/livez", dockerfile, re.MULTILINE)


def test_everything_copied_exists_and_is_let_through(dockerfile: str) -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in re.findall(r"^COPY (.*)$", dockerfile, re.MULTILINE) for source in line.split()[:-1]}
    assert copied == allowed
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []
