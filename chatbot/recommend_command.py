"""The command ``lesson-nudge recommend``: what else helps, from a plan, a template or earlier answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from chatbot.files import read_plan
from chatbot.terminal import printable, shown
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mtl_core.encoder import SharedEncoder
    from mtl_core.quality import QualityModel
    from retrieval.feedback import TeacherDecision
    from retrieval.index import TemplateIndex
    from retrieval.recommend import Recommendation, Recommender
    from retrieval.templates import TemplateLibrary

__all__ = ["recommend"]


@errors_are_lines
def recommend(
    plan: Annotated[Path | None, typer.Argument(help="A plan (.md, .txt) whose gaps are to be repaired.")] = None,
    template: Annotated[str | None, typer.Option(help="Id of a template: more like this one.")] = None,
    history: Annotated[
        Path | None,
        typer.Option(help="JSON lines of earlier answers; alone, or beside a plan or a template."),
    ] = None,
    count: Annotated[int, typer.Option("--count", "-k", help="The most results.")] = 5,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
    model: Annotated[Path | None, typer.Option(help="Folder of a trained model instead of the shipped one.")] = None,
    index: Annotated[Path | None, typer.Option(help="Folder of a saved index instead of the shipped library.")] = None,
    store: Annotated[
        str | None, typer.Option(help="Store of templates, such as faiss:FOLDER or postgresql://..., instead of both.")
    ] = None,
) -> None:
    """Recommend templates: for a plan's gaps, like a template, or by what a teacher used and set aside."""
    from retrieval.feedback import read_history  # noqa: PLC0415 - heavy imports only where needed

    if plan is not None and template is not None:
        raise InputError("Give a plan or --template, not both.")
    if plan is None and template is None and history is None:
        raise InputError("Give a plan, or --template ID, or --history FILE.")
    if index is not None and store is not None:
        raise InputError("Give --index or --store, not both.")
    answers = read_history(history) if history is not None else ()
    gaps: dict[str, float] = {}
    if plan is not None:
        text = read_plan(plan)
        reader = loading.load_model(model)
        recommender, library = _recommender(_index(index, store, encoder=reader.encoder))
        items, gaps = _for_plan(recommender, reader, text, answers, k=count)
    else:
        encoder = loading.load_encoder()
        recommender, library = _recommender(_index(index, store, encoder=encoder))
        if template is not None:
            items = recommender.like_template(template, history=answers, k=count)
        else:
            items = recommender.for_history(answers, k=count)
    unknown = sorted({answer.template_id for answer in answers if answer.template_id not in library})
    if unknown:
        typer.echo(
            f"note: the library does not hold {', '.join(map(printable, unknown))}; "
            "such answers count for their measure alone.",
            err=True,
        )
    if as_json:
        source = {"plan": None if plan is None else printable(plan), "template": template, "gaps": _rounded(gaps)}
        typer.echo(json.dumps({**source, "results": [_row(item) for item in items]}, ensure_ascii=False))
    else:
        _print(items)


def _for_plan(
    recommender: Recommender, reader: QualityModel, text: str, answers: Sequence[TeacherDecision], *, k: int
) -> tuple[list[Recommendation], dict[str, float]]:
    from chatbot.plan_facts import read_facts  # noqa: PLC0415 - heavy imports only where needed
    from retrieval.ranking import PlanNeeds, gap_weights  # noqa: PLC0415

    analysis = reader.analyse(text)
    if not analysis.is_lesson_plan:
        raise InputError("This does not read as a lesson plan in English; give --template or --history instead.")
    facts = read_facts(text, analysis.segments)
    missing = {key: r.probability for key, r in analysis.measures.items() if r.verdict != "present"}
    needs = PlanNeeds(gaps=gap_weights(missing), grade=facts.grade, subject=facts.subject)
    return recommender.for_plan(analysis.vector, needs, history=answers, k=k), dict(needs.gaps)


def _row(item: Recommendation) -> dict[str, Any]:
    return {
        "score": round(item.score, 4),
        "reason": item.reason,
        "gaps": _rounded(item.gaps),
        "parts": _rounded(item.parts),
        **item.template.model_dump(by_alias=True),
    }


def _rounded(values: Any) -> dict[str, float]:
    return {key: round(value, 4) for key, value in values.items()}


def _print(items: Sequence[Recommendation]) -> None:
    console = Console()
    if not items:
        console.print("No template is left to recommend.")
    for item in items:
        console.print(f"[bold]{shown(item.template.title)}[/bold]  {item.template.minutes} min  {item.template.id}")
        console.print(f"  {shown(item.reason)}")
        console.print(f"  [dim]{shown(item.template.summary)}[/dim]")


def _index(folder: Path | None, store: str | None, *, encoder: SharedEncoder) -> TemplateIndex:
    return loading.load_index(folder, encoder=encoder) if store is None else _index_of_store(store, encoder=encoder)


def _index_of_store(url: str, *, encoder: SharedEncoder) -> TemplateIndex:
    """The templates of a store with the vectors that it holds."""
    import numpy as np  # noqa: PLC0415 - heavy imports only where needed

    from retrieval import TemplateIndex, TemplateLibrary  # noqa: PLC0415
    from retrieval.documents import Document  # noqa: PLC0415
    from retrieval.stores.urls import open_store  # noqa: PLC0415
    from retrieval.template_documents import template_of_document  # noqa: PLC0415

    with open_store(url, dimension=encoder.dimension, fingerprint=encoder.fingerprint, create=False) as opened:
        records = list(opened.scan())
    if not records:
        raise InputError("The store holds no template; index the template library in it first.")
    templates = [template_of_document(Document.from_payload(record.id, record.payload)) for record in records]
    vectors = np.stack([record.vector for record in records]).astype(np.float32)
    return TemplateIndex(TemplateLibrary(templates), vectors, encoder=encoder)


def _recommender(index: TemplateIndex) -> tuple[Recommender, TemplateLibrary]:
    from retrieval.recommend import Recommender  # noqa: PLC0415 - heavy imports only where needed

    return Recommender(index), index.library
