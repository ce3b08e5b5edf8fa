"""The page: the parts put together and wired. What the controls do lives in modules free of Gradio."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.api.workers import BusyError, WorkPool
from chatbot.events import Decision
from demo.cards import render_log, render_notice, render_suggestion
from demo.conversation import FORGOTTEN, Conversation
from demo.highlight import render_plan
from demo.history import render_history
from demo.keeping import Keeping
from demo.kept import render_downloads, render_who
from demo.layout import SAMPLE, Coach, PlanParts, html
from demo.library_map import LibraryMap
from demo.map_picture import render_base, render_neighbours, render_overlay
from demo.owners import key_owner, owner_of
from demo.profile import render_profile
from demo.screen import Place, Screen
from demo.scripts import AFTER, FIND_THREAD, SELECTION, SHOW_COACH
from mtl_core.errors import LessonNudgeError

if TYPE_CHECKING:
    from chatbot.service import CoachService

__all__ = ["build_page"]

_KEEP_UPLOADS = 3600
_AT_ONCE = 4
_WAITING = 64
_SECONDS = 120

_HEADER = """<header class="ln-header"><h1>Lesson Nudge</h1>
<p>Reads a lesson plan, quotes what it shows, and offers one repair at a time. You decide about every change.</p>
</header>"""


class _Page:
    """The components of the page and how a screen is shown on them."""

    def __init__(self, service: CoachService, root: str) -> None:
        self._talk, self._keep, self._root = Conversation(service), Keeping(service), root
        self._library = service.index.library
        self._map = LibraryMap.of(service.index)
        self._pool = WorkPool(workers=_AT_ONCE, queue=_WAITING, seconds=_SECONDS)
        html(_HEADER)
        self.notice = html("", elem_id="notice")
        # what the browser shows is what a press answers: ids are sent from the page, not looked up on arrival
        self.thread = gr.Textbox("", visible="hidden", label="Thread", elem_id="thread-id")
        self.sequence = gr.Textbox("", visible="hidden", label="Sequence", elem_id="sequence")
        self.nudge_id = gr.Textbox("", visible="hidden", label="Suggestion", elem_id="nudge-id")
        self.selected = gr.Textbox("", visible="hidden", label="Selected", elem_id="selected")
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="plan-column"):
                self.plan = PlanParts(render_base(self._map, self._library))
            with gr.Column(elem_id="coach"):
                self.coach = Coach()
        self.who = html(render_who(None), elem_id="who")
        self._place = [self.thread, self.sequence, self.nudge_id]

    def wire(self, blocks: Any) -> None:
        """Connect every control with its handler."""
        self._wire_plan(blocks)
        self._wire_answers()
        self._wire_keeping()

    def _wire_plan(self, blocks: Any) -> None:
        part, talk = self.plan, self._talk
        self._on(blocks.load, talk.resume, [], js=FIND_THREAD)
        self._on(part.read.click, talk.read, [part.plan])
        self._on(part.upload.upload, talk.upload, [part.upload])
        sample = SAMPLE.read_text(encoding="utf-8")
        self._on(part.sample.click, lambda _: Screen(plan=sample, show="plan"), [])
        self._on(part.fresh.click, lambda _: Screen(plan="", show="plan"), [])

    def _wire_answers(self) -> None:
        coach, talk, plan = self.coach, self._talk, self.plan.plan
        for button, decision in (
            (coach.use, Decision.USE),
            (coach.not_now, Decision.NOT_NOW),
        ):
            self._on(button.click, self._deciding(decision), [plan])
        self._on(coach.not_relevant.click, self._irrelevant, [plan, coach.reason])
        self._on(coach.edit.click, talk.edit, [])
        self._on(coach.put.click, self._deciding(Decision.EDIT), [plan, coach.version])
        self._on(coach.already.click, talk.quote, [self.selected], js=SELECTION)
        self._on(coach.there.click, self._deciding(Decision.ALREADY_THERE), [plan, coach.quote])
        for button in (coach.cancel, coach.leave):
            self._on(button.click, talk.close, [])
        self._on(coach.undo.click, talk.undo, [plan])
        for button, words in ((coach.why, "why"), (coach.redo, "redo"), (coach.idea, "idea"), (coach.stop, "stop")):
            self._on(button.click, self._saying(words), [plan])
        self._on(coach.pause.click, self._pausing, [plan, coach.pause])
        for event in (coach.message.submit, coach.send.click):
            self._on(event, talk.say, [plan, coach.message])

    def _wire_keeping(self) -> None:
        part, keep = self.plan, self._keep
        filters = [part.query, part.subject, part.grade, part.minutes, part.measure]
        for event in (part.search.click, part.query.submit):
            self._plain(event, keep.search, filters, [part.found])

        def choose(request: gr.Request, masking: bool, labels: bool) -> None:  # noqa: FBT001 - values of two boxes
            keep.choose(Place(owner=owner_of(request)), masking=masking, labels=labels)

        for box in (part.masking, part.labels):
            self._plain(box.input, choose, [part.masking, part.labels], [])
        for button, words in (
            (part.delete, "Delete this plan with its conversation and all its versions?"),
            (part.forget, "Delete every plan and everything else that is kept of you here?"),
        ):
            self._plain(
                button.click,
                lambda words=words: (gr.update(visible=True), f'<p class="ln-notice" role="alert">{words}</p>', words),
                [],
                [part.sure, part.question, self.selected],
            )
        self._plain(part.no.click, lambda: gr.update(visible=False), [], [part.sure])
        self._on(part.yes.click, self._deleting, [self.selected])

    def _deciding(self, decision: Decision) -> Callable[..., Screen]:
        def decide(place: Place, plan: str, text: str | None = None) -> Screen:
            return self._talk.decide(place, plan, decision, text=text)

        return decide

    def _irrelevant(self, place: Place, plan: str, reason: str) -> Screen:
        return self._talk.decide(place, plan, Decision.NOT_RELEVANT, reason=reason)

    def _saying(self, words: str) -> Callable[..., Screen]:
        return lambda place, plan: self._talk.say(place, plan, words)

    def _pausing(self, place: Place, plan: str, label: str) -> Screen:
        return self._talk.say(place, plan, "resume" if label == "Go on" else "pause")

    def _deleting(self, place: Place, what: str) -> Screen:
        if what.startswith("Delete every"):
            self._keep.forget(place)
            return Screen(plan="", notice=FORGOTTEN, show="mine")
        self._keep.delete(place)
        return Screen(plan="", notice="The plan is deleted.", show="mine")

    def _plain(self, event: Callable[..., Any], act: Callable[..., Any], inputs: list[Any], outputs: list[Any]) -> None:
        event(
            self._pooled(act),
            inputs=inputs,
            outputs=outputs,
            queue=False,
            api_visibility="private",
            show_progress="hidden",
        )

    def _pooled(self, act: Callable[..., Any]) -> Callable[..., Any]:
        """The work of an event in the page's own threads.

        Gradio's queue would bound it too, but it answers through one stream for all events of a page, and the answer
        to an event that joins while that stream ends waits there until the next one.
        """

        @wraps(act)
        async def pooled(*values: Any) -> Any:
            try:
                return await self._pool.run(partial(act, *values))
            except BusyError as error:
                raise gr.Error(str(error), print_exception=False) from error

        return pooled

    def _on(
        self, event: Callable[..., Any], act: Callable[..., Screen | None], inputs: list[Any], *, js: str | None = None
    ) -> None:
        def handler(request: gr.Request, thread: str, sequence: str, nudge: str, *values: Any) -> dict[Any, Any]:
            number = int(sequence) if sequence.isdecimal() else None
            try:
                place = Place(owner=owner_of(request), thread=thread, sequence=number, nudge=nudge)
                screen = act(place, *values)
                kept = {self.who: render_who(key_owner(request), self._root), **self._kept(place, screen)}
                return kept if screen is None else kept | self._updates(place, screen)
            except LessonNudgeError as error:
                return {self.notice: render_notice(str(error))}

        done = event(
            self._pooled(handler),
            inputs=[*self._place, *inputs],
            outputs=self._outputs(),
            js=js,
            queue=False,
            api_visibility="private",
            show_progress="minimal",
            show_progress_on=[self.coach.chat],
        )
        shown = done.then(None, inputs=[self.thread], js=AFTER, api_visibility="private")
        if act in (self._talk.read, self._talk.upload):
            shown.then(None, js=SHOW_COACH, api_visibility="private")

    def _outputs(self) -> list[Any]:
        part, coach = self.plan, self.coach
        return [
            *self._place, self.notice, self.who, part.tabs, part.plan, part.fresh, part.profile, part.reading,
            part.overlay, part.neighbours, part.history, part.downloads, part.plans, part.masking, part.labels,
            part.delete, part.sure, coach.chat, coach.suggestion, coach.editing, coach.version, coach.quoting,
            coach.quote, coach.because, coach.reason, coach.message, coach.use, coach.edit, coach.not_now,
            coach.not_relevant, coach.already, coach.why, coach.undo, coach.redo, coach.idea, coach.pause,
            coach.stop,
        ]  # fmt: skip

    def _updates(self, place: Place, screen: Screen) -> dict[Any, Any]:
        part, coach, thread = self.plan, self.coach, screen.thread
        thread_id = thread.id if thread else ""
        analysis = thread.turn.analysis if thread else None
        optional = {
            part.plan: screen.plan,
            coach.version: screen.editing,
            coach.quote: screen.quoting,
            coach.message: screen.message,
            part.tabs: gr.update(selected=screen.show) if screen.show else None,
            part.reading: render_plan(thread.turn.text, thread.turn.analysis, added=screen.added) if thread else "",
        }
        return {
            self.thread: thread_id,
            self.sequence: str(thread.sequence) if thread else "",
            self.notice: render_notice(screen.notice),
            part.fresh: gr.update(interactive=thread is not None or bool(screen.plan)),
            part.profile: render_profile(analysis),
            part.overlay: render_overlay(self._map, self._library, analysis),
            part.neighbours: render_neighbours(self._map, self._library, analysis),
            part.history: render_history(screen.versions),
            part.downloads: render_downloads(thread_id, self._root),
            part.delete: gr.update(interactive=thread is not None),
            part.sure: gr.update(visible=False),
            coach.chat: render_log(screen.log),
            coach.editing: gr.update(visible=screen.editing is not None),
            coach.quoting: gr.update(visible=screen.quoting is not None),
            **self._answers(place, screen),
            **{component: value for component, value in optional.items() if value is not None},
        }

    def _kept(self, place: Place, screen: Screen | None) -> dict[Any, Any]:
        """What is kept of this owner; the only news where nothing was done."""
        part, thread = self.plan, screen.thread if screen else None
        settings = self._keep.settings(place)
        return {
            part.plans: self._keep.plans(Place(owner=place.owner, thread=thread.id if thread else "")),
            part.masking: settings.masking,
            part.labels: settings.keep_labels,
        }

    def _answers(self, place: Place, screen: Screen) -> dict[Any, Any]:
        """The suggestion that waits and the buttons that can be pressed now."""
        coach, turn = self.coach, screen.thread.turn if screen.thread else None
        nudge = turn.nudge if turn else None
        updates: dict[Any, Any] = {
            self.nudge_id: nudge.id if nudge else "",
            coach.suggestion: render_suggestion(nudge),
            coach.undo: gr.update(interactive=bool(turn and turn.state.history)),
            coach.redo: gr.update(interactive=bool(turn and turn.state.undone)),
            coach.pause: gr.update(
                value="Go on" if turn and turn.state.paused else "Pause", interactive=turn is not None
            ),
            coach.idea: gr.update(interactive=turn is not None),
            coach.stop: gr.update(interactive=bool(turn and not turn.stopped)),
        }
        if place.nudge != updates[self.nudge_id]:
            updates |= {coach.because: gr.update(visible=nudge is not None, open=False), coach.reason: ""}
        for button in (coach.use, coach.edit, coach.not_now, coach.not_relevant, coach.already, coach.why):
            updates[button] = gr.update(interactive=nudge is not None)
        return updates


def build_page(service: CoachService, *, root: str = "") -> Any:
    """Build the page.

    Args:
        service: Keeps the conversations of all browsers.
        root: Path that the service is served under, for links.

    Returns:
        A ``gradio.Blocks``; show it with the arguments in ``demo.look.LOOK``.
    """
    with gr.Blocks(
        title="Lesson Nudge", analytics_enabled=False, delete_cache=(_KEEP_UPLOADS, _KEEP_UPLOADS)
    ) as blocks:
        page = _Page(service, root)
        page.wire(blocks)
    blocks.queue(api_open=False)
    return blocks
