"""Messages understood by plain phrases: the default where no message heads are given."""

from __future__ import annotations

import re

from chatbot.understanding import Intent, Understood, checked_message
from mtl_core.rubric import MEASURES
from retrieval.grades import parse_grade

__all__ = ["measure_mentioned", "read_phrases"]

_EDIT_TEXT = re.compile(r"\s*edit\s*:\s*(?P<text>\S.*)", re.IGNORECASE | re.DOTALL)
_REASON = re.compile(
    r"\s*(?:(?:it|this|that)(?:'s| is)\s+)?(?:not relevant|irrelevant)\s*(?:[:,–-]|because\b)\s*(?P<reason>\S.*)",
    re.IGNORECASE | re.DOTALL,
)
_THERE = re.compile(
    r"\s*(?:(?:it|this|that)(?:'s| is)?\s+)?already "
    r"(?:there|in (?:it|the plan|my plan)|(?:have|got) (?:it|that|this|one))\b[\s.!]*(?:[:,–-]\s*(?P<quote>\S.*))?",
    re.IGNORECASE | re.DOTALL,
)
_MUTE = re.compile(
    r"(?:mute|no more|stop (?:asking|suggesting)(?: about)?|nothing (?:more )?about)\s+(?P<what>.+)", re.IGNORECASE
)
_EXPLAIN = re.compile(
    r"(?:what (?:is|are|does|do you mean by)|explain|define)"
    r"\s+(?:an? |the )?(?P<what>.+?)(?: mean)?\s*\??",
    re.IGNORECASE,
)
_PHRASES: tuple[tuple[Intent, str], ...] = (
    (Intent.ACCEPT, r"use(?: it| this)?|yes(?: please)?|y|ok(?:ay)?|accept|add it|do it|please do|sure"),
    (Intent.EDIT, r"edit(?: first| it)?"),
    (Intent.NOT_NOW, r"not now|later|no(?: thanks?| thank you)?|skip|maybe later|dismiss|pass"),
    (Intent.NOT_RELEVANT, r"not relevant|irrelevant|does(?:n'?t| not) apply|never"),
    (
        Intent.UNDO,
        r"undo(?: it| that| this)?|take (?:it|that) back|revert|redo(?: it| that)?|put (?:it|that) back(?: in)?",
    ),
    (Intent.WHY, r"why(?: this| that| is that| am i seeing this)?|explain(?: this| that)?"),
    (
        Intent.IDEA,
        r"(?:another |next |more |an? |give me an? |any )*(?:idea|suggestion|nudge)s?|next|go on|continue|more",
    ),
    (Intent.IDEA, r"(?:make it |something |anything |a bit )?(?:shorter|quicker)(?: version| one)?(?: please)?"),
    (Intent.HELP, r"help|what can (?:you|i) do|commands"),
    (Intent.STOP, r"stop|quit|exit|bye|goodbye|done|enough"),
    (Intent.RESUME, r"resume|unpause|carry on|keep going|start again|go on please"),
    (Intent.PAUSE, r"pause|wait|hold on|not so fast|give me a (?:moment|minute)|be quiet"),
    (Intent.EXPORT, r"(?:please )?(?:export|download|save)(?: (?:it|the plan|my plan|this))?(?: please)?"),
    (Intent.FORGET, r"forget me|forget everything|delete (?:everything|my data|all of it)"),
    (Intent.SHOW_PLAN, r"(?:show|see)(?: me)?(?: the| my)? plan(?: now)?"),
    (Intent.THANKS, r"(?:many )?(?:thanks?|thank you|cheers|ta)(?: (?:a lot|so much|very much|for that))?"),
    (Intent.SMALL_TALK, r"(?:hi|hello|hey|good (?:morning|afternoon|evening))(?: there)?|how are you(?: today)?"),
)
_WITHOUT_ARGUMENT = frozenset({Intent.EDIT, Intent.NOT_RELEVANT})
_ALIASES = (
    ("measurable_objective", r"objectives?|learning goals?|outcomes?"),
    ("success_criteria", r"success criteria|criteria|rubrics?"),
    ("prior_knowledge", r"prior knowledge|prior learning|recall"),
    ("modelling", r"model(?:l?ing)?|worked examples?|demonstrations?"),
    ("gradual_release", r"gradual release|i do,? we do,? you do"),
    ("check_for_understanding", r"checks? for understanding|checking understanding|cfu"),
    ("exit_assessment", r"exit (?:tickets?|assessments?|cards?|quiz(?:zes)?)"),
    ("responsive_feedback", r"responsive feedback|feedback"),
    ("higher_order_thinking", r"higher[- ]order thinking|higher[- ]order"),
    ("structured_participation", r"structured participation|participation|think[- ]pair[- ]share"),
    ("differentiation", r"differentiat\w*|adaptations?|scaffold\w*"),
    ("misconceptions", r"misconceptions?|likely errors?"),
    ("vocabulary", r"vocabulary|key (?:words?|terms?)|keywords?"),
    ("pacing_and_materials", r"pacing(?: and materials)?|timings?|materials"),
)
_MINUTES = re.compile(r"(?P<minutes>\d{1,3})\s*(?:min(?:ute)?s?)\b", re.IGNORECASE)
_FACT = re.compile(
    r"(?:(?:it|this|that|they|the (?:lesson|class))(?:'s| is| are)?\s+(?:for|in)?\s*|for\s+"
    r"|my (?:class|pupils|students) (?:is|are)\s+)?"
    r"(?:an?\s+)?(?P<grade>(?:year|grade|yr\.?|ks|key stage|ages?)\s*\d{1,2}(?:\s*(?:-|–|to|and)\s*\d{1,2})?"
    r"|\d{1,2}(?:st|nd|rd|th) grade(?:rs)?"
    r"|kindergarten|reception|nursery|preschool|adults?)",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"(?:(?:i|we) (?:only )?have (?:only |just )?|only |just |at most |no more than )?"
    r"\d{1,3}\s*min(?:ute)?s?(?: (?:only|at most|left))?",
    re.IGNORECASE,
)


def measure_mentioned(text: str) -> str | None:
    """The measure that a whole message mentions by its name.

    Stricter than ``slot_values.measure_named``, which reads a passage that is known to name a measure.

    Args:
        text: The message, or a part of it.

    Returns:
        Its key, or ``None`` where none is named.
    """
    plain = " ".join(text.lower().replace("_", " ").split())
    for key, names in _ALIASES:
        if key in MEASURES and re.search(rf"\b(?:{names})\b", plain):
            return key
    return None


def read_phrases(message: str) -> Understood:
    """Understand a message by a list of phrases; what is no known phrase is a search.

    Args:
        message: What was typed.

    Returns:
        How it was understood, always with full confidence.

    Raises:
        InputError: If the message is empty, too long or no plain text.
    """
    checked_message(message)
    if edited := _EDIT_TEXT.match(message):
        return _certain(Intent.EDIT, argument=edited["text"])
    plain = message.strip().replace("’", "'")
    if found := _THERE.fullmatch(plain):
        # the quote keeps the marks that were typed
        quote = message.strip()[found.start("quote") :] if found["quote"] else ""
        return _certain(Intent.ALREADY_THERE, argument=quote)
    if found := _REASON.fullmatch(plain):
        return _certain(Intent.NOT_RELEVANT, argument=message.strip()[found.start("reason") :])
    bare = " ".join(re.sub(r"[^\w' ]", " ", plain.lower()).split())
    for intent, phrases in _PHRASES:
        if re.fullmatch(phrases, bare):
            return _certain(intent, argument="" if intent in _WITHOUT_ARGUMENT else message.strip())
    if fact := _fact(plain.rstrip(" .!")):
        return fact
    for intent, pattern in ((Intent.MUTE, _MUTE), (Intent.EXPLAIN_MEASURE, _EXPLAIN)):
        match = pattern.fullmatch(plain)
        if match and measure_mentioned(match["what"]):
            return _certain(intent, argument=message.strip(), slots={"measure": match["what"]})
    return _certain(Intent.SEARCH, argument=message.strip())


def _fact(plain: str) -> Understood | None:
    if (match := _FACT.fullmatch(plain)) and parse_grade(match["grade"]) is not None:
        return _certain(Intent.STATE_FACT, argument=plain, slots={"grade": match["grade"]})
    if _TIME.fullmatch(plain) and (minutes := _MINUTES.search(plain)):
        return _certain(Intent.STATE_FACT, argument=plain, slots={"minutes": minutes["minutes"]})
    return None


def _certain(intent: Intent, *, argument: str, slots: dict[str, str] | None = None) -> Understood:
    return Understood(str(intent), 1.0, slots or {}, argument=argument)
