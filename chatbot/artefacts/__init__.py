"""What a teacher takes away from a plan: the plan itself, slides, a handout, an exit ticket, pictures."""

from __future__ import annotations

from chatbot.artefacts.export import FORMATS, ExportedFile, ExportFormat, export_plan
from chatbot.artefacts.pictures import Picture, PictureKind, PictureProvider
from chatbot.artefacts.plan_document import PlanDocument, plan_document

__all__ = [
    "FORMATS",
    "ExportFormat",
    "ExportedFile",
    "Picture",
    "PictureKind",
    "PictureProvider",
    "PlanDocument",
    "export_plan",
    "plan_document",
]
