"""Boxes, bars and lines of text on a sheet measured in points, drawn by matplotlib."""

from __future__ import annotations

import io

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle

from chatbot.artefacts.fonts import BOLD, REGULAR, drawable, fitted, font_file
from chatbot.artefacts.pictures import Picture

__all__ = ["COLOURS", "INK", "LEADING", "Sheet"]

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442")
"""Colours of Okabe and Ito, told apart with every common kind of colour vision."""

INK = "#1A1A1A"
LEADING = 1.25
_DPI = 150
_POINTS = 72


class Sheet:
    """A page to draw on; the origin is the top left corner, units are points.

    Args:
        width: Width in points.
        height: Height in points.
    """

    def __init__(self, *, width: float, height: float) -> None:
        self.width = width
        self.height = height
        self.figure = Figure(figsize=(width / _POINTS, height / _POINTS), dpi=_DPI, facecolor="white")
        FigureCanvasAgg(self.figure)
        self._axes = self.figure.add_axes((0, 0, 1, 1))
        self._axes.set_xlim(0, width)
        self._axes.set_ylim(height, 0)
        self._axes.set_axis_off()

    def box(self, x: float, y: float, width: float, height: float, *, fill: str, edge: str = INK) -> None:
        """Draw a box with round corners.

        Args:
            x: Left edge.
            y: Upper edge.
            width: Width.
            height: Height.
            fill: Colour inside.
            edge: Colour of the line around it.
        """
        self._axes.add_patch(
            FancyBboxPatch(
                (x, y), width, height, boxstyle="round,pad=0,rounding_size=6", facecolor=fill, edgecolor=edge, lw=1.2
            )
        )

    def bar(self, x: float, y: float, width: float, height: float, *, fill: str) -> None:
        """Draw a filled bar with a thin dark edge."""
        self._axes.add_patch(Rectangle((x, y), width, height, facecolor=fill, edgecolor=INK, lw=0.8))

    def line(
        self,
        x: float,
        y: float,
        to_x: float,
        to_y: float,
        *,
        colour: str = INK,
        width: float = 1.0,
        behind: bool = False,
    ) -> None:
        """Draw a straight line, before or behind boxes and bars."""
        self._axes.plot(
            [x, to_x], [y, to_y], color=colour, lw=width, solid_capstyle="butt", zorder=0.5 if behind else 2
        )

    def arrow_down(self, x: float, y: float, height: float) -> None:
        """Draw a small arrow head that points down from ``y``."""
        half = height * 0.7
        self._axes.add_patch(Polygon([(x - half, y), (x + half, y), (x, y + height)], facecolor=INK, lw=0))

    def text(
        self,
        text: str,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        sizes: tuple[float, ...],
        bold: bool = False,
        centred: bool = False,
        middle: bool = False,
        colour: str = INK,
    ) -> float:
        """Write a text into a box, as large as fits; what does not fit is cut with an ellipsis.

        Args:
            text: The text.
            x: Left edge of the box.
            y: Upper edge.
            width: Width.
            height: Height.
            sizes: Sizes to try in points, largest first.
            bold: Whether in bold.
            centred: Whether each line is centred.
            middle: Whether the lines stand in the middle of the height.
            colour: Colour of the letters.

        Returns:
            The lower edge of the last line.
        """
        font = BOLD if bold else REGULAR
        face = FontProperties(fname=str(font_file(font)))
        size, lines = fitted(
            drawable(text, font=font), width=width, height=height, sizes=sizes, font=font, leading=LEADING
        )
        step = size * LEADING
        top = y + max(0.0, (height - step * len(lines)) / 2) if middle else y
        for number, line in enumerate(lines):
            if line.strip():
                self._axes.text(
                    x + width / 2 if centred else x,
                    top + number * step + size,
                    line,
                    fontproperties=face,
                    fontsize=size,
                    color=colour,
                    ha="center" if centred else "left",
                    va="baseline",
                    parse_math=False,
                )
        return top + step * len(lines)

    def picture(self, alt_text: str) -> Picture:
        """Finish the sheet as PNG, with the words for what it shows inside the file."""
        buffer = io.BytesIO()
        self.figure.savefig(
            buffer,
            format="png",
            dpi=_DPI,
            metadata={"Software": None, "Description": alt_text.encode("ascii", "replace").decode()},
        )
        width, height = (round(side / _POINTS * _DPI) for side in (self.width, self.height))
        return Picture(buffer.getvalue(), alt_text, width, height)
