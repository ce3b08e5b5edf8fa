"""Plans as uploaded files: Word, PDF, web page, markdown and plain text become the text of a plan."""

from __future__ import annotations

from chatbot.uploads.kinds import SUFFIXES
from chatbot.uploads.reading import MAX_TEXT_BYTES, MAX_UPLOAD_BYTES, read_content, read_upload

__all__ = ["MAX_TEXT_BYTES", "MAX_UPLOAD_BYTES", "SUFFIXES", "read_content", "read_upload"]
