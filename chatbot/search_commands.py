"""Commands of the search: search, index and evaluate-search."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer
from rich.console import Console
from rich.text import Text

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from chatbot.encode_command import encode, fill_from
from chatbot.terminal import printable, shown
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from mtl_core.encoder import SharedEncoder
    from retrieval.filters import Filter
    from retrieval.importers import ImportProgress
    from retrieval.index import SearchFilter
    from retrieval.search import LessonSearch
    from retrieval.search_config import SearchConfig
    from retrieval.search_results import SearchMode, SearchResponse, SearchResult

__all__ = ["AsJson", "IndexFolder", "searching"]

searching = typer.Typer()
searching.command()(encode)

SHIPPED = "templates"
_SOURCE_HELP = (
    f"With --store: what is indexed, a file or folder of lessons, what encode wrote, or the word {SHIPPED}. "
    "Without: the folder in which an index of the template library is saved."
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
IndexFolder = Annotated[
    Path | None, typer.Option("--index", help="Folder of a saved index instead of the shipped library.")
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store", help="Store of lessons: faiss:FOLDER, postgresql://USER@HOST/NAME or milvus://HOST:PORT/NAME."
    ),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="With --store: JSON file of search settings (docs/search.md).")
]
EvaluatedConfig = Annotated[
    Path | None, typer.Option("--config", help="JSON file of search settings (docs/search.md).")
]


@searching.command()
@errors_are_lines
def search(
    query: Annotated[str, typer.Argument(help="A few words, such as: exit ticket fractions.")],
    measure: Annotated[str | None, typer.Option(help="Key of a measure that the template repairs.")] = None,
    subject: Annotated[str | None, typer.Option(help="Subject, such as science.")] = None,
    grade: Annotated[str | None, typer.Option(help='Grade, such as 4, "Year 5" or K.')] = None,
    minutes: Annotated[int | None, typer.Option(help="The most minutes that it may take.")] = None,
    count: Annotated[int, typer.Option("--count", "-k", help="The most results.")] = 5,
    as_json: AsJson = False,
    index: IndexFolder = None,
    store: StoreUrl = None,
    mode: Annotated[str, typer.Option(help="hybrid (meaning and words), dense (meaning) or bm25 (words).")] = "hybrid",
    config: ConfigFile = None,
) -> None:
    """Search the lesson templates, or a store of lessons, by meaning and words, under filters."""
    from retrieval import SearchFilter  # noqa: PLC0415 - heavy imports only where needed

    where = SearchFilter(measure=measure, subject=subject, grade=_grade(grade), minutes=minutes)
    if store is None:
        if config is not None:
            raise InputError("Give --config beside --store; templates are searched with the default settings.")
        _search_templates(query, where, index, count=count, mode=mode, as_json=as_json)
        return
    if index is not None:
        raise InputError("Give --index or --store, not both.")
    response = _search_store(store, query, where, count=count, mode=mode, config=config)
    if as_json:
        typer.echo(json.dumps(response.as_json(), ensure_ascii=False))
        return
    _print_response(Console(), response)


@searching.command("index")
@errors_are_lines
def build_index(
    source: Annotated[str, typer.Argument(help=_SOURCE_HELP)],
    library: Annotated[
        Path | None, typer.Option(help="JSON-lines file of templates instead of the shipped ones.")
    ] = None,
    store: StoreUrl = None,
    mapping: Annotated[
        Path | None, typer.Option(help="With --store: YAML file that says what the columns are (docs/importing.md).")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Name rows that are no lesson, and go on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Encode lessons into a store (what it holds already is not encoded again), or save an index of templates."""
    from retrieval import TemplateIndex, TemplateLibrary  # noqa: PLC0415 - heavy imports only where needed

    if store is None:
        if mapping is not None:
            raise InputError("Give --mapping beside --store; templates have columns of their own.")
        templates = TemplateLibrary.from_jsonl(library) if library else TemplateLibrary.shipped()
        TemplateIndex.build(templates, encoder=loading.load_encoder()).save(source)
        said = {"store": source, "indexed": len(templates)}
        typer.echo(json.dumps(said) if as_json else f"saved {len(templates)} templates in {source}")
        return
    done, held = _import_into(store, source, library, mapping=mapping, skip_bad=skip_bad, quiet=as_json)
    if as_json:
        typer.echo(json.dumps({**asdict(done), "held": held}))
    else:
        left_out = f", left out {done.bad}" if done.bad else ""
        typer.echo(f"read {done.read} lessons, encoded {done.encoded}{left_out}; the store holds {held}")


@searching.command("evaluate-search")
@errors_are_lines
def evaluate_search(
    folder: Annotated[Path, typer.Argument(help="BEIR form: corpus.jsonl(.gz), queries.jsonl, qrels.tsv.")],
    as_json: AsJson = False,
    config: EvaluatedConfig = None,
    cache: Annotated[Path | None, typer.Option(help="Folder that keeps the vectors of the documents.")] = None,
) -> None:
    """Measure the search on a judged collection: words, vectors and both, by category of query."""
    import platformdirs  # noqa: PLC0415

    from retrieval.evaluate import cached_vectors  # noqa: PLC0415 - heavy imports only where needed
    from retrieval.evaluate import evaluate_search as measured  # noqa: PLC0415
    from retrieval.evaluate_beir import read_benchmark  # noqa: PLC0415
    from retrieval.search import LessonSearch  # noqa: PLC0415
    from retrieval.stores.urls import open_store  # noqa: PLC0415

    benchmark, encoder, settings = read_benchmark(folder), loading.load_encoder(), _settings(config)
    total = len(benchmark.documents)
    vectors = cached_vectors(
        benchmark.documents,
        encoder=encoder,
        config=settings,
        folder=cache or platformdirs.user_cache_path("lesson-nudge") / "vectors",
        progress=lambda done: typer.echo(f"encoded {min(done, total)} of {total}", err=True),
    )
    with open_store("memory:", dimension=encoder.dimension, fingerprint=encoder.fingerprint) as store:
        found = LessonSearch(store, encoder, settings)
        found.add_encoded(benchmark.documents, vectors)
        figures: Any = measured(found, benchmark)
    if as_json:
        typer.echo(json.dumps(figures))
        return
    for name, values in figures.items():
        typer.echo(f"{name:7s} overall {values['overall']}")
        for category, part in values["by_category"].items():
            typer.echo(f"        {category}: {part}")


def _search_templates(
    query: str, where: SearchFilter, folder: Path | None, *, count: int, mode: str, as_json: bool
) -> None:
    index = loading.load_index(folder, encoder=loading.load_encoder())
    response = index.respond(query, k=count, where=where, mode=_mode(mode))
    hits = [(index.library[result.document.id], result.score) for result in response.results]
    if as_json:
        rows = [{"score": round(score, 4), **template.model_dump(by_alias=True)} for template, score in hits]
        said = {"query": query, "searched": response.searched, "notes": list(response.notes), "results": rows}
        typer.echo(json.dumps(said, ensure_ascii=False))
        return
    console = Console()
    for note in response.notes:
        console.print(f"[dim]{shown(note)}[/dim]")
    if not hits:
        console.print("No template meets these conditions; leave one out.")
    for template, score in hits:
        console.print(f"[bold]{shown(template.title)}[/bold]  {score:.2f}  {template.minutes} min")
        console.print(f"  {shown(template.summary)}  [dim]{', '.join(template.measures)}[/dim]")


def _mode(name: str) -> SearchMode:
    from retrieval.search_results import SearchMode  # noqa: PLC0415 - heavy imports only where needed

    if name not in get_args(SearchMode):
        raise InputError(f"There is no search mode {name!r}; use one of {', '.join(get_args(SearchMode))}.")
    return name  # type: ignore[return-value]  # checked against the literal above


def _search_store(
    url: str, query: str, where: SearchFilter, *, count: int, mode: str, config: Path | None
) -> SearchResponse:
    from retrieval.stores.urls import open_store  # noqa: PLC0415 - heavy imports only where needed

    checked = _mode(mode)
    encoder: SharedEncoder = loading.load_encoder()
    with open_store(url, dimension=encoder.dimension, fingerprint=encoder.fingerprint, create=False) as store:
        return _lesson_search(store, encoder, _settings(config)).search(
            query,
            k=count,
            where=_conditions(where),
            mode=checked,
        )


def _lesson_search(store: Any, encoder: SharedEncoder, settings: SearchConfig) -> LessonSearch:
    from retrieval.search import LessonSearch  # noqa: PLC0415 - heavy imports only where needed

    return LessonSearch(store, encoder, settings)


def _conditions(where: SearchFilter) -> Filter | None:
    """The filter of templates as one on what a store holds of them."""
    from retrieval.filters import And, Contains, Or, Range  # noqa: PLC0415 - heavy imports only where needed

    parts: list[Filter] = []
    if where.measure is not None:
        parts.append(Contains("metadata.measures", where.measure))
    if where.subject is not None:
        fits = (Contains("metadata.subjects", where.subject), Contains("metadata.subjects", "any"))
        parts.append(Or(fits))
    if where.grade is not None:
        parts.append(Range("metadata.grades.from", None, where.grade))
        parts.append(Range("metadata.grades.to", where.grade, None))
    if where.minutes is not None:
        parts.append(Range("metadata.minutes", None, where.minutes))
    return And(tuple(parts)) if parts else None


def _import_into(
    url: str, source: str, library: Path | None, *, mapping: Path | None, skip_bad: bool, quiet: bool
) -> tuple[ImportProgress, int]:
    from retrieval import TemplateLibrary  # noqa: PLC0415 - heavy imports only where needed
    from retrieval.importers import import_documents, read_mapping  # noqa: PLC0415
    from retrieval.stores.urls import open_store  # noqa: PLC0415
    from retrieval.template_documents import document_of_template  # noqa: PLC0415

    documents: Any = Path(source)
    of_templates = library is not None or source == SHIPPED
    if mapping is not None and (of_templates or (documents / "manifest.json").is_file()):
        raise InputError("Give --mapping with a file or folder of lessons alone; nothing else has columns.")
    if of_templates:
        templates = TemplateLibrary.from_jsonl(library) if library else TemplateLibrary.shipped()
        documents = [document_of_template(template) for template in templates.values()]
    elif not documents.exists():
        raise InputError(f"{source} is not there; name a file or folder of lessons, or {SHIPPED}.")
    elif (documents / "manifest.json").is_file():
        return fill_from(documents, url)
    encoder = loading.load_encoder()
    with open_store(url, dimension=encoder.dimension, fingerprint=encoder.fingerprint) as store:
        done = import_documents(
            documents,
            store,
            encoder,
            mapping=read_mapping(mapping) if mapping is not None else None,
            on_progress=None if quiet else lambda progress: typer.echo(f"{progress.read} read", err=True),
            on_bad=(lambda error: typer.echo(f"left out: {printable(str(error))}", err=True)) if skip_bad else None,
        )
        return done, store.count()


def _print_response(console: Console, response: SearchResponse) -> None:
    for note in response.notes:
        console.print(f"[dim]{shown(note)}[/dim]")
    if not response.results:
        console.print("Nothing was found; use other words or leave a condition out.")
    for result in response.results:
        title = result.document.fields.get("title") or result.document.id
        console.print(f"[bold]{shown(title)}[/bold]  {result.score:.2f}  [dim]{shown(result.document.id)}[/dim]")
        if result.snippet is not None:
            console.print(_marked(result))


def _marked(result: SearchResult) -> Text:
    snippet = result.snippet
    assert snippet is not None  # noqa: S101 - the caller has looked
    text = Text(f"  {snippet.text}")
    for start, end in snippet.marks:
        text.stylize("bold", start + 2, end + 2)
    return text


def _settings(path: Path | None) -> SearchConfig:
    from retrieval.search_config import SearchConfig  # noqa: PLC0415 - heavy imports only where needed

    return SearchConfig.load(path) if path is not None else SearchConfig()


def _grade(text: str | None) -> int | None:
    from retrieval import parse_grade  # noqa: PLC0415 - heavy imports only where needed

    if text is None:
        return None
    grade = parse_grade(text)
    if grade is None:
        raise InputError(f'There is no grade {printable(text)!r}; write it as 4, "Year 5", "ages 9-10" or K.')
    return grade
