"""A short plan with the line ends of Windows, written for the tests of the coach."""

from __future__ import annotations

SHORT_PLAN = (
    "# Magnets\r\n\r\nYear 3, 40 minutes.\r\n\r\n## Starter\r\n\r\nPupils name three metals from last week.\r\n\r\n"
    "## Main activity\r\n\r\nPairs test ten objects with a magnet and sort them into two trays.\r\n\r\n"
    "## Closing\r\n\r\nPupils tidy up and one volunteer says what was learned."
)
