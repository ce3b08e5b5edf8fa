"""Other words for a finished nudge, by a language model behind a gate that keeps its meaning."""

from chatbot.phrasing.gate import Refusal, check_rephrasing
from chatbot.phrasing.phraser import LanguageModelPhraser, PhrasingCounts, make_phraser

__all__ = ["LanguageModelPhraser", "PhrasingCounts", "Refusal", "check_rephrasing", "make_phraser"]
