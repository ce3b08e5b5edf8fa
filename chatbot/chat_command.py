"""``lesson-nudge chat``: a conversation in the terminal, kept in a database where one is named."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Protocol

import typer
from rich.console import Console
from rich.panel import Panel

from chatbot import loading
from chatbot.command_errors import errors_are_lines
from chatbot.files import read_plan
from chatbot.message_reading import message_reader
from chatbot.search_commands import IndexFolder
from chatbot.serve_command import LanguageModel, build_service, open_database
from chatbot.terminal import shown, without_password
from mtl_core.errors import InputError, LessonNudgeError
from mtl_core.saved import write_atomic

if TYPE_CHECKING:
    from chatbot.service import CoachService, ThreadTurn
    from chatbot.session import Turn

__all__ = ["chat"]

_OWNER = "local"
_STYLES = {"praise": "green", "report": "green", "question": "bold", "notice": "dim", "goodbye": "bold"}
_EXITS = "use it · edit: your version · not now · not relevant · why"


class _Talk(Protocol):
    """A conversation, kept or not."""

    def begin(self) -> Turn: ...

    def say(self, message: str) -> Turn: ...

    def text(self) -> str: ...


class _Passing:
    """A conversation that nobody keeps; needs no extra."""

    def __init__(self, plan: str, model: Path | None, index: Path | None, llm: str | None) -> None:
        from chatbot.coach import LessonCoach  # noqa: PLC0415 - seconds to import

        phraser = loading.load_phraser(llm)
        reader = loading.load_model(model)
        templates = loading.load_index(index, encoder=reader.encoder)
        self._coach = LessonCoach(reader, templates, understand=message_reader(reader.encoder), phraser=phraser)
        self._plan = plan

    def begin(self) -> Turn:
        return self._coach.open(self._plan)

    def say(self, message: str) -> Turn:
        return self._coach.say(message)

    def text(self) -> str:
        return self._coach.state.text


class _Kept:
    """A conversation in a database; it goes on where it was."""

    def __init__(self, service: CoachService, plan: str | None, thread: str | None, *, title: str | None) -> None:
        self._service = service
        self._plan = plan
        self._title = title
        self.thread = thread

    def begin(self) -> Turn:
        if self.thread is not None:
            return self._told(self._service.view(_OWNER, self.thread))
        return self._told(self._service.open(_OWNER, self._plan or "", title=self._title))

    def say(self, message: str) -> Turn:
        return self._told(self._service.say(_OWNER, self.thread or "", message))

    def text(self) -> str:
        return self._service.versions(_OWNER, self.thread or "")[-1].text

    def _told(self, turned: ThreadTurn) -> Turn:
        self.thread = turned.id
        return turned.turn


@errors_are_lines
def chat(
    path: Annotated[
        Path | None, typer.Argument(help="A plan (.md, .txt, .docx, .pdf, .html). The file itself is never changed.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Where the improved plan is written.")] = None,
    db: Annotated[
        str | None, typer.Option("--db", help="Keep the conversation: sqlite:///PATH or postgresql://...")
    ] = None,
    thread: Annotated[
        str | None, typer.Option(help="Go on with a kept conversation; its id stands at its end.")
    ] = None,
    model: Annotated[Path | None, typer.Option("--model", help="Folder of a trained model.")] = None,
    index: IndexFolder = None,
    llm: LanguageModel = None,
) -> None:
    """Talk about one plan: use it, edit: ..., not now, not relevant, why, undo, idea, stop."""
    if (path is None) == (thread is None) or (thread is not None and db is None):
        raise InputError("Name a plan, or --thread with --db to go on with a kept conversation.")
    text = read_plan(path) if path is not None else None
    if output is not None and (output.is_dir() or not output.parent.is_dir()):
        raise InputError(f"{output} cannot be written: name a file in a folder that exists.")
    console = Console()
    with ExitStack() as stack:
        talk: _Talk
        if db is None:
            talk = _Passing(text or "", model, index, llm)
        else:
            log = stack.enter_context(open_database(db))
            title = path.stem[:200] if path is not None else None
            talk = _Kept(build_service(log, model=model, index=index, llm=llm), text, thread, title=title)
        _converse(console, talk)
        if output is not None:
            write_atomic(output, talk.text().encode("utf-8"))
            console.print(f"saved {shown(str(output))}")
        if isinstance(talk, _Kept):
            address = shown(without_password(db or ""))
            console.print(f"[dim]go on with: lesson-nudge chat --thread {talk.thread} --db {address}[/dim]")


def _converse(console: Console, talk: _Talk) -> None:
    turn = _waiting(console, "Reading the plan", talk.begin)
    _print(console, turn, again=not turn.said)
    seen = turn.nudge.id if turn.nudge is not None else None
    # one that was stopped earlier may be taken up again
    while turn.analysis.is_lesson_plan:
        try:
            message = console.input("[bold]you>[/bold] ")
        except (EOFError, KeyboardInterrupt):
            break
        try:
            turn = _waiting(console, "Thinking", partial(talk.say, message))
        except LessonNudgeError as error:
            console.print(shown(str(error)))
            continue
        _print(console, turn, seen=seen)
        seen = turn.nudge.id if turn.nudge is not None else seen
        if turn.stopped:
            break


def _waiting(console: Console, what: str, work: Callable[[], Turn]) -> Turn:
    """Do work under a sign of life; where the output is piped there is none."""
    with console.status(f"{what}…"):
        return work()


def _print(console: Console, turn: Turn, *, again: bool = False, seen: str | None = None) -> None:
    """Print what is said in the order of the events, what was added, and a suggestion that was not printed yet."""
    for said in turn.said:
        console.print(shown(said.text), style=_STYLES.get(said.kind, ""))
    if again and turn.nudge is not None:
        console.print(shown(turn.nudge.message))
    if turn.added is not None:
        for line in turn.text[slice(*turn.added)].strip().splitlines():
            console.print(shown(f"+ {line}"), style="green")
    # a teacher who comes back or asks for it sees the suggestion again; after a digression its title will do
    asked = [said.kind for said in turn.said] == ["reminder"]
    if turn.nudge is None or (turn.nudge.id == seen and not asked):
        return
    console.print()
    if console.is_terminal:
        console.print(Panel(shown(turn.nudge.suggestion), border_style="cyan", title="suggestion", title_align="left"))
    else:
        console.print(shown(turn.nudge.suggestion))
    console.print(f"[dim]{_EXITS}[/dim]")
