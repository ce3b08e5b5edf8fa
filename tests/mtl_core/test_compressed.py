"""Saved bytes made smaller."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl_core.compressed import compressed, decompressed
from mtl_core.errors import ArtifactError


@given(st.binary(max_size=500))
def test_what_is_compressed_comes_back_and_is_always_the_same(content: bytes) -> None:
    assert decompressed(compressed(content)) == content
    assert compressed(content) == compressed(content)


@pytest.mark.parametrize(
    "content", [b"", b"plan", compressed(b"plan" * 99)[:-4], compressed(b"plan" * 99)[:12], b"\x1f\x8b" + bytes(40)]
)
def test_a_damaged_file_is_refused(content: bytes) -> None:
    with pytest.raises(ArtifactError, match="damaged"):
        decompressed(content)


def test_a_small_file_that_would_fill_the_memory_is_refused() -> None:
    bomb = gzip.compress(bytes(2**20))
    assert len(bomb) < 2_000
    with pytest.raises(ArtifactError, match="holds more than 1,000 bytes"):
        decompressed(bomb, most=1_000)
    assert len(decompressed(bomb, most=2**20)) == 2**20
