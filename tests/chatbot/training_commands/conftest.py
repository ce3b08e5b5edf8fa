"""A model trained once by the command, for all tests of the folder."""

from __future__ import annotations

import pytest

from mtl_core.model import MultiTaskModel
from mtl_core.saved_model import load_model
from tests.chatbot.training_commands.command_runs import World, run
from tests.chatbot.training_commands.training_world import (
    build_encoder,
    config_of,
    flight_rows,
    lesson_rows,
    write_config,
    write_rows,
)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("training")
    encoder = build_encoder(folder / "encoder")
    for name, rows in (("lessons", lesson_rows(40)), ("flights", flight_rows(32))):
        write_rows(folder / f"{name}.jsonl", rows[:28])
        write_rows(folder / f"{name}-dev.jsonl", rows[28:])
    config = write_config(folder / "config.yaml", config_of(encoder, folder, folder / "model"))
    printed = run("train", "--config", config, "--json")
    return World(folder, config, folder / "model", printed)


@pytest.fixture
def model(world: World) -> MultiTaskModel:
    return load_model(world.model)
