from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ray", reason="needs the extra ray")

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import InputError
from retrieval.bulk import EncodedFolder, encode_documents
from retrieval.documents import Document

LESSONS = [Document(id=f"d{n}", fields={"title": f"Lesson {n}", "text": "Rocks and soil " * n}) for n in range(12)]


def vectors(folder: Path) -> np.ndarray:
    return np.concatenate([part.vectors for part in EncodedFolder(folder).parts()])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(600)
def test_ray_gives_the_vectors_of_one_process_and_goes_on(tmp_path: Path) -> None:
    encoder = SharedEncoder.load()
    encode_documents(LESSONS, tmp_path / "one", encoder, rows_per_part=5)
    done = encode_documents(LESSONS, tmp_path / "ray", encoder, rows_per_part=5, workers="ray", processes=1)
    assert done.encoded == 12
    np.testing.assert_allclose(vectors(tmp_path / "ray"), vectors(tmp_path / "one"), atol=2e-3)
    assert list((tmp_path / "ray").glob("todo-*")) == []
    # everything is there, so Ray is not even started
    again = encode_documents(LESSONS, tmp_path / "ray", encoder, rows_per_part=5, workers="ray", processes=1)
    assert (again.encoded, again.kept) == (0, 12)


def test_no_process_is_refused(tmp_path: Path, hash_encoder: SharedEncoder) -> None:
    with pytest.raises(InputError, match="0 processes"):
        encode_documents(LESSONS, tmp_path, hash_encoder, workers="ray", processes=0)
