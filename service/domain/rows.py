"""A row as everybody but the store sees it."""

from __future__ import annotations

from typing import Any, Protocol


class Row(Protocol):
    """Named columns: a database record, or a dict that stands for one."""

    def __getitem__(self, name: str, /) -> Any: ...
