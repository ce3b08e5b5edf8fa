"""The YAML block at the head of a Markdown file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable
from typing import Any

import yaml

from mtl_core.errors import InputError

__all__ = ["split_front_matter"]

_FENCE = "---"
_MOST_CHARACTERS = 65_536


def _refusal(problem: str, mark: Any) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, mark)


class _PlainLoader(yaml.SafeLoader):
    """YAML without what surprises in a file by hand: aliases, tags, and a key given twice."""

    def compose_node(self, parent: Any, index: int) -> Any:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        # a few nested aliases can stand for gigabytes of text, and a tag for a value that JSON cannot hold
        if isinstance(event, yaml.AliasEvent):
            raise _refusal("aliases are not read", event.start_mark)
        if event.tag is not None:
            raise _refusal("tags are not read", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refusal("a key is no text", key.start_mark)
            if key.value in seen:
                raise _refusal(f"{key.value!r} is given twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def split_front_matter(text: str, *, where: str) -> tuple[dict[str, Any], str]:
    """Part the front matter of a Markdown text from its body.

    Args:
        text: The whole file. Front matter begins with a first line ``---`` and ends with the next one.
        where: The file, for the error.

    Returns:
        The values by key (dates as text in ISO form), empty where there is no front matter; and the body.

    Raises:
        InputError: If the block does not end, is no YAML mapping with text keys, gives a key twice, or is too long.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != _FENCE:
        return {}, text
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if end is None:
        raise InputError(f"{where}:1 opens front matter with --- that no second --- line closes; add that line.")
    block = "\n".join(lines[1:end])
    if len(block) > _MOST_CHARACTERS:
        raise InputError(f"{where} has front matter of {len(block):,} characters; keep it under {_MOST_CHARACTERS:,}.")
    try:
        # the loader is a SafeLoader, which makes no objects
        values = yaml.load(block, Loader=_PlainLoader)  # noqa: S506
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark is not None else 1
        problem = getattr(error, "problem", None) or str(error) or type(error).__name__
        raise InputError(f"{where}:{line} is not YAML ({problem}); correct the front matter.") from error
    if values is None:
        values = {}
    if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
        raise InputError(f"{where}:2 holds no keys with values; write front matter such as: title: Magnets")
    return {key: _plain(value) for key, value in values.items()}, "\n".join(lines[end + 1 :])


def _plain(value: Any) -> Any:
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    return value
