"""A keyword baseline written as well as its author could from the rubric: one regular expression a measure.

It was written from the definitions alone, before any result on the development plans was looked at.
"""

from __future__ import annotations

import re

__all__ = ["keyword_reading"]

_MINUTES = re.compile(r"\b\d{1,3}(?: ?(?:-|–|to) ?\d{1,3})? ?(?:min(?:ute)?s?)\b|\b\d{1,2}[:.]\d{2}\b", re.IGNORECASE)
_MATERIALS = re.compile(r"\b(?:materials?|resources?|equipment|supplies|you will need)\b", re.IGNORECASE)

_PATTERNS: dict[str, str] = {
    "measurable_objective": r"\b(?:students?|pupils?|learners?|children|swbat|participants)\b.{0,30}?\b(?:will be able to|can|will)\b"
    r".{0,12}?\b(?:explain|describe|identify|solve|write|compare|label|list|create|build|calculate|analy[sz]e|define|use|apply"
    r"|demonstrate|design|sort|name|construct|classify|predict|justify|evaluate|interpret|draw|measure|recogni[sz]e|locate)\b"
    r"|\bi can (?:explain|describe|identify|solve|write|compare|label|name|use|make|draw|find)\b"
    r"|(?:objectives?|goals?|outcomes?)\b[^.]{0,60}\b(?:explain|describe|identify|solve|write|compare|create|define|demonstrate|design)\b",
    "success_criteria": r"\b(?:success criteria|rubric|checklist|criteria|model answer|what a good|exemplar|should include|must include)\b",
    "prior_knowledge": r"\b(?:prior knowledge|already know|recall|review(?:ing)? (?:of )?(?:previous|last|yesterday)|kwl|retrieval|previous lesson"
    r"|last (?:lesson|week|time)|remember when|activate|do now|warm-?up)\b",
    "modelling": r"\b(?:model(?:s|led|ling|ing)?\b(?! of)|demonstrat(?:e|es|ing|ion)|think[- ]aloud|worked example|i do\b|show (?:students|pupils|them|how))",
    "gradual_release": r"\b(?:guided practice|we do\b|gradual release|with support)[\s\S]{0,3000}\b(?:independent(?:ly)?(?: practice| work)?|you do\b|on their own|alone)\b",
    "check_for_understanding": r"\b(?:check(?:s|ing)? (?:for |their )?understanding|mini[- ]?whiteboards?|thumbs|hinge question|cold call|formative|quick check"
    r"|show me|possible (?:answers?|responses?)|expected (?:answers?|responses?)|listen for|look for)\b",
    "exit_assessment": r"\b(?:exit (?:ticket|slip|card|quiz|pass)|hand in|turn in|collect|quiz|final product|present their|presentations?|summative|post-?test)\b",
    "responsive_feedback": r"\b(?:re-?teach|if (?:students|pupils|learners|most|many|they|more than|fewer|a (?:student|pupil))\b.{0,80}\b(?:then|provide|give|go back|revisit|ask|prompt|have|use|remind)"
    r"|feedback|intervention|regroup|act on|improve their)\b",
    "higher_order_thinking": r"\b(?:explain why|why (?:do|does|did|is|are|might|would)|compare|contrast|justify|predict|design|argue|analy[sz]e|evaluate|defend|hypothesi[sz]e|create|invent|what if|debate)\b",
    "structured_participation": r"\b(?:think[- ,]*pair[- ,]*share|turn and talk|pair[- ]share|jigsaw|roles?\b|round robin|gallery walk|talk partners?|each (?:group|student|pupil|person) (?:shares?|presents?|takes?)|take turns)",
    "differentiation": r"\b(?:differentiat(?:ion|e|ed)|scaffold(?:s|ing|ed)?|sentence (?:stems?|starters?|frames?)|word bank|ell\b|eal\b|send?\b|accommodations?|modifications?|extension|early finishers?|challenge|support:|struggling|visual aids?)",
    "misconceptions": r"\b(?:misconceptions?|common (?:errors?|mistakes?)|students (?:may|might|often) (?:think|believe|confuse)|confus(?:e|ion|ed) (?:with|between|about))\b",
    "vocabulary": r"\b(?:vocabulary|key (?:words?|terms?)|glossary|definitions?|define|means|tier [23])\b",
}
_COMPILED = {key: re.compile(pattern, re.IGNORECASE) for key, pattern in _PATTERNS.items()}


def keyword_reading(text: str) -> dict[str, tuple[bool, tuple[int, int] | None]]:
    """Judge a plan by keywords.

    Args:
        text: The plan.

    Returns:
        Present or not by measure, with the span of the first match.
    """
    reading: dict[str, tuple[bool, tuple[int, int] | None]] = {}
    for key, pattern in _COMPILED.items():
        match = pattern.search(text)
        reading[key] = (match is not None, match.span() if match else None)
    times = list(_MINUTES.finditer(text))
    timed = len(times) >= 2 and _MATERIALS.search(text) is not None
    reading["pacing_and_materials"] = (timed, times[0].span() if timed else None)
    return reading
