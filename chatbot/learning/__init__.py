"""What teachers decided, with their consent, as training rows, preferences, and a replay that asks whether it helps."""

from chatbot.learning.decisions import KeptDecision, kept_decisions
from chatbot.learning.replay import Replay, replay_preferences
from chatbot.learning.rows import histories, training_rows

__all__ = ["KeptDecision", "Replay", "histories", "kept_decisions", "replay_preferences", "training_rows"]
