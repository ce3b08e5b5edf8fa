"""Agreement of two readings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from mtl_core.errors import InputError
from mtl_core.evaluation import Agreement, agreement, label_agreement

PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=20)


def test_a_worked_example() -> None:
    """Cohen's kappa by hand: 35 of 50 alike, 0.5 by chance, (0.7 - 0.5) / 0.5."""
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    result = agreement(first, second)
    assert result.count == 50
    assert result.percent == pytest.approx(70)
    assert result.kappa == pytest.approx(0.4)


@settings(deadline=None, max_examples=50)
@given(PAIRS)
def test_it_is_symmetric_and_equals_scikit_learn(pairs: list[tuple[str, str]]) -> None:
    first, second = map(list, zip(*pairs, strict=True))
    result = agreement(first, second)
    assert result.percent == pytest.approx(agreement(second, first).percent)
    if len({*first, *second}) == 1:
        assert result == Agreement(count=len(pairs), percent=100, kappa=None)
    else:
        assert result.kappa == pytest.approx(cohen_kappa_score(first, second))
        assert result.kappa == pytest.approx(agreement(second, first).kappa)


def test_texts_that_only_one_reading_has_do_not_count() -> None:
    assert agreement(["a", None, "b"], ["a", "a", None]) == Agreement(count=1, percent=100)
    assert agreement([None], ["a"]) == Agreement(count=0)


def test_each_label_is_compared_by_itself() -> None:
    first = [("a", "b"), ("a",), (), None]
    second = [("a",), (), (), ("a", "b")]
    result = label_agreement(first, second, labels=["a", "b", "c"])
    assert list(result) == ["a", "b", "c"]
    assert result["a"].percent == pytest.approx(200 / 3)
    assert result["a"].kappa == pytest.approx(cohen_kappa_score([1, 1, 0], [1, 0, 0]))
    assert result["b"].kappa == pytest.approx(0)
    assert result["c"].to_dict() == {"count": 3, "percent": 100.0, "kappa": None}


def test_a_string_is_one_label_not_letters() -> None:
    result = label_agreement(["ab", "a"], ["ab", "ab"], labels=["a", "ab"])
    assert result["a"].percent == 50
    assert result["ab"].percent == 50


def test_readings_of_different_length_are_refused() -> None:
    with pytest.raises(InputError, match="2 and 1 texts"):
        agreement(["a", "b"], ["a"])
    with pytest.raises(InputError, match="1 and 0 texts"):
        label_agreement([()], [], labels=["a"])
