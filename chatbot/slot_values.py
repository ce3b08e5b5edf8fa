"""What a slot's passage stands for: the key of a measure, minutes, a number of pupils."""

from __future__ import annotations

import re

from mtl_core.rubric import RUBRIC

__all__ = ["measure_named", "minutes_named", "number_named"]

_MEASURES: tuple[tuple[str, str], ...] = (
    ("success_criteria", r"success criteri|rubric|model answer|exemplar|what a good one"),
    ("exit_assessment", r"exit|end[- ]of[- ]lesson|closing task|end quiz|final check"),
    ("prior_knowledge", r"prior|retrieval|recap|recall|earlier (?:work|knowledge)|starter quiz|kwl|last lesson"),
    ("modelling", r"modell?ing|worked example|think[- ]?aloud|demonstrat|i do(?! we)"),
    ("gradual_release", r"gradual|i do we do|we do|guided practice|independent practice|fading"),
    ("misconceptions", r"misconception|mistake|common error|typical error|wrong idea"),
    ("responsive_feedback", r"feedback|re-?teach|follow-up"),
    ("check_for_understanding", r"check|afl|assessment for learning|formative|hinge|whiteboard|whole-class response"),
    ("higher_order_thinking", r"higher|hots|critical thinking|deeper|think harder|probing|challeng|make them think"),
    (
        "structured_participation",
        r"participation|pair|talk partner|partner talk|cold call|no[- ]hands|group role|turn and talk",
    ),
    ("differentiation", r"differentiat|scaffold|sentence stem|extension|adaptive|support for"),
    ("vocabulary", r"vocab|key ?words?|key terms?|tier two|technical terms|academic language|subject terms|word wall"),
    ("pacing_and_materials", r"pacing|timing|time (?:and|for)|materials|equipment|resources"),
    ("measurable_objective", r"objective|learning (?:goal|intention|outcome|aim)|outcomes|lesson aims"),
)
_WORDS = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen"
)
_ROUND = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_NUMBERS = {word: number for number, word in enumerate(_WORDS.split("|"))}
_NUMBERS |= {word: 10 * number for number, word in enumerate(_ROUND.split("|"), start=2)}
_TENS = re.compile(rf"({_ROUND})[- ](one|two|three|four|five|six|seven|eight|nine)")
_PARTS = (("three quarters", 45), ("half an hour", 30), ("half hour", 30), ("quarter", 15))
_MOST_MINUTES = 24 * 60


def measure_named(text: str) -> str | None:
    """The measure that a passage names.

    Args:
        text: Such as ``exit tickets``.

    Returns:
        A key of the rubric, or ``None``.
    """
    plain = " ".join(text.lower().replace("_", " ").split())
    named = next((m.key for m in RUBRIC if plain in {m.title.lower(), m.key.replace("_", " ")}), None)
    return named or next((key for key, pattern in _MEASURES if re.search(pattern, plain)), None)


def number_named(text: str) -> int | None:
    """The first number in a passage, in digits or in English words below one hundred.

    Args:
        text: Such as ``about 25`` or ``twenty-five``.

    Returns:
        The number, or ``None``.
    """
    plain = text.lower()
    if digits := re.search(r"\d{1,6}", plain):
        return int(digits[0])
    if tens := _TENS.search(plain):
        return _NUMBERS[tens[1]] + _NUMBERS[tens[2]]
    return next((_NUMBERS[word] for word in re.findall(r"[a-z]+", plain) if word in _NUMBERS), None)


def minutes_named(text: str) -> int | None:
    """The minutes that a passage stands for.

    Args:
        text: Such as ``50 minutes``, ``half an hour`` or ``1.5 hours``.

    Returns:
        Whole minutes from 1 to a day, or ``None``.
    """
    plain = " ".join(re.sub(r"-", " ", text.lower()).split())
    part = next((value for words, value in _PARTS if words in plain), None)
    if part is not None and not plain.startswith(("an hour", "one hour")):
        return part
    hours = re.search(r"(\d{1,4}(?:\.\d{1,2})?)\s*(?:hours?|hrs?|h)\b", plain)
    whole = re.search(r"\b(\w+) (?:hours?|hrs?)\b", plain) or re.match(r"()hours?\b", plain)
    total = 0.0
    if hours:
        total = 60 * float(hours[1])
    elif whole:
        total = 60.0 * (1 if whole[1] in {"", "a", "an"} else number_named(whole[1]) or 0)
    rest = re.split(r"(?:hours?|hrs?|\bh|(?<=\d)h)\b", plain)[-1]
    if "half" in rest and total:
        total += 30
    else:
        total += number_named(rest) or 0
    return int(total) if 1 <= total <= _MOST_MINUTES else None
