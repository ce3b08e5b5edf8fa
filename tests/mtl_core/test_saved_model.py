"""A model's folder: replaced whole or not at all, and every damage named before anything is used."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError
from mtl_core.model import MultiTaskModel
from mtl_core.saved_folder import file_sha256
from mtl_core.saved_model import load_model, read_config
from tests.mtl_core.small_models import TASKS, TEXTS, small_model


@pytest.fixture(scope="module")
def model(tiny: SharedEncoder) -> MultiTaskModel:
    return small_model(tiny)


@pytest.fixture(scope="module")
def saved(model: MultiTaskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("saved") / "model"
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def copied(saved: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved, tmp_path / "model"))


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def files_of(folder: Path) -> list[str]:
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in found if name not in {"README.md", "multitask.json"})


def test_the_folder_holds_data_alone(saved: Path) -> None:
    assert {path.suffix for path in saved.rglob("*") if path.is_file()} <= {".json", ".safetensors", ".md", ".txt"}
    assert {"heads.safetensors", "model.safetensors", "tokenizer.json", "config.json"} <= set(files_of(saved))
    assert (saved / "1_Pooling" / "config.json").is_file()


@pytest.mark.parametrize("damage", [truncate, flip, Path.unlink], ids=["truncated", "changed", "missing"])
def test_every_file_is_checked_before_it_is_read(damage: Callable[[Path], None], saved: Path, tmp_path: Path) -> None:
    for name in files_of(saved):
        copied = Path(shutil.copytree(saved, tmp_path / name.replace("/", "-")))
        damage(copied / name)
        said = "is missing" if damage is Path.unlink else "truncated or was changed"
        with pytest.raises(ArtifactError, match=said) as error:
            load_model(copied)
        assert str(copied / name) in str(error.value)
        assert "save the model again" in str(error.value)
        assert "\n" not in str(error.value)


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = folder / "multitask.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    change(config)
    path.write_text(json.dumps(config), encoding="utf-8")


@pytest.mark.parametrize(
    "change",
    [
        lambda config: config.update(schema_version=2),
        lambda config: config.update(more=1),
        lambda config: config.pop("tasks"),
        lambda config: config["tasks"][0].update(labels=["one"]),
        lambda config: config["decisions"]["weather"].update(temperature=0),
        lambda config: config["decisions"]["weather"].update(temperature="NaN"),
    ],
)
def test_another_schema_is_refused_on_one_line(copied: Path, change: Callable[[dict[str, Any]], None]) -> None:
    rewrite(copied, change)
    with pytest.raises(ArtifactError, match=r"multitask\.json cannot be read by this version \([^\n]*\); [^\n]*$"):
        load_model(copied)


def test_a_config_that_is_cut_short_or_gone_is_refused(copied: Path) -> None:
    truncate(copied / "multitask.json")
    with pytest.raises(ArtifactError, match=r"multitask\.json cannot be read by this version"):
        load_model(copied)
    (copied / "multitask.json").write_bytes(b"\xff\xfe")
    with pytest.raises(ArtifactError, match=r"multitask\.json cannot be read by this version"):
        load_model(copied)
    (copied / "multitask.json").unlink()
    with pytest.raises(ArtifactError, match=r"holds no multitask\.json"):
        load_model(copied)


@pytest.mark.parametrize("name", ["heads.safetensors", "model.safetensors"])
def test_weights_that_nothing_vouches_for_are_refused(copied: Path, name: str) -> None:
    rewrite(copied, lambda config: config["sha256"].pop(name))
    with pytest.raises(ArtifactError, match=f"{name} is truncated or was changed"):
        read_config(copied)


def put_heads(folder: Path, tensors: dict[str, torch.Tensor]) -> None:
    save_file(tensors, folder / "heads.safetensors")
    rewrite(
        folder, lambda config: config["sha256"].update({"heads.safetensors": file_sha256(folder / "heads.safetensors")})
    )


def test_heads_that_do_not_fit_are_refused(copied: Path) -> None:
    tensors = load_file(copied / "heads.safetensors")
    put_heads(copied, {name: tensor for name, tensor in tensors.items() if not name.startswith("topic.linear")})
    with pytest.raises(ArtifactError, match=r"do not fit its config \(.*topic\.linear.*\); train again"):
        load_model(copied)
    put_heads(copied, {**tensors, "topic.linear.bias": torch.zeros(7)})
    with pytest.raises(ArtifactError, match=r"do not fit its config \("):
        load_model(copied)
    tensors["topic.linear.bias"][0] = float("nan")
    put_heads(copied, tensors)
    with pytest.raises(ArtifactError, match="not finite"):
        load_model(copied)
    (copied / "heads.safetensors").write_bytes(b"no tensors")
    rewrite(
        copied, lambda config: config["sha256"].update({"heads.safetensors": file_sha256(copied / "heads.safetensors")})
    )
    with pytest.raises(ArtifactError, match=r"do not fit its config \("):
        load_model(copied)


@pytest.mark.parametrize("thing", ["file", "other folder", "folder of another library"])
def test_what_is_not_a_model_is_kept(model: MultiTaskModel, tmp_path: Path, thing: str) -> None:
    place = tmp_path / "place"
    if thing == "file":
        place.write_text("mine", encoding="utf-8")
    else:
        place.mkdir()
        (place / ("notes.txt" if thing == "other folder" else "model.safetensors")).write_text("mine", encoding="utf-8")
    with pytest.raises(ArtifactError, match="something that is not a saved model; name an empty or a new folder"):
        model.save_pretrained(place)
    held = place if thing == "file" else next(place.iterdir())
    assert held.read_text(encoding="utf-8") == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["place"]


def test_a_folder_that_cannot_be_made_gives_one_clear_error(model: MultiTaskModel, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ArtifactError, match=r"cannot be written \("):
        model.save_pretrained(tmp_path / "file" / "model")


def test_an_empty_folder_and_an_older_model_are_replaced_whole(
    model: MultiTaskModel, tiny: SharedEncoder, tmp_path: Path
) -> None:
    place = tmp_path / "deep" / "model"
    place.mkdir(parents=True)
    small_model(tiny, TASKS[:1], seed=5).save_pretrained(place)
    (place / "report").mkdir()
    (place / "report" / "report.json").write_text("{}", encoding="utf-8")
    assert [task.name for task in load_model(place).tasks] == ["weather"]
    model.save_pretrained(place)
    assert load_model(place).tasks == model.tasks
    assert not (place / "report").exists()
    assert [path.name for path in place.parent.iterdir()] == ["model"]
    assert place.stat().st_mode & 0o777 == 0o755


class Interrupt(BaseException):
    """Ends a write at any point, as Ctrl-C does."""


STEPS = [
    ("pathlib.Path.replace", True),
    ("pathlib.Path.replace", False),
    ("pathlib.Path.write_bytes", True),
    ("pathlib.Path.write_text", True),
    ("os.fsync", True),
    ("shutil.rmtree", True),
    ("shutil.rmtree", False),
]


@pytest.mark.skipif(sys.platform != "linux", reason="the one step in which two folders change places is Linux's")
def test_there_is_no_moment_without_a_model(
    model: MultiTaskModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "model"
    model.save_pretrained(place)
    real = Path.replace

    def watched(self: Path, target: Path) -> Path:
        assert self != place
        return real(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    model.save_pretrained(place)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("error", [Interrupt(), OSError(28, "No space left on device")], ids=["interrupt", "full"])
@pytest.mark.parametrize(("step", "exchanges"), STEPS)
def test_a_write_that_is_broken_off_leaves_the_old_model_or_the_new(  # noqa: PLR0917
    model: MultiTaskModel,
    tiny: SharedEncoder,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    exchanges: bool,
    error: BaseException,
) -> None:
    if not exchanges:
        monkeypatch.setattr("mtl_core.saved_folder._exchange", lambda *_: False)
    place = tmp_path / "model"
    model.save_pretrained(place)
    other = small_model(tiny, seed=9)
    said = model.predict(TEXTS[:1]), other.predict(TEXTS[:1])
    for number in range(4):
        left = number
        with monkeypatch.context() as patch:
            module, _, name = step.rpartition(".")
            real = getattr(Path, name) if module == "pathlib.Path" else getattr(__import__(module), name)

            def broken(*args: Any, real: Callable[..., Any] = real, **kwargs: Any) -> Any:
                nonlocal left
                left -= 1
                if left == -1:
                    raise error
                return real(*args, **kwargs)

            patch.setattr(step, broken)
            try:  # noqa: SIM105
                other.save_pretrained(place)
            except (Interrupt, ArtifactError, OSError):
                pass
        # whatever happened, the folder opens, and as one of the two
        found = load_model(place, precision="float32").predict(TEXTS[:1])
        assert found in said
        assert all(path.suffix in {".tmp", ".old"} for path in tmp_path.iterdir() if path != place)
