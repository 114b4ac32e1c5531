"""Scripts and styles as short as a minifier makes them.

The minifier runs in a process of its own: with it comes Go's runtime, whose threads survive no fork (gunicorn forks)
and whose memory would stay with every worker.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import PurePath

TYPES = {".js": "text/javascript", ".css": "text/css"}


def minify_all(texts: Mapping[str, str]) -> dict[str, str]:
    """Files by name, minified as their suffixes say. Raises CalledProcessError where one cannot be parsed."""
    command = [sys.executable, "-P", __file__]
    run = subprocess.run(command, input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=True)  # noqa: S603
    done: dict[str, str] = json.loads(run.stdout)
    return done


def main() -> None:
    """Minify what is on standard input."""
    import minify  # type: ignore[import-untyped]

    texts = json.load(sys.stdin)
    json.dump({name: minify.string(TYPES[PurePath(name).suffix], text) for name, text in texts.items()}, sys.stdout)


if __name__ == "__main__":
    main()
