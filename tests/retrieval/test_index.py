from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core import saved
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError
from mtl_core.rubric import MEASURES
from retrieval import SUBJECTS, LessonTemplate, SearchFilter, SearchHit, TemplateIndex, TemplateLibrary

SHIPPED = TemplateLibrary.shipped()
_RANDOM = np.random.default_rng(20)


def unit_rows(count: int, dimension: int) -> np.ndarray:
    rows = _RANDOM.standard_normal((count, dimension)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


VECTORS = unit_rows(len(SHIPPED), 8)
QUERIES = unit_rows(6, 8)


@pytest.fixture(scope="module")
def fast(hash_encoder: Any) -> TemplateIndex:
    """The shipped templates with random vectors: as many rows as the real index, without the network."""
    return TemplateIndex(SHIPPED, VECTORS, encoder=hash_encoder)


def admitted(template: LessonTemplate, where: SearchFilter) -> bool:
    """The rule of the filters, written once more from their description."""
    if where.measure is not None and where.measure not in template.measures:
        return False
    if where.subject is not None and not {"any", where.subject} & set(template.subjects):
        return False
    if where.grade is not None and not template.grades.lowest <= where.grade <= template.grades.highest:
        return False
    return where.minutes is None or template.minutes <= where.minutes


def brute_force(vectors: np.ndarray, query: np.ndarray, *, k: int, where: SearchFilter) -> list[tuple[str, float]]:
    scores = vectors.astype(np.float64) @ query.astype(np.float64)
    rows = [row for row, template in enumerate(SHIPPED.values()) if admitted(template, where)]
    rows.sort(key=lambda row: (-scores[row], row))
    return [(SHIPPED.ids[row], float(scores[row])) for row in rows[:k]]


def assert_same(hits: list[SearchHit], expected: list[tuple[str, float]]) -> None:
    assert [hit.template.id for hit in hits] == [name for name, _ in expected]
    np.testing.assert_allclose([hit.score for hit in hits], [score for _, score in expected], atol=1e-5)


@pytest.mark.parametrize("used", list(product([False, True], repeat=4)))
def test_search_equals_brute_force_under_every_combination_of_filters(
    fast: TemplateIndex, used: tuple[bool, ...]
) -> None:
    values = {"measure": "modelling", "subject": "science", "grade": 5, "minutes": 12}
    where = SearchFilter(**{name: value for (name, value), on in zip(values.items(), used, strict=True) if on})
    for query in QUERIES:
        expected = brute_force(VECTORS, query, k=7, where=where)
        assert expected
        assert_same(fast.search(query, k=7, where=where), expected)


filters = st.builds(
    SearchFilter,
    measure=st.none() | st.sampled_from(list(MEASURES)),
    subject=st.none() | st.sampled_from(SUBJECTS),
    grade=st.none() | st.integers(0, 13),
    minutes=st.none() | st.integers(0, 60),
)


@settings(max_examples=200, deadline=None)
@given(filters, st.sampled_from(range(len(QUERIES))), st.integers(1, 150))
def test_search_equals_brute_force_under_random_filters(where: SearchFilter, row: int, k: int) -> None:
    index = TemplateIndex(SHIPPED, VECTORS, encoder=_EIGHT)
    assert_same(index.search(QUERIES[row], k=k, where=where), brute_force(VECTORS, QUERIES[row], k=k, where=where))


class _Eight:
    """All that a search by vector needs of an encoder."""

    dimension = 8
    name = "eight"
    fingerprint = "eight"


_EIGHT: Any = _Eight()


def test_the_real_index_finds_what_a_dot_product_finds(encoder: SharedEncoder) -> None:
    few = TemplateLibrary(list(SHIPPED.values())[::12])
    real = TemplateIndex.build(few, encoder=encoder)
    question = "exit ticket with two fractions"
    vectors = encoder.encode([template.search_text for template in few.values()] + [question]).vectors
    scores = vectors[:-1] @ vectors[-1]
    best = np.argsort(-scores)[:5]
    by_text = real.search(question, k=5)
    assert [hit.template.id for hit in by_text] == [few.ids[row] for row in best]
    np.testing.assert_allclose([hit.score for hit in by_text], scores[best], atol=1e-5)
    assert [hit.template.id for hit in real.search(vectors[-1], k=5)] == [few.ids[row] for row in best]


def test_a_template_is_the_nearest_to_its_own_words(index: TemplateIndex) -> None:
    for name in index.library.ids[::33]:
        hit = index.search(index.library[name].search_text, k=1)[0]
        assert hit.template.id == name
        assert hit.score == pytest.approx(1.0, abs=1e-4)


def test_k_beyond_the_matches_gives_all_matches(fast: TemplateIndex) -> None:
    where = SearchFilter(measure="vocabulary", minutes=5)
    matching = {template.id for template in SHIPPED.values() if admitted(template, where)}
    hits = fast.search(QUERIES[0], k=10_000, where=where)
    assert {hit.template.id for hit in hits} == matching
    assert len(hits) == len(matching)
    assert len(fast.search(QUERIES[0], k=10_000)) == len(fast) == len(SHIPPED)


def test_a_filter_that_nothing_meets_gives_nothing(hash_encoder: Any, template: Callable[..., LessonTemplate]) -> None:
    index = TemplateIndex.build(TemplateLibrary([template(minutes=30)]), encoder=hash_encoder)
    assert index.search("quiz", where=SearchFilter(minutes=29)) == []
    assert len(index.search("quiz", where=SearchFilter(minutes=30))) == 1


def test_equal_scores_come_in_the_order_of_the_library(
    hash_encoder: Any, template: Callable[..., LessonTemplate]
) -> None:
    library = TemplateLibrary(template(id=f"t{number}") for number in range(40))
    index = TemplateIndex(library, np.repeat(QUERIES[:1], 40, axis=0), encoder=hash_encoder)
    for k in (1, 3, 17, 40):
        assert [hit.template.id for hit in index.search(QUERIES[0], k=k)] == [f"t{number}" for number in range(k)]


@pytest.mark.parametrize("query", ["", "   ", "\n\t"])
def test_an_empty_query_is_refused(fast: TemplateIndex, query: str) -> None:
    with pytest.raises(InputError, match="empty"):
        fast.search(query)


def test_a_query_that_is_too_long_is_refused(fast: TemplateIndex) -> None:
    assert fast.search("a" * 10_000, k=1)
    with pytest.raises(InputError, match="10001 characters; give at most 10000"):
        fast.search("a" * 10_001)


@pytest.mark.parametrize(
    "vector",
    [
        np.full(8, np.nan, np.float32),
        np.array([np.inf, *[0.0] * 7], np.float32),
        np.ones(7, np.float32),
        np.ones((1, 8), np.float32),
        np.zeros(0, np.float32),
    ],
)
def test_a_vector_that_does_not_fit_is_refused(fast: TemplateIndex, vector: np.ndarray) -> None:
    with pytest.raises(InputError, match="8 finite numbers"):
        fast.search(vector)


@pytest.mark.parametrize("k", [0, -1])
def test_k_below_one_is_refused(fast: TemplateIndex, k: int) -> None:
    with pytest.raises(InputError, match=f"k is {k};"):
        fast.search("quiz", k=k)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"measure": "fun"}, "'fun'"),
        ({"measure": ""}, "''"),
        ({"subject": "alchemy"}, "'alchemy'"),
        ({"subject": "Science"}, "'Science'"),
        ({"grade": -1}, "-1"),
        ({"grade": 14}, "14"),
        ({"minutes": -1}, "-1"),
    ],
)
def test_an_unknown_condition_is_refused(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(InputError) as refused:
        SearchFilter(**fields)
    assert named in str(refused.value)
    assert "give" in str(refused.value) or "use one of" in str(refused.value)


def test_vectors_of_another_shape_are_refused(hash_encoder: Any) -> None:
    with pytest.raises(InputError, match=rf"shape \({len(SHIPPED)}, 8\)"):
        TemplateIndex(SHIPPED, VECTORS[:-1], encoder=hash_encoder)
    with pytest.raises(InputError, match="shape"):
        TemplateIndex(SHIPPED, VECTORS[:, :4], encoder=hash_encoder)


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
