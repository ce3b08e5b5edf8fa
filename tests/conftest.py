"""Fixtures shared by all tests: the real encoder and the shipped model, loaded once."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"

import pytest

from mtl_core.encoder import SharedEncoder
from mtl_core.quality import QualityModel
from retrieval import TemplateIndex, TemplateLibrary


@pytest.fixture(scope="session")
def encoder() -> SharedEncoder:
    return SharedEncoder.load(precision="float32")


@pytest.fixture(scope="session")
def model(encoder: SharedEncoder) -> QualityModel:
    return QualityModel.from_pretrained(encoder=encoder)


@pytest.fixture(scope="session")
def index(encoder: SharedEncoder) -> TemplateIndex:
    return TemplateIndex.build(TemplateLibrary.shipped(), encoder=encoder)
