"""Fused models: members, attention, words matched between tokenizers, choices."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mtl_core.data.examples import Example
from mtl_core.errors import InputError
from mtl_core.fusion import FusedModel
from mtl_core.fusion_layers import FusionSettings, MemberAttention, Standardise
from mtl_core.fusion_states import EncodedExamples, MemberStates, join_encoded, read_chunks
from mtl_core.heads import BinaryHead, Decision
from mtl_core.model import MultiTaskModel
from mtl_core.tasks import Task
from tests.mtl_core.toy_members import (
    ALL_WORDS,
    SIGNAL_TASKS,
    SPANS,
    WEATHER,
    build_member,
    signal_examples,
    word_tokenizer,
)

TOPIC = Task(name="topic", kind="multiclass", labels=("a", "b", "c"))
TRAITS = Task(name="traits", kind="multilabel", labels=("x", "y"))
MEASURES = Task(name="measures", kind="evidence", labels=("aim", "check"))
TASKS = (WEATHER, TOPIC, TRAITS, MEASURES, SPANS)
TEXTS = ["plan the lesson", "sun", "Pupils write on glass , the wind !", "rain rain snow " * 4]
DOCUMENT = Example(text="plan sun write rain", labels={}, segments=("plan the", "sun", "write on paper rain"))


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    folder = tmp_path_factory.mktemp("members")
    shapes = (("bert", 32), ("roberta", 24), ("distilbert", 16))
    return [
        build_member(folder / kind, kind, tasks=TASKS, size=size, seed=row) for row, (kind, size) in enumerate(shapes)
    ]


@pytest.fixture
def fuse(members: list[MultiTaskModel]) -> Callable[..., FusedModel]:
    """A fusion with drawn attention, so that members count differently."""

    def build(*, of: list[MultiTaskModel] | None = None, seed: int = 0, **options: object) -> FusedModel:
        torch.manual_seed(seed)
        model = FusedModel(of or members, settings=FusionSettings(size=12), **options)
        for task in model.tasks:
            torch.nn.init.normal_(model.fusion(task.name).attention.context.weight)
        return model

    return build


def test_every_kind_of_task_is_judged(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    assert model.tasks == TASKS
    for text, said in zip(TEXTS, model.predict(TEXTS), strict=True):
        assert list(said) == [task.name for task in TASKS]
        assert said["weather"].label in WEATHER.labels
        assert said["topic"].label in TOPIC.labels
        assert sum(said["topic"].probabilities) == pytest.approx(1)
        assert len(said["traits"].probabilities) == 2
        assert said["measures"].evidence == ((0,), (0,))
        assert len(said["spans"].label) == len(said["spans"].probabilities) == len(text.split())


def test_a_document_is_fused_passage_by_passage(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    said, text_said = model.predict([DOCUMENT, "sun"])
    assert sorted(map(len, said["measures"].evidence)) == [3, 3]
    assert "spans" not in said
    assert "spans" in text_said
    weights, text_weights = model.attention([DOCUMENT, "sun"])
    assert {name: len(rows) for name, rows in weights.items()} == {
        "weather": 3, "topic": 3, "traits": 3, "measures": 3, "spans": 0
    }  # fmt: skip
    assert {len(rows) for rows in text_weights.values()} == {1}
    # a passage of a document is attended to as it is alone
    alone = model.attention(list(DOCUMENT.segments), tasks=["measures"])
    for row, one in enumerate(alone):
        assert weights["measures"][row] == pytest.approx(one["measures"][0], abs=1e-5)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(0, 2**31), st.sampled_from([1e-3, 1.0, 1e3]), st.data())
def test_attention_sums_to_one_over_the_members_that_read(
    members: int, rows: int, seed: int, scale: float, data: st.DataObject
) -> None:
    torch.manual_seed(seed)
    sizes = [2 + number for number in range(members)]
    layer = MemberAttention(sizes, 5)
    torch.nn.init.normal_(layer.context.weight, std=scale)
    read = torch.tensor(
        data.draw(st.lists(st.lists(st.booleans(), min_size=members, max_size=members), min_size=rows, max_size=rows))
    )
    vectors = [scale * torch.randn(rows, size) for size in sizes]
    fused, weights = layer(vectors, read)
    torch.testing.assert_close(weights.sum(1), read.any(1).float())
    assert bool((weights >= 0).all())
    assert not weights[~read].any()
    assert bool(torch.isfinite(fused).all())
    # what a member did not read has no say, whatever stands there
    noisy = [torch.where(read[:, [number]], part, 1e6) for number, part in enumerate(vectors)]
    torch.testing.assert_close(layer(noisy, read)[1], weights)


def test_members_count_alike_before_training(members: list[MultiTaskModel]) -> None:
    for weights in FusedModel(members).attention(["plan the lesson", "sun"]):
        for rows in weights.values():
            for row in rows:
                assert row == pytest.approx((1 / 3,) * 3)


def test_the_order_of_the_members_only_orders_the_attention(
    fuse: Callable[..., FusedModel], members: list[MultiTaskModel]
) -> None:
    model = fuse()
    for order in ([2, 0, 1], [1, 0, 2]):
        other = fuse(of=[members[number] for number in order], seed=5)
        for task in TASKS:
            ours, theirs = model.fusion(task.name), other.fusion(task.name)
            theirs.head.load_state_dict(ours.head.state_dict())
            theirs.attention.hidden.load_state_dict(ours.attention.hidden.state_dict())
            theirs.attention.context.load_state_dict(ours.attention.context.state_dict())
            for place, number in enumerate(order):
                theirs.attention.projections[place].load_state_dict(ours.attention.projections[number].state_dict())
        for said, other_said in zip(model.predict(TEXTS), other.predict(TEXTS), strict=True):
            for name, prediction in said.items():
                assert other_said[name].label == prediction.label
                assert other_said[name].probabilities == pytest.approx(prediction.probabilities, abs=1e-5)
        for weights, other_weights in zip(model.attention(TEXTS), other.attention(TEXTS), strict=True):
            for name, rows in weights.items():
                for row, other_row in zip(rows, other_weights[name], strict=True):
                    assert other_row == pytest.approx([row[number] for number in order], abs=1e-5)


def test_a_member_that_is_chosen_is_the_only_one_that_judges(
    members: list[MultiTaskModel], fuse: Callable[..., FusedModel]
) -> None:
    choice = {"weather": 1, "spans": 2, "topic": 0, "traits": 1, "measures": 0}
    model = fuse(choice=choice)
    given = [DOCUMENT, *signal_examples(6, seed=0)]
    own = [member.predict(given[1:]) for member in members]
    for row, said in enumerate(model.predict(given)[1:]):
        assert list(said) == [task.name for task in TASKS]
        for name, number in choice.items():
            assert said[name].label == own[number][row][name].label
            assert said[name].probabilities == pytest.approx(own[number][row][name].probabilities, abs=1e-6)
    assert model.attention(TEXTS) == [{}] * len(TEXTS)


def test_members_that_are_not_asked_do_not_read(
    members: list[MultiTaskModel], fuse: Callable[..., FusedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = fuse(choice=dict.fromkeys([task.name for task in TASKS], 1))
    monkeypatch.setattr(members[0], "outputs", None)
    monkeypatch.setattr(members[2], "outputs", None)
    assert [list(said) for said in model.predict(["sun"])] == [[task.name for task in TASKS]]


def test_a_single_member_gives_its_own_predictions(members: list[MultiTaskModel]) -> None:
    member = members[1]
    member.decisions["weather"] = Decision(temperature=2.0, thresholds=(0.9,))
    model = FusedModel([member], choice={task.name: 0 for task in TASKS})
    assert model.predict(TEXTS) == member.predict(TEXTS)
    member.decisions["weather"] = Decision()


def test_decisions_of_fused_heads_are_used(fuse: Callable[..., FusedModel]) -> None:
    sure, never = (fuse(decisions={"weather": Decision(thresholds=(cut,))}) for cut in (0.0, 1.0))
    assert {said["weather"].label for said in sure.predict(TEXTS)} == {"yes"}
    assert {said["weather"].label for said in never.predict(TEXTS)} == {"no"}


def test_an_example_is_judged_alike_in_any_company(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    examples = signal_examples(530, seed=4)
    everyone = model.predict(examples)
    for row in (0, 300, 529):
        (alone,) = model.predict([examples[row]])
        for name, prediction in alone.items():
            assert prediction.label == everyone[row][name].label
            assert prediction.probabilities == pytest.approx(everyone[row][name].probabilities, abs=1e-5)


def test_prediction_leaves_modes_and_random_numbers_alone(fuse: Callable[..., FusedModel]) -> None:
    model = fuse()
    model.train()
    before = torch.get_rng_state()
    assert model.predict(TEXTS) == model.predict(TEXTS)
    assert model.training
    assert model.fusions.training
    assert torch.equal(before, torch.get_rng_state())


def test_nothing_is_said_of_nothing(fuse: Callable[..., FusedModel]) -> None:
    assert fuse().predict([]) == []
    assert fuse().predict(["sun"], tasks=[]) == [{}]


def test_clear_errors_of_prediction(fuse: Callable[..., FusedModel]) -> None:
    with pytest.raises(InputError, match="text 2 is empty"):
        fuse().predict(["sun", " "])
    with pytest.raises(InputError, match="no task 'moon'"):
        fuse().predict(["sun"], tasks=["moon"])


# words matched between tokenizers

READABLE = ["plan", "pupils", "the", "Sun", "snow,", "three-fold", "a", "lesson?", "pé", "wind", "42", "solve"]


def running_text_states(member: MultiTaskModel, words: list[str]) -> torch.Tensor:
    """State of the first piece of each word in the running text, found by its place in the text."""
    text = " ".join(words)
    encoded = member.encoder.tokenizer(text, return_offsets_mapping=True)
    # the blank before a word belongs to its first piece in a byte-level tokenizer, and to none in WordPiece
    starts = [len(" ".join(words[:number])) for number in range(len(words))]
    first = [next(n for n, (begin, end) in enumerate(encoded["offset_mapping"]) if end > start) for start in starts]
    with torch.no_grad():
        states = member.network(input_ids=torch.tensor([encoded["input_ids"]])).last_hidden_state[0]
    return states[first]


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> list[MultiTaskModel]:
    folder = tmp_path_factory.mktemp("readers")
    pieces = [f"{mark}{letter}" for letter in "abcdefghijklmnopqrstuvwxyz0123456789,-?" for mark in ("", "##")]
    tokenizer = word_tokenizer(["plan", "the", "pup", "##ils", "les", "##son"], pieces=pieces)
    return [
        build_member(folder / "bert", tokenizer=tokenizer, max_tokens=60),
        build_member(folder / "roberta", "roberta", max_tokens=60, size=24),
    ]


@settings(deadline=None, max_examples=25)
@given(words=st.lists(st.sampled_from(READABLE), min_size=1, max_size=6))
def test_words_are_matched_between_wordpiece_and_byte_level_bpe(
    readers: list[MultiTaskModel], words: list[str]
) -> None:
    example = Example(text=" ".join(words), words=tuple(words), labels={})
    other = Example(text="plan the plan", words=("plan", "the", "plan"), labels={})
    (chunk,) = read_chunks(readers, [other, example], own={}, states=True, words=True)
    counts = [len(member.tokenise([example])[0].sequences[0]) for member in readers]
    assert all(count >= len(words) + 2 for count in counts)
    for member, seen in zip(readers, chunk.encoded.select([1]).members, strict=True):
        assert bool(seen.read.all())
        torch.testing.assert_close(seen.words, running_text_states(member, words), atol=1e-5, rtol=1e-4)


def test_a_word_that_one_member_cut_off_takes_the_other_members(tmp_path: Path) -> None:
    short = build_member(tmp_path / "short", tasks=[SPANS], max_tokens=5)
    long = build_member(tmp_path / "long", "roberta", tasks=[SPANS], max_tokens=24, size=24)
    model = FusedModel([short, long])
    text = "a sun on the plan a snow frost wind hail"
    (weights,) = model.attention([text])
    assert len(weights["spans"]) == 10
    readable = len(long.tokenise([Example(text=text, words=tuple(text.split()), labels={})])[0].words)
    cut = [place < 0 for place in long.tokenise([Example(text=text, words=tuple(text.split()), labels={})])[0].words]
    assert readable == 10
    assert any(cut)
    for number, row in enumerate(weights["spans"]):
        if number < 3:
            assert row == pytest.approx((0.5, 0.5))
        else:
            assert row == ((0.0, 0.0) if cut[number] else (0.0, 1.0))
    (said,) = model.predict([text])
    assert len(said["spans"].label) == 10
    for number, is_cut in enumerate(cut):
        if is_cut:
            assert (said["spans"].label[number], said["spans"].probabilities[number]) == ("O", 0.0)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 4)), min_size=1, max_size=6), st.data(), st.integers(1, 3))
def test_selected_and_joined_examples_keep_their_parts(
    counts: list[tuple[int, int]], data: st.DataObject, members: int
) -> None:
    passages, words = (torch.tensor(part) for part in zip(*counts, strict=True))

    def owners(parts: torch.Tensor) -> torch.Tensor:
        return torch.repeat_interleave(torch.arange(len(counts)), parts)[:, None].float()

    states = MemberStates(
        owners(passages), owners(passages)[:, 0], owners(words), torch.ones(int(words.sum()), dtype=torch.bool)
    )
    encoded = EncodedExamples((states,) * members, passages, words)
    rows = data.draw(st.lists(st.integers(0, len(counts) - 1), min_size=1, max_size=8))
    chosen = encoded.select(rows)
    expected = [row for row in rows for _ in range(counts[row][0])]
    assert chosen.members[-1].passages[:, 0].int().tolist() == expected
    assert chosen.members[-1].words[:, 0].int().tolist() == [row for row in rows for _ in range(counts[row][1])]
    joined = join_encoded([encoded.select([row]) for row in rows])
    for ours, theirs in zip(joined.members, chosen.members, strict=True):
        assert all(torch.equal(one, other) for one, other in zip(ours, theirs, strict=True))
    assert len(joined) == len(rows)


def test_members_of_other_scales_meet_as_equals() -> None:
    vectors = 1000 + 50 * torch.randn(200, 6, generator=torch.Generator().manual_seed(0))
    vectors[:, 5] = 3.0
    layer = Standardise(6)
    layer.fit(vectors)
    seen = layer(vectors)
    torch.testing.assert_close(seen[:, :5].std(0, correction=0), torch.ones(5))
    torch.testing.assert_close(seen.mean(0), torch.zeros(6), atol=1e-4, rtol=0)
    # a feature that never moved in training does not explode when it does
    assert float(layer(vectors[:1] + 1.0)[0, 5]) < 1


# what cannot be fused


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ([WEATHER], "only one of the members 0 and 1 has the task 'spans'"),
        ([SPANS, WEATHER.model_copy(update={"labels": ("yes", "no")})], r"labels \['no', 'yes'\] in member 0"),
        ([SPANS, Task(name="weather", kind="multiclass", labels=("no", "yes"))], "kind 'binary' in member 0"),
    ],
)
def test_members_must_agree_on_tasks(tmp_path: Path, other: list[Task], message: str) -> None:
    built = [build_member(tmp_path / str(number), tasks=tasks) for number, tasks in enumerate([SIGNAL_TASKS, other])]
    with pytest.raises(InputError, match=f"(?i){message}"):
        FusedModel(built)


def test_members_may_name_their_tasks_in_any_order(tmp_path: Path) -> None:
    built = [build_member(tmp_path / str(n), tasks=tasks) for n, tasks in enumerate([SIGNAL_TASKS, [SPANS, WEATHER]])]
    assert FusedModel(built).tasks == SIGNAL_TASKS


def test_a_fusion_needs_a_member() -> None:
    with pytest.raises(InputError, match="at least one"):
        FusedModel([])


@pytest.mark.parametrize(
    ("choice", "message"), [({"moon": 0}, "'moon'"), ({"topic": 3}, "0 to 2"), ({"topic": -1}, "member -1")]
)
def test_a_choice_must_exist(members: list[MultiTaskModel], choice: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        FusedModel(members, choice=choice)


def test_a_task_over_word_pieces_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    member = build_member(tmp_path, tasks=[WEATHER], tokenizer=word_tokenizer(ALL_WORDS))
    monkeypatch.setattr(BinaryHead, "uses_tokens", property(lambda _: True))
    with pytest.raises(InputError, match="word pieces, which differ between members"):
        FusedModel([member])
