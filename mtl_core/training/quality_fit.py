"""Training of the quality model: heads and branch, fitted on held-out groups for calibration and then on everything."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from mtl_core.best_passages import BestPassage, best_passages
from mtl_core.document_words import document_terms
from mtl_core.features import encoder_text
from mtl_core.quality import Calibration, QualityConfig, QualityModel
from mtl_core.training.branch import BranchOptions, fit_branch
from mtl_core.training.branch_data import BranchDocument, TokenStates, branch_documents, token_states
from mtl_core.training.calibration import fit_calibration
from mtl_core.training.corpus import Corpus, LabelledPlan
from mtl_core.training.dataset import EvidenceDataset, build_dataset
from mtl_core.training.document_words import fit_document_words
from mtl_core.training.evidence import TrainingOptions, fit_scores, group_folds, set_evidence_head
from mtl_core.training.linear_scores import LinearScores
from mtl_core.training.patterns import PatternData, fit_patterns, load_patterns, pattern_data
from mtl_core.training.plan_head import PLAN_THRESHOLD, PlanExample, fit_plan_head
from mtl_core.training.plan_texts import corpus_text_examples

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mtl_core.encoder import SharedEncoder

__all__ = ["FoldLogits", "QualityData", "fit_quality", "fold_logits", "quality_data", "set_plan_head", "train_model"]

Report = Callable[[str], None]

FROZEN_SHARE = 0.5
"""Weight of the scores on the frozen encoder beside those on the branch; on plans of sources that neither has seen, the
branch is right more often."""


PASSAGE_FROM = 2.0
"""Score of the heads themselves from which one passage is enough. Of 14 judgements on development plans that it turned
to present, 11 were right, with heads trained later 5 of 13 and 6 of 8; of 288 accepted templates, 231 are found."""

QUOTABLE_FROM = 0.0
"""Score that the best passage must have before a measure is called present, see ``docs/decisions.md``."""


@dataclass(frozen=True, slots=True)
class QualityData:
    """All training text of one run, encoded once.

    Args:
        dataset: What the evidence head sees of the frozen encoder.
        terms: Counted words and pairs of words of each plan.
        patterns: Where hand-written patterns match.
        states: What the branch sees; ``None`` without a branch.
        documents: Plans and single segments for the branch.
    """

    dataset: EvidenceDataset
    terms: tuple[Counter[int], ...]
    patterns: PatternData
    states: TokenStates | None = None
    documents: tuple[BranchDocument, ...] = ()


@dataclass(frozen=True, slots=True)
class FoldLogits:
    """What models that have not seen a plan's group say of it.

    Args:
        logits: ``[plans, measures]``.
        folds: ``[plans]`` number of the fold.
        passages: The best passages of each plan, one a measure.
    """

    logits: NDArray[np.float64]
    folds: NDArray[np.int64]
    passages: list[list[BestPassage | None]]

    def calibration(self, plans: Sequence[LabelledPlan], *, without: int | None = None) -> dict[str, Calibration]:
        """Calibration by measure.

        Args:
            plans: The plans, in the order of the logits.
            without: Leave out the plans of this fold, to judge others of the same groups.

        Returns:
            Calibration by measure key.
        """
        rows = np.flatnonzero(self.folds != (-1 if without is None else without)).tolist()
        keys = list(plans[0].present)
        labels = np.asarray([[int(plans[row].present[key]) for key in keys] for row in rows])
        return {key: fit_calibration(self.logits[rows, column], labels[:, column]) for column, key in enumerate(keys)}


def quality_data(
    encoder: SharedEncoder, corpus: Corpus, real_plans: Sequence[LabelledPlan], branch: BranchOptions | None
) -> QualityData:
    """Encode the training text.

    Args:
        encoder: The shared encoder.
        corpus: Training text of the package.
        real_plans: Further plans.
        branch: Options of the branch; ``None`` for heads alone.

    Returns:
        The encoded text.
    """
    plans = (*corpus.plans, *real_plans)
    dataset = build_dataset(encoder, plans=plans, segments=corpus.segments)
    terms = tuple(document_terms(plan.segments) for plan in plans)
    labels = dataset.labels[dataset.documents >= 0]
    found = pattern_data(load_patterns(), plans, labels, heavy=frozenset(plan.group for plan in real_plans))
    if branch is None:
        return QualityData(dataset, terms, found)
    segments = [segment for plan in plans for segment in plan.segments]
    segments += [row.segment() for row in corpus.segments]
    texts = dict.fromkeys(encoder_text(part) for segment in segments for part in (segment.text, segment.heading))
    states = token_states(encoder, list(texts), tap=encoder.layer_count - 1 - branch.layers)
    return QualityData(dataset, terms, found, states, tuple(branch_documents(plans, corpus.segments, rows=states.rows)))


def fit_quality(
    encoder: SharedEncoder,
    data: QualityData,
    options: TrainingOptions,
    branch: BranchOptions | None,
    *,
    held: frozenset[str] = frozenset(),
    report: Report,
) -> QualityModel:
    """Fit evidence head, branch, and the scores by patterns and of whole documents, not yet calibrated.

    The linear scores on the frozen encoder and those on the branch are fitted apart: fitted together, the first
    would leave the second nothing to learn. So are those of whole documents.

    Args:
        encoder: The shared encoder.
        data: Training text.
        options: Of the heads.
        branch: Of the branch; ``None`` for heads alone.
        held: Groups to leave out.
        report: Gets a line now and then.

    Returns:
        The model.
    """
    dataset = data.dataset
    rows = np.asarray([group not in held for group in dataset.row_groups])
    scores, tuned, own = fit_scores(dataset, rows, options), None, None
    if branch is not None and data.states is not None:
        documents = [document for document in data.documents if document.group not in held]
        tuned, own = fit_branch(encoder, data.states, documents, branch, report=report)
        scores = LinearScores(FROZEN_SHARE * scores.weights, FROZEN_SHARE * scores.offsets)
    plans = [number for number, group in enumerate(dataset.groups) if group not in held]
    patterns = fit_patterns(data.patterns, held=held)
    words = fit_document_words([data.terms[number] for number in plans], dataset.plan_labels[plans])
    config = QualityConfig(
        encoder=encoder.name,
        fingerprint=encoder.fingerprint,
        top=options.top,
        branch_layers=0 if branch is None else branch.layers,
        reads_words=words is not None,
        reads_patterns=True,
        passage_from=None if tuned is None else PASSAGE_FROM,
        quotable_from=None if tuned is None else QUOTABLE_FROM,
        training=_settings(data, options, branch),
    )
    model = QualityModel(encoder, config, branch=tuned, words=words, patterns=patterns)
    set_evidence_head(model, scores, dataset.features, branch=own)
    return model


def _settings(
    data: QualityData, options: TrainingOptions, branch: BranchOptions | None
) -> dict[str, str | int | float]:
    counts = {"plans": len(data.dataset.groups), "segments": int((data.dataset.documents < 0).sum())}
    own = {} if branch is None else {f"branch_{key}": value for key, value in asdict(branch).items()}
    return {**asdict(options), **counts, **own}


def fold_logits(
    encoder: SharedEncoder,
    data: QualityData,
    judged: Mapping[str, Sequence[LabelledPlan]],
    options: TrainingOptions,
    branch: BranchOptions | None,
    *,
    folds: int,
    report: Report,
) -> dict[str, FoldLogits]:
    """Judge plans by models that have not seen their group.

    Args:
        encoder: The shared encoder.
        data: Training text.
        judged: Lists of plans by name; the groups of all of them are dealt into folds.
        options: Of the heads.
        branch: Of the branch.
        folds: The most folds.
        report: Gets a line now and then.

    Returns:
        Logits of each list.
    """
    lots = group_folds([plan.group for plans in judged.values() for plan in plans], folds)
    measures = len(data.dataset.measures)
    found = {
        name: FoldLogits(np.zeros((len(plans), measures)), np.zeros(len(plans), np.int64), [[] for _ in plans])
        for name, plans in judged.items()
    }
    for number, held in enumerate(lots):
        report(f"fold {number + 1} of {len(lots)}: without {', '.join(sorted(held))}")
        model = fit_quality(encoder, data, options, branch, held=held, report=report)
        for name, plans in judged.items():
            for row, plan in enumerate(plans):
                if plan.group in held:
                    output = model.judge_segments(plan.segments)
                    found[name].logits[row], found[name].folds[row] = output.logits[0].numpy(), number
                    found[name].passages[row] = best_passages(plan.segments, output, measures=model.config.measures)
    return found


def train_model(
    encoder: SharedEncoder,
    corpus: Corpus,
    *,
    real_plans: Sequence[LabelledPlan] = (),
    options: TrainingOptions | None = None,
    branch: BranchOptions | None = None,
    report: Report | None = None,
) -> QualityModel:
    """Train every head and calibrate it on held-out groups.

    Args:
        encoder: The frozen encoder.
        corpus: Training text.
        real_plans: Further plans; where there are some, they alone decide the calibration, since
            they are nearer to what will be read.
        options: See the class.
        branch: Options of the branch; ``None`` for heads on the frozen encoder alone.
        report: Gets a line now and then.

    Returns:
        The model.
    """
    chosen, say = options or TrainingOptions(), report or (lambda _: None)
    say(f"encoding {len(corpus.plans) + len(real_plans)} plans and {len(corpus.segments)} segments")
    data = quality_data(encoder, corpus, real_plans, branch)
    judged = real_plans or corpus.plans
    held_out = fold_logits(encoder, data, {"judged": judged}, chosen, branch, folds=chosen.folds, report=say)
    say("training on everything")
    model = fit_quality(encoder, data, chosen, branch, report=say)
    model.config = model.config.model_copy(update={"calibration": held_out["judged"].calibration(judged)})
    set_plan_head(model, data.dataset, corpus)
    return model


def set_plan_head(model: QualityModel, dataset: EvidenceDataset, corpus: Corpus) -> None:
    """Fit the head that knows a lesson plan from other text, and put it into the model.

    Args:
        model: Gets the head and its threshold.
        dataset: Holds the plans.
        corpus: Holds the texts that are no plans, and the short plans.
    """
    whole = [
        PlanExample(pieces, group, is_plan=True)
        for pieces, group in zip(dataset.plan_pieces, dataset.groups, strict=True)
    ]
    model.heads["lesson_plan"] = fit_plan_head([*whole, *corpus_text_examples(model.encoder, corpus)]).eval()
    threshold = Calibration(present_from=PLAN_THRESHOLD, absent_below=PLAN_THRESHOLD)
    model.config = model.config.model_copy(update={"plan_calibration": threshold})
