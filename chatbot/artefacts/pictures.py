"""Pictures of a plan, and the interface through which another maker of pictures is plugged in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from chatbot.artefacts.plan_document import PlanDocument

__all__ = ["Picture", "PictureKind", "PictureProvider"]


class PictureKind(StrEnum):
    """Which picture is wanted."""

    TIMELINE = "timeline"
    ORGANISER = "organiser"


@dataclass(frozen=True, slots=True)
class Picture:
    """A finished picture.

    Args:
        data: The file, PNG.
        alt_text: What it shows, in words, for readers who do not see it.
        width: Width in pixels.
        height: Height in pixels.
    """

    data: bytes
    alt_text: str
    width: int
    height: int


class PictureProvider(Protocol):
    """Makes pictures of a plan; ``DiagramPictures`` is the default, which draws and makes nothing up."""

    def picture(self, kind: PictureKind, plan: PlanDocument) -> Picture | None:
        """Make one picture.

        Args:
            kind: Which one.
            plan: The plan whose content it shows.

        Returns:
            The picture, or ``None`` where the plan holds nothing for it.
        """
        ...
