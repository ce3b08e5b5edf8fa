"""Which weights of a training are kept: the best ones, averaged where asked, and when it has had enough."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from mtl_core.training.config import TrainingConfig
from tests.mtl_core.training.fit_runs import Watch, add_callback, done
from tests.mtl_core.training.small_runs import weights_of

pytestmark = pytest.mark.usefixtures("no_pictures")


def test_the_best_weights_are_kept_and_not_the_last(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = iter([0.3, 0.9, 0.5, 0.9])
    monkeypatch.setattr("mtl_core.training.module.main_figure", lambda _: next(figures))
    watch, said = Watch(), []
    add_callback(monkeypatch, watch)
    result = done(config("weather", trainer={"epochs": 4}), report=said.append)
    assert len(watch.weights) == 4
    torch.testing.assert_close(weights_of(result.model), watch.weights[1], rtol=0, atol=0)
    assert "best validation score 0.9000 at step 10 of 20" in said
    assert all(watch.modes)


def test_patience_ends_a_run_that_gets_no_better(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = iter([0.3, 0.4, 0.4, 0.2, 0.9])
    monkeypatch.setattr("mtl_core.training.module.main_figure", lambda _: next(figures))
    said: list[str] = []
    done(config("weather", trainer={"epochs": 5, "patience": 2}), report=said.append)
    assert "best validation score 0.4000 at step 10 of 20" in said


def test_averaged_weights_are_what_is_judged_and_kept(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    add_callback(monkeypatch, watch)
    result = done(config("weather", trainer={"epochs": 1, "average": 0.9}))
    # the weights of the step are not those of the average, which validation swaps in later
    assert not torch.equal(watch.weights[0]["heads.weather.linear.weight"], result.model.head("weather").linear.weight)
