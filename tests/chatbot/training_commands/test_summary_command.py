"""``lesson-nudge summary``: what the data of a config hold."""

from __future__ import annotations

import json

from tests.chatbot.training_commands.command_runs import World, run, succeeded


def test_summary_shows_what_the_data_holds(world: World) -> None:
    found = json.loads(succeeded(run("summary", "--config", world.config, "--json")))
    assert found["splits"]["train"]["rows"] == 56
    assert found["splits"]["train"]["datasets"] == {"lessons": 28, "flights": 28}
    shown = succeeded(run("summary", "--config", world.config))
    assert "## subject" in shown
    assert "| music |" in shown
