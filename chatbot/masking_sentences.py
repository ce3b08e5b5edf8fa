"""Sentences that are notes on a pupil: needs, support, a seat, a label."""

from __future__ import annotations

import re
from dataclasses import dataclass

from chatbot.masking_words import NAME, NAMES

__all__ = ["NEEDS", "SENTENCES", "SentenceRule"]

_NEED = (
    r"IEPs?|EHCPs?|EHC plans?|ILPs?|504s?|ADHD|ASD|ASC|autism|dyslexia|dyspraxia|dyscalculia|selective mutism|epilepsy|"
    r"diabetes|asthma|cerebral palsy|Down syndrome|(?:hearing|visual) (?:aids?|loss|impairments?)|"
    r"(?:speech|language)(?: and language)? (?:needs|delay|difficult\w+|therapy)|(?:\w+ )?allerg(?:y|ies)|"
    r"(?:special|additional|sensory|medical) (?:educational )?needs|SEND?\b|one-page profile|behaviou?r (?:plan|support)|"
    r"support plan|care plan|health plan"
)
_TAG = r"EAL|ELL|ESL|SEND?|IEP|EHCP?|504|ADHD|ASD|ASC|PP|FSM|LAC|SALT|dyslexi[ac]|autis(?:m|tic)|G&T|1:1"
_HELP = (
    r"(?:colou?red )?overlays?|movement breaks?|sensory breaks?|ear ?defenders|scribe|TA\b|LSA\b|1:1|one-to-one|"
    r"word (?:bank|mat)s?|visual timetable|now and next|extra time|extra support|enlarged|large print|adult support|support|"
    r"scaffold\w*|pencil grip|wobble cushion|fidget|sentence (?:starters|stems|frames)|writing frame|bilingual|braille|"
    r"chunked|reminders|check-?ins?|prompts?|the front|front of|the board|the teacher|the door"
)
_LITTLE = r"(?:the |an? |his |her |their |some |extra |more |regular |with |near |next to |at |by |on |from |of |in )*"
_GIVEN = (
    r"support|scaffold(?:s|ing)?|provision|accommodations?|adaptations?|modifications?|adjustments?|interventions?|"
    r"differentiation|word (?:bank|mat)s?|sentence (?:stems|starters|frames)|writing frames?|overlays?|"
    r"enlarged (?:print|text|copy|copies|worksheets?)|pre-teach(?:ing)?|one-to-one|1:1|TA time|prompt cards?|"
    r"movement breaks?|check[- ]ins?|extension(?: task| work)?|stretch|challenge(?: task| card)?s?|TA|LSA"
)
_ADULT = r"(?:TA|LSA|[Tt]eaching assistant|[Ss]upport assistant|[Ll]earning assistant|[Cc]o-teacher|[Aa]ide|[Aa]dult)"


NEEDS = re.compile(rf"\b(?:{_NEED}|{_TAG}|autistic|dyslexic|dyspraxic|diabetic|epileptic|impaired|wheelchair|absent)\b")
"""Words of which a sure rule needs one."""


@dataclass(frozen=True, slots=True)
class SentenceRule:
    """A shape of a sentence about a pupil.

    Args:
        pattern: With a group ``names``, and perhaps ``more``.
        sure: Whether the sentence can be about nobody but a pupil, so that any name counts.
        full: Whether a name with a surname counts too; elsewhere it is more often a person who is studied.
    """

    pattern: re.Pattern[str]
    sure: bool
    full: bool


def _rule(pattern: str, *, sure: bool = False, full: bool = False) -> SentenceRule:
    text = pattern.replace("{N}", f"(?P<names>{NAMES})").replace("{M}", f"(?P<more>{NAMES})")
    return SentenceRule(re.compile(text.replace("{1}", f"(?P<names>{NAME})"), re.MULTILINE), sure, sure or full)


SENTENCES: tuple[SentenceRule, ...] = (
    _rule(
        rf"\b{{N}},? (?:who )?(?:both )?ha(?:s|ve) (?:an? |the |his |her |their |mild |severe |some )*(?:{_NEED})",
        sure=True,
    ),
    _rule(
        r"\b{N},? (?:who )?(?:is|are) (?:both )?(?:EAL|ELL|ESL|SEND?|autistic|dyslexic|dyspraxic|diabetic|epileptic|"
        r"(?:partially|profoundly) \w+|visually impaired|hearing impaired|non-?verbal|selectively mute|allergic to|"
        r"an? wheelchair user|new to English|an? (?:EAL|ELL|ESL|SEN) |on (?:the SEN|an? (?:IEP|EHCP|504)))",
        sure=True,
    ),
    _rule(
        r"\b{1}['’]s? (?:IEP|EHCP|ILP|504|(?:support|care|health|behaviou?r|education) (?:plan|chart)|one-page profile|"
        r"provision map|TA\b|LSA\b|teaching assistant|1:1|reasonable adjustments?|SEN\b|reading age|hearing aids?)",
        sure=True,
    ),
    _rule(rf"\b{{1}} (?:\((?:[^()\n]{{0,30}}\b)?(?:{_TAG})\b[^()\n]{{0,30}}\)|[-–—:] (?:{_TAG})\b)"),
    _rule(
        rf"\b{{N}} (?:(?:will |may |might |both |also )*(?:needs?|requires?|uses?|benefits? from|works? with|sits?|gets?)|"
        rf"to (?:sit|work|use|have|be seated|be given|be supported)) {_LITTLE}(?:{_HELP})"
    ),
    _rule(rf"\b(?i:{_GIVEN})\b[^.!?:;\n]{{0,40}}? (?:for|with) {{N}}(?! and the| or the)"),
    _rule(
        rf"\b{_ADULT} (?:to |will |can |should )*(?:supports?|sits? with|sits? (?:beside|next to)|works? with|helps?|"
        rf"assists?|reads? (?:with|to)|scribes? for) {{N}}(?! and the)"
    ),
    _rule(r"\b(?:[Ss]eat|[Ss]it|[Pp]air|[Pp]artner) {N} (?:with|beside|next to|near|away from) {M}"),
    _rule(r"\b(?:[Ss]eat|[Ss]it|[Pp]air) {N} (?:together|near|at the (?:front|back)|away from|in front|by the)"),
    _rule(
        r"\b(?:[Kk]eep an eye on|[Cc]heck in with|[Cc]atch[- ]up (?:for|with)|[Rr]ing home (?:about|for)|[Pp]hone home (?:about|for)|[Ss]it with) {N}"
    ),
    _rule(
        r"\b(?:[Ss]tudent|[Pp]upil|[Cc]hild|[Ll]earner)(?:['’]s)?(?: full)? [Nn]ames?:? *[:–-] *{N}(?=\s*(?:$|[|(,;.]|[A-Z]))",
        full=True,
    ),
    _rule(r"(?:^|[|*])\W*(?:Student|Pupil|Child|Learner)s?\W{0,2}: *\W{0,2}{N}(?=\s*(?:$|[|(;.]))", full=True),
    _rule(
        r"\b(?:[Mm]y|[Oo]ur|of (?:my|our)) (?:\w+ ){0,2}(?:pupils?|students?|learners?|child(?:ren)?),? {N}(?=[\s,.;:!?]|$)"
    ),
    _rule(
        r"\b{N} (?:was|were|is|are|has been|have been) (?:absent|away (?:today|last|this|on)|off (?:today|sick|ill))"
    ),
)
"""Every rule."""
