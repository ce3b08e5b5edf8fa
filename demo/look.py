"""The look of the page: theme and style sheets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

__all__ = ["LOOK"]

_HERE = Path(__file__).parent


def _theme() -> Any:
    hue = gr.themes.colors.teal
    return gr.themes.Default(
        primary_hue=hue,
        secondary_hue=hue,
        neutral_hue=gr.themes.colors.slate,
        font=(gr.themes.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "sans-serif"),
    ).set(
        body_background_fill="#f3f6f5",
        button_primary_background_fill="*primary_700",
        button_primary_background_fill_hover="*primary_800",
        button_primary_text_color="white",
        button_border_width="1px",
        button_primary_border_color="*primary_700",
        button_primary_background_fill_dark="*primary_700",
        button_primary_background_fill_hover_dark="*primary_800",
        button_primary_border_color_dark="*primary_700",
        button_secondary_background_fill="white",
        button_secondary_background_fill_hover="*neutral_100",
        button_secondary_border_color="*neutral_300",
        button_large_text_weight="700",
        button_large_text_size="0.9rem",
        button_large_padding="8px 10px",
        button_small_padding="6px 8px",
        button_small_text_size="0.84rem",
        button_small_text_weight="400",
        block_title_background_fill="transparent",
        block_title_background_fill_dark="transparent",
        block_title_padding="0",
        block_title_text_color="*neutral_600",
        block_title_text_size="0.82rem",
    )


LOOK: dict[str, Any] = {
    "theme": _theme(),
    "css_paths": [_HERE / name for name in ("page.css", "pieces.css", "parts.css")],
}
"""Arguments of ``launch`` and ``mount_gradio_app`` that give the page its look."""
