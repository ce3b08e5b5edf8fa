"""Which kind of file it is by its name and by its first bytes, and what is refused at once."""

from __future__ import annotations

from pathlib import PurePath

from mtl_core.errors import InputError

__all__ = ["SUFFIXES", "check_content", "kind_of_name"]

SUFFIXES = {
    ".md": "text",
    ".markdown": "text",
    ".txt": "text",
    ".text": "text",
    ".docx": "docx",
    ".pdf": "pdf",
    ".html": "html",
    ".htm": "html",
}
"""Kind of file by ending of its name."""

_REFUSED_NAMES = {
    ".docm": "a Word file that may hold macros; save it as .docx",
    ".dotm": "a Word file that may hold macros; save it as .docx",
    ".doc": "an old Word file; save it as .docx",
    ".odt": "an OpenDocument file; save it as .docx",
    ".rtf": "an RTF file; save it as .docx",
    ".pages": "a Pages file; export it as .docx",
    ".pptx": "a presentation; give the plan as .docx or .pdf",
    ".xlsx": "a spreadsheet; give the plan as .docx or .pdf",
}
_PICTURE = "a picture; give the plan as text, .docx or .pdf"
_MAGIC = (
    (b"{\\rtf", "an RTF file; save it as .docx or plain text"),
    (b"\x89PNG", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"GIF8", _PICTURE),
    (b"MZ\x90", "a program and no plan; give the plan as text, .docx or .pdf"),
    (b"\x7fELF", "a program and no plan; give the plan as text, .docx or .pdf"),
    (b"\x1f\x8b", "a compressed file; unpack it first"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_HEADER_REACH = 1024


def kind_of_name(name: str) -> str | None:
    """Kind of a file by its name.

    Args:
        name: The name.

    Returns:
        ``text``, ``docx``, ``pdf`` or ``html``; ``None`` for any other ending.
    """
    return SUFFIXES.get(PurePath(name).suffix.lower())


def check_content(label: str, kind: str | None, data: bytes) -> None:
    """Refuse a file whose content is not what its name says.

    Args:
        label: Name of the file for the error.
        kind: Kind by name, ``None`` if the name says nothing.
        data: The content.

    Raises:
        InputError: If the content is of a kind that is not read, or of another kind than the name says.
    """
    suffix = PurePath(label).suffix.lower()
    for magic, what in _MAGIC:
        if data.startswith(magic):
            raise InputError(f"{label} is {what}.")
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise InputError(f"{label} is protected by a password; save a copy without the password.")
        raise InputError(f"{label} is an old Office file; save it as .docx.")
    found = _found(data)
    if found == "pdf" and kind != "pdf":
        raise InputError(f"{label} is a PDF by its content; rename it so that it ends in .pdf.")
    if found == "zip" and kind != "docx":
        what = _REFUSED_NAMES.get(suffix, "a zip or Office file by its content; a Word file must end in .docx")
        raise InputError(f"{label} is {what}.")
    if kind == "pdf" and found != "pdf":
        raise InputError(f"{label} is no PDF by its content; export it as PDF again, or give the plan as text.")
    if kind == "docx" and found != "zip":
        raise InputError(f"{label} is no Word file by its content; save it as .docx again, or give the plan as text.")
    if kind is None and suffix in _REFUSED_NAMES:
        raise InputError(f"{label} is {_REFUSED_NAMES[suffix]}.")


def _found(data: bytes) -> str | None:
    if data.startswith(b"%PDF") or (b"%PDF-" in data[:_HEADER_REACH] and b"\0" in data[:_HEADER_REACH]):
        return "pdf"
    return "zip" if data.startswith((b"PK\x03\x04", b"PK\x05\x06")) else None
