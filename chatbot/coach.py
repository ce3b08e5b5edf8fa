"""The coach: reads a plan, praises what is there, offers one repair at a time, verifies every change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from chatbot import asking, replies, wishes
from chatbot.accepting import put_back, take_back, take_pasted
from chatbot.blank import blank_turn
from chatbot.conversation import Conversation, Phraser, said
from chatbot.deciding import decide
from chatbot.events import Decision, Event, Said
from chatbot.nudges import Nudge, fill
from chatbot.phrase_rules import read_phrases
from chatbot.routing import route
from chatbot.session import Session, Turn
from chatbot.state import CoachState
from mtl_core.errors import LessonNudgeError
from retrieval.index import SearchFilter

if TYPE_CHECKING:
    from chatbot.understanding import Understood
    from mtl_core.quality import QualityModel
    from retrieval.index import SearchHit, TemplateIndex

__all__ = ["LessonCoach", "Turn"]


class LessonCoach:
    """A conversation about one lesson plan. No language model is needed.

    Args:
        model: Reads plans.
        index: Finds templates; must use the model's encoder.
        nudge_ids: Gives an identifier for each nudge; ``None`` counts ``nudge-1``, ``nudge-2``...
        understand: Understands typed messages; ``None`` takes plain phrases.
        phraser: Says a finished nudge in other words; only its message may differ.
    """

    def __init__(
        self,
        model: QualityModel,
        index: TemplateIndex,
        *,
        nudge_ids: Callable[[], str] | None = None,
        understand: Callable[[str], Understood] | None = None,
        phraser: Phraser | None = None,
    ) -> None:
        self._talk = Conversation(model, index, nudge_ids=nudge_ids, phraser=phraser)
        self._understand = understand or read_phrases

    @property
    def events(self) -> tuple[Event, ...]:
        """Everything that happened, oldest first."""
        return tuple(self._talk.session.events)

    @property
    def state(self) -> CoachState:
        """What is true now."""
        return self._talk.state

    @property
    def pending(self) -> Nudge | None:
        """The suggestion that waits for an answer."""
        return self._talk.session.nudge

    def turn(self) -> Turn:
        """What is true now; nothing is said.

        Raises:
            InputError: If no plan is open.
        """
        return self._talk.turn()

    def restore(self, events: Iterable[Event]) -> Turn:
        """Take up a conversation from its log. Only the plan of now is read again.

        Args:
            events: Everything that happened, oldest first.

        Returns:
            What is true now, with the very nudge that waited.

        Raises:
            InputError: If the log holds no plan, or an event that cannot follow.
        """
        self._talk.take_up(events)
        return self.turn()

    def open(self, text: str) -> Turn:
        """Read a plan and begin: praise, and one nudge.

        Args:
            text: The plan.

        Returns:
            The first turn.

        Raises:
            InputError: If the text cannot be read.
        """
        analysis = self._talk.model.analyse(text)
        self._talk.session = Session()
        self._talk.session.read(text, analysis)
        if not analysis.is_lesson_plan:
            return self._talk.turn(said(replies.not_a_plan(analysis.language), "notice"))
        return self._talk.offer(self._talk.praise(), shorter=self._talk.praise(words=6), asked=False)

    def revise(self, text: str) -> Turn:
        """Read the teacher's own new version of the plan; only changed segments are encoded.

        Args:
            text: The whole new text.

        Returns:
            A turn that names what was found or lost, and a nudge where one may come unasked.

        Raises:
            InputError: If no plan is open or the text cannot be read.
        """
        before = self._talk.analysis
        if not before.is_lesson_plan:
            return self.open(text)
        if text == self.state.text:
            return self._talk.turn(said("The plan is the same as before.", "notice"))
        analysis = self._talk.model.analyse(text, previous=before)
        take_pasted(self._talk, text)
        self._talk.session.read(text, analysis)
        if not analysis.is_lesson_plan:
            return self._talk.turn(said(replies.not_a_plan(analysis.language), "notice"))
        after = self._talk.analysis
        report, short = (said(replies.changes(before, after, quotes=quotes), "report") for quotes in (True, False))
        return self._talk.offer(report, shorter=short, asked=False)

    def decide(
        self,
        nudge_id: str,
        decision: Decision | str,
        *,
        text: str | None = None,
        quote: str | None = None,
        reason: str | None = None,
    ) -> Turn:
        """Answer the pending nudge.

        Args:
            nudge_id: Of the pending nudge.
            decision: ``use``, ``edit``, ``not_now``, ``not_relevant`` or ``already_there``.
            text: With ``edit``, the teacher's version of the suggestion.
            quote: With ``already_there``, the passage of the plan that shows the measure.
            reason: Why, in the teacher's words.

        Returns:
            The next turn. The plan has changed only after ``use`` or ``edit``.

        Raises:
            InputError: If this nudge does not wait for an answer, the decision is unknown, or the quote is
                not in the plan.
        """
        return decide(self._talk, nudge_id, decision, text=text, quote=quote, reason=reason)

    def undo(self) -> Turn:
        """Take the last change back; the text is byte for byte what it was.

        Raises:
            StateError: If nothing was changed.
        """
        return take_back(self._talk)

    def redo(self) -> Turn:
        """Make the change again that was undone last, byte for byte.

        Raises:
            StateError: If nothing was undone since the last change.
        """
        return put_back(self._talk)

    def idea(self, *, measure: str | None = None, another: bool = False) -> Turn:
        """Offer a nudge because the teacher asks for one; a pending one is shown again.

        Args:
            measure: The gap that is asked for; a pending nudge makes room for it.
            another: Whether a pending nudge is set aside for now.
        """
        return asking.idea(self._talk, measure=measure, another=another)

    def shorter(self, *, minutes: int | None = None) -> Turn:
        """Offer a shorter template for the measure of the pending nudge, which is kept where there is none.

        Args:
            minutes: The most minutes; ``None`` for fewer than the pending one takes.
        """
        return asking.shorter(self._talk, minutes=minutes)

    def choose(self, title: str) -> Turn:
        """Take up a template by its title: it becomes the pending nudge where it repairs an open gap."""
        return asking.choose(self._talk, title)

    def why(self) -> Turn:
        """Explain the pending nudge: definition, what was considered, template and licence, time and place."""
        return asking.why(self._talk)

    def search(self, query: str, *, k: int = 3, measure: str | None = None) -> list[SearchHit]:
        """Templates for a question in the teacher's words, fit for the plan's grade and subject.

        Args:
            query: What is looked for.
            k: The most results.
            measure: That they are to repair.

        Returns:
            Hits, best first.
        """
        facts = self._talk.facts
        where = SearchFilter(measure=measure, grade=facts.grade, subject=facts.subject)
        return self._talk.index.search(query, k=k, where=where)

    def look_up(self, query: str, *, measure: str | None = None) -> Turn:
        """Answer a question with templates; a nudge that waits is kept."""
        facts = self._talk.facts
        words = replies.searched(self.search(query, measure=measure), lambda t: fill(t.text, template=t, facts=facts))
        return self.answer(said(words, "search"))

    def say(self, message: str) -> Turn:
        """Take a typed message: the same events as the buttons, else an answer.

        Args:
            message: What the teacher typed.

        Returns:
            The next turn.

        Raises:
            InputError: If no plan is open, or the message cannot be used; nothing has changed then.
        """
        before = self._talk.session.copy()
        _ = self._talk.analysis
        understood = self._understand(message)
        try:
            self._talk.session.record(Said("teacher", message.strip(), "message"))
            return route(self, understood, message)
        except LessonNudgeError:
            self._talk.session = before
            raise

    def pause(self) -> Turn:
        """Offer nothing unasked until ``resume``; a nudge that waits is kept."""
        return wishes.pause(self._talk)

    def resume(self) -> Turn:
        """Go on: the nudge that waits is shown, or the next one comes."""
        return wishes.resume(self._talk)

    def stop(self) -> Turn:
        """End the conversation with one line and an offer to export; nothing comes unasked any more."""
        return wishes.stop(self._talk)

    def mute(self, measure: str) -> Turn:
        """Hear no more of a measure (its key) for this plan.

        Raises:
            InputError: If there is no such measure.
        """
        return wishes.mute(self._talk, measure)

    def state_facts(self, *, grade: int | None = None, phrase: str = "", minutes: int | None = None) -> Turn:
        """Take what the teacher says of the lesson into account from now on.

        Args:
            grade: US grade, 0 to 13.
            phrase: The grade in the teacher's words.
            minutes: The most minutes that a suggestion may take.
        """
        return wishes.state_facts(self._talk, grade=grade, phrase=phrase, minutes=minutes)

    def export(self) -> Turn:
        """Ask the door to write the plan to a file."""
        return self._talk.take_away()

    def forget(self) -> Turn:
        """Forget the plan and all that was said, at once; the door deletes what it keeps."""
        self._talk.session = Session()
        return blank_turn("Done: the plan and all that was said are forgotten.")

    def answer(self, *words: Said, digression: bool = True) -> Turn:
        """Say something that leaves the state of things; a nudge that waits is offered once more after a digression.

        Args:
            words: What is said.
            digression: Whether the words leave the subject of the pending nudge.
        """
        return self._talk.answer(*words, digression=digression)
