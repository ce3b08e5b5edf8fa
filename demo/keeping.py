"""Search, settings and deleting: what the page does beside the conversation, free of Gradio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatbot.store.base import NotFoundError
from demo.kept import render_plans
from demo.template_cards import render_hits
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from chatbot.service import CoachService
    from chatbot.store.base import OwnerSettings
    from demo.screen import Place

__all__ = ["Keeping"]

_MOST_HITS = 8


class Keeping:
    """The handlers of the other parts of the page.

    Args:
        service: Keeps the conversations of all browsers.
    """

    def __init__(self, service: CoachService) -> None:
        self._service = service

    def search(self, query: str, subject: str, grade: int, minutes: int, measure: str) -> str:
        """Find templates.

        Args:
            query: What is looked for.
            subject: A subject; empty for any.
            grade: US grade; below 0 for any.
            minutes: The most minutes; below 0 for any.
            measure: Key of a measure; empty for any.

        Returns:
            HTML.
        """
        if not query.strip():
            return '<p class="ln-hint" role="status">Type what you look for, such as: exit ticket.</p>'
        try:
            hits = self._service.search(
                query,
                k=_MOST_HITS,
                subject=subject or None,
                grade=None if grade < 0 else grade,
                minutes=None if minutes < 0 else minutes,
                measure=measure or None,
            )
        except InputError as error:
            return render_hits([], note=str(error))
        return render_hits(hits)

    def plans(self, place: Place) -> str:
        """The plans of this browser as HTML."""
        return render_plans(self._service.threads(place.owner), here=place.thread)

    def settings(self, place: Place) -> OwnerSettings:
        """What this browser's owner chose."""
        return self._service.settings(place.owner)

    def choose(self, place: Place, *, masking: bool, labels: bool) -> OwnerSettings:
        """Change what the owner chose.

        Args:
            place: Where the event came from.
            masking: Whether personal data is replaced from now on.
            labels: Whether decisions may be learnt from.

        Returns:
            What is true now.
        """
        return self._service.change_settings(place.owner, masking=masking, keep_labels=labels)

    def delete(self, place: Place) -> None:
        """Delete the open plan; one that is gone already is no error."""
        try:
            self._service.delete(place.owner, place.thread)
        except NotFoundError:
            return

    def forget(self, place: Place) -> None:
        """Delete everything that is kept of this browser."""
        self._service.forget(place.owner)
