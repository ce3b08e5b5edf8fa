"""What the commands load, each with its seconds of imports only where a command needs it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from chatbot.phrasing import LanguageModelPhraser
    from chatbot.understanding import Understood
    from mtl_core.encoder import SharedEncoder
    from mtl_core.quality import QualityModel
    from retrieval.index import TemplateIndex

__all__ = ["load_encoder", "load_index", "load_model", "load_phraser", "warm_up"]

_PRACTICE_PLAN = """# Floating and sinking, year 2, 40 minutes

- Pupils explain why a cork floats.
- Tell a partner.
"""


def load_encoder() -> SharedEncoder:
    """The embedded encoder."""
    from mtl_core.encoder import SharedEncoder  # noqa: PLC0415 - seconds to import

    return SharedEncoder.load()


def load_model(folder: Path | None) -> QualityModel:
    """The quality reader of a folder, the shipped one by default."""
    from mtl_core.quality import QualityModel  # noqa: PLC0415 - seconds to import

    return QualityModel.from_pretrained(folder)


def load_index(folder: Path | None, *, encoder: SharedEncoder) -> TemplateIndex:
    """A saved index, or one of the shipped library."""
    from retrieval import TemplateIndex, TemplateLibrary  # noqa: PLC0415 - heavy imports only where needed

    if folder is not None:
        return TemplateIndex.load(folder, encoder=encoder)
    return TemplateIndex.build(TemplateLibrary.shipped(), encoder=encoder)


def load_phraser(name: str | None) -> LanguageModelPhraser | None:
    """The language model that rephrases nudges, none by default.

    Args:
        name: ``provider:model``.

    Returns:
        The phraser.

    Raises:
        InputError: If there is no such model, or its package or key is missing.
    """
    if name is None:
        return None
    from chatbot.phrasing import make_phraser  # noqa: PLC0415 - only where it is asked for

    return make_phraser(name)


def warm_up(model: QualityModel, index: TemplateIndex, *, understand: Callable[[str], Understood]) -> None:
    """Hold a short conversation that nobody sees, so that the first teacher does not wait for what loads at first use.

    The table of languages alone takes half a second, the expressions of the patterns a second or two, and requests that
    come meanwhile would wait behind them.

    Args:
        model: Reads plans.
        index: Finds templates.
        understand: Reads messages.
    """
    from chatbot.coach import LessonCoach  # noqa: PLC0415 - seconds to import

    if model.patterns is not None:
        model.patterns.matcher.compile()
    coach = LessonCoach(model, index, understand=understand)
    coach.open(_PRACTICE_PLAN)
    coach.say("why this?")
