"""`key=value` arguments: JSON values, plain words for strings, checked by a schema, every problem at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Sequence
from typing import Any

import click
from marshmallow import Schema, ValidationError, fields

from service.api.requests import flat


def parse_assignments(pairs: Sequence[str], schema: Schema) -> dict[str, Any]:
    """The named values as the schema has them. Raises UsageError naming every problem.

    Values are JSON; what is no JSON, and anything for a text, is taken as it stands. `key=` clears: null where the
    schema allows it, else an empty list or object.
    """
    values: dict[str, Any] = {}
    problems: list[str] = []
    for pair in pairs:
        name, sign, text = pair.partition("=")
        if not sign:
            problems.append(f"{pair!r} is not key=value")
        elif name not in schema.fields:
            problems.append(unknown(name, list(schema.fields)))
        elif name in values:
            problems.append(f"{name} is given twice")
        else:
            values[name] = parse_value(schema.fields[name], text)
    try:
        loaded: dict[str, Any] = schema.load(values)
    except ValidationError as error:
        problems.extend(f"{name}: {' '.join(messages)}" for name, messages in flat(error.messages).items())
        loaded = {}
    if problems:
        raise click.UsageError("; ".join(problems))
    return loaded


def unknown(name: str, known: Sequence[str]) -> str:
    """What to say of a name that is none."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"{name!r} is not one of the settings" + (f", did you mean {near[0]}?" if near else f": {', '.join(known)}")


def parse_value(field: fields.Field[Any], text: str) -> Any:
    """One value as JSON has it."""
    try:
        value = json.loads(text) if text else None
    except ValueError:
        return text
    if isinstance(field, fields.String) and value is not None and not isinstance(value, str):
        return text
    if value is None and not field.allow_none:
        return empty_value(field)
    return value


def empty_value(field: fields.Field[Any]) -> Any:
    """What `key=` makes of a field that cannot be null; for most that is null, and refused."""
    if isinstance(field, fields.List):
        return []
    return {} if isinstance(field, fields.Dict) else None
