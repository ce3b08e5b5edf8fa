"""Several trained models fused: attention over members per task, or the one member that is best at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import nn

from mtl_core.batching import as_example
from mtl_core.data.examples import Example
from mtl_core.encoder import Precision
from mtl_core.errors import InputError
from mtl_core.fusion_choice import FUSED, Choice, FusionCard, check_choice, check_members
from mtl_core.fusion_layers import FusedLogits, FusedTask, FusionSettings
from mtl_core.fusion_states import EncodedExamples, ReadChunk, read_chunks
from mtl_core.heads import Decision, Prediction, TaskHead
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task

__all__ = ["FusedModel"]


class FusedModel(nn.Module):
    """Trained multi-task models, fused task by task.

    Every member reads a text with its own tokenizer and encoder. What is fused is never a word piece: passages
    are fused by their vectors, words by the states of their first pieces, matched by word.

    Args:
        members: Trained models of the same tasks; their encoders may be of any kind and size. They become
            submodules, in evaluation mode.
        settings: Shape of the fusion layers, which are drawn from torch's generator.
        choice: Who judges each task; the fused head where not given.
        decisions: Temperature and thresholds of the fused heads, plain ones where not given.
        card: What the saved folder tells of the training.

    Raises:
        InputError: If there is no member, members differ in a task, or a choice or a decision names what is not
            there.
    """

    def __init__(
        self,
        members: Sequence[MultiTaskModel],
        *,
        settings: FusionSettings | None = None,
        choice: Mapping[str, Choice] | None = None,
        decisions: Mapping[str, Decision] | None = None,
        card: FusionCard | None = None,
    ) -> None:
        super().__init__()
        check_members(members)
        self.members = nn.ModuleList(members)
        self.settings = settings or FusionSettings()
        dimensions = [member.encoder.dimension for member in members]
        self.fusions = nn.ModuleDict(
            {task.name: FusedTask(task, dimensions, self.settings) for task in members[0].tasks}
        )
        self.choice: dict[str, Choice] = {name: (choice or {}).get(name, FUSED) for name in self.fusions}
        check_choice(choice or {}, decisions or {}, tasks=tuple(self.fusions), members=len(members))
        self.decisions = {name: (decisions or {}).get(name, Decision()) for name in self.fusions}
        self.card = card or FusionCard()
        self.fusions.to(members[0].encoder.device)
        self.eval()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with their labels."""
        return tuple(self.head(name).task for name in self.fusions)

    def member(self, number: int) -> MultiTaskModel:
        """A member by its number, counted from 0."""
        return cast("MultiTaskModel", self.members[number])

    def fusion(self, name: str) -> FusedTask:
        """The fusion layers of a task.

        Args:
            name: Name of the task.

        Returns:
            The layers.

        Raises:
            InputError: If the model has no such task.
        """
        if name not in self.fusions:
            raise InputError(f"The model has no task {name!r}; it has: {', '.join(self.fusions)}.")
        return cast("FusedTask", self.fusions[name])

    def head(self, name: str) -> TaskHead:
        """The fused head of a task."""
        return self.fusion(name).head

    def forward(self, encoded: EncodedExamples, tasks: Sequence[str] | None = None) -> dict[str, FusedLogits]:
        """Fused logits and attention, whatever the choice.

        Args:
            encoded: What all members see.
            tasks: Which tasks; all of them by default.

        Returns:
            By task name.
        """
        return {name: self.fusion(name)(encoded) for name in (self.fusions if tasks is None else tasks)}

    def predict(
        self, examples: Sequence[str | Example], *, tasks: Sequence[str] | None = None
    ) -> list[dict[str, Prediction]]:
        """What the fused head, or the member chosen for the task, says of every text.

        Args:
            examples: Texts; or examples, where words or segments are given.
            tasks: Which tasks; all of them by default. A text is cut into words at blanks for token tasks;
                an example of segments without words gets no prediction of a token task.

        Returns:
            Predictions by task name, in the order given.

        Raises:
            InputError: If a text is empty, or a task unknown.
        """
        results: list[dict[str, Prediction]] = [{} for _ in examples]
        for chunk, fused in self._read(examples, tasks):
            for own in chunk.predictions.values():
                for row, said in enumerate(own, chunk.start):
                    results[row] |= said
            for name, found in fused.items():
                head = self.head(name)
                with torch.inference_mode():
                    judged = head.predict(found.logits, self.decisions[name], found.states)
                worded = (chunk.encoded.words > 0).tolist()
                for row, prediction in enumerate(judged):
                    if head.unit != "word" or worded[row]:
                        results[chunk.start + row][name] = prediction
        order = self.fusions if tasks is None else tasks
        return [{name: said[name] for name in order if name in said} for said in results]

    def attention(
        self, examples: Sequence[str | Example], *, tasks: Sequence[str] | None = None
    ) -> list[dict[str, tuple[tuple[float, ...], ...]]]:
        """How much each member counts.

        Args:
            examples: As for ``predict``.
            tasks: Which tasks; all that are judged by a fused head by default, and never others.

        Returns:
            By example and task: for each passage, or each word of a token task, one weight a member. They sum to
            one, and are all 0 for a word that no member's token budget reached.

        Raises:
            InputError: If a text is empty, or a task unknown.
        """
        results: list[dict[str, tuple[tuple[float, ...], ...]]] = [{} for _ in examples]
        for chunk, fused in self._read(examples, tasks):
            for name, found in fused.items():
                by_words = self.fusion(name).by_words
                counts = (chunk.encoded.words if by_words else chunk.encoded.passages).tolist()
                for row, weights in enumerate(torch.split(found.weights, counts)):
                    results[chunk.start + row][name] = tuple(map(tuple, weights.tolist()))
        return results

    def _read(
        self, examples: Sequence[str | Example], tasks: Sequence[str] | None
    ) -> Iterator[tuple[ReadChunk, dict[str, FusedLogits]]]:
        names = list(self.fusions) if tasks is None else list(tasks)
        words = any(self.head(name).unit == "word" for name in names)
        given = [as_example(example, number, words=words) for number, example in enumerate(examples)]
        own: dict[int, list[str]] = {}
        for name in names:
            chosen = self.choice[name]
            if chosen != FUSED:
                own.setdefault(chosen, []).append(name)
        fused = [name for name in names if self.choice[name] == FUSED]
        members = [self.member(number) for number in range(len(self.members))]
        for chunk in read_chunks(members, given, own=own, states=bool(fused), words=words):
            yield chunk, self.judge(chunk.encoded, fused) if fused else {}

    def judge(self, encoded: EncodedExamples, tasks: Sequence[str]) -> dict[str, FusedLogits]:
        """Fused logits in evaluation mode, without gradients.

        Args:
            encoded: What all members see.
            tasks: Which tasks.

        Returns:
            By task name.
        """
        was_training = self.fusions.training
        self.fusions.eval()
        try:
            with torch.inference_mode():
                device = next(self.fusions.parameters()).device
                return self(encoded.to(device), tasks)  # type: ignore[no-any-return]
        finally:
            self.fusions.train(was_training)

    def save_pretrained(self, save_directory: str | Path) -> None:
        """Save members, fusion layers, choices and decisions as one folder, atomically.

        Args:
            save_directory: Where; a fused model that is there is replaced.

        Raises:
            ArtifactError: If the folder holds something else, or cannot be written.
        """
        from mtl_core.saved_fusion import save_fusion  # noqa: PLC0415 - that module needs this class

        save_fusion(self, Path(save_directory))

    @classmethod
    def from_pretrained(
        cls,
        folder: str | Path,
        *,
        device: str = "cpu",
        precision: Precision = "auto",
        revision: str | None = None,
        token: str | None = None,
    ) -> FusedModel:
        """Read a saved fused model.

        Args:
            folder: A folder that ``save_pretrained`` made, or a hub name.
            device: A torch device name.
            precision: See ``SharedEncoder``.
            revision: Branch, tag or commit of a hub name.
            token: For a private model on the hub.

        Returns:
            The model.

        Raises:
            ArtifactError: If the folder is damaged, incomplete, or of another schema.
        """
        from mtl_core.saved_fusion import load_fusion  # noqa: PLC0415 - that module needs this class

        return load_fusion(folder, device=device, precision=precision, revision=revision, token=token)
