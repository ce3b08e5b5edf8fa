"""The README of a saved model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mtl_core.heads import Decision

if TYPE_CHECKING:
    from mtl_core.saved_model import SavedConfig

__all__ = ["model_card_text"]

_MOST_LABELS = 12
_USE = (
    "",
    "## Use",
    "",
    "```python",
    "from mtl_core.model import MultiTaskModel",
    "",
    'model = MultiTaskModel.from_pretrained("this-folder")',
    'print(model.predict(["A text."]))',
    "```",
    "",
    '`SentenceTransformer("this-folder")` opens the encoder alone.',
)


def model_card_text(config: SavedConfig) -> str:
    """A model card in the hub's form: what the model does, how it was trained, its figures, how to use it.

    Args:
        config: What is saved.

    Returns:
        Markdown with a YAML header.
    """
    card = config.card
    lines = [
        "---",
        "library_name: lesson-nudge",
        "pipeline_tag: text-classification",
        "tags: [sentence-transformers, multi-task-learning]",
        "---",
        "",
        f"# {card.project or 'Multi-task model'}",
        "",
        f"One mean-pooled encoder ({card.encoder or 'unnamed'}) with {len(config.tasks)} heads.",
        "",
        "| task | kind | labels | threshold | temperature |",
        "|---|---|---|---|---|",
    ]
    for task in config.tasks:
        decision = config.decisions.get(task.name, Decision())
        shown = ", ".join(map(_cell, task.labels[:_MOST_LABELS])) + (", ..." if len(task.labels) > _MOST_LABELS else "")
        cuts = ", ".join(f"{cut:.2f}" for cut in decision.thresholds) or "-"
        lines.append(f"| {task.name} | {task.kind} | {shown} | {cuts} | {decision.temperature:.2f} |")
    if card.figures:
        lines += ["", "## Figures on the validation data", "", "| task | metric | value |", "|---|---|---|"]
        lines += [
            f"| {name} | {metric} | {value:.4f} |"
            for name, figures in card.figures.items()
            for metric, value in figures.items()
        ]
    lines += _USE
    if card.training:
        lines += ["", "## Training", "", "```json", json.dumps(card.training, indent=1, sort_keys=True), "```"]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """A label as it may stand in a table: on one line, with no mark that ends the cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
