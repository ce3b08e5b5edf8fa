"""The coach: reads a plan, praises what is there, offers one repair at a time, verifies every change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

from chatbot.commands import Command, Request, understand
from chatbot.events import Decided, Decision, Event, NudgeOffered, Undone
from chatbot.insertion import insert, place_for
from chatbot.nudges import Nudge, compose_nudge, compose_praise, fill
from chatbot.plan_facts import PlanFacts, read_facts
from chatbot.policy import MeasureRule, may_offer, next_gap, praised_measure, ranked_gaps
from chatbot.replies import HELP, changes, explain, not_a_plan, nothing_left, pause, searched, verified
from chatbot.session import Session, Turn
from chatbot.state import CoachState
from mtl_core.errors import InputError
from mtl_core.reading import Analysis
from mtl_core.rubric import RUBRIC
from retrieval.index import SearchFilter
from retrieval.ranking import PlanNeeds, focused, gap_weights, rank_for_gaps

if TYPE_CHECKING:
    from mtl_core.quality import QualityModel
    from retrieval.index import SearchHit, TemplateIndex
    from retrieval.templates import LessonTemplate

__all__ = ["LessonCoach", "Turn"]

RULES = {measure.key: MeasureRule(measure.value, measure.needs) for measure in RUBRIC}
_MAX_EDIT = 5_000


class LessonCoach:
    """A conversation about one lesson plan. No language model is needed.

    Args:
        model: Reads plans.
        index: Finds templates; must use the model's encoder.
        nudge_ids: Gives an identifier for each nudge; ``None`` counts ``nudge-1``, ``nudge-2``...
    """

    def __init__(
        self, model: QualityModel, index: TemplateIndex, *, nudge_ids: Callable[[], str] | None = None
    ) -> None:
        self._model = model
        self._index = index
        counter: Iterator[int] = count(1)
        self._new_id = nudge_ids or (lambda: f"nudge-{next(counter)}")
        self._session = Session()

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self._session.events)

    @property
    def state(self) -> CoachState:
        """What is true now."""
        return self._session.state

    def open(self, text: str) -> Turn:
        """Read a plan and begin: praise, and one nudge.

        Args:
            text: The plan.

        Returns:
            The first turn.

        Raises:
            InputError: If the text cannot be read.
        """
        analysis = self._model.analyse(text)
        self._session = Session()
        self._session.read(text, analysis)
        if not analysis.is_lesson_plan:
            return self._turn(not_a_plan(analysis.language))
        return self._offer(self._praise(), asked=True)

    def revise(self, text: str) -> Turn:
        """Read the teacher's own new version of the plan; only changed segments are encoded.

        Args:
            text: The whole new text.

        Returns:
            A turn that names what was found or lost, and a nudge.

        Raises:
            InputError: If no plan is open or the text cannot be read.
        """
        before = self._analysis()
        if not before.is_lesson_plan:
            return self.open(text)
        if text == self.state.text:
            return self._turn("The plan is the same as before.")
        analysis = self._model.analyse(text, previous=before)
        self._session.read(text, analysis)
        self._session.nudge = None
        if not analysis.is_lesson_plan:
            return self._turn(not_a_plan(analysis.language))
        return self._offer([changes(before, analysis)], asked=True)

    def decide(self, nudge_id: str, decision: Decision | str, *, text: str | None = None) -> Turn:
        """Answer the pending nudge.

        Args:
            nudge_id: Of the pending nudge.
            decision: ``use``, ``edit``, ``not_now`` or ``not_relevant``.
            text: With ``edit``, the teacher's version of the suggestion.

        Returns:
            The next turn. The plan has changed only after ``use`` or ``edit``.

        Raises:
            InputError: If this nudge does not wait for an answer, or the decision is unknown.
        """
        nudge = self._session.nudge
        if nudge is None or nudge.id != nudge_id:
            raise InputError(f"The nudge {nudge_id!r} does not wait for an answer; ask for a new idea.")
        try:
            choice = Decision(decision)
        except ValueError as error:
            raise InputError(f"{decision!r} is no decision; use {', '.join(Decision)}.") from error
        if choice in (Decision.NOT_NOW, Decision.NOT_RELEVANT):
            self._session.record(Decided(nudge_id, choice))
            self._session.nudge = None
            word = "I will not raise it again for this plan." if choice is Decision.NOT_RELEVANT else "Kept for later."
            return self._offer([f"Fine. {word}"], asked=False)
        return self._accept(nudge, choice, _edited(nudge, choice, text))

    def undo(self) -> Turn:
        """Take the last change back; the text is byte for byte what it was.

        Returns:
            A turn with the earlier text.

        Raises:
            InputError: If nothing was changed.
        """
        if not self.state.history:
            raise InputError("There is nothing to undo: the plan is as you gave it.")
        last = self.state.history[-1]
        self._session.record(Undone(last.text, last.judgements))
        self._session.analyses.pop()
        self._session.nudge = None
        return self._turn("Undone: the plan is exactly as it was before.")

    def idea(self) -> Turn:
        """Offer the next nudge because the teacher asks for one; a pending one is shown again."""
        analysis = self._analysis()
        if not analysis.is_lesson_plan:
            return self._turn(not_a_plan(analysis.language))
        if self._session.nudge is not None:
            return self._turn("This one still waits for your answer.")
        return self._offer([], asked=True)

    def why(self) -> Turn:
        """Explain the pending nudge: definition, what was considered, template and licence."""
        nudge = self._session.nudge
        if nudge is None:
            return self._turn("No suggestion waits at the moment. Ask for an idea, and then why.")
        return self._turn(explain(nudge, self._analysis().measures[nudge.measure]))

    def search(self, query: str, *, k: int = 3) -> list[SearchHit]:
        """Templates for a question in the teacher's words, fit for the plan's grade and subject.

        Args:
            query: What is looked for.
            k: The most results.

        Returns:
            Hits, best first.
        """
        facts = self._facts()
        return self._index.search(query, k=k, where=SearchFilter(grade=facts.grade, subject=facts.subject))

    def say(self, message: str) -> Turn:
        """Take a typed message: the same events as the buttons, else a search of the templates.

        Args:
            message: What the teacher typed.

        Returns:
            The next turn.

        Raises:
            InputError: If no plan is open, or the message is empty.
        """
        self._analysis()
        command = understand(message)
        nudge = self._session.nudge
        if isinstance(command, Decision):
            if nudge is None:
                return self._turn("No suggestion waits at the moment. Type “idea” for the next one.")
            if command is Decision.EDIT:
                return self._turn(f"Type “edit:” and your version. The suggestion was: {nudge.suggestion}")
            return self.decide(nudge.id, command)
        if command.name is Command.EDIT_TEXT:
            if nudge is None:
                return self._turn("No suggestion waits at the moment. Type “idea” for the next one.")
            return self.decide(nudge.id, Decision.EDIT, text=command.argument)
        return self._answer(command)

    def _answer(self, request: Request) -> Turn:
        match request.name:
            case Command.UNDO:
                return self.undo() if self.state.history else self._turn("There is nothing to undo.")
            case Command.WHY:
                return self.why()
            case Command.IDEA:
                return self.idea()
            case Command.HELP:
                return self._turn(HELP)
            case Command.STOP:
                return self._turn("Done. The plan stays as it is now; come back whenever you like.")
        query = request.argument
        return self._turn(searched(self.search(query), lambda t: fill(t.text, template=t, facts=self._facts())))

    def _accept(self, nudge: Nudge, choice: Decision, addition: str) -> Turn:
        before = self._analysis()
        at = place_for(nudge.template.placement, self.state.text, before.segments)
        change = insert(self.state.text, addition, at=at)
        analysis = self._model.analyse(change.text, previous=before)
        self._session.record(Decided(nudge.id, choice, change.start, change.end))
        self._session.read(change.text, analysis, revised=False)
        self._session.nudge = None
        report = verified(nudge.measure, before, analysis, added=(change.start, change.end))
        if not analysis.is_lesson_plan:
            return self._turn(not_a_plan(analysis.language), added=(change.start, change.end))
        return self._offer([report], asked=False, added=(change.start, change.end))

    def _offer(self, messages: list[str], *, asked: bool, added: tuple[int, int] | None = None) -> Turn:
        gap = next_gap(self.state, RULES)
        if not may_offer(self.state, asked=asked):
            return self._turn(*messages, pause(self.state), added=added)
        template = self._template_for(gap) if gap else None
        if gap is None or template is None:
            return self._turn(*messages, nothing_left(self.state), added=added)
        unsure = self.state.judgements[gap].verdict == "unsure"
        nudge = compose_nudge(
            nudge_id=self._new_id(), measure=gap, template=template, facts=self._facts(), unsure=unsure
        )
        self._session.record(NudgeOffered(nudge.id, gap, template.id))
        self._session.nudge = nudge
        return self._turn(*messages, nudge.message, added=added)

    def _template_for(self, gap: str) -> LessonTemplate | None:
        """The best template that was not offered yet; grade and subject are given up in turn if none fits."""
        facts = self._facts()
        open_gaps = ranked_gaps(self.state.judgements, RULES, silent=self.state.silent)
        weights = gap_weights({key: self.state.judgements[key].probability for key in open_gaps})
        needs = PlanNeeds(gaps=focused(weights, gap), grade=facts.grade, subject=facts.subject)
        for where in (
            SearchFilter(measure=gap, grade=facts.grade, subject=facts.subject),
            SearchFilter(measure=gap, grade=facts.grade),
            SearchFilter(measure=gap),
        ):
            hits = self._index.search(self._analysis().vector, k=len(self._index), where=where)
            repairs = [hit for hit in hits if hit.template.kind == "repair"]
            fresh = [hit for hit in repairs if hit.template.id not in self.state.used_templates]
            fitting = [hit for hit in fresh if facts.subject or "any" in hit.template.subjects] or fresh
            if fitting:
                return rank_for_gaps(fitting, needs, k=1)[0].template
        return None

    def _praise(self) -> list[str]:
        measure = praised_measure(self.state.judgements, RULES)
        return [compose_praise(measure, self.state.judgements[measure].quotes[0][0])] if measure else []

    def _analysis(self) -> Analysis:
        return self._session.analysis

    def _facts(self) -> PlanFacts:
        return read_facts(self.state.text, self._analysis().segments)

    def _turn(self, *messages: str, added: tuple[int, int] | None = None) -> Turn:
        said = tuple(message for message in messages if message)
        return Turn(self.state.text, self._analysis(), said, self._session.nudge, added)


def _edited(nudge: Nudge, choice: Decision, text: str | None) -> str:
    if choice is Decision.USE:
        return nudge.suggestion
    if text is None or not text.strip():
        raise InputError("An edit needs your version of the suggestion; send it as text.")
    if len(text) > _MAX_EDIT or "\0" in text:
        raise InputError(f"An edit is plain text of at most {_MAX_EDIT:,} characters.")
    return text
