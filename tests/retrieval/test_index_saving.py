from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mtl_core import saved
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError
from retrieval import LessonTemplate, SearchFilter, TemplateIndex, TemplateLibrary

SHIPPED = TemplateLibrary.shipped()
_RANDOM = np.random.default_rng(20)


def unit_rows(count: int, dimension: int) -> np.ndarray:
    rows = _RANDOM.standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = unit_rows(len(SHIPPED), 8)


@pytest.fixture(scope="module")
def fast(hash_encoder: Any) -> TemplateIndex:
    """The shipped templates with random vectors: as many rows as the real index, without the network."""
    return TemplateIndex(SHIPPED, VECTORS, encoder=hash_encoder)


def test_a_saved_index_gives_equal_results(index: TemplateIndex, encoder: SharedEncoder, tmp_path: Path) -> None:
    index.save(tmp_path / "deep" / "index")
    loaded = TemplateIndex.load(tmp_path / "deep" / "index", encoder=encoder)
    assert dict(loaded.library) == dict(index.library)
    assert loaded.library.ids == index.library.ids
    assert loaded.search("word bank") == index.search("word bank")
    for query in unit_rows(3, encoder.dimension):
        for where in (None, SearchFilter(grade=4), SearchFilter(measure="modelling", subject="science")):
            assert loaded.search(query, k=9, where=where) == index.search(query, k=9, where=where)


def test_the_saved_folder_holds_no_pickle(fast: TemplateIndex, tmp_path: Path) -> None:
    fast.save(tmp_path / "index")
    assert {path.suffix for path in (tmp_path / "index").iterdir()} == {".json", ".jsonl", ".safetensors"}


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85", "\x0b", "\n", "é", "😀"])
def test_any_character_of_a_template_survives_saving(
    hash_encoder: Any, template: Callable[..., LessonTemplate], tmp_path: Path, mark: str
) -> None:
    library = TemplateLibrary([template(text=f"One{mark}two {{topic}}."), template(id="second")])
    TemplateIndex.build(library, encoder=hash_encoder).save(tmp_path)
    assert dict(TemplateIndex.load(tmp_path, encoder=hash_encoder).library) == dict(library)


def test_an_empty_library_survives_saving(hash_encoder: Any, tmp_path: Path) -> None:
    empty = TemplateIndex.build(TemplateLibrary([]), encoder=hash_encoder)
    assert empty.search("quiz") == []
    empty.save(tmp_path)
    assert len(TemplateIndex.load(tmp_path, encoder=hash_encoder)) == 0


@pytest.fixture
def folder(fast: TemplateIndex, tmp_path: Path) -> Path:
    fast.save(tmp_path / "index")
    return tmp_path / "index"


def only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def refusal(folder: Path, encoder: Any) -> str:
    with pytest.raises(ArtifactError) as refused:
        TemplateIndex.load(folder, encoder=encoder)
    message = str(refused.value)
    assert str(folder) in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize("pattern", ["vectors-*.safetensors", "templates-*.jsonl"])
@pytest.mark.parametrize("kept", [0, 10, -1])
def test_a_truncated_file_is_refused(folder: Path, hash_encoder: Any, pattern: str, kept: int) -> None:
    path = only(folder, pattern)
    path.write_bytes(path.read_bytes()[:kept])
    message = refusal(folder, hash_encoder)
    assert "truncated or changed" in message
    assert "Save the template-index again" in message


@pytest.mark.parametrize("pattern", ["vectors-*.safetensors", "templates-*.jsonl"])
@pytest.mark.parametrize("place", [0, 0.5, -1])
def test_a_changed_byte_is_refused(folder: Path, hash_encoder: Any, pattern: str, place: float) -> None:
    path = only(folder, pattern)
    content = bytearray(path.read_bytes())
    content[int(place * len(content)) if place >= 0 else -1] ^= 1
    path.write_bytes(content)
    message = refusal(folder, hash_encoder)
    assert "changed after it was saved" in message
    assert "again" in message


@pytest.mark.parametrize("pattern", ["vectors-*.safetensors", "templates-*.jsonl"])
def test_a_missing_file_is_refused(folder: Path, hash_encoder: Any, pattern: str) -> None:
    only(folder, pattern).unlink()
    message = refusal(folder, hash_encoder)
    assert "missing; save the template-index again" in message


def test_a_missing_manifest_is_refused(folder: Path, hash_encoder: Any) -> None:
    (folder / "manifest.json").unlink()
    assert "holds no manifest.json; give the folder of a saved template-index" in refusal(folder, hash_encoder)


def test_a_missing_folder_is_refused(tmp_path: Path, hash_encoder: Any) -> None:
    assert "holds no manifest.json" in refusal(tmp_path / "none", hash_encoder)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "null", '{"kind": 3}'])
def test_a_damaged_manifest_is_refused(folder: Path, hash_encoder: Any, content: str) -> None:
    (folder / "manifest.json").write_text(content)
    assert "is damaged; save the template-index again" in refusal(folder, hash_encoder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "multi-task-model"}, "holds a multi-task-model, not a template-index"),
        ({"schema_version": 99}, "schema version 99"),
        ({"meta": {}}, "build it again"),
        ({"meta": {"encoder": "hash", "fingerprint": "hash-8", "dimension": 8, "count": "many"}}, "build it again"),
        ({"files": {}}, "build it again"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(
    folder: Path, hash_encoder: Any, change: dict[str, Any], said: str
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | change))
    assert said in refusal(folder, hash_encoder)


def test_a_file_outside_the_folder_is_refused(folder: Path, hash_encoder: Any) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["files"]["templates.jsonl"]["file"] = "../../etc/passwd"
    (folder / "manifest.json").write_text(json.dumps(manifest))
    assert "outside its folder" in refusal(folder, hash_encoder)


@pytest.mark.parametrize("dropped", [1, 50])
def test_vectors_and_templates_that_disagree_are_refused(folder: Path, hash_encoder: Any, dropped: int) -> None:
    content = saved.read_saved(folder, kind="template-index", schema_version=1)
    rows = content.files["templates.jsonl"].splitlines(keepends=True)
    files = content.files | {"templates.jsonl": b"".join(rows[:-dropped])}
    saved.publish(folder, kind="template-index", schema_version=1, meta=content.meta, files=files)
    assert "again" in refusal(folder, hash_encoder)


def test_vectors_that_are_not_finite_are_refused(hash_encoder: Any, tmp_path: Path) -> None:
    vectors = VECTORS.copy()
    vectors[3, 3] = np.nan
    TemplateIndex(SHIPPED, vectors, encoder=hash_encoder).save(tmp_path)
    assert "build it again" in refusal(tmp_path, hash_encoder)


@pytest.fixture(scope="module")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> SharedEncoder:
    """A random BERT of one layer, saved and loaded as any sentence-transformers model."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.models import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    root = tmp_path_factory.mktemp("tiny")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *"abcdefghijklmnopqrstuvwxyz"]
    (root / "vocab.txt").write_text("\n".join(words))
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
    )
    BertModel(config).save_pretrained(root / "bert")
    BertTokenizerFast(vocab_file=str(root / "vocab.txt")).save_pretrained(root / "bert")
    transformer = Transformer(str(root / "bert"))
    pooling = Pooling(transformer.get_embedding_dimension(), pooling_mode="mean")
    SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(root / "model"))
    return SharedEncoder.load(root / "model")


def test_an_index_of_another_encoder_is_refused(
    index: TemplateIndex, tiny_encoder: SharedEncoder, tmp_path: Path
) -> None:
    index.save(tmp_path)
    message = refusal(tmp_path, tiny_encoder)
    assert "all-MiniLM-L6-v2" in message
    assert tiny_encoder.name in message
    assert "build it again or load that encoder" in message


def test_any_sentence_transformers_encoder_can_be_used(tiny_encoder: SharedEncoder, tmp_path: Path) -> None:
    few = TemplateLibrary(list(SHIPPED.values())[:5])
    built = TemplateIndex.build(few, encoder=tiny_encoder)
    built.save(tmp_path)
    assert TemplateIndex.load(tmp_path, encoder=tiny_encoder).search("a b c") == built.search("a b c")


def test_another_encoder_of_the_same_width_is_refused(folder: Path, hash_encoder: Any) -> None:
    other = type(hash_encoder)(name="other", fingerprint="other")
    assert "'hash', not with 'other'" in refusal(folder, other)


def states(hash_encoder: Any) -> Iterator[TemplateIndex]:
    """Two libraries of different size, in turn."""
    templates = list(SHIPPED.values())
    for size in (30, 60):
        yield TemplateIndex(TemplateLibrary(templates[:size]), VECTORS[:size], encoder=hash_encoder)


def test_a_reader_that_is_overtaken_by_a_writer_sees_a_whole_state(
    hash_encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = states(hash_encoder)
    old.save(tmp_path)
    verify = saved._verified
    overtaken = False

    def overtake(*arguments: Any) -> bytes:
        nonlocal overtaken
        if not overtaken:
            overtaken = True
            new.save(tmp_path)
        return verify(*arguments)

    monkeypatch.setattr(saved, "_verified", overtake)
    loaded = TemplateIndex.load(tmp_path, encoder=hash_encoder)
    assert overtaken
    assert len(loaded) in (30, 60)


def test_saving_again_while_readers_load_never_breaks(hash_encoder: Any, tmp_path: Path) -> None:
    both = list(states(hash_encoder))
    both[0].save(tmp_path)
    stop = threading.Event()
    sizes: set[int] = set()
    errors: list[Exception] = []

    def read() -> None:
        while not stop.is_set():
            try:
                sizes.add(len(TemplateIndex.load(tmp_path, encoder=hash_encoder)))
            except ArtifactError as error:
                errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for turn in range(40):
        both[turn % 2].save(tmp_path)
    stop.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert sizes <= {30, 60}


def test_a_writer_that_breaks_off_leaves_the_old_state(
    hash_encoder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = states(hash_encoder)
    old.save(tmp_path)
    write = saved.write_atomic

    def full_disk(path: Path, content: bytes) -> None:
        if path.name == "manifest.json":
            raise OSError("No space left on device")
        write(path, content)

    monkeypatch.setattr(saved, "write_atomic", full_disk)
    with pytest.raises(OSError, match="No space"):
        new.save(tmp_path)
    assert len(TemplateIndex.load(tmp_path, encoder=hash_encoder)) == 30


def test_only_the_newest_state_is_kept(hash_encoder: Any, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    for state in states(hash_encoder):
        state.save(tmp_path)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".json", ".jsonl", ".safetensors", ".txt"]
