"""The image is made of pinned and named parts, runs without rights, and holds no secrets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(line.split(maxsplit=1)[0], line.split(maxsplit=1)[1]) for line in lines]


def of(steps: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for step, rest in steps if step == name]


def test_the_base_is_pinned_and_slim(steps: list[tuple[str, str]]) -> None:
    assert steps[0][0] == "FROM"
    for base in of(steps, "FROM"):
        assert re.fullmatch(r"python:3\.\d+\.\d+-slim-[a-z]+", base)


def test_nothing_is_added_from_elsewhere(steps: list[tuple[str, str]]) -> None:
    assert not of(steps, "ADD")
    assert not any("curl" in run or "wget" in run for run in of(steps, "RUN"))


def test_torch_comes_first_in_the_version_of_the_makefile(steps: list[tuple[str, str]]) -> None:
    installs = [run for run in of(steps, "RUN") if "pip install" in run]
    assert "torch==$TORCH_VERSION" in installs[0]
    assert all("--no-cache-dir" in run for run in installs)
    (pinned,) = re.findall(r"torch==([\d.]+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    assert f'TORCH_VERSION="{pinned}"' in of(steps, "ARG")


def test_it_runs_the_command_as_a_user_without_rights(steps: list[tuple[str, str]]) -> None:
    (user,) = of(steps, "USER")
    assert int(user) >= 10_000
    assert of(steps, "ENTRYPOINT") == ['["lesson-nudge"]']
    assert [step for step, _ in steps].index("USER") > max(n for n, (step, _) in enumerate(steps) if step == "RUN")


def test_what_is_copied_is_there_and_let_in(steps: list[tuple[str, str]]) -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in ignored if line and not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {line[1:] for line in rules if line.startswith("!")}
    copied = {name.removeprefix("./") for copy in of(steps, "COPY") for name in copy.split()[:-1]}
    assert copied == let_in
    assert all((ROOT / name).exists() for name in copied)


def test_no_step_holds_a_secret(steps: list[tuple[str, str]]) -> None:
    for step, rest in steps:
        assert not re.search(r"(?i)token|password|secret|api_?key", rest), step


def test_recipes_mirror_the_makefile() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    lines = (ROOT / "justfile").read_text(encoding="utf-8").splitlines()
    recipes = [line.split()[0].rstrip(":") for line in lines if re.match(r"[a-z][^#]*:(?!=)", line)]
    assert set(phony.split()) | {"image", "container"} <= set(recipes)
