"""Office files with the same bytes for the same plan: fixed dates and a fixed order of parts."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

__all__ = ["fix_properties", "repacked"]

_FIRST_DATE = (1980, 1, 1, 0, 0, 0)
_DATE = datetime(2000, 1, 1)  # noqa: DTZ001 - the file formats hold dates without a zone
_MOST_TITLE = 250


def fix_properties(properties: Any, *, title: str) -> None:
    """Set the properties of a document: its title, no author, no date of its making.

    Args:
        properties: Core properties of python-docx or python-pptx.
        title: Title of the document.
    """
    properties.title = title[:_MOST_TITLE]
    properties.author = "Lesson Nudge"
    properties.last_modified_by = ""
    properties.comments = ""
    properties.keywords = ""
    properties.language = "en"
    properties.revision = 1
    properties.created = properties.modified = properties.last_printed = _DATE


def repacked(data: bytes) -> bytes:
    """Write an archive again without the time of its making.

    Args:
        data: A zip archive.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            made = zipfile.ZipInfo(entry.filename, date_time=_FIRST_DATE)
            made.compress_type = zipfile.ZIP_DEFLATED
            made.external_attr = 0o644 << 16
            new.writestr(made, old.read(entry))
    return buffer.getvalue()
