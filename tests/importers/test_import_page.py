from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path

from service.importers.article_ids import ArticleIds
from service.importers.dataset import read_dataset
from tests.importers.exports import comments

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "import.md").read_text()
BLOCKS = re.findall(r"```\n(.*?)```", PAGE, re.DOTALL)


def test_the_examples_of_the_page_work() -> None:
    [example] = [block for block in BLOCKS if block.startswith('{"article"')]
    found = comments(read_dataset(BytesIO(example.encode()), ids=ArticleIds()))
    assert found["2"].parent_source_id == "1"
    assert found["1"].created_at < found["2"].created_at
    [page_map] = [block for block in BLOCKS if block.startswith("# old page")]
    assert sorted(ArticleIds.load(BytesIO(page_map.encode())).overrides.values()) == [
        "first-post",
        "second-post",
        "third-post",
    ]


def test_the_page_lists_every_reason_for_a_skip() -> None:
    section = PAGE.split("## Why a comment is skipped")[1].split("##")[0]
    listed = {
        name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    }
    source = "".join(path.read_text() for path in (ROOT / "service" / "importers").glob("*.py"))
    used = set(re.findall(r'Skipped\([^"]*?"(\w+)"', source)) | {"pingback", "trackback", "not_a_comment"}
    assert listed == used
