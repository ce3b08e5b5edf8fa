from __future__ import annotations

from typing import TYPE_CHECKING

import docx
import pytest

if TYPE_CHECKING:
    from docx.document import Document


@pytest.fixture
def word_plan() -> Document:
    """A short plan as a Word document."""
    document = docx.Document()
    document.add_heading("Water moves around", 0)
    document.add_heading("Objectives", 1)
    document.add_paragraph("Pupils explain évaporation – in ½ a page.")
    return document
