"""A training from config to saved model: it learns, repeats itself, keeps the best, and goes wrong in plain words."""

from __future__ import annotations

import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from safetensors.torch import load_file

from mtl_core.errors import ArtifactError, InputError
from mtl_core.evaluation.evaluate import evaluate
from mtl_core.saved_model import load_model
from mtl_core.training import fit, lightning_setup, run
from mtl_core.training.checkpoints import SafeCheckpointIO
from mtl_core.training.config import TrainingConfig
from mtl_core.training.fit import TrainingResult, train
from mtl_core.training.prepare import prepare
from tests.mtl_core.training.small_runs import (
    TASKS,
    StopAt,
    config_of,
    dataset_of,
    row_of,
    weights_of,
    write_data,
    write_rows,
)

pytestmark = pytest.mark.usefixtures("no_pictures")


@pytest.fixture
def config(small_data: Path, small_encoder: Path, tmp_path: Path) -> Callable[..., TrainingConfig]:
    return lambda *tasks, **sections: config_of(small_data, tmp_path / "out", small_encoder, *tasks, **sections)


LONG = {"trainer": {"epochs": 6, "average": 0.8}}


@pytest.fixture(scope="module")
def learned(small_data: Path, small_encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return done(config_of(small_data, tmp_path_factory.mktemp("learned") / "out", small_encoder, **LONG))


def done(config: TrainingConfig, **settings: Any) -> TrainingResult:
    result = train(config, **settings)
    assert result is not None
    return result


def same(left: torch.nn.Module, right: torch.nn.Module) -> bool:
    one, other = left.state_dict(), right.state_dict()
    return one.keys() == other.keys() and all(torch.equal(part, other[name]) for name, part in one.items())


def add_callback(monkeypatch: pytest.MonkeyPatch, *extra: pl.Callback) -> None:
    real = lightning_setup.make_callbacks
    monkeypatch.setattr(run, "make_callbacks", lambda *given: [*extra, *real(*given)])


class Watch(pl.Callback):
    """Keeps the weights at every validation."""

    def __init__(self) -> None:
        self.weights: list[dict[str, torch.Tensor]] = []
        self.rates: list[list[float]] = []
        self.modes: list[bool] = []

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.rates.append([group["lr"] for group in trainer.optimizers[0].param_groups])
        self.modes.append(pl_module.model.network.training)

    def on_validation_start(self, trainer: pl.Trainer, pl_module: Any) -> None:
        self.weights.append(weights_of(pl_module.model))


def test_it_learns_saves_and_reports(learned: TrainingResult, small_data: Path) -> None:
    assert learned.validation.score > 0.9
    assert learned.test is None
    assert not list(learned.folder.with_name("out.run").glob("checkpoints/*"))
    report = json.loads((learned.folder / "report" / "report.json").read_text(encoding="utf-8"))
    assert set(report["tasks"]) == {"weather", "spans"}
    again = load_model(learned.folder, precision="float32")
    examples = prepare(config_of(small_data, learned.folder, small_data)).validation
    assert evaluate(again, examples) == learned.validation
    assert again.card is not None
    assert again.card.figures["spans"]["f1"] == learned.validation.tasks["spans"].f1
    assert again.card.training["trainer"]["epochs"] == 6
    assert set(again.card.datasets) == {"rows"}


def test_the_same_seed_gives_the_same_model(learned: TrainingResult, config: Callable[..., TrainingConfig]) -> None:
    torch.manual_seed(12345)
    random.seed(9)
    again = done(config(**LONG))
    assert same(again.model, learned.model)
    assert again.validation == learned.validation
    other = done(config(seed=1, trainer={"epochs": 1}))
    assert not same(other.model, learned.model)


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


class Poison(pl.Callback):
    """Makes a head's weights NaN from one step on, as a diverging training does."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer: pl.Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if trainer.global_step == self.step:
            with torch.no_grad():
                pl_module.model.head("weather").linear.weight.fill_(float("nan"))


def test_a_loss_that_is_not_finite_ends_the_run_and_keeps_the_best(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_callback(monkeypatch, Poison(7))
    wanted = config(trainer={"epochs": 3})
    with pytest.raises(
        InputError, match=r"^The loss of weather is nan at step 7: [^\n]* best checkpoint so far is kept.$"
    ):
        train(wanted)
    kept = SafeCheckpointIO().load_checkpoint(run.run_folder(wanted.output) / "checkpoints" / "best.ckpt")
    assert kept["global_step"] == 5
    assert all(bool(torch.isfinite(part).all()) for part in kept["state_dict"].values())
    assert not wanted.output.exists()


def test_a_run_may_be_shorter_than_an_epoch(config: Callable[..., TrainingConfig]) -> None:
    said: list[str] = []
    done(config("weather", trainer={"max_steps": 3}), report=said.append)
    assert any(line.endswith("at step 3 of 3") for line in said)
    done(config("weather", trainer={"max_steps": 3, "validate_every": 50}))


def test_ctrl_c_ends_the_run_in_a_sentence_and_it_goes_on(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config("weather", trainer={"epochs": 3, "validate_every": 4, "average": 0.5})
    whole = done(wanted.model_copy(update={"output": wanted.output.with_name("whole")}))
    handler = signal.getsignal(signal.SIGINT)
    interrupt = StopAt("on_train_batch_start", 6)
    interrupt._raise = lambda trainer, *_: os.kill(os.getpid(), signal.SIGINT) if trainer.global_step == 6 else None
    interrupt.on_train_batch_start = interrupt._raise
    with monkeypatch.context() as patch:
        add_callback(patch, interrupt)
        with pytest.raises(InputError, match="interrupted at step 7; go on with --resume"):
            train(wanted)
    assert signal.getsignal(signal.SIGINT) is handler
    assert same(done(wanted, resume=True).model, whole.model)


@pytest.mark.parametrize("package", ["tensorboard", "wandb"])
def test_a_logger_that_is_not_installed_is_named(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr(lightning_setup, "find_spec", lambda _: None)
    with pytest.raises(
        InputError, match=f"^logging.{package} needs the package {package}; install it or set it to false.$"
    ):
        train(config("weather", logging={package: True}))


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_read(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "prepare", lambda _: pytest.fail("the data were read"))
    wanted = config("weather")
    wanted.output.write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="is a file; name a folder for the model"):
        train(wanted)
    wanted.output.unlink()
    wanted.output.mkdir()
    (wanted.output / "thesis.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="something that is not a saved model"):
        train(wanted)


@pytest.mark.parametrize("tasks", [("weather",), ("weather", "spans")])
def test_there_must_be_something_to_resume(config: Callable[..., TrainingConfig], tasks: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match=r"no interrupted run in .*out\.run; start without --resume"):
        train(config(*tasks), resume=True)
    done(config(*tasks, trainer={"max_steps": 1}))
    with pytest.raises(InputError, match=r"start without --resume"):
        train(config(*tasks), resume=True)


@pytest.mark.parametrize("balance", ["pcgrad", "uncertainty"])
def test_every_balance_learns(config: Callable[..., TrainingConfig], balance: str) -> None:
    result = done(config("weather", "topic", "spans", trainer={"epochs": 6, "balance": balance}))
    assert result.validation.score > 0.8
    assert not any("variance" in name for name in load_file(result.folder / "heads.safetensors"))


@pytest.mark.parametrize("balance", ["fixed", "pcgrad", "uncertainty"])
def test_partial_labels_and_a_frozen_encoder_go_together(small_encoder: Path, tmp_path: Path, balance: str) -> None:
    data = write_data(tmp_path / "data", train=24, lack=0.7)
    sections = {"encoder": {"freeze": "all"}, "trainer": {"batch_size": 2, "epochs": 1, "balance": balance}}
    result = done(config_of(data, tmp_path / "out", small_encoder, "weather", "spans", **sections))
    before = load_file(small_encoder / "model.safetensors")
    for name, tensor in load_file(result.folder / "model.safetensors").items():
        assert torch.equal(tensor, before[name])


def moved(result: TrainingResult, encoder: Path) -> set[str]:
    before = load_file(encoder / "model.safetensors")
    after = load_file(result.folder / "model.safetensors")
    return {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}


def test_a_frozen_encoder_is_read_once_and_its_heads_are_fitted(
    config: Callable[..., TrainingConfig], small_encoder: Path
) -> None:
    said: list[str] = []
    result = done(config("weather", "topic", "things", encoder={"freeze": "all"}), report=said.append)
    assert "encoded 40 texts once; fitting the heads" in said
    assert result.validation.score > 0.8
    assert not moved(result, small_encoder)
    assert not run.run_folder(result.folder).exists()


def test_the_last_layers_alone_may_learn(config: Callable[..., TrainingConfig], small_encoder: Path) -> None:
    result = done(config("weather", encoder={"keep_last": 1}, trainer={"epochs": 1}))
    found = moved(result, small_encoder)
    assert any("layer.1." in name for name in found)
    assert not any("layer.0." in name or "embeddings" in name for name in found)


def test_the_lowest_layers_may_be_kept_alone(config: Callable[..., TrainingConfig]) -> None:
    result = done(config("weather", encoder={"layers": 1}, trainer={"epochs": 1}))
    again = load_model(result.folder, precision="float32").encoder
    assert again.layer_count == 2
    assert (again.encode(["rain"]).vectors == result.model.encoder.encode(["rain"]).vectors).all()


def test_layers_thaw_one_by_one(
    config: Callable[..., TrainingConfig], small_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    add_callback(monkeypatch, watch)
    done(config("weather", encoder={"unfreeze_every": 1}, trainer={"epochs": 4}))
    start = load_file(small_encoder / "model.safetensors")
    parts = []
    for weights in watch.weights:
        changed = {name for name, part in start.items() if not torch.equal(weights[f"network.{name}"], part)}
        found = {
            "embeddings" if "embeddings" in name else name.split(".")[2] for name in changed if "pooler" not in name
        }
        parts.append(sorted(found))
    assert parts == [[], ["1"], ["0", "1"], ["0", "1", "embeddings"]]


@pytest.mark.parametrize("schedule", ["constant", "linear", "one_cycle", "cyclic"])
def test_every_schedule_runs_over_the_steps(
    config: Callable[..., TrainingConfig], monkeypatch: pytest.MonkeyPatch, schedule: str
) -> None:
    watch = Watch()
    add_callback(monkeypatch, watch)
    done(config("weather", optimiser={"schedule": schedule, "layer_decay": 0.5}, trainer={"epochs": 2}))
    head = [rates[-1] for rates in watch.rates]
    assert len(head) == 10
    assert max(head) <= 3e-2 * (1 + 1e-6)
    assert (len(set(head)) == 1) is (schedule == "constant")
    ratios = {round(rates[0] / rates[-1], 6) for rates in watch.rates}
    # embeddings lie two layers below the last one
    assert ratios == {round(1e-2 * 0.25 / 3e-2, 6)}


def test_few_shot_runs_take_so_many_of_each_label(config: Callable[..., TrainingConfig]) -> None:
    said: list[str] = []
    done(config("weather", datasets=[dataset_of("weather", only=2)], trainer={"epochs": 1}), report=said.append)
    assert any(line.startswith("4 training and 24 validation examples; weather (binary, 2 labels)") for line in said)


def test_class_weights_are_kept_with_the_model(config: Callable[..., TrainingConfig]) -> None:
    result = done(config("topic", loss={"class_weights": True}, trainer={"epochs": 1}))
    weights = load_model(result.folder).head("topic").class_weights
    assert not torch.equal(weights, torch.ones(3))
    torch.testing.assert_close(weights, result.model.head("topic").class_weights)


@pytest.mark.parametrize("sampling", ["proportional", "temperature", "round_robin"])
def test_data_sets_with_other_labels_are_learned_together(
    small_encoder: Path, small_data: Path, tmp_path: Path, sampling: str
) -> None:
    sets = [dataset_of("weather", words=False, name="one"), dataset_of("topic", "spans", name="two")]
    result = done(
        config_of(
            small_data,
            tmp_path / "out",
            small_encoder,
            "weather",
            "topic",
            "spans",
            datasets=sets,
            trainer={"epochs": 6, "sampling": sampling},
        )
    )
    assert set(result.validation.tasks) == {"weather", "topic", "spans"}
    assert result.validation.tasks["spans"].f1 > 0.5
    # all of the 24 rows of both sets are judged
    assert result.validation.count == 48
    assert result.validation.tasks["spans"].count == 24


def test_every_kind_runs_in_bfloat16(small_encoder: Path, tmp_path: Path) -> None:
    source = random.Random(0)
    rows = []
    for _ in range(24):
        row = row_of(source)
        rows.append(
            {**row, "text": f"{row['text']}.\n\nThe a.", "measures": ["wet"] if row["weather"] == "yes" else []}
        )
    for name in ("train", "validation"):
        write_rows(tmp_path / f"{name}.jsonl", rows)
    passages = dataset_of("weather", "topic", "things", words=False, name="passages")
    passages["columns"]["segments"] = "sentences"
    passages["columns"]["labels"]["measures"] = "measures"
    tasks = [*TASKS.values(), {"name": "measures", "kind": "evidence", "labels": ["wet", "dry"]}]
    result = done(
        config_of(
            tmp_path,
            tmp_path / "out",
            small_encoder,
            tasks=tasks,
            datasets=[passages, dataset_of("spans", name="words")],
            trainer={"epochs": 1, "precision": "bfloat16"},
        )
    )
    assert set(result.validation.tasks) == {*TASKS, "measures"}
    said = result.model.predict(["Rain on the lesson."])[0]
    assert set(said) == {*TASKS, "measures"}


def test_a_progress_bar_may_be_shown(config: Callable[..., TrainingConfig], capsys: pytest.CaptureFixture[str]) -> None:
    done(config("weather", trainer={"epochs": 1}))
    assert capsys.readouterr() == ("", "")
    done(config("weather", trainer={"epochs": 1}, logging={"progress_bar": True}))
    assert "Epoch 0" in capsys.readouterr().out


def test_a_student_learns_from_a_model_without_labels(
    learned: TrainingResult, small_encoder: Path, tmp_path: Path
) -> None:
    data = write_data(tmp_path / "data", seed=5)
    rows = [
        json.loads(line) | {"weather": None, "spans": None} for line in (data / "train.jsonl").read_text().splitlines()
    ]
    write_rows(data / "train.jsonl", rows)
    tasks = [task.model_dump(exclude={"separator"}) for task in learned.model.tasks]
    result = done(
        config_of(
            data,
            tmp_path / "out",
            small_encoder,
            tasks=tasks,
            trainer={"epochs": 8},
            loss={"temperature": 2.0},
            distillation={"teacher": str(learned.folder), "layers": 1, "embedding_weight": 0.5},
        )
    )
    assert result.model.encoder.layer_count == 2
    assert result.validation.score > 0.8
    assert load_model(result.folder).encoder.layer_count == 2


def test_a_student_learns_from_a_file_of_probabilities(small_encoder: Path, tmp_path: Path) -> None:
    data = write_data(tmp_path / "data", seed=5)
    rows = [json.loads(line) for line in (data / "train.jsonl").read_text().splitlines()]
    judged = [
        {"text": row["text"], "probabilities": {"weather": 0.95 if row["weather"] == "yes" else 0.05}} for row in rows
    ]
    write_rows(data / "teacher.jsonl", judged)
    write_rows(data / "train.jsonl", [{**row, "weather": None} for row in rows])
    sections: dict[str, Any] = {"trainer": {"epochs": 8}, "distillation": {"teacher": "teacher.jsonl"}}
    result = done(config_of(data, tmp_path / "out", small_encoder, "weather", words=False, **sections))
    assert result.validation.score > 0.8
    assert any(line.startswith("The teacher's file judges 40 of the 40 training examples") for line in result.messages)
    with pytest.raises(InputError, match="There is no teacher 'none.jsonl'"):  # noqa: RUF043
        train(
            config_of(
                data, tmp_path / "out", small_encoder, "weather", words=False, distillation={"teacher": "none.jsonl"}
            )
        )
