"""The course of a conversation: what is read, offered and recorded. The coach's public methods stand on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING

from chatbot import replies
from chatbot.choosing import choose_template
from chatbot.events import Decided, Event, ExportOffered, NudgeOffered, NudgeRepeated, QuestionAsked, Said, SaidKind
from chatbot.measure_rules import RULES, rules_for
from chatbot.nudges import Nudge, compose_choice, compose_nudge, compose_praise
from chatbot.plan_facts import PlanFacts, read_facts
from chatbot.policy import may_offer, praised_measure, ranked_gaps
from chatbot.resuming import offered_again
from chatbot.session import Session, Turn, Wish
from chatbot.state import CoachState, replay
from chatbot.wording import MAX_WORDS, count_words
from mtl_core.errors import InputError
from mtl_core.reading import Analysis

if TYPE_CHECKING:
    from mtl_core.quality import QualityModel
    from retrieval.index import TemplateIndex
    from retrieval.templates import LessonTemplate

__all__ = ["Conversation", "Phraser", "said"]

Phraser = Callable[[Nudge], Nudge]
"""Says a finished nudge in other words."""


class Conversation:
    """One plan under discussion, with the means to read it and to offer repairs.

    Args:
        model: Reads plans.
        index: Finds templates.
        nudge_ids: Gives identifiers of nudges; ``None`` counts.
        phraser: Says a finished nudge in other words; only its message is taken.
    """

    def __init__(
        self,
        model: QualityModel,
        index: TemplateIndex,
        *,
        nudge_ids: Callable[[], str] | None,
        phraser: Phraser | None,
    ) -> None:
        self.model = model
        self.index = index
        self.session = Session()
        self._counter = count(1)
        self._new_id = nudge_ids or (lambda: f"nudge-{next(self._counter)}")
        self._phraser = phraser
        self._facts: tuple[str, PlanFacts] | None = None

    @property
    def state(self) -> CoachState:
        """What is true now."""
        return self.session.state

    @property
    def analysis(self) -> Analysis:
        """The reading of the plan now.

        Raises:
            InputError: If no plan is open.
        """
        return self.session.analysis

    @property
    def facts(self) -> PlanFacts:
        """What the plan says of itself, with the grade that the teacher stated."""
        if self._facts is None or self._facts[0] != self.state.text:
            self._facts = (self.state.text, read_facts(self.state.text, self.analysis.segments))
        facts = self._facts[1]
        if self.state.grade is None:
            return facts
        return replace(facts, grade=self.state.grade, grade_phrase=self.state.grade_phrase or facts.grade_phrase)

    def take_up(self, events: Iterable[Event]) -> None:
        """Replay a log; only the plan of now is read again.

        Args:
            events: Everything that happened, oldest first.

        Raises:
            InputError: If the log holds no plan, or an event that cannot follow.
        """
        log = list(events)
        try:
            state = replay(log)
        except ValueError as error:
            raise InputError(f"The log of this conversation cannot be: {error}") from error
        if not state.judgements:
            raise InputError("This conversation holds no plan yet; open one.")
        analyses: list[Analysis | None] = [None] * len(state.history)
        analyses.append(self.model.analyse(state.text))
        nudge = offered_again(state.pending, self.index.library) if state.pending else None
        self.session = Session(log, state, analyses, nudge)
        self._counter = count(state.offered + 1)

    def praise(self, *, words: int = 22) -> Said | None:
        """One true sentence about a measure that is present, with the teacher's words; else ``None``.

        Args:
            words: The most words of the passage.
        """
        measure = praised_measure(self.state.judgements, rules_for(self.analysis.rubric))
        if measure is None:
            return None
        quote = self.state.judgements[measure].quotes[0][0]
        return said(compose_praise(measure, quote, seed=self.state.text[:200], words=words), "praise")

    def offer(
        self,
        before: Said | None,
        *,
        asked: bool,
        shorter: Said | None = None,
        added: tuple[int, int] | None = None,
        measure: str | None = None,
        most: int | None = None,
    ) -> Turn:
        """Offer the next repair where one may come now, else say how the conversation stands.

        Args:
            before: What is said first.
            asked: Whether the teacher asked for an idea.
            shorter: Said instead of ``before`` where both together would be too long.
            added: Where the last change added text.
            measure: The gap that the teacher asked for; ``None`` for the one that comes first.
            most: Minutes that the template may take.

        Returns:
            The turn.
        """
        if not self.analysis.is_lesson_plan:
            return self.turn(before, added=added)
        nudge = self._next_nudge(measure, most) if may_offer(self.state, asked=asked) else None
        if nudge is None:
            return self.turn(before, *self._standing(), added=added)
        if before and shorter and count_words(before.text) + count_words(nudge.message) > MAX_WORDS:
            before = shorter
        return self._offered(before, nudge, added=added)

    def offer_chosen(self, template: LessonTemplate, measure: str) -> Turn:
        """Offer the template that the teacher chose from a list; none may wait.

        Args:
            template: The template.
            measure: The gap that it repairs.

        Returns:
            The turn.
        """
        nudge = compose_choice(nudge_id=self._new_id(), measure=measure, template=template, facts=self.facts)
        return self._offered(None, nudge, added=None)

    def _offered(self, before: Said | None, nudge: Nudge, *, added: tuple[int, int] | None) -> Turn:
        unsure = self.state.judgements[nudge.measure].verdict == "unsure"
        self.session.record(
            NudgeOffered(nudge.id, nudge.measure, nudge.template.id, nudge.message, nudge.suggestion, unsure)
        )
        self.session.nudge = nudge
        return self.turn(before, said(nudge.message, "nudge"), self._grade_question(), added=added)

    def answer(self, *words: Said, digression: bool) -> Turn:
        """Say something that no rule asked for; a nudge that waits is offered once more.

        Args:
            words: What is said.
            digression: Whether the words leave the subject of the pending nudge.

        Returns:
            The turn.
        """
        nudge, state = self.session.nudge, self.state
        if nudge is None or not digression or state.repeated or state.paused or state.stopped:
            return self.turn(*words)
        self.session.record(NudgeRepeated(nudge.id))
        return self.turn(*words, said(replies.remind(nudge), "reminder"))

    def take_away(self) -> Turn:
        """Ask the door to write the plan to a file; the offer need not be made any more."""
        _ = self.analysis
        self._offer_export()
        return self.turn(said("Here is the plan to take away.", "notice"), wish="export")

    def goodbye(self) -> Said:
        """The last line; the offer to export is made once."""
        words = said(replies.farewell(offer=not self.state.export_offered), "goodbye")
        self._offer_export()
        return words

    def turn(self, *words: Said | None, added: tuple[int, int] | None = None, wish: Wish | None = None) -> Turn:
        """What is true now, with what is said; the words are recorded.

        Args:
            words: In order; ``None`` says nothing.
            added: Where the last change added text.
            wish: What the teacher asked of the door.

        Returns:
            The turn.
        """
        spoken = tuple(word for word in words if word is not None)
        analysis = self.analysis
        for word in spoken:
            self.session.record(word)
        return Turn(
            text=self.state.text,
            analysis=analysis,
            messages=tuple(word.text for word in spoken),
            nudge=self.session.nudge,
            added=added,
            praise=next((word.text for word in spoken if word.kind == "praise"), None),
            said=spoken,
            stopped=self.state.stopped,
            state=self.state,
            wish=wish,
        )

    def template_for(self, gap: str, *, most: int | None = None) -> LessonTemplate | None:
        """The best template for a gap that was not offered yet, of at most so many minutes."""
        return choose_template(
            gap, index=self.index, state=self.state, analysis=self.analysis, facts=self.facts, most=most
        )

    def _next_nudge(self, measure: str | None, most: int | None) -> Nudge | None:
        facts, state = self.facts, self.state
        for gap in ranked_gaps(state.judgements, RULES, silent=state.silent):
            if measure not in (None, gap):
                continue
            template = self.template_for(gap, most=most)
            if template is None:
                continue
            reading = state.judgements[gap]
            nudge = compose_nudge(
                nudge_id=self._new_id(),
                measure=gap,
                template=template,
                facts=facts,
                unsure=reading.verdict == "unsure",
                quote=self._teachers_quote(gap),
                turn=state.offered,
            )
            return replace(nudge, message=self._phraser(nudge).message) if self._phraser else nudge
        return None

    def _teachers_quote(self, measure: str) -> str:
        """The passage that might show a measure; none where the coach put it there itself."""
        quotes = self.state.judgements[measure].quotes
        added = [event.text for event in self.session.events if isinstance(event, Decided) and not event.adapted]
        return quotes[0][0] if quotes and not any(quotes[0][0] in text for text in added) else ""

    def _standing(self) -> tuple[Said, ...]:
        """Why no nudge comes: nothing is left, or the teacher is asked, or it was enough for now."""
        state = self.state
        if state.pending or state.paused or state.stopped:
            return ()
        if not self._anything_left():
            words = said(replies.nothing_left(state, without_template=self._without_template()), "goodbye")
            self._offer_export()
            return (words,)
        if state.dismissals_in_a_row >= 2:
            return (said(replies.LEAVE_IT, "message"),)
        self.session.record(QuestionAsked("go_on"))
        return (said(replies.ASK_GO_ON, "question"),)

    def _anything_left(self) -> bool:
        gaps = ranked_gaps(self.state.judgements, RULES, silent=self.state.silent)
        return any(self.template_for(gap) for gap in gaps)

    def _without_template(self) -> list[str]:
        """Titles of the gaps that no template is made for: measures of a school's own."""
        rubric = self.analysis.rubric
        gaps = ranked_gaps(self.state.judgements, rules_for(rubric), silent=self.state.silent)
        return [rubric[gap].title for gap in gaps if gap not in RULES]

    def _grade_question(self) -> Said | None:
        if self.state.grade_asked or self.facts.grade is not None:
            return None
        self.session.record(QuestionAsked("grade"))
        return said(replies.ASK_GRADE, "question")

    def _offer_export(self) -> None:
        if not self.state.export_offered:
            self.session.record(ExportOffered())


def said(text: str, kind: SaidKind) -> Said:
    """Words of the coach."""
    return Said("coach", text, kind)
