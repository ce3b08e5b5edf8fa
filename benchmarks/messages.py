"""Understanding of messages on rows that nothing was chosen on, beside phrase rules and TF-IDF.

python -m benchmarks.messages [--batch dev] [--errors]

The held-out batches are reported apart: ``first`` is held-out with out-of-scope, ``second`` is held-out-two, ``third``
was written message by message by another author, without a look at the training text; its slots were read a second
time by a reader who saw the messages and the conventions alone. ``fourth`` was written to the same brief as the
twenty-sixth batch of training, in other voices; most of its messages name slots.
TF-IDF with logistic regression learns the same rows and chooses its threshold of out of scope on the same development
rows. The phrase rules know decisions and a few commands; what they do not know they search for.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union

from chatbot.message_heads.reader import MessageHeads, MessageReading
from chatbot.message_heads.rows import DEV, TRAINING, MessageRow, bio_tags, load_batches
from chatbot.message_reading import PhrasesThenHeads
from chatbot.phrase_rules import read_phrases
from chatbot.understanding import UNSURE_BELOW, Intent
from mtl_core.encoder import SharedEncoder
from mtl_core.evaluation.spans import extract_spans

SCOPE = str(Intent.OUT_OF_SCOPE)
SECOND_READING = Path(__file__).parent / "judged" / "messages_second_reading.jsonl"
PARTS: dict[str, dict[str, tuple[str, ...]]] = {
    "held-out": {
        "first": ("held-out", "out-of-scope"),
        "second": ("held-out-two",),
        "third": ("held-out-three",),
        "fourth": ("held-out-four",),
    },
    "dev": {name: (name,) for name in DEV},
}


def slot_scores(rows: Sequence[MessageRow], tags: Sequence[Sequence[str]]) -> dict[str, tuple[float, float, float]]:
    """Precision, recall and F1 of whole passages, by slot and over all."""
    right: Counter[str] = Counter()
    found: Counter[str] = Counter()
    gold: Counter[str] = Counter()
    for row, guess in zip(rows, tags, strict=True):
        theirs, ours = set(extract_spans(guess)), set(extract_spans(bio_tags(row)))
        for counter, spans in ((right, theirs & ours), (found, theirs), (gold, ours)):
            counter.update([span.type for span in spans])
            counter["all"] += len(spans)
    scores = {}
    for slot in sorted(gold, key=lambda name: (name == "all", name)):
        precision, recall = right[slot] / max(1, found[slot]), right[slot] / max(1, gold[slot])
        scores[slot] = (precision, recall, 2 * precision * recall / max(1e-9, precision + recall))
    return scores


def second_reading(rows: Sequence[MessageRow]) -> list[MessageRow]:
    """The rows of the third batch with the slots of a second reader, who saw messages and conventions alone."""
    lines = SECOND_READING.read_text(encoding="utf-8").splitlines()
    slots = {line["frame"]: line["slots"] for line in map(json.loads, lines)}
    return [MessageRow.model_validate(row.model_dump() | {"slots": slots[row.frame]}) for row in rows]


def print_agreement(rows: Sequence[MessageRow], readings: Sequence[MessageReading]) -> None:
    """Slot F1 of the heads against either reader beside that of the readers against each other."""
    second = second_reading(rows)
    tags = [reading.tags for reading in readings]
    pairs = {
        "second reader against the first": slot_scores(rows, [bio_tags(row) for row in second]),
        "heads against the first": slot_scores(rows, tags),
        "heads against the second": slot_scores(second, tags),
    }
    print(f"\n| slot F1 | {' | '.join(next(iter(pairs.values())))} |\n|---|{'---|' * len(next(iter(pairs.values())))}")
    for name, scores in pairs.items():
        print(f"| {name} | {' | '.join(f'{f1:.3f}' for *_, f1 in scores.values())} |")


def intent_line(name: str, rows: Sequence[MessageRow], intents: Sequence[str]) -> str:
    """One line of the table: accuracy on messages in scope, recall and precision of out of scope."""
    truth = np.asarray([row.intent for row in rows])
    guess = np.asarray(intents)
    inside, outside = truth != SCOPE, truth == SCOPE
    accuracy = (guess == truth)[inside].mean()
    recall = (guess == SCOPE)[outside].mean()
    precision = outside[guess == SCOPE].mean() if (guess == SCOPE).any() else 0.0
    return f"| {name} | {accuracy:.3f} | {recall:.3f} | {precision:.3f} |"


def tfidf() -> Callable[[Sequence[str]], list[str]]:
    """TF-IDF of words and characters with logistic regression, its threshold chosen on the development rows."""
    union = make_union(
        TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"[\w']+|[^\w\s]"),  # noqa: S106 - no password
        TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
    )
    training, dev = load_batches(TRAINING), load_batches(DEV)
    model = make_pipeline(union, LogisticRegression(C=10.0, max_iter=2000))
    model.fit([row.text for row in training], [row.intent for row in training])
    names = list(model.classes_)
    scope = names.index(SCOPE)

    def predict(texts: Sequence[str], threshold: float) -> list[str]:
        chances = model.predict_proba(list(texts))
        over = chances[:, scope] >= threshold
        chances[:, scope] = 0
        return [SCOPE if out else names[best] for out, best in zip(over, chances.argmax(1), strict=True)]

    def f1(threshold: float) -> float:
        found = [intent == SCOPE for intent in predict([row.text for row in dev], threshold)]
        right = [row.intent == SCOPE for row in dev]
        return 2 * sum(a and b for a, b in zip(found, right, strict=True)) / max(1, sum(found) + sum(right))

    best = max(np.arange(0.05, 0.9, 0.025), key=f1)
    return lambda texts: predict(texts, best)


def latency(encoder: SharedEncoder, heads: MessageHeads, texts: Sequence[str]) -> str:
    """Median time of one message beside the encoder alone on the same message, taken in turn."""
    bare, whole = [], []
    for text in texts:
        begun = time.perf_counter()
        encoder.encode([text])
        middle = time.perf_counter()
        heads(text)
        bare.append(1000 * (middle - begun))
        whole.append(1000 * (time.perf_counter() - middle))
    slow, fast = float(np.median(whole[5:])), float(np.median(bare[5:]))
    return f"one message: {slow:.2f} ms, the encoder alone {fast:.2f} ms, ratio {slow / fast:.2f}"


def confusions(rows: Sequence[MessageRow], readings: Sequence[MessageReading]) -> list[str]:
    """The most frequent confusions of intents."""
    pairs = Counter(
        (row.intent, reading.understood.intent)
        for row, reading in zip(rows, readings, strict=True)
        if row.intent != reading.understood.intent
    )
    return [f"{gold} taken for {guess}: {count}" for (gold, guess), count in pairs.most_common(12)]


def report(rows: Sequence[MessageRow], readings: Sequence[MessageReading]) -> None:
    """Slots, category, sentiment, confidence and confusions of some rows."""
    print("\n| slot | precision | recall | F1 |\n|---|---|---|---|")
    for slot, scores in slot_scores(rows, [reading.tags for reading in readings]).items():
        print(f"| {slot} | " + " | ".join(f"{score:.3f}" for score in scores) + " |")
    for label in ("category", "sentiment"):
        same = [getattr(r.understood, label) == getattr(row, label) for r, row in zip(readings, rows, strict=True)]
        print(f"\n{label} accuracy {np.mean(same):.3f}", end="")
    confidence = np.asarray([reading.understood.confidence for reading in readings])
    right = np.asarray([reading.understood.intent == row.intent for reading, row in zip(readings, rows, strict=True)])
    sure = confidence >= UNSURE_BELOW
    print(
        f"\nsure of {sure.mean():.3f}, right where sure {right[sure].mean():.3f}, where not {right[~sure].mean():.3f}"
    )
    print("\n".join(confusions(rows, readings)))


def main(
    batch: Annotated[str, typer.Option(help="held-out or dev.")] = "held-out",
    model: Annotated[Path | None, typer.Option(help="Folder of other heads.")] = None,
    errors: Annotated[bool, typer.Option(help="Print every error; never look at those of held-out rows.")] = False,  # noqa: FBT002
    baseline: Annotated[bool, typer.Option(help="Train TF-IDF too, which takes minutes.")] = True,  # noqa: FBT002
) -> None:
    """Print the figures."""
    encoder = SharedEncoder.load(precision="float32")
    heads = MessageHeads.from_pretrained(model, encoder=encoder)
    plainer = tfidf() if baseline else None
    rows: list[MessageRow] = []
    for name, batches in PARTS[batch].items():
        part = load_batches(batches)
        rows += part
        texts = [row.text for row in part]
        readings = heads.read(texts)
        known = {text: reading.understood for text, reading in zip(texts, readings, strict=True)}
        coach = PhrasesThenHeads(known.__getitem__)
        print(f"\n{len(part)} rows of {batch}, {name}\n")
        print("| reader | intent accuracy | out-of-scope recall | precision |\n|---|---|---|---|")
        print(intent_line("message heads", part, [reading.understood.intent for reading in readings]))
        print(intent_line("phrases, then heads", part, [coach(text).intent for text in texts]))
        print(intent_line("phrase rules", part, [read_phrases(text).intent for text in texts]))
        if plainer is not None:
            print(intent_line("TF-IDF, logistic regression", part, plainer(texts)))
        report(part, readings)
        if batches == ("held-out-three",):
            print_agreement(part, readings)
        if errors and batch == "dev":
            print_errors(part, readings)
    print("\n" + latency(encoder, heads, [row.text for row in rows][::8][:100]))


def print_errors(rows: Sequence[MessageRow], readings: Sequence[MessageReading]) -> None:
    """Every row that was read otherwise than it is labelled."""
    for row, reading in zip(rows, readings, strict=True):
        if row.intent != reading.understood.intent or list(reading.tags) != bio_tags(row):
            print(f"{row.text!r}: {row.intent}, read {reading.understood.intent} {dict(reading.understood.slots)}")


if __name__ == "__main__":
    typer.run(main)
