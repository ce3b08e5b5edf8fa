"""Commands of the training system: train, evaluate, predict, lr-find, distill, export and summary."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from chatbot import training_output as out
from chatbot.command_errors import errors_are_lines
from chatbot.prediction_texts import read_texts
from chatbot.trained_models import as_judged, labelled_examples, load_reader, load_trained, no_loading_bars
from chatbot.training_options import ALL_TASKS, as_overrides, config_as_yaml, read_config, single_models
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from mtl_core.evaluation.evaluate import Evaluation
    from mtl_core.training.config import TrainingConfig

__all__ = ["training"]

training = typer.Typer()

_PANEL = "Train models of your own"
_ALIASES = "Short for a key of the config"
_EXTRA = ("lightning", "matplotlib", "scipy", "sklearn", "yaml")
_CHUNK = 1024

ConfigFile = Annotated[Path, typer.Option("--config", "-c", help="YAML file; docs/training.md lists the keys.")]
Overrides = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help="Changes of the config, such as trainer.epochs=3.")
]
ModelFolder = Annotated[str, typer.Argument(metavar="MODEL", help="Folder that train made.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on from the checkpoint of an interrupted run.")]
ShowConfig = Annotated[bool, typer.Option("--show-config", help="Print every value of the config, defaults too.")]


def _alias(key: str) -> Any:
    return typer.Option(help=f"{key}.", rich_help_panel=_ALIASES)


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def train(
    config: ConfigFile,
    overrides: Overrides = None,
    *,
    resume: Resume = False,
    as_json: AsJson = False,
    show_config: ShowConfig = False,
    task: Annotated[
        list[str] | None, typer.Option(help=f"select: train this task; repeat it for more, {ALL_TASKS} for all.")
    ] = None,
    dataset_name: Annotated[str | None, _alias("train of the first data set: file or hub name")] = None,
    project_name: Annotated[str | None, _alias("project")] = None,
    encoder_name: Annotated[str | None, _alias("encoder: name")] = None,
    freeze_encoder: Annotated[bool | None, _alias("encoder: freeze")] = None,
    max_length: Annotated[int | None, _alias("encoder: max_length")] = None,
    val_split: Annotated[float | None, _alias("splits: validation")] = None,
    learning_rate: Annotated[float | None, _alias("optimiser: encoder_lr")] = None,
    max_epochs: Annotated[int | None, _alias("trainer: epochs")] = None,
    max_steps: Annotated[int | None, _alias("trainer: max_steps")] = None,
    batch_size: Annotated[int | None, _alias("trainer: batch_size")] = None,
    num_proc: Annotated[int | None, _alias("trainer: processes")] = None,
    val_check_interval: Annotated[int | None, _alias("trainer: validate_every (steps)")] = None,
    log_every_n_steps: Annotated[int | None, _alias("trainer: log_every")] = None,
    wandb: Annotated[bool | None, _alias("logging: wandb")] = None,
    seed: Annotated[int | None, _alias("seed")] = None,
) -> None:
    """Train the tasks of a config on one encoder; leaves a model folder and a report in it."""
    given = {
        "project": project_name,
        "seed": seed,
        "encoder.name": encoder_name,
        "encoder.freeze": freeze_encoder,
        "encoder.max_length": max_length,
        "splits.validation": val_split,
        "optimiser.encoder_lr": learning_rate,
        "trainer.epochs": max_epochs,
        "trainer.max_steps": max_steps,
        "trainer.batch_size": batch_size,
        "trainer.processes": num_proc,
        "trainer.validate_every": val_check_interval,
        "trainer.log_every": log_every_n_steps,
        "logging.wandb": wandb,
    }
    _need_extra("train")
    changes = [*(overrides or []), *as_overrides(given)]
    chosen = read_config(config, changes, tasks=task or [], dataset=dataset_name, quiet=_is_quiet(as_json))
    _train(chosen, resume=resume, as_json=as_json, show_config=show_config)


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def distill(
    config: ConfigFile,
    teacher: Annotated[str, typer.Option(help="Folder of a trained model, or JSON lines of probabilities by text.")],
    overrides: Overrides = None,
    *,
    layers: Annotated[int | None, typer.Option(help="Layers that the student keeps; all by default.")] = None,
    resume: Resume = False,
    as_json: AsJson = False,
    show_config: ShowConfig = False,
) -> None:
    """Train a student from a teacher: a trained model, or a language model's probabilities."""
    _need_extra("distill")
    given = {"distillation.teacher": teacher, "distillation.layers": layers}
    chosen = read_config(config, [*(overrides or []), *as_overrides(given)], quiet=_is_quiet(as_json))
    _train(chosen, resume=resume, as_json=as_json, show_config=show_config)


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def evaluate(
    model: ModelFolder,
    data: Annotated[Path, typer.Option(help="File with labels, in the columns that the model was trained with.")],
    *,
    dataset: Annotated[
        str | None, typer.Option(help="Data set of the training whose columns the file has, where there are several.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="Folder for a report with pictures.")] = None,
    single: Annotated[
        list[str] | None,
        typer.Option(metavar="TASK=FOLDER", help="Compare with a model trained for this task alone; repeatable."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model on labelled texts."""
    _need_extra("evaluate")
    from mtl_core.evaluation.evaluate import evaluate as measure  # noqa: PLC0415 - seconds to import
    from mtl_core.training.model_report import deltas_to_single, report_on  # noqa: PLC0415

    others = {name: load_trained(str(folder)) for name, folder in single_models(single or []).items()}
    loaded = load_trained(model)
    examples = labelled_examples(loaded, data, dataset)
    figures = measure(loaded, examples)
    deltas = deltas_to_single(figures, examples, others)
    if report is not None:
        found = report_on(loaded, examples, figures, dataset=str(data), deltas=deltas)
        found.report.write(report, pictures=found.pictures)
        _say(f"report in {report}")
    if as_json:
        compared = {name: [out.delta_as_json(delta) for delta in row] for name, row in deltas.items()}
        out.print_json({**figures.as_json(), **({"deltas": compared} if others else {})})
        return
    console = Console()
    out.print_figures(console, str(data), figures)
    if deltas:
        out.print_deltas(console, deltas)


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Folder that train or export made.")],
    source: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="One text a line, or JSON lines; - for standard input.")
    ] = None,
    *,
    text: Annotated[list[str] | None, typer.Option(help="A text; repeat it for more.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")] = False,
) -> None:
    """Print what a model says of texts: label and probability for each task."""
    texts = read_texts(source, text or [])
    chunk = list(islice(texts, _CHUNK))
    reader, tasks = load_reader(model)
    while chunk:
        judged = [as_judged(example, tasks) for example in chunk]
        for example, said in zip(judged, reader.predict(judged), strict=True):
            if as_json:
                out.print_json(out.prediction_as_json(example, said, tasks))
            else:
                typer.echo(out.prediction_as_lines(example, said, tasks))
        chunk = list(islice(texts, _CHUNK))


@training.command("lr-find", rich_help_panel=_PANEL)
@errors_are_lines
def find_learning_rate(
    config: ConfigFile,
    overrides: Overrides = None,
    *,
    output: Annotated[
        Path | None, typer.Option(help="Folder for lr.json and lr.png; by default that of the run's logs.")
    ] = None,
    steps: Annotated[int, typer.Option(help="Learning rates tried.")] = 100,
    lowest: Annotated[float, typer.Option(help="First learning rate.")] = 1e-6,
    highest: Annotated[float, typer.Option(help="Last learning rate.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Try rising learning rates on a config's model and data, and suggest one."""
    _need_extra("lr-find")
    chosen = read_config(config, overrides or [])
    from mtl_core.training.lr_search import search_learning_rate, write_search  # noqa: PLC0415 - seconds to import
    from mtl_core.training.run import run_folder  # noqa: PLC0415

    with no_loading_bars():
        found = search_learning_rate(chosen, lowest=lowest, highest=highest, steps=steps, report=_say)
    folder = output or run_folder(chosen.output)
    write_search(found, folder)
    _say(f"curve in {folder / 'lr.png'}")
    if as_json:
        out.print_json({"head_lr": found.head_lr, "encoder_lr": found.encoder_lr, "overrides": list(found.overrides)})
    else:
        typer.echo(" ".join(found.overrides))


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def export(
    model: ModelFolder,
    folder: Annotated[Path, typer.Argument(help="Where the exported model is written.")],
    *,
    form: Annotated[Literal["onnx", "openvino"], typer.Option("--format", help="What it will run on.")] = "onnx",
    int8: Annotated[bool, typer.Option("--int8", help="Store and multiply the weights as 8-bit numbers.")] = False,
    samples: Annotated[
        Path | None, typer.Option(help="Texts of your kind, on which the export is compared with the model.")
    ] = None,
) -> None:
    """Export a model, encoder and heads as one graph, to run without PyTorch."""
    from mtl_core.runtime.export import export_model  # noqa: PLC0415 - seconds to import

    given = None if samples is None else list(read_texts(samples, ()))
    loaded = load_trained(model)
    with no_loading_bars():
        made = export_model(loaded, folder, format=form, quantise="int8" if int8 else False, samples=given)
    near = f"{made.parity.equal:.2%} of {made.parity.decisions} decisions as in the model"
    typer.echo(f"exported {out.plain(str(folder))}, {made.size / 1e6:.1f} MB; {near}")


@training.command(rich_help_panel=_PANEL)
@errors_are_lines
def summary(config: ConfigFile, overrides: Overrides = None, *, as_json: AsJson = False) -> None:
    """Show what the data of a config holds: rows, labels, lengths, duplicates, conflicts and leaks."""
    _need_extra("summary")
    from mtl_core.training.prepare import prepare  # noqa: PLC0415 - seconds to import

    found = prepare(read_config(config, overrides or [])).summary
    typer.echo(found.as_json() if as_json else out.plain(found.as_markdown()), nl=False)


def _train(config: TrainingConfig, *, resume: bool, as_json: bool, show_config: bool) -> None:
    from mtl_core.training.fit import train as fit  # noqa: PLC0415 - seconds to import

    _say(f"# differs from the defaults\n{config_as_yaml(config, complete=False)}".rstrip())
    if show_config:
        _say(f"# all values\n{config_as_yaml(config, complete=True)}".rstrip())
    with no_loading_bars():
        result = fit(config, resume=resume, report=_say)
    if result is None:
        # a further process of the run: the first one says it all
        return
    for message in result.messages:
        _say(message)
    parts: dict[str, Evaluation | None] = {"validation": result.validation, "test": result.test}
    if as_json:
        figures = {name: None if part is None else part.as_json() for name, part in parts.items()}
        out.print_json({"model": str(result.folder), **figures, "messages": list(result.messages)})
        return
    console = Console()
    for name, part in parts.items():
        if part is not None:
            out.print_figures(console, name, part)


def _is_quiet(as_json: bool) -> bool:  # noqa: FBT001 - the option as it is
    # the bar is drawn on standard output, where a program reads the figures
    return as_json or not sys.stdout.isatty()


def _need_extra(command: str) -> None:
    missing = [name for name in _EXTRA if find_spec(name) is None]
    if missing:
        raise InputError(
            f"lesson-nudge {command} needs {missing[0]}; install the extra with: pip install 'lesson-nudge[train]'"
        )


def _say(line: str) -> None:
    """A line of progress on standard error, from the first process of a run alone."""
    if os.environ.get("LOCAL_RANK", "0") == "0":
        typer.echo(out.plain(line), err=True)
