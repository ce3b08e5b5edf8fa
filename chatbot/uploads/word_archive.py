"""A Word file as the archive that it is: sizes, macros and declarations checked before it is parsed."""

from __future__ import annotations

import io
import zipfile
import zlib

from mtl_core.errors import InputError

__all__ = ["check_archive"]

MAX_ENTRIES = 2_000
MAX_UNPACKED_BYTES = 80_000_000
MAX_XML_BYTES = 20_000_000
_CHUNK = 1 << 16
_MAIN = b"wordprocessingml.document.main+xml"
_OTHERS = ((b"spreadsheetml", "a spreadsheet"), (b"presentationml", "a presentation"))


def check_archive(data: bytes) -> None:
    """Refuse an archive that is a bomb, is no Word file, holds macros or declares entities.

    Args:
        data: The file.

    Raises:
        InputError: One clause that follows the file's name, such as "holds macros; ...".
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_entries(archive)
            names = {entry.filename for entry in archive.infolist()}
            if any(name.lower().endswith("vbaproject.bin") for name in names):
                raise InputError("holds macros; save it as .docx without macros.")
            if "[Content_Types].xml" not in names:
                raise InputError("is no Word file; save the plan as .docx.")
            total = sum(_check_entry(archive, entry) for entry in archive.infolist())
            if total > MAX_UNPACKED_BYTES:
                raise InputError(_too_large())
            types = archive.read("[Content_Types].xml")
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        raise InputError("is a damaged Word file; open it in Word, save it again, or give the plan as text.") from error
    if _MAIN not in types:
        what = next((what for mark, what in _OTHERS if mark in types), "no Word document")
        raise InputError(f"is {what} by its content; save the plan as .docx.")


def _check_entries(archive: zipfile.ZipFile) -> None:
    """Bound what the archive declares, before a byte is unpacked."""
    entries = archive.infolist()
    if len(entries) > MAX_ENTRIES:
        raise InputError(f"holds {len(entries):,} parts; the limit is {MAX_ENTRIES:,}. Save the plan alone as .docx.")
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED_BYTES:
        raise InputError(_too_large())
    if any(entry.flag_bits & 1 for entry in entries):
        raise InputError("is protected by a password; save a copy without the password.")


def _check_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> int:
    """Unpack one part without keeping it: its real size, and no declaration of entities in XML."""
    size = 0
    is_xml = entry.filename.lower().endswith((".xml", ".rels"))
    tail = b""
    with archive.open(entry) as part:
        while chunk := part.read(_CHUNK):
            size += len(chunk)
            if size > (MAX_XML_BYTES if is_xml else MAX_UNPACKED_BYTES):
                raise InputError(_too_large())
            # UTF-16 XML hides its letters among zero bytes
            seen = tail + chunk.replace(b"\0", b"")
            if is_xml and (b"<!DOCTYPE" in seen or b"<!ENTITY" in seen):
                raise InputError("declares XML entities, which no Word file does; save the plan as .docx again.")
            tail = seen[-16:]
    return size


def _too_large() -> str:
    return f"unpacks to more than {MAX_UNPACKED_BYTES // 1_000_000} MB; remove pictures, or give the plan as text."
