"""What a teacher takes away, one function for every format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from chatbot.artefacts.pictures import PictureKind
from chatbot.artefacts.plan_document import PlanDocument, plan_document
from mtl_core.errors import InputError

if TYPE_CHECKING:
    from chatbot.artefacts.pictures import PictureProvider
    from mtl_core.reading import Analysis

__all__ = ["FORMATS", "ExportFormat", "ExportedFile", "ReadPlan", "export_plan"]

ExportFormat = Literal["docx", "md", "pptx", "pdf", "png-timeline", "png-organiser", "exit-ticket"]
"""Improved plan, slides, handout, pictures, exit ticket."""

FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)
"""Every format."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_FILES: dict[str, tuple[str, str]] = {
    "docx": ("plan.docx", f"{_OFFICE}.wordprocessingml.document"),
    "md": ("plan.md", "text/markdown; charset=utf-8"),
    "pptx": ("slides.pptx", f"{_OFFICE}.presentationml.presentation"),
    "pdf": ("handout.pdf", "application/pdf"),
    "png-timeline": ("time-line.png", "image/png"),
    "png-organiser": ("organiser.png", "image/png"),
    "exit-ticket": ("exit-ticket.pdf", "application/pdf"),
}
_NOTHING = {
    "png-timeline": "The plan gives minutes for fewer than two phases, so there is no time line to draw; "
    "write them beside the headings, such as 'Starter (10 minutes)'.",
    "png-organiser": "The plan names no objectives, key words or phases, so there is nothing to organise; "
    "put them under headings of their own.",
    "exit-ticket": "The plan names no exit question and no objective, so there is nothing to ask; "
    "add one under a heading 'Exit ticket'.",
}
_NAME_WORDS = 6


class ReadPlan(Protocol):
    """A plan with its reading, such as a turn of the coach."""

    @property
    def text(self) -> str:
        """The plan."""
        ...

    @property
    def analysis(self) -> Analysis:
        """Its reading."""
        ...


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A finished file.

    Args:
        name: A name for it, made of the plan's title: letters, digits and hyphens.
        media_type: Its media type.
        data: Its content.
        alt_text: What a picture shows, empty for other files.
    """

    name: str
    media_type: str
    data: bytes
    alt_text: str = ""


def export_plan(
    plan: PlanDocument | ReadPlan,
    format: ExportFormat,  # noqa: A002 - the field's word for it
    *,
    title: str | None = None,
    pictures: PictureProvider | None = None,
) -> ExportedFile:
    """Make a file of a plan.

    Args:
        plan: The plan as a document, or a turn of the coach.
        format: Which file: the plan as ``docx`` or ``md``, slides as ``pptx``, a handout as ``pdf``, a
            picture, or an exit ticket as PDF.
        title: A title instead of the plan's own; not for a document, which has one.
        pictures: Makes the pictures; by default diagrams of the plan's own words.

    Returns:
        The file. The same plan gives the same bytes.

    Raises:
        InputError: If the format is unknown, or the plan holds nothing for it.
    """
    if format not in _FILES:
        raise InputError(f"{format} is no format; give one of {', '.join(FORMATS)}.")
    document = plan if isinstance(plan, PlanDocument) else plan_document(plan.text, plan.analysis, title=title)
    name, media_type = _FILES[format]
    data, alt_text = _made(document, format, pictures)
    if data is None:
        raise InputError(_NOTHING[format])
    return ExportedFile(f"{_slug(document.title)}-{name}", media_type, data, alt_text)


def _made(plan: PlanDocument, wanted: str, pictures: PictureProvider | None) -> tuple[bytes | None, str]:
    # each maker has its own heavy imports
    if wanted == "md":
        return plan.text.encode("utf-8"), ""
    if wanted == "docx":
        from chatbot.artefacts.word_file import word_file  # noqa: PLC0415

        return word_file(plan), ""
    if wanted == "pdf":
        from chatbot.artefacts.sheets import handout  # noqa: PLC0415

        return handout(plan), ""
    if wanted == "exit-ticket":
        from chatbot.artefacts.sheets import exit_ticket  # noqa: PLC0415

        return exit_ticket(plan), ""
    if pictures is None:
        from chatbot.artefacts.diagrams import DiagramPictures  # noqa: PLC0415

        pictures = DiagramPictures()
    if wanted == "pptx":
        from chatbot.artefacts.slides import slide_file  # noqa: PLC0415

        return slide_file(plan, pictures=pictures), ""
    kind = PictureKind.TIMELINE if wanted == "png-timeline" else PictureKind.ORGANISER
    picture = pictures.picture(kind, plan)
    return (picture.data, picture.alt_text) if picture else (None, "")


def _slug(title: str) -> str:
    words = re.findall(r"[a-z0-9]+", title.lower())
    return "-".join(words[:_NAME_WORDS])[:60] or "lesson"
