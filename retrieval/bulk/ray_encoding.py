"""Staged parts encoded through Ray Data: each process loads the encoder once and finishes part after part."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mtl_core.errors import ArtifactError, InputError
from retrieval.bulk.parts import encode_part, read_part, write_part

__all__ = ["encode_staged"]


class _PartEncoder:
    """What runs in a process of Ray."""

    def __init__(self, folder: str, fingerprint: str, source: str | None) -> None:
        import torch  # noqa: PLC0415 - in the worker alone

        from mtl_core.encoder import SharedEncoder  # noqa: PLC0415

        # the processes share the processors, one each
        torch.set_num_threads(1)
        self._folder, self._fingerprint = Path(folder), fingerprint
        self._encoder = SharedEncoder.load(source)
        if self._encoder.fingerprint != fingerprint:
            raise ArtifactError("A worker loaded another encoder than the one that was asked for; name its folder.")

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        staged = self._folder / f"todo-{row['part']}"
        part = encode_part(read_part(staged, fingerprint=self._fingerprint), self._encoder)
        write_part(self._folder / row["part"], part, fingerprint=self._fingerprint)
        return {"part": row["part"], "rows": len(part.ids)}


def _imported_ray() -> Any:
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        import ray  # noqa: PLC0415 - an extra
        import ray.data  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            'Ray is not installed. Run: pip install "lesson-nudge[ray]", or take --workers one.'
        ) from error
    return ray


def encode_staged(
    folder: Path, names: Sequence[str], *, fingerprint: str, source: str | Path | None, processes: int | None
) -> None:
    """Encode staged parts.

    A cluster that this process is connected to is used; else Ray is started on this machine alone, without a
    dashboard and without usage statistics, and stopped again.

    Args:
        folder: Holds ``todo-NAME`` for each name; every process must see it.
        names: Files of the finished parts.
        fingerprint: Of the encoder.
        source: What ``SharedEncoder.load`` takes.
        processes: How many processes; ``None`` takes one a processor.

    Raises:
        InputError: If Ray is not installed, or ``processes`` is below 1.
        ArtifactError: If a process loads another encoder, or a part fails.
    """
    if processes is not None and processes < 1:
        raise InputError(f"There are {processes} processes; give 1 or more.")
    ray = _imported_ray()
    started = not ray.is_initialized()
    if started:
        ray.init(
            address="local",
            num_cpus=processes or os.cpu_count() or 1,
            include_dashboard=False,
            logging_level=logging.ERROR,
            log_to_driver=False,
        )
    try:
        count = min(processes or int(ray.cluster_resources().get("CPU", 1)), len(names))
        ray.data.DataContext.get_current().enable_progress_bars = False
        rows = ray.data.from_items([{"part": name} for name in names], override_num_blocks=len(names))
        rows.map(
            _PartEncoder,
            fn_constructor_args=(str(folder.resolve()), fingerprint, None if source is None else str(source)),
            compute=ray.data.ActorPoolStrategy(size=count),
            num_cpus=1,
        ).materialize()
    except ray.exceptions.RayError as error:
        raise ArtifactError(
            f"Ray could not encode every part ({type(error).__name__}); start the same run again."
        ) from error
    finally:
        if started:
            ray.shutdown()
