"""One training run: from a config to a saved model, its report and its figures."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lightning.pytorch import seed_everything
from lightning.pytorch.utilities import rank_zero_only

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from mtl_core.evaluation.evaluate import Evaluation, evaluate
from mtl_core.evaluation.report import EvaluationReport
from mtl_core.model import MultiTaskModel
from mtl_core.saved_folder import check_place
from mtl_core.saved_model import CONFIG_FILE, ModelCard
from mtl_core.training.class_weights import set_class_weights
from mtl_core.training.config import TrainingConfig
from mtl_core.training.decisions import FittedDecisions, fit_decisions
from mtl_core.training.distillation import lower_layers
from mtl_core.training.encoder_dropout import drop_in_training
from mtl_core.training.frozen import can_fit_frozen, encode_once, fit_heads
from mtl_core.training.prepare import PreparedData, prepare
from mtl_core.training.run import last_checkpoint, run_folder, run_training
from mtl_core.training.run_settings import check_settings
from mtl_core.training.teaching import Teaching, prepare_teaching

__all__ = ["TrainingResult", "build_model", "train"]

_STRENGTHS = (0.3, 1.0, 3.0, 10.0, 30.0)
"""Inverse penalties that are tried on the validation data when the encoder is frozen."""


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """What a run left.

    Args:
        model: The model of the best validation.
        validation: Its figures on the validation data, on which its thresholds were tuned.
        test: Its figures on the test data, where there is some.
        folder: Where it was saved.
        messages: What the user should know.
    """

    model: MultiTaskModel
    validation: Evaluation
    test: Evaluation | None
    folder: Path
    messages: tuple[str, ...]


def train(
    config: TrainingConfig, *, resume: bool = False, report: Callable[[str], None] | None = None
) -> TrainingResult | None:
    """Train a model from a config, save it in ``config.output`` and write its report.

    Checkpoints lie in ``<output>.run`` and are removed when the model is saved.

    Args:
        config: The config.
        resume: Go on from the checkpoint of an interrupted run.
        report: Gets a line now and then.

    Returns:
        The result; ``None`` in the further processes of a run with several.

    Raises:
        InputError: If the data cannot be learned from, or there is nothing to resume.
        ArtifactError: If the output cannot be written.
    """
    say = report or (lambda _: None)
    seed_everything(config.seed, verbose=False)
    _check_output(config, resume=resume)
    # the further processes of a run are started when the first has begun to write there
    if not resume and rank_zero_only.rank == 0:  # type: ignore[attr-defined]
        shutil.rmtree(run_folder(config.output), ignore_errors=True)
    data = prepare(config)
    for warning in data.summary.warnings:
        say(f"warning: {warning}")
    model, teaching = build_model(config, data)
    for message in teaching.messages:
        say(message)
    say(_what_is_trained(config, data))
    messages = teaching.messages
    if config.encoder.freeze == "all" and can_fit_frozen(model) and config.encoder.unfreeze_every is None:
        _fit_frozen(model, teaching.data, config, say)
    else:
        outcome = run_training(model, teaching, config, resume=resume, report=say)
        if outcome is None:
            return None
    return _finish(model, data, config, messages, say)


def build_model(config: TrainingConfig, data: PreparedData) -> tuple[MultiTaskModel, Teaching]:
    """The untrained model of a config, and what it learns from.

    Args:
        config: The config.
        data: Its data.

    Returns:
        The model, with class weights set, and the data with a teacher's probabilities where there is a teacher.

    Raises:
        InputError: If the teacher does not fit the tasks.
    """
    source = None if config.encoder.name == "" else config.encoder.name
    encoder = SharedEncoder.load(source, precision=config.trainer.precision)
    if config.encoder.layers is not None:
        encoder = lower_layers(encoder, config.encoder.layers)
    if config.encoder.max_length is not None:
        encoder.limit_tokens(config.encoder.max_length)
    teaching = prepare_teaching(config, data, encoder)
    if config.encoder.dropout is not None:
        drop_in_training(teaching.encoder, config.encoder.dropout)
    card = ModelCard(
        project=config.project,
        encoder=config.encoder.name,
        datasets={dataset.name: dataset.columns.model_dump(mode="json") for dataset in config.datasets},
        training=config.model_dump(mode="json", exclude={"datasets", "tasks", "output", "data"}),
    )
    model = MultiTaskModel(teaching.encoder, data.tasks, settings=config.heads, card=card)
    if config.loss.class_weights:
        set_class_weights(model, [example for part in teaching.data.train.values() for example in part])
    return model, teaching


def _check_output(config: TrainingConfig, *, resume: bool) -> None:
    if resume:
        if not last_checkpoint(config.output).is_dir():
            raise InputError(f"There is no interrupted run in {run_folder(config.output)}; start without --resume.")
        check_settings(config, run_folder(config.output))
    if config.output.exists() and not config.output.is_dir():
        raise ArtifactError(f"{config.output} is a file; name a folder for the model.")
    check_place(config.output, marker=CONFIG_FILE)


def _what_is_trained(config: TrainingConfig, data: PreparedData) -> str:
    rows = sum(map(len, data.train.values()))
    tasks = ", ".join(f"{task.name} ({task.kind}, {len(task.labels)} labels)" for task in data.tasks)
    return f"{rows} training and {len(data.validation)} validation examples; {tasks}; seed {config.seed}"


def _fit_frozen(model: MultiTaskModel, data: PreparedData, config: TrainingConfig, say: Callable[[str], None]) -> None:
    """Fit the heads at a few penalties and keep the one that is best on the validation data."""
    examples = [example for part in data.train.values() for example in part]
    vectors = encode_once(model, examples)
    say(f"encoded {len(examples)} texts once; fitting the heads")
    best, kept, chosen = -1.0, None, _STRENGTHS[0]
    for strength in _STRENGTHS:
        fit_heads(model, examples, loss=config.loss, strength=strength, vectors=vectors)
        score = evaluate(model, data.validation).score
        if score > best:
            best, chosen = score, strength
            kept = {name: tensor.clone() for name, tensor in model.heads.state_dict().items()}
    if kept is not None:
        model.heads.load_state_dict(kept)
    say(f"validation score {best:.4f} with strength {chosen:g}")


def _finish(
    model: MultiTaskModel,
    data: PreparedData,
    config: TrainingConfig,
    messages: tuple[str, ...],
    say: Callable[[str], None],
) -> TrainingResult:
    fitted = fit_decisions(model, data.validation)
    model.decisions.update(fitted.decisions)
    validation = evaluate(model, data.validation)
    test = evaluate(model, data.test) if data.test else None
    if model.card is not None:
        figures = {
            name: {key: value for key in ("f1", "accuracy") if (value := getattr(scores, key)) is not None}
            for name, scores in validation.tasks.items()
        }
        model.card = model.card.model_copy(update={"figures": figures})
    model.save_pretrained(config.output)
    _report(model, config, validation, fitted).write(config.output / "report")
    if test is not None:
        _report(model, config, test, None).write(config.output / "report" / "test")
    shutil.rmtree(run_folder(config.output) / "checkpoints", ignore_errors=True)
    say(f"validation score {validation.score:.4f}; saved {config.output}")
    return TrainingResult(model, validation, test, config.output, messages)


def _report(
    model: MultiTaskModel, config: TrainingConfig, figures: Evaluation, fitted: FittedDecisions | None
) -> EvaluationReport:
    thresholds = {
        task.name: dict(zip(task.labels[-1:] if task.kind == "binary" else task.labels, cuts, strict=True))
        for task in model.tasks
        if (cuts := model.decisions[task.name].thresholds)
    }
    note = "Thresholds and temperatures were tuned on these same examples." if fitted else ""
    return EvaluationReport(
        title=config.project,
        dataset="validation" if fitted else "test",
        tasks=figures.tasks,
        calibration=fitted.calibration if fitted else {},
        thresholds=thresholds,
        exact_match=figures.exact_match,
        exact_match_any=figures.exact_match_any,
        notes=(note,) if note else (),
    )
