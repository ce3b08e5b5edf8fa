"""What docs/langchain.md and docs/importing.md show runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


def blocks(name: str) -> list[str]:
    text = (DOCS / name).read_text(encoding="utf-8")
    return re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize(("name", "count"), [("langchain.md", 5), ("importing.md", 4)])
def test_the_examples_run(name: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = blocks(name)
    assert len(shown) == count
    namespace = {"__name__": "documented"}
    for block in shown:
        exec(compile(block, name, "exec"), namespace)
    if "store" in namespace:
        namespace["store"].close()


@pytest.mark.parametrize("name", ["langchain.md", "importing.md"])
def test_the_examples_check_what_they_show(name: str) -> None:
    assert sum("assert" in block for block in blocks(name)) >= 4
