"""What the policy knows of each measure: how much a repair helps, what it costs, what comes before it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from chatbot.policy import MeasureRule
from mtl_core.rubric import RUBRIC, Measure

__all__ = ["RULES", "rules_for"]

# a repair that changes the course of a lesson costs more than a line in the plan
_EFFORT = {
    "modelling": 2,
    "gradual_release": 2,
    "responsive_feedback": 2,
    "higher_order_thinking": 2,
    "differentiation": 2,
}

RULES: Mapping[str, MeasureRule] = MappingProxyType(
    {m.key: MeasureRule(m.value, m.needs, _EFFORT.get(m.key, 1)) for m in RUBRIC}
)
"""Rules by measure, in the order of the rubric."""


def rules_for(rubric: Mapping[str, Measure]) -> Mapping[str, MeasureRule]:
    """The rules of a reading's measures; a school's own rubric may have others than ours.

    Args:
        rubric: Of the reading.

    Returns:
        Rules by measure, in the order of the rubric.
    """
    return {key: RULES.get(key) or MeasureRule(m.value, m.needs) for key, m in rubric.items()}
