"""A state that is published is read back, replaces the one before, and leaves other files alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.errors import ArtifactError
from mtl_core.saved import write_atomic
from tests.mtl_core.saved.saved_things import NEW, OLD, as_state, contents, load, save

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None, max_examples=40)
@given(
    meta=st.dictionaries(st.text(), JSON, max_size=3),
    files=st.dictionaries(st.sampled_from(["a.bin", "b.json", "c.tar.gz", "plain"]), st.binary(max_size=80)),
)
def test_what_is_published_is_read(tmp_path_factory: pytest.TempPathFactory, meta: dict, files: dict) -> None:
    folder = tmp_path_factory.mktemp("round") / "made" / "here"
    save(folder, {"meta": meta, "files": files})
    assert as_state(load(folder)) == {"meta": meta, "files": files}
    assert len(contents(folder)) == len(files) + 1


def test_a_second_state_replaces_the_first_and_its_files(folder: Path) -> None:
    save(folder, NEW)
    assert as_state(load(folder)) == NEW
    assert len(contents(folder)) == 3
    assert not [content for content in contents(folder).values() if content.startswith(b"old")]


def test_publishing_the_same_state_again_changes_no_byte(folder: Path) -> None:
    before = contents(folder)
    save(folder, OLD)
    assert contents(folder) == before


def test_a_file_that_the_new_state_lacks_is_removed(folder: Path) -> None:
    save(folder, {"meta": {}, "files": {"a.bin": b"only"}})
    assert as_state(load(folder)) == {"meta": {}, "files": {"a.bin": b"only"}}
    assert len(contents(folder)) == 2


def test_old_files_whose_names_have_no_suffix_are_removed(tmp_path: Path) -> None:
    for content in (b"one", b"two"):
        save(tmp_path, {"meta": {}, "files": {"vectors": content}})
    assert load(tmp_path).files == {"vectors": b"two"}
    assert len(contents(tmp_path)) == 2


@pytest.mark.parametrize(
    "name", ["notes.md", "a.bin", "a-0123.bin", "c-0123456789ab.bin", ".hidden", "other.safetensors"]
)
def test_unrelated_files_are_kept(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"mine")
    (folder / "sub").mkdir()
    (folder / "sub" / "a-0123456789ab.bin").write_bytes(b"mine")
    save(folder, NEW)
    assert (folder / name).read_bytes() == b"mine"
    assert (folder / "sub" / "a-0123456789ab.bin").read_bytes() == b"mine"


def test_a_file_in_place_of_the_folder_is_refused_and_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(ArtifactError, match="name another"):
        save(tmp_path / "file", NEW)
    assert (tmp_path / "file").read_text() == "mine"


@settings(deadline=None, max_examples=20)
@given(st.binary(max_size=200), st.binary(max_size=200))
def test_write_atomic_replaces_a_file_whole(tmp_path_factory: pytest.TempPathFactory, old: bytes, new: bytes) -> None:
    path = tmp_path_factory.mktemp("atomic") / "file.bin"
    for content in (old, new):
        write_atomic(path, content)
        assert contents(path.parent) == {"file.bin": content}


def test_write_atomic_needs_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(tmp_path / "missing" / "file.bin", b"x")
    assert list(tmp_path.iterdir()) == []
