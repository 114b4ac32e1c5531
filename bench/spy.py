"""Where the time goes: py-spy on the workers while one kind of request is all they get."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import stage as on
from bench.rounds import CONNECTIONS, reader
from bench.stage import Stage
from bench.writing import post_round

SECONDS = 10
TOP = 25
_FRAME = re.compile(r"(?P<function>.*) \((?P<file>.*?)(:\d+)?\)$")


def profile(stage: Stage, name: str) -> None:
    """Print the lines and packages in which the workers spent `name`: page, uncached or posts."""
    work = _works(stage)[name]
    work(2)
    files = [stage.folder / f"spy-{number}.txt" for number in range(len(stage.service.workers()))]
    loader = threading.Thread(target=work, args=(SECONDS + 2,))
    loader.start()
    recorders = [_record(worker.pid, file) for worker, file in zip(stage.service.workers(), files, strict=True)]
    for recorder in recorders:
        recorder.wait()
    loader.join()
    stacks = Counter[str]()
    for file in files:
        stacks.update(dict(_stacks(file)))
    _print_shares(stacks)


def _works(stage: Stage) -> dict[str, Callable[[float], object]]:
    def reads(path: str) -> Callable[[float], object]:
        return reader(stage.service, path, on.expected(stage.service, path), CONNECTIONS)

    return {
        "page": reads(on.page("big")),
        "uncached": reads(on.page("big", "?limit=21")),
        "posts": lambda seconds: post_round(stage, seconds),
    }


def _record(pid: int, file: Path) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("py-spy")
    command = [str(program), "record", "--pid", str(pid), "--duration", str(SECONDS), "--rate", "250"]
    command += ["--format", "raw", "--output", str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _stacks(file: Path) -> Iterator[tuple[str, int]]:
    """Stack, outermost frame first, joined by `;` → samples."""
    for line in file.read_text().splitlines():
        stack, _, samples = line.rpartition(" ")
        yield stack, int(samples)


def _print_shares(stacks: Counter[str]) -> None:
    total = stacks.total()
    own, below = Counter[str](), Counter[str]()
    for stack, samples in stacks.items():
        frames = stack.split(";")
        own[frames[-1]] += samples
        for place in {_place(frame) for frame in frames}:
            below[place] += samples
    print(f"{total} samples; time in the line itself:")
    for frame, samples in own.most_common(TOP):
        print(f"{samples / total:6.1%}  {frame}")
    print("time in a function and below it:")
    for place, samples in below.most_common(2 * TOP):
        print(f"{samples / total:6.1%}  {place}")


def _place(frame: str) -> str:
    found = _FRAME.match(frame)
    return f"{found['function']} ({found['file']})" if found else frame
