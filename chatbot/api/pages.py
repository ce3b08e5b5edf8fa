"""Pages that other distributions or floors put beside the API, found by entry point."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

from mtl_core.errors import ArtifactError

if TYPE_CHECKING:
    from fastapi import FastAPI

    from chatbot.service import CoachService

__all__ = ["GROUP", "mount_pages"]

GROUP = "lesson_nudge.pages"
"""Group of entry points; each names ``mount(app, service) -> app``."""


def mount_pages(app: FastAPI, service: CoachService) -> FastAPI:
    """Mount every page that is installed.

    Args:
        app: The service's app.
        service: The conversations.

    Returns:
        The app with its pages; as it was where no page is installed or its libraries are missing.

    Raises:
        ArtifactError: If a page is installed and cannot be mounted.
    """
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            mount = point.load()
        except ModuleNotFoundError:
            # a page is an extra: without its libraries there is the API alone
            continue
        except AttributeError as error:
            raise ArtifactError(f"The page {point.name!r} names {point.value!r}, which is not there.") from error
        app.state.page = True  # a browser without a key is then shown how to sign in
        app = mount(app, service)
    return app
