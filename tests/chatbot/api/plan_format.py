"""What the format ``lesson-plan-text`` of the description means, for programs that make requests of it."""

from __future__ import annotations

import schemathesis
from hypothesis import strategies as st

from chatbot.api.fields import PLAN_FORMAT

_WORDS = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)
_BETWEEN = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffd"), max_size=40)

plans = st.tuples(_BETWEEN, _WORDS, st.sampled_from(["", "\n", "\r\n", "\t"]), _BETWEEN).map("".join)
"""Texts with a word in them and no control character."""

schemathesis.openapi.format(PLAN_FORMAT, plans)
