"""Each word's tag on its first piece, for tokenizers of every kind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertTokenizer, PreTrainedTokenizerFast, RobertaTokenizer

from mtl_core.data import IGNORED, WordAligner, align_words, piece_labels
from mtl_core.errors import InputError

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
PIECES = [*SPECIAL, "to", "new", "york", "fly", "##ing", "##s", "'", "s", "san", "a", "b", "c", "1", "##2"]
MERGES = [("Ġ", "t"), ("Ġt", "o"), ("o", "m"), ("Ġ", "r"), ("Ġr", "om"), ("t", "o")]


def word_piece() -> PreTrainedTokenizerFast:
    """DistilBERT's kind: pieces of lower-cased words."""
    tokenizer = Tokenizer(models.WordPiece({piece: number for number, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]")


def bert() -> BertTokenizer:
    return BertTokenizer(vocab={piece: number for number, piece in enumerate(PIECES)})


def byte_vocabulary() -> dict[str, int]:
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *letters, *(a + b for a, b in MERGES)]
    return {piece: number for number, piece in enumerate(pieces)}


def byte_level(*, add_prefix_space: bool, unk_token: str | None = "<unk>") -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE(byte_vocabulary(), MERGES))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=add_prefix_space)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=add_prefix_space)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unk_token, pad_token="<pad>")


def roberta() -> RobertaTokenizer:
    return RobertaTokenizer(vocab=byte_vocabulary(), merges=MERGES)


KINDS: dict[str, Callable[[], PreTrainedTokenizerFast]] = {
    "bert": bert,
    "distilbert": word_piece,
    "roberta": roberta,
    "byte level": lambda: byte_level(add_prefix_space=False),
    "byte level with prefix space": lambda: byte_level(add_prefix_space=True),
}
TOKENIZERS = {name: make() for name, make in KINDS.items()}
ALIGNERS = {name: WordAligner(tokenizer, max_length=64) for name, tokenizer in TOKENIZERS.items()}
every_kind = pytest.mark.parametrize("kind", sorted(KINDS))

WORDS = st.lists(
    st.one_of(
        st.sampled_from(
            ["to", "Rome", "flying", "New", "can't", "12", "a.m.", "", " ", "\u200b", "\t", "é", "東京", "🙂"]
        ),
        st.text(st.characters(codec="utf-8"), max_size=5),
    ),
    max_size=8,
)


def test_first_pieces_of_word_pieces() -> None:
    for kind in ("bert", "distilbert"):
        pieces = align_words(TOKENIZERS[kind], ["Flying", "to", "New", "York's"], 64)
        assert TOKENIZERS[kind].convert_ids_to_tokens(pieces.input_ids) == [
            *("[CLS]", "fly", "##ing", "to", "new", "york", "'", "s", "[SEP]")
        ]
        assert (pieces.first_piece_positions, pieces.words_cut) == ([1, 3, 4, 5], 0)


def test_words_of_a_byte_level_tokenizer_are_those_of_the_running_text() -> None:
    for kind in ("roberta", "byte level"):
        pieces = align_words(TOKENIZERS[kind], ["to", "rom", "to"], 64)
        assert TOKENIZERS[kind].convert_ids_to_tokens(pieces.input_ids) == ["<s>", "to", "Ġrom", "Ġto", "</s>"]
    pieces = align_words(TOKENIZERS["byte level with prefix space"], ["to", "rom", "to"], 64)
    assert TOKENIZERS["byte level"].convert_ids_to_tokens(pieces.input_ids) == ["<s>", "Ġto", "Ġrom", "Ġto", "</s>"]


@every_kind
@settings(max_examples=30, deadline=None)
@given(words=st.lists(st.sampled_from(["to", "new", "flying", "rome", "12", "can't"]), min_size=1, max_size=8))
def test_plain_words_give_the_pieces_of_their_text(kind: str, words: list[str]) -> None:
    assert ALIGNERS[kind](words).input_ids == TOKENIZERS[kind](" ".join(words))["input_ids"]


@every_kind
@settings(max_examples=30, deadline=None)
@given(words=WORDS)
def test_no_word_vanishes(kind: str, words: list[str]) -> None:
    pieces = ALIGNERS[kind](words)
    positions = pieces.first_piece_positions
    assert len(positions) + pieces.words_cut == len(words)
    assert positions == sorted(set(positions))
    assert all(1 <= position < len(pieces.input_ids) - 1 for position in positions)
    assert len(pieces.input_ids) <= 64
    if not pieces.words_cut and words:
        assert positions[0] == 1


@every_kind
@settings(max_examples=30, deadline=None)
@given(words=WORDS, max_length=st.integers(3, 12))
def test_a_budget_keeps_the_start_and_reports_the_rest(kind: str, words: list[str], max_length: int) -> None:
    whole = WordAligner(TOKENIZERS[kind], max_length=10_000)(words)
    cut = WordAligner(TOKENIZERS[kind], max_length=max_length)(words)
    assert len(cut.input_ids) == min(len(whole.input_ids), max_length)
    assert cut.input_ids[:-1] == whole.input_ids[: len(cut.input_ids) - 1]
    assert cut.input_ids[-1] == whole.input_ids[-1]
    assert cut.first_piece_positions == [at for at in whole.first_piece_positions if at < max_length - 1]
    assert cut.words_cut == len(words) - len(cut.first_piece_positions)


def test_a_word_without_pieces_is_unknown() -> None:
    for kind in ("bert", "distilbert"):
        pieces = align_words(TOKENIZERS[kind], ["to", "\u200b", " ", "", "a"], 64)
        assert pieces.input_ids == [2, 5, 1, 1, 1, PIECES.index("a"), 3]
        assert pieces.first_piece_positions == [1, 2, 3, 4, 5]
    assert align_words(TOKENIZERS["byte level"], [""], 64).input_ids == [0, 3, 2]


def test_a_tokenizer_without_an_unknown_piece_refuses_such_a_word() -> None:
    tokenizer = byte_level(add_prefix_space=False, unk_token=None)
    assert align_words(tokenizer, ["to"], 8).words_cut == 0
    with pytest.raises(InputError, match="The word '' gives no piece"):
        align_words(tokenizer, [""], 8)


@every_kind
def test_no_words_give_the_special_pieces_alone(kind: str) -> None:
    pieces = ALIGNERS[kind]([])
    assert len(pieces.input_ids) == 2
    assert (pieces.first_piece_positions, pieces.words_cut) == ([], 0)


def test_a_budget_without_room_is_refused() -> None:
    with pytest.raises(InputError, match="max_length is 2"):
        WordAligner(TOKENIZERS["bert"], max_length=2)


def test_padding_and_truncation_of_the_tokenizer_do_not_matter() -> None:
    tokenizer = word_piece()
    tokenizer.backend_tokenizer.enable_padding(length=32)
    tokenizer.backend_tokenizer.enable_truncation(4)
    assert align_words(tokenizer, ["to"] * 6, 64) == align_words(word_piece(), ["to"] * 6, 64)


def test_tags_lie_on_first_pieces_only() -> None:
    pieces = align_words(TOKENIZERS["bert"], ["flying", "to", "York's"], 6)
    assert piece_labels(pieces, [7, 0, 8]) == [IGNORED, 7, IGNORED, 0, 8, IGNORED]
    pieces = align_words(TOKENIZERS["bert"], ["flying", "to", "York's"], 5)
    assert pieces.words_cut == 1
    assert piece_labels(pieces, [7, 0, 8]) == [IGNORED, 7, IGNORED, 0, IGNORED]
    with pytest.raises(ValueError, match="2 tags for 3 words"):
        piece_labels(pieces, [7, 0])
