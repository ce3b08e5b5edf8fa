"""Trains one config file: what each of several processes runs, as ``lesson-nudge train`` would."""

from __future__ import annotations

import sys
from pathlib import Path

from mtl_core.errors import LessonNudgeError
from mtl_core.evaluation import report
from mtl_core.training.config import load_config
from mtl_core.training.fit import train

if __name__ == "__main__":
    for name in ("label_f1_bars", "reliability_diagram"):
        setattr(report, name, lambda *_, **__: b"")
    try:
        result = train(load_config(Path(sys.argv[1]), sys.argv[2:]))
    except LessonNudgeError as error:
        sys.exit(f"refused: {error}")
    sys.stdout.write("saved\n" if result is not None else "further process\n")
