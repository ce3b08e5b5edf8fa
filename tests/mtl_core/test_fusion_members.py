"""Which models can be members of one fusion."""

from __future__ import annotations

from pathlib import Path

import pytest

from mtl_core.errors import InputError
from mtl_core.fusion import FusedModel
from mtl_core.heads import BinaryHead
from mtl_core.tasks import Task
from tests.mtl_core.toy_members import ALL_WORDS, SIGNAL_TASKS, SPANS, WEATHER, build_member, word_tokenizer


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([WEATHER], "only one of the members 0 and 1 has the task 'spans'"),
        ([SPANS, WEATHER.model_copy(update={"labels": ("yes", "no")})], r"labels \['no', 'yes'\] in member 0"),
        ([SPANS, Task(name="weather", kind="multiclass", labels=("no", "yes"))], "kind 'binary' in member 0"),
    ],
)
def test_members_must_agree_on_tasks(tmp_path: Path, other: list[Task], message: str) -> None:
    built = [build_member(tmp_path / str(number), tasks=tasks) for number, tasks in enumerate([SIGNAL_TASKS, other])]
    with pytest.raises(InputError, match=f"(?i){message}"):
        FusedModel(built)


def test_members_may_name_their_tasks_in_any_order(tmp_path: Path) -> None:
    built = [build_member(tmp_path / str(n), tasks=tasks) for n, tasks in enumerate([SIGNAL_TASKS, [SPANS, WEATHER]])]
    assert FusedModel(built).tasks == SIGNAL_TASKS


def test_a_fusion_needs_a_member() -> None:
    with pytest.raises(InputError, match="at least one"):
        FusedModel([])


def test_a_task_over_word_pieces_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member = build_member(tmp_path, tasks=[WEATHER], tokenizer=word_tokenizer(ALL_WORDS))
    monkeypatch.setattr(BinaryHead, "uses_tokens", property(lambda _: True))
    with pytest.raises(InputError, match="word pieces, which differ between members"):
        FusedModel([member])
