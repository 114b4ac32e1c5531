"""The settings: the table in the code, what is read, and what operators are told are the same."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from service.domain.errors import ConfigurationError
from service.settings import VARIABLES, Settings, load_settings

OPERATORS = Path(__file__).resolve().parents[2] / "docs" / "operators.md"
REQUIRED = {
    "DATABASE_URL": "postgresql://app@db/discuss",
    "REDIS_URL": "redis://cache:6379",
    "DISCUSS_SECRET": "s" * 32,
}
# A value other than the default for each variable.
OTHERS = {
    "DATABASE_URL": "postgresql://app@db2/discuss",
    "DISCUSS_OWNER_URL": "postgresql://owner@db/discuss",
    "REDIS_URL": "redis+cluster://cache:6379",
    "DISCUSS_SECRET": "t" * 32 + "," + "s" * 32,
    "DISCUSS_ENV": "production",
    "DISCUSS_PUBLIC_URL": "https://talk.example.com",
    "DISCUSS_DATA": "elsewhere",
    "DISCUSS_HOST": "0.0.0.0",
    "DISCUSS_PORT": "9000",
    "DISCUSS_PROCESSES": "4",
    "DISCUSS_TRUSTED_PROXIES": "10.0.0.0/8",
    "DISCUSS_METRICS_PORT": "9100",
    "DISCUSS_METRICS_TOKEN": "m" * 32,
    "DISCUSS_ALLOW_PRIVATE_TARGETS": "1",
    "DISCUSS_LIMITS": "off",
    "DISCUSS_LOG_LEVEL": "debug",
}
SAFE_IN_PRODUCTION = {
    "DISCUSS_PUBLIC_URL": "https://talk.example.com",
    "DISCUSS_OWNER_URL": "postgresql://owner@db/discuss",
}


def test_the_table_has_as_many_variables_as_there_are_settings() -> None:
    assert len(VARIABLES) == len(fields(Settings))
    assert OTHERS.keys() == VARIABLES.keys(), "a new variable needs a value here"


@pytest.mark.parametrize("name", sorted(VARIABLES))
def test_every_variable_changes_a_setting_of_its_own(name: str) -> None:
    surroundings = REQUIRED | (SAFE_IN_PRODUCTION if name == "DISCUSS_ENV" else {})
    before, after = load_settings(surroundings), load_settings(surroundings | {name: OTHERS[name]})
    changed = {field.name for field in fields(Settings) if getattr(before, field.name) != getattr(after, field.name)}
    # the owner's login is the service's unless it is named
    assert len(changed - {"owner_url"} if name == "DATABASE_URL" else changed) == 1


def test_unknown_variables_of_ours_stop_the_start_and_others_do_not() -> None:
    load_settings(REQUIRED | {"PATH": "/bin", "DISCUSSION": "1"})
    with pytest.raises(ConfigurationError) as refused:
        load_settings(REQUIRED | {"DISCUSS_PROT": "8080", "DISCUSS_PORT": "high"})
    assert [problem.split()[0] for problem in refused.value.problems] == ["DISCUSS_PROT", "DISCUSS_PORT"], "all at once"


def test_operators_are_told_of_exactly_these_variables() -> None:
    told = set(re.findall(r"\b(?:DISCUSS_[A-Z_]+[A-Z]|DATABASE_URL|REDIS_URL)\b", OPERATORS.read_text()))
    assert told == set(VARIABLES)


def test_every_variable_has_its_row_in_the_operators_table() -> None:
    rows = re.findall(r"^\|\s*`([A-Z_]+)`", OPERATORS.read_text(), re.M)
    assert sorted(name for name in rows if name in VARIABLES) == sorted(VARIABLES), "each once"
