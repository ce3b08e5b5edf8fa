"""The components of the page, part by part. What they do is wired in ``demo.page``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from chatbot.uploads import SUFFIXES
from demo.history import render_history
from demo.kept import render_downloads, render_plans
from demo.profile import render_profile
from mtl_core.rubric import RUBRIC
from retrieval.templates import SUBJECTS

__all__ = ["SAMPLE", "Coach", "PlanParts", "html"]

SAMPLE = Path(__file__).parent / "sample_plan.md"
_READ_HINT = '<p class="ln-hint">Read a plan to see which passage shows what.</p>'
_GRADES = [("Kindergarten or Reception", 0), *((f"Grade {n} (Year {n + 1})", n) for n in range(1, 13)), ("Adults", 13)]
_MINUTES = [(f"At most {n} minutes", n) for n in (5, 10, 15, 20, 30, 60)]


def html(value: str, *, elem_id: str | None = None) -> Any:
    """A block of HTML that neither takes Gradio's text styles nor listens to clicks."""
    return gr.HTML(value, elem_id=elem_id, apply_default_css=False, js_on_load=None)


class PlanParts:
    """The plan and everything about it, one part at a time.

    Args:
        map_base: The drawn map of the library, without a plan.
    """

    def __init__(self, map_base: str) -> None:
        with gr.Tabs(elem_id="parts", selected="plan", overflow_behavior="wrap") as self.tabs:
            with gr.Tab("Plan", id="plan"):
                self._plan()
            with gr.Tab("What it shows", id="shows", render_children=True):
                self._shows()
            with gr.Tab("Templates", id="templates", render_children=True):
                self._templates()
            with gr.Tab("Map", id="map", render_children=True):
                self._map(map_base)
            with gr.Tab("History", id="history", render_children=True):
                html('<h2 class="ln-heading">Versions of this plan</h2>')
                self.history = html(render_history(()), elem_id="history")
            with gr.Tab("Take away", id="away", render_children=True):
                html('<h2 class="ln-heading">Take your plan with you</h2>')
                self.downloads = html(render_downloads(""), elem_id="downloads")
            with gr.Tab("My plans", id="mine", render_children=True):
                self._mine()

    def _plan(self) -> None:
        self.plan = gr.Textbox(
            label="Lesson plan",
            placeholder="Paste your lesson plan here, or upload it as a file.",
            lines=18,
            max_lines=18,
            elem_id="plan",
            autoscroll=False,
        )
        self.read = gr.Button("Read the plan", variant="primary", elem_id="read")
        with gr.Row(elem_classes="ln-three"):
            self.upload = gr.UploadButton("Upload a file", elem_id="upload", min_width=100)
            self.sample = gr.Button("Sample plan", elem_id="sample", min_width=100)
            self.fresh = gr.Button("New plan", interactive=False, elem_id="fresh", min_width=100)
        html(f'<p class="ln-hint">Files: {", ".join(sorted(SUFFIXES))}.</p>')

    def _shows(self) -> None:
        with gr.Row(elem_classes="ln-two"):
            with gr.Column(min_width=240):
                html('<h2 class="ln-heading">What the plan shows</h2>')
                self.profile = html(render_profile(None), elem_id="profile")
            with gr.Column(min_width=240):
                html('<h2 class="ln-heading">As I read it</h2>')
                self.reading = html(_READ_HINT, elem_id="reading")

    def _templates(self) -> None:
        html('<h2 class="ln-heading">Find a template</h2>')
        with gr.Row(elem_classes="ln-say"):
            self.query = gr.Textbox(
                label="What are you looking for?", placeholder="exit ticket for fractions", max_lines=1, elem_id="query"
            )
            self.search = gr.Button("Search", min_width=90, scale=0, elem_id="search")
        with gr.Row(elem_classes="ln-filters"):
            subjects = [(name.replace("_", " ").capitalize(), name) for name in SUBJECTS]
            self.subject = gr.Dropdown([("Any subject", ""), *subjects], value="", label="Subject", min_width=130)
            self.grade = gr.Dropdown([("Any grade", -1), *_GRADES], value=-1, label="Grade", min_width=130)
            self.minutes = gr.Dropdown([("Any length", -1), *_MINUTES], value=-1, label="Minutes", min_width=130)
            measures = [(measure.title, measure.key) for measure in RUBRIC]
            self.measure = gr.Dropdown([("Any measure", ""), *measures], value="", label="Measure", min_width=130)
        self.found = html('<p class="ln-hint">Say what you look for. The filters are optional.</p>', elem_id="found")

    def _map(self, base: str) -> None:
        html('<h2 class="ln-heading">Where your plan lies among the templates</h2>')
        html('<p class="ln-hint">Each dot is a template. Templates with like words lie close together.</p>')
        with gr.Column(elem_id="map-stack"):
            html(base, elem_id="map-base")
            self.overlay = html("", elem_id="map-overlay")
        self.neighbours = html("", elem_id="neighbours")

    def _mine(self) -> None:
        html('<h2 class="ln-heading">Your plans</h2>')
        self.plans = html(render_plans(()), elem_id="plans")
        self.masking = gr.Checkbox(
            label="Replace names, e-mail addresses and phone numbers before anything is kept", elem_id="masking"
        )
        self.labels = gr.Checkbox(label="My answers may be used to improve the suggestions", elem_id="labels")
        with gr.Row(elem_classes="ln-pair"):
            self.delete = gr.Button("Delete this plan", interactive=False, min_width=120)
            self.forget = gr.Button("Forget me", min_width=120)
        with gr.Column(visible=False, elem_id="sure") as self.sure:
            self.question = html("")
            with gr.Row(elem_classes="ln-pair"):
                self.yes = gr.Button("Yes, delete", variant="stop", min_width=120)
                self.no = gr.Button("Keep", min_width=100)


class Coach:
    """The conversation with its buttons."""

    def __init__(self) -> None:
        html('<h2 class="ln-heading">Coach</h2>')
        self.chat = gr.Chatbot(
            label="Conversation",
            show_label=False,
            elem_id="chat",
            height=230,
            buttons=[],
            feedback_options=None,
            group_consecutive_messages=False,
            allow_tags=False,
            render_markdown=False,
            latex_delimiters=[],
            placeholder="Read a plan to begin.",
        )
        self.suggestion = html("", elem_id="suggestion")
        with gr.Row(elem_classes="ln-four"):
            self.use = gr.Button("Use it", variant="primary", interactive=False, min_width=100, elem_id="use")
            self.edit = gr.Button("Edit first", interactive=False, min_width=100)
            self.not_now = gr.Button("Not now", interactive=False, min_width=100)
            self.not_relevant = gr.Button("Not relevant", interactive=False, min_width=100)
        with gr.Accordion("Why not relevant? (optional)", open=False, visible=False, elem_id="because") as self.because:
            self.reason = gr.Textbox(
                label="In a few words; press “Not relevant” to send it",
                max_length=1_000,
                lines=1,
                max_lines=3,
                elem_id="reason",
            )
        with gr.Column(visible=False, elem_id="editing") as self.editing:
            self.version = gr.Textbox(label="Your version", lines=4, max_lines=10, autofocus=True, elem_id="version")
            with gr.Row(elem_classes="ln-pair"):
                self.put = gr.Button("Put my version in", variant="primary", min_width=120)
                self.cancel = gr.Button("Cancel", min_width=100)
        with gr.Column(visible=False, elem_id="quoting") as self.quoting:
            self.quote = gr.Textbox(
                label="Which passage of your plan shows it?",
                placeholder="Copy it here, word for word.",
                lines=2,
                max_lines=6,
                autofocus=True,
                elem_id="quote",
            )
            with gr.Row(elem_classes="ln-pair"):
                self.there = gr.Button("This passage shows it", variant="primary", min_width=120)
                self.leave = gr.Button("Cancel", min_width=100)
        with gr.Row(elem_classes="ln-many"):
            self.already = gr.Button("Already there", size="sm", interactive=False, min_width=80)
            self.why = gr.Button("Why this?", size="sm", interactive=False, min_width=80)
            self.undo = gr.Button("Undo", size="sm", interactive=False, min_width=80)
            self.redo = gr.Button("Redo", size="sm", interactive=False, min_width=80)
            self.idea = gr.Button("Another idea", size="sm", interactive=False, min_width=80)
            self.pause = gr.Button("Pause", size="sm", interactive=False, min_width=80)
            self.stop = gr.Button("Stop", size="sm", interactive=False, min_width=80)
        with gr.Row(elem_classes="ln-say"):
            self.message = gr.Textbox(
                label="Message", placeholder="Ask, or type: exit ticket", lines=1, max_lines=1, elem_id="message"
            )
            self.send = gr.Button("Send", min_width=80, scale=0, elem_id="send")
