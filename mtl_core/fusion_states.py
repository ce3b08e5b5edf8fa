"""What the members of a fusion see of examples: passage by passage and word by word, each with its own tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

from mtl_core.data.examples import Example
from mtl_core.heads import EncoderStates, Prediction
from mtl_core.heads.base import NO_WORD
from mtl_core.model import MultiTaskModel

__all__ = ["CHUNK", "EncodedExamples", "MemberStates", "ReadChunk", "join_encoded", "read_chunks"]

CHUNK = 512
"""Examples that are read at a time, so that no more states than these are held."""


class MemberStates(NamedTuple):
    """What one member sees of n examples, their passages and words laid end to end.

    Args:
        passages: ``[passages, dimension]`` float32 masked means of the last layer.
        tokens: ``[passages]`` float32 number of the member's word pieces.
        words: ``[words, dimension]`` float32 state of each word's first piece, zeros where it was cut off.
        read: ``[words]`` false for a word beyond the member's token budget.
    """

    passages: torch.Tensor
    tokens: torch.Tensor
    words: torch.Tensor
    read: torch.Tensor


@dataclass(frozen=True, slots=True)
class EncodedExamples:
    """What all members see of n examples. Members agree on passages and words, never on word pieces.

    Args:
        members: By member.
        passages: ``[n]`` number of passages of each example.
        words: ``[n]`` number of words of each example, 0 where words were not asked for.
    """

    members: tuple[MemberStates, ...]
    passages: torch.Tensor
    words: torch.Tensor

    def __len__(self) -> int:
        """Number of examples."""
        return len(self.passages)

    def select(self, rows: Sequence[int]) -> EncodedExamples:
        """Some of the examples.

        Args:
            rows: Their numbers, in the order wanted.

        Returns:
            Those examples.
        """
        chosen = torch.tensor(rows, dtype=torch.long, device=self.passages.device)
        passages, words = _places(self.passages, chosen), _places(self.words, chosen)
        return EncodedExamples(
            tuple(
                MemberStates(part.passages[passages], part.tokens[passages], part.words[words], part.read[words])
                for part in self.members
            ),
            self.passages[chosen],
            self.words[chosen],
        )

    def to(self, device: torch.device) -> EncodedExamples:
        """The examples on a device."""
        members = tuple(MemberStates(*(tensor.to(device) for tensor in part)) for part in self.members)
        return EncodedExamples(members, self.passages.to(device), self.words.to(device))


@dataclass(frozen=True, slots=True)
class ReadChunk:
    """A run of neighbouring examples that was read.

    Args:
        start: Number of the first one.
        encoded: What the members that were asked for states see.
        predictions: By member number: what its own heads say, by example and task name.
    """

    start: int
    encoded: EncodedExamples
    predictions: dict[int, list[dict[str, Prediction]]]


def read_chunks(
    members: Sequence[MultiTaskModel],
    examples: Sequence[Example],
    *,
    own: dict[int, list[str]],
    states: bool,
    words: bool,
) -> Iterator[ReadChunk]:
    """Read examples with each member's own tokenizer and encoder, one pass a member.

    The same examples are always read in the same batches, so that what is decided on validation states
    is decided again, bit for bit, when the same examples are predicted.

    Args:
        members: The members.
        examples: The examples.
        own: Tasks by number of the member whose own head is asked.
        states: Whether states are wanted of all members; without them only the members in ``own`` read.
        words: Whether the states of words are wanted too.

    Yields:
        Chunks in order; every example is in exactly one.
    """
    asked = range(len(members)) if states else sorted(own)
    for start in range(0, len(examples), CHUNK):
        part = examples[start : start + CHUNK]
        read = {number: _read_member(members[number], part, tasks=own.get(number, []), words=words) for number in asked}
        counts = [len(example.words) if words else 0 for example in part]
        encoded = EncodedExamples(
            tuple(seen for seen, _ in read.values()) if states else (),
            torch.tensor([1 if example.words else len(example.segments) or 1 for example in part]),
            torch.tensor(counts),
        )
        yield ReadChunk(start, encoded, {number: said for number, (_, said) in read.items()})


def join_encoded(parts: Sequence[EncodedExamples]) -> EncodedExamples:
    """Several runs of examples as one.

    Args:
        parts: At least one, all of the same members.

    Returns:
        All of the examples in order.
    """
    members = tuple(
        MemberStates(*(torch.cat(tensors) for tensors in zip(*states, strict=True)))
        for states in zip(*(part.members for part in parts), strict=True)
    )
    return EncodedExamples(
        members, torch.cat([part.passages for part in parts]), torch.cat([part.words for part in parts])
    )


def _read_member(
    member: MultiTaskModel, examples: Sequence[Example], *, tasks: Sequence[str], words: bool
) -> tuple[MemberStates, list[dict[str, Prediction]]]:
    """States and own predictions of one member; a token task judges the examples that have words."""
    found: list[MemberStates | None] = [None] * len(examples)
    said: list[dict[str, Prediction]] = [{} for _ in examples]
    for worded in (True, False):
        rows = [row for row, example in enumerate(examples) if bool(example.words) == worded]
        fitting = [name for name in tasks if worded or member.head(name).unit != "word"]
        for batch in member.outputs([examples[row] for row in rows], tasks=fitting) if rows else ():
            for place, states in zip(batch.rows, _by_example(batch.states, words=words), strict=True):
                found[rows[place]] = states
            for name, logits in batch.logits.items():
                with torch.inference_mode():
                    predictions = member.head(name).predict(logits, member.decisions[name], batch.states)
                for place, prediction in zip(batch.rows, predictions, strict=True):
                    said[rows[place]][name] = prediction
    # concatenation also copies the encoder's inference tensors, which could not be trained on
    joined = [torch.cat(tensors) for tensors in zip(*(part for part in found if part is not None), strict=True)]
    return MemberStates(*joined), said


def _by_example(states: EncoderStates, *, words: bool) -> list[MemberStates]:
    """The states of a batch, parted into its examples, on the CPU in float32."""
    lengths = states.lengths.tolist()
    passages = torch.split(states.pooled.float().cpu(), lengths)
    tokens = torch.split(states.mask.sum(1).float().cpu(), lengths)
    places = states.words if words else states.words[:, :0]
    is_word = (places > NO_WORD).cpu()
    if places.shape[1]:
        index = places.clamp(min=0)[..., None].expand(-1, -1, states.tokens.shape[-1])
        first = states.tokens.gather(1, index).float().cpu() * (places >= 0).cpu()[..., None]
    else:
        first = torch.zeros(len(lengths), 0, states.tokens.shape[-1])
    read = (places >= 0).cpu()
    return [
        MemberStates(passages[row], tokens[row], first[row, is_word[row]], read[row, is_word[row]])
        for row in range(len(lengths))
    ]


def _places(counts: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Where the parts of some examples lie among all parts laid end to end."""
    starts = (counts.cumsum(0) - counts)[rows]
    lengths = counts[rows]
    before = lengths.cumsum(0) - lengths
    return torch.repeat_interleave(starts - before, lengths) + torch.arange(int(lengths.sum()), device=counts.device)
