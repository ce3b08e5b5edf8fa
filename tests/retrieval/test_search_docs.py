"""The page about search shows the settings as they are."""

from __future__ import annotations

import json
from pathlib import Path

from retrieval.search_config import SearchConfig

PAGE = Path(__file__).parents[2] / "docs" / "search.md"


def test_the_settings_on_the_page_are_the_defaults() -> None:
    shown = PAGE.read_text(encoding="utf-8").partition("```json\n")[2].partition("```")[0]
    assert json.loads(shown) == json.loads(SearchConfig().model_dump_json())
