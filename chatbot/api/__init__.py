"""The coach over HTTP (extra ``lesson-nudge[serve]``); see ``docs/http.md``."""

from __future__ import annotations

from chatbot.api.app import create_app
from chatbot.api.config import ServerConfig
from chatbot.api.pages import mount_pages

__all__ = ["ServerConfig", "create_app", "mount_pages"]
