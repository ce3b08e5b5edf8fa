"""Checks a query and reads it: spelling, then subject, grade and minutes; nothing of it silently."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mtl_core.errors import InputError
from retrieval.query import Understanding, understand
from retrieval.search_config import SearchConfig
from retrieval.search_lexical import LexicalCollection
from retrieval.spelling import Correction
from retrieval.subjects import subject_mentions

__all__ = ["MOST_QUERY_CHARACTERS", "ReadQuery", "checked_query", "read_query"]

MOST_QUERY_CHARACTERS = 10_000


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A query as it is searched.

    Args:
        searched: The text whose words and meaning are searched.
        corrections: Words that were read as others.
        understanding: Subject, grade and minutes that it names.
        notes: The same in sentences, each with how to turn it off.
    """

    searched: str
    corrections: tuple[Correction, ...]
    understanding: Understanding
    notes: tuple[str, ...]


def checked_query(query: str) -> str:
    """Refuse a query that cannot be searched.

    Args:
        query: The query.

    Returns:
        The query.

    Raises:
        InputError: If it is no text, has no letter or digit, or is too long.
    """
    if not isinstance(query, str):
        raise InputError(f"The query is a {type(query).__name__}; give it as text.")
    if not query.strip():
        raise InputError("The query is empty; give a few words, such as: exit ticket fractions.")
    if len(query) > MOST_QUERY_CHARACTERS:
        raise InputError(f"The query has {len(query)} characters; give at most {MOST_QUERY_CHARACTERS}.")
    if not re.search(r"\w", query):
        raise InputError("The query has no letter or digit; give a few words, such as: exit ticket fractions.")
    return query


def read_query(query: str, *, collection: LexicalCollection | None, config: SearchConfig) -> ReadQuery:
    """Correct and understand a query.

    Args:
        query: A query that ``checked_query`` let pass.
        collection: The words that spelling is corrected to; ``None`` leaves it as it is.
        config: Settings.

    Returns:
        What is searched and what was done to it.
    """
    corrections = _corrections(query, collection) if collection is not None else ()
    text = query
    for correction in reversed(corrections):
        text = text[: correction.start] + correction.read_as + text[correction.end :]
    notes = [f'Read "{correction.typed}" as "{correction.read_as}".' for correction in corrections]
    if notes:
        notes[-1] += " Turn this off with spelling.enabled = false."
    understanding = understand(text) if config.understanding != "off" else Understanding()
    if understanding:
        notes.append(_understood(understanding, config))
    states_it = collection is not None and (collection.states_grades or collection.states_minutes)
    searched = understanding.topic(text) if states_it else text
    return ReadQuery(searched, corrections, understanding, tuple(notes))


def _corrections(query: str, collection: LexicalCollection) -> tuple[Correction, ...]:
    # "year 5" in a collection that never says "year" is no slip of the keyboard
    named = [*understand(query).spans, *((mention.start, mention.end) for mention in subject_mentions(query))]
    return tuple(
        correction
        for correction in collection.corrector.corrections(query)
        if not any(start < correction.end and correction.start < end for start, end in named)
    )


def _understood(understanding: Understanding, config: SearchConfig) -> str:
    parts = []
    if understanding.subjects:
        parts.append(f"subject {', '.join(sorted(understanding.subjects)).replace('_', ' ')}")
    if understanding.grades is not None:
        lowest, highest = understanding.grades
        parts.append(f"US grade {lowest}" if lowest == highest else f"US grades {lowest} to {highest}")
    if understanding.minutes is not None:
        parts.append(f"at most {understanding.minutes} minutes")
    done = "only these are shown" if config.understanding == "filter" else "these are preferred"
    return f'Understood {"; ".join(parts)}: {done}. Turn this off with understanding = "off".'
