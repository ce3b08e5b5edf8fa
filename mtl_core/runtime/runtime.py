"""An exported model, used: texts in, predictions and vectors out, without torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.runtime.decisions import Prediction, decide
from mtl_core.runtime.folder import GRAPH_FILES, TOKENIZER_FILE, ExportConfig, read_export
from mtl_core.runtime.inputs import InputReader, Pieces, batches, pad
from mtl_core.runtime.sessions import RuntimePrecision, Session, open_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ExportedModel", "attention_name", "logits_name"]


def logits_name(task: str) -> str:
    """Name of the graph's output that holds a task's logits."""
    return f"logits.{task}"


def attention_name(task: str) -> str:
    """Name of the graph's output that holds an evidence task's weights of the passages."""
    return f"attention.{task}"


class ExportedModel:
    """One graph with encoder, pooling and every head.

    Args:
        config: What the folder says of itself.
        session: The graph, ready to run.
        reader: The tokenizer.
    """

    def __init__(self, config: ExportConfig, session: Session, reader: InputReader) -> None:
        self.config = config
        self._session = session
        self._reader = reader
        self._rules = {rule.task.name: rule for rule in config.tasks}

    @classmethod
    def load(
        cls, folder: str | Path, *, threads: int | None = None, precision: RuntimePrecision = "float32"
    ) -> ExportedModel:
        """Read a folder that ``export_model`` made.

        Args:
            folder: The folder.
            threads: Most threads; the runtime's own choice by default.
            precision: Of the computation; ``bfloat16`` for OpenVINO alone.

        Returns:
            The model.

        Raises:
            InputError: If the runtime is not installed, or does not know the precision.
            ArtifactError: If the folder is damaged, incomplete, or of another schema.
        """
        config, files = read_export(Path(folder))
        reader = InputReader(files[TOKENIZER_FILE], config.tokenizer)
        graph = [files[name] for name in GRAPH_FILES[config.format]]
        return cls(config, open_session(config.format, graph, threads=threads, precision=precision), reader)

    def predict(
        self, examples: Sequence[str | Example], *, tasks: Sequence[str] | None = None
    ) -> list[dict[str, Prediction]]:
        """What every task says of every text.

        Args:
            examples: Texts; or examples, where words or segments are given.
            tasks: Which tasks; all of them by default, less the token tasks for an example of several passages.
                A text is cut into words at blanks for token tasks.

        Returns:
            Predictions by task name, in the order given.

        Raises:
            InputError: If a text is empty, a task unknown, or an example has segments and no task reads them.
        """
        chosen = self._chosen(tasks)
        worded = any(self._rules[name].task.kind == "token" for name in chosen)
        given = [self._as_example(example, number, words=worded) for number, example in enumerate(examples)]
        pieces = self._reader.read(given)
        results: list[dict[str, Prediction]] = [{} for _ in given]
        for rows in batches(pieces):
            batch = [pieces[row] for row in rows]
            for row, predictions in zip(rows, self._predict_batch(batch, chosen), strict=True):
                results[row] = predictions
        return results

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors for search.

        Args:
            texts: The texts; an empty text gives the vector of the special tokens alone.

        Returns:
            ``[texts, dimension]`` float32 unit vectors.
        """
        pieces = self._reader.read([Example(text=text, labels={}) for text in texts])
        vectors = np.zeros((len(texts), self.config.dimension), np.float32)
        for rows in batches(pieces):
            vectors[rows] = self._run(["vector"], [pieces[row] for row in rows])["vector"]
        return vectors

    def _chosen(self, tasks: Sequence[str] | None) -> list[str]:
        for name in tasks or ():
            if name not in self._rules:
                raise InputError(f"The model has no task {name!r}; it has: {', '.join(self._rules)}.")
        return list(self._rules if tasks is None else tasks)

    def _as_example(self, given: str | Example, number: int, *, words: bool) -> Example:
        example = Example(text=given, labels={}) if isinstance(given, str) else given
        where = example.source or f"text {number + 1}"
        if not example.text.strip():
            raise InputError(f"{where} is empty; give some text.")
        if example.segments and not example.words and "lengths" not in self.config.inputs:
            raise InputError(f"{where} has segments, and this export has no evidence task; give the text alone.")
        if words and not example.words and not example.segments:
            return replace(example, words=tuple(example.text.split()))
        return example

    def _run(self, outputs: Sequence[str], batch: Sequence[Pieces]) -> Mapping[str, NDArray[np.float32]]:
        feeds = pad(batch, pad_id=self.config.tokenizer.pad_id)
        return self._session.run(outputs, {name: feeds[name] for name in self.config.inputs})

    def _predict_batch(self, batch: Sequence[Pieces], chosen: Sequence[str]) -> list[dict[str, Prediction]]:
        """Predictions by task of each row; a token task is left out where there are no words."""
        outputs = [logits_name(name) for name in chosen]
        outputs += [name for name in map(attention_name, chosen) if name in self.config.outputs]
        arrays = self._run(outputs, batch)
        starts = np.cumsum([0, *(len(row.sequences) for row in batch)])
        results: list[dict[str, Prediction]] = [{} for _ in batch]
        for name in chosen:
            rule, logits = self._rules[name], arrays[logits_name(name)]
            attention = arrays.get(attention_name(name))
            by_word = rule.task.kind == "token"
            for row, pieces in enumerate(batch):
                if by_word and not pieces.words:
                    continue
                first, end = int(starts[row]), int(starts[row + 1])
                results[row][name] = decide(
                    rule,
                    logits[first if by_word else row],
                    words=pieces.words,
                    attention=None if attention is None else attention[first:end],
                )
        return results
