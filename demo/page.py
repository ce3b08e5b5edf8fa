"""The page: layout and wiring. What the controls do lives in ``demo.conversation``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from chatbot.events import Decision
from demo.cards import render_log, render_notice, render_suggestion
from demo.conversation import Conversation, Screen, Session
from demo.highlight import render_plan
from demo.profile import render_profile

if TYPE_CHECKING:
    from chatbot.coach import LessonCoach

__all__ = ["LOOK", "build_page"]

_HERE = Path(__file__).parent
_KEEP_UPLOADS = 3600

_REACH_LOG = """document.querySelector("#chat [role=log]")?.setAttribute("tabindex", "0");"""
"""Gradio's conversation scrolls but cannot be reached by keyboard."""

_SHOW_COACH = """if (window.matchMedia("(max-width: 767px)").matches)
    document.getElementById("coach").scrollIntoView({block: "start"});"""
"""On a phone the coach stands below the plan, so its answer would be out of sight."""

_HEADER = """<header class="ln-header"><h1>Lesson Nudge</h1>
<p>Reads a lesson plan, quotes what it shows, and offers one repair at a time. You decide about every change.</p>
</header>"""


def _theme() -> Any:
    hue = gr.themes.colors.teal
    return gr.themes.Default(
        primary_hue=hue,
        secondary_hue=hue,
        neutral_hue=gr.themes.colors.slate,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
    ).set(
        body_background_fill="#f3f6f5",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_text_color="white",
        button_border_width="1px",
        button_primary_border_color="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_border_color_dark="*primary_700",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_border_color="*neutral_300",
        button_large_text_weight="700",
        button_large_text_size="0.9rem",
        button_large_padding="8px 10px",
        button_small_padding="6px 8px",
        button_small_text_size="0.84rem",
        button_small_text_weight="400",
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_padding="0",
        block_title_text_color="*neutral_600",
        block_title_text_size="0.82rem",
    )


LOOK: dict[str, Any] = {"theme": _theme(), "css_paths": [_HERE / "page.css", _HERE / "pieces.css"]}
"""Arguments of ``launch`` that give the page its look."""


def _html(value: str, *, elem_id: str | None = None) -> Any:
    """A block of HTML that neither takes Gradio's text styles nor listens to clicks."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


class _Page:
    """The components of the page and how a screen is shown on them."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        self.session = gr.State(None)
        _html(_HEADER)
        with gr.Row(elem_id="columns"):
            with gr.Column(elem_id="plan-column"):
                self._plan_column()
            with gr.Column(elem_id="coach"):
                self._coach_column()
            with gr.Column(elem_id="profile-column"):
                _html('<h2 class="ln-heading">What the plan shows</h2>')
                self.profile = _html(render_profile(None), elem_id="profile")
        _html('<p class="ln-foot">Runs on this computer. Plans are read in memory and sent nowhere.</p>')

    def _plan_column(self) -> None:
        sample = (_HERE / "sample_plan.md").read_text(encoding="utf-8")
        self.plan = gr.Textbox(sample, label="Lesson plan", lines=13, max_lines=13, elem_id="plan", autoscroll=False)
        self.read = gr.Button("Read the plan", variant="primary", elem_id="read")
        with gr.Row(elem_classes="ln-pair"):
            self.upload = gr.UploadButton("Upload .md or .txt", elem_id="upload", min_width=120)
            self.again = gr.Button("Start over", interactive=False, elem_id="again", min_width=120)
        self.notice = _html("", elem_id="notice")
        _html('<h2 class="ln-heading">As I read it</h2>')
        hint = "Read the plan to see which passage shows what."
        self.reading = _html(f'<p class="ln-hint">{hint}</p>', elem_id="reading")

    def _coach_column(self) -> None:
        _html('<h2 class="ln-heading">Coach</h2>')
        self.chat = gr.Chatbot(
            label="Conversation",
            show_label=False,
            elem_id="chat",
            height=300,
            buttons=[],
            feedback_options=None,
            group_consecutive_messages=False,
            allow_tags=False,
            render_markdown=False,
            latex_delimiters=[],
            placeholder="Read a plan to begin.",
        )
        self.suggestion = _html("", elem_id="suggestion")
        # what the browser shows is what a press answers: the id is sent from the page, not looked up on arrival
        self.nudge_id = gr.Textbox("", visible="hidden", label="Suggestion", elem_id="nudge-id")
        with gr.Row(elem_classes="ln-four"):
            self.use = gr.Button("Use it", variant="primary", interactive=False, min_width=100)
            self.edit = gr.Button("Edit first", interactive=False, min_width=100)
            self.not_now = gr.Button("Not now", interactive=False, min_width=100)
            self.not_relevant = gr.Button("Not relevant", interactive=False, min_width=100)
        with gr.Column(visible=False, elem_id="editing") as self.editing:
            self.version = gr.Textbox(label="Your version", lines=4, max_lines=10, autofocus=True, elem_id="version")
            with gr.Row(elem_classes="ln-pair"):
                self.put = gr.Button("Put my version in", variant="primary", min_width=120)
                self.cancel = gr.Button("Cancel", min_width=100)
        with gr.Row(elem_classes="ln-three"):
            self.why = gr.Button("Why this?", size="sm", interactive=False, min_width=80)
            self.undo = gr.Button("Undo", size="sm", interactive=False, min_width=80)
            self.idea = gr.Button("Another idea", size="sm", interactive=False, min_width=80)
        with gr.Row(elem_classes="ln-say"):
            self.message = gr.Textbox(
                label="Message",
                placeholder="Ask, or type: exit ticket for fractions",
                lines=1,
                max_lines=1,
                elem_id="message",
            )
            self.send = gr.Button("Send", min_width=80, scale=0, elem_id="send")

    def wire(self) -> None:
        """Connect every control with its handler."""
        talk = self._conversation
        tab, plan, nudge_id = self.session, self.plan, self.nudge_id

        def deciding(decision: Decision) -> Callable[[Session | None, str, str], Screen]:
            return lambda session, text, nudge: talk.decide(session, text, nudge, decision)

        self._on(self.read.click, talk.read, [tab, plan], after=_SHOW_COACH)
        self._on(self.again.click, lambda s, text: talk.read(s, text, fresh=True), [tab, plan], after=_SHOW_COACH)
        self._on(self.upload.upload, talk.upload, [tab, self.upload], after=_SHOW_COACH)
        self._on(self.use.click, deciding(Decision.USE), [tab, plan, nudge_id])
        self._on(self.not_now.click, deciding(Decision.NOT_NOW), [tab, plan, nudge_id])
        self._on(self.not_relevant.click, deciding(Decision.NOT_RELEVANT), [tab, plan, nudge_id])
        self._on(self.edit.click, talk.edit, [tab, nudge_id])
        self._on(
            self.put.click,
            lambda s, text, nudge, version: talk.decide(s, text, nudge, Decision.EDIT, version=version),
            [tab, plan, nudge_id, self.version],
        )
        self._on(self.cancel.click, talk.close_edit, [tab])
        self._on(self.undo.click, talk.undo, [tab, plan])
        self._on(self.idea.click, talk.idea, [tab])
        self._on(self.why.click, talk.why, [tab])
        for event in (self.message.submit, self.send.click):
            self._on(event, talk.say, [tab, plan, self.message])

    def _on(self, event: Callable[..., Any], act: Callable[..., Screen], inputs: list[Any], *, after: str = "") -> None:
        def handler(*values: Any) -> dict[Any, Any]:
            return self._updates(act(*values))

        # one at a time for all tabs: the model already uses every core, and a tab's events keep their order
        done = event(
            handler,
            inputs=inputs,
            outputs=self._outputs(),
            concurrency_limit=1,
            concurrency_id="coach",
            api_visibility="private",
            show_progress="minimal",
            show_progress_on=[self.chat],
        )
        done.then(None, js=f"() => {{ {_REACH_LOG} {after} }}", api_visibility="private")

    def _outputs(self) -> list[Any]:
        shown = [self.session, self.plan, self.notice, self.reading, self.profile, self.chat, self.suggestion]
        answers = [self.use, self.edit, self.not_now, self.not_relevant, self.why]
        return [
            *shown,
            self.nudge_id,
            *answers,
            self.undo,
            self.idea,
            self.again,
            self.editing,
            self.version,
            self.message,
        ]

    def _updates(self, screen: Screen) -> dict[Any, Any]:
        session, turn = screen.session, screen.session.turn
        nudge = turn.nudge if turn else None
        updates: dict[Any, Any] = {
            self.session: session,
            self.notice: render_notice(screen.notice),
            self.chat: render_log(session.log),
            self.suggestion: render_suggestion(nudge),
            self.nudge_id: nudge.id if nudge else "",
            self.undo: gr.update(interactive=bool(session.coach.state.history)),
            self.idea: gr.update(interactive=turn is not None),
            self.again: gr.update(interactive=turn is not None),
            self.editing: gr.update(visible=screen.editing is not None),
            self.profile: render_profile(turn.analysis if turn else None),
        }
        for button in (self.use, self.edit, self.not_now, self.not_relevant, self.why):
            updates[button] = gr.update(interactive=nudge is not None)
        if turn is not None:
            updates[self.reading] = render_plan(turn.text, turn.analysis, added=session.added)
        optional = {self.plan: screen.plan, self.version: screen.editing, self.message: screen.message}
        return updates | {component: value for component, value in optional.items() if value is not None}


def build_page(make_coach: Callable[[], LessonCoach]) -> Any:
    """Build the page.

    Args:
        make_coach: Gives a coach for each browser tab. It should share one model and one index
            among them; they stay outside the tab's state.

    Returns:
        A ``gradio.Blocks``; launch it with the arguments in ``LOOK``.
    """
    with gr.Blocks(
        title="Lesson Nudge", analytics_enabled=False, delete_cache=(_KEEP_UPLOADS, _KEEP_UPLOADS)
    ) as blocks:
        page = _Page(Conversation(make_coach))
        page.wire()
    blocks.queue(max_size=32, default_concurrency_limit=1, api_open=False)
    return blocks
