"""The multi-task model: one shared encoder and a head for each task, trained, used and saved together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import torch
from huggingface_hub import ModelHubMixin
from torch import nn

from mtl_core.batching import TextBatch, TokenisedExample, as_example, group_by_length, pad_batch, tokenise
from mtl_core.data.examples import Example
from mtl_core.encoder import Precision, SharedEncoder, masked_mean
from mtl_core.errors import InputError
from mtl_core.heads import Decision, EncoderStates, HeadSettings, Prediction, TaskHead, make_head
from mtl_core.saved import MANIFEST
from mtl_core.tasks import Task, check_tasks

if TYPE_CHECKING:
    from mtl_core.quality import QualityModel
    from mtl_core.saved_model import ModelCard

__all__ = ["ModelOutputs", "MultiTaskModel", "as_example"]


class ModelOutputs(NamedTuple):
    """Logits of one batch.

    Args:
        rows: Places of the batch's examples in the sequence that was given.
        states: What the heads saw.
        logits: By task name.
    """

    rows: list[int]
    states: EncoderStates
    logits: dict[str, torch.Tensor]


class MultiTaskModel(nn.Module, ModelHubMixin):
    """One shared encoder, any mix of heads.

    Args:
        encoder: The shared encoder; its network becomes a submodule and is trained in place.
        tasks: Tasks with their labels, each with a name of its own.
        settings: Shape of the heads.
        decisions: Temperature and thresholds by task, plain ones where not given.
        card: What the saved folder tells of the training.

    Raises:
        InputError: If two tasks share a name, a kind is unknown, or a task has no labels.
    """

    def __init__(
        self,
        encoder: SharedEncoder,
        tasks: Sequence[Task],
        *,
        settings: HeadSettings | None = None,
        decisions: Mapping[str, Decision] | None = None,
        card: ModelCard | None = None,
    ) -> None:
        super().__init__()
        try:
            check_tasks(tasks)
        except ValueError as error:
            raise InputError(str(error)) from error
        self.encoder = encoder
        self.network: nn.Module = encoder.network
        self.settings = settings or HeadSettings()
        self.heads = nn.ModuleDict(
            {task.name: make_head(task, dimension=encoder.dimension, settings=self.settings) for task in tasks}
        )
        if strange := [name for name in decisions or {} if name not in self.heads]:
            raise InputError(f"There is a decision for {strange[0]!r}, which is not a task of the model.")
        self.decisions = {name: (decisions or {}).get(name, Decision()) for name in self.heads}
        self.card = card
        self.eval()

    @property
    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with their labels."""
        return tuple(self.head(name).task for name in self.heads)

    def head(self, name: str) -> TaskHead:
        """The head of a task.

        Args:
            name: Name of the task.

        Returns:
            The head.

        Raises:
            InputError: If the model has no such task.
        """
        if name not in self.heads:
            raise InputError(f"The model has no task {name!r}; it has: {', '.join(self.heads)}.")
        return cast("TaskHead", self.heads[name])

    def states(self, batch: TextBatch) -> EncoderStates:
        """One pass of the encoder.

        Args:
            batch: Padded word pieces.

        Returns:
            Token states and their means.
        """
        output = self.network(input_ids=batch.input_ids, attention_mask=batch.attention_mask)
        tokens = output.last_hidden_state
        return EncoderStates(
            tokens, batch.attention_mask, masked_mean(tokens, batch.attention_mask), batch.lengths, batch.words
        )

    def forward(self, batch: TextBatch, tasks: Sequence[str] | None = None) -> dict[str, torch.Tensor]:
        """Logits by task.

        Args:
            batch: Padded word pieces.
            tasks: Which tasks; all of them by default.

        Returns:
            Logits by task name.
        """
        return self.judge(self.states(batch), tasks)

    def judge(self, states: EncoderStates, tasks: Sequence[str] | None = None) -> dict[str, torch.Tensor]:
        """Logits of states that were encoded before.

        Args:
            states: What the encoder gave.
            tasks: Which tasks; all of them by default.

        Returns:
            Logits by task name.
        """
        return {name: self.head(name)(states) for name in (self.heads if tasks is None else tasks)}

    def tokenise(self, examples: Sequence[Example]) -> list[TokenisedExample]:
        """Word pieces of examples under this model's tokenizer and token budget."""
        return tokenise(self.encoder.tokenizer, examples, max_tokens=self.encoder.max_tokens)

    def pad(self, examples: Sequence[TokenisedExample]) -> TextBatch:
        """One padded batch on the model's device."""
        return pad_batch(examples, pad_id=self.encoder.tokenizer.pad_token_id or 0).to(self.encoder.device)

    def outputs(self, examples: Sequence[Example], *, tasks: Sequence[str] | None = None) -> Iterator[ModelOutputs]:
        """Logits of many examples, batch by batch, in evaluation mode, shortest first.

        Args:
            examples: The examples.
            tasks: Which tasks; all of them by default, less the token tasks for examples without words.

        Yields:
            The batches; every example is in exactly one, and all or none of a batch have words.
        """
        was_training = self.training
        self.eval()
        try:
            tokenised = self.tokenise(examples)
            for rows in group_by_length(tokenised):
                # entered anew for each batch: a generator must not hold a mode over its caller's code
                with (
                    torch.inference_mode(),
                    torch.autocast(self.encoder.device.type, torch.bfloat16, enabled=self.encoder.uses_bfloat16),
                ):
                    states = self.states(self.pad([tokenised[row] for row in rows]))
                    chosen = tasks if tasks is not None else self._tasks_for(examples, rows)
                    logits = {name: part.float() for name, part in self.judge(states, chosen).items()}
                yield ModelOutputs(rows, states, logits)
        finally:
            self.train(was_training)

    def _tasks_for(self, examples: Sequence[Example], rows: Sequence[int]) -> list[str]:
        return [name for name in self.heads if examples[rows[0]].words or self.head(name).unit != "word"]

    def predict(
        self, examples: Sequence[str | Example], *, tasks: Sequence[str] | None = None
    ) -> list[dict[str, Prediction]]:
        """What every head says of every text.

        Args:
            examples: Texts; or examples, where words or segments are given.
            tasks: Which tasks; all of them by default. A text is cut into words at blanks for token tasks.

        Returns:
            Predictions by task name, in the order given.

        Raises:
            InputError: If a text is empty, or a task unknown.
        """
        with_words = any(self.head(name).unit == "word" for name in (tasks if tasks is not None else self.heads))
        given = [as_example(example, number, words=with_words) for number, example in enumerate(examples)]
        results: list[dict[str, Prediction]] = [{} for _ in given]
        for batch in self.outputs(given, tasks=tasks):
            for name, logits in batch.logits.items():
                with torch.inference_mode():
                    predictions = self.head(name).predict(logits, self.decisions[name], batch.states)
                for row, prediction in zip(batch.rows, predictions, strict=True):
                    results[row][name] = prediction
        return results

    def save_pretrained(
        self,
        save_directory: str | Path,
        *,
        push_to_hub: bool = False,
        repo_id: str | None = None,
        config: Any = None,
        model_card_kwargs: Mapping[str, Any] | None = None,
        **push_settings: Any,
    ) -> str | None:
        """Save encoder, heads, labels, decisions and a model card as one folder, atomically.

        ``SentenceTransformer(folder)`` opens the encoder, ``MultiTaskModel.from_pretrained`` all of it.

        Args:
            save_directory: Where; a model that is there is replaced.
            push_to_hub: Push it to the hub as well.
            repo_id: Name on the hub; the folder's by default.
            config: Not used; huggingface_hub's mixin gives it.
            model_card_kwargs: Not used either; the card tells what the training kept.
            push_settings: For ``push_to_hub``, such as ``private`` or ``token``.

        Returns:
            Address of the commit, where it was pushed.

        Raises:
            ArtifactError: If the folder holds something else, or cannot be written.
            TypeError: If there are settings for a push that is not asked for.
        """
        from mtl_core.saved_model import save_model  # noqa: PLC0415 - that module needs this class

        del config, model_card_kwargs
        if push_settings and not push_to_hub:
            raise TypeError(f"save_pretrained takes {sorted(push_settings)} only with push_to_hub=True.")
        save_model(self, Path(save_directory))
        return str(self.push_to_hub(repo_id or Path(save_directory).name, **push_settings)) if push_to_hub else None

    @classmethod
    def from_pretrained(  # type: ignore[override]
        cls,
        folder: str | Path | None = None,
        *,
        encoder: SharedEncoder | None = None,
        device: str = "cpu",
        precision: Precision = "auto",
        revision: str | None = None,
        token: str | None = None,
    ) -> MultiTaskModel | QualityModel:
        """Read a saved model of either kind.

        Args:
            folder: A folder that ``save_pretrained`` made, or a hub name; ``None`` takes the quality heads that
                come with the package.
            encoder: For quality heads, an encoder that is loaded already, on any device.
            device: A torch device name, for a multi-task model.
            precision: See ``SharedEncoder``; for a multi-task model.
            revision: Branch, tag or commit of a hub name.
            token: For a private model on the hub.

        Returns:
            The model; a ``QualityModel`` where the folder holds quality heads.

        Raises:
            ArtifactError: If the folder is damaged, incomplete, or of another schema.
        """
        from mtl_core.quality import QualityModel  # noqa: PLC0415 - only where it is asked for
        from mtl_core.saved_model import load_model  # noqa: PLC0415 - that module needs this class

        if folder is None or (Path(folder) / MANIFEST).is_file():
            return QualityModel.from_pretrained(folder, encoder=encoder)
        return load_model(folder, device=device, precision=precision, revision=revision, token=token)
