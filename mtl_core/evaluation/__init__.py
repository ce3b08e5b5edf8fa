"""Figures, thresholds, calibration, pictures and reports; nothing here needs a model."""

from __future__ import annotations

from mtl_core.evaluation.agreement import Agreement, agreement, label_agreement
from mtl_core.evaluation.calibration import (
    CalibrationScores,
    ReliabilityBin,
    calibration_scores,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
)
from mtl_core.evaluation.classification import (
    ClassificationScores,
    Score,
    binary_scores,
    classification_scores,
    multiclass_scores,
    multilabel_scores,
)
from mtl_core.evaluation.embeddings import Outlier, embedding_map, find_outliers, outlier_map, project
from mtl_core.evaluation.generation import (
    GenerationScores,
    bleu,
    distinct_n,
    exact_match,
    generation_scores,
    meteor,
    rouge,
)
from mtl_core.evaluation.perplexity import perplexity, perplexity_of
from mtl_core.evaluation.plots import label_f1_bars, line_plot, reliability_diagram
from mtl_core.evaluation.report import Delta, EvaluationReport, TaskScores, compare_to_single
from mtl_core.evaluation.spans import (
    Span,
    SpanScores,
    extract_spans,
    joint_exact_match,
    sentence_exact_match,
    span_scores,
)
from mtl_core.evaluation.thresholds import tune_threshold

__all__ = [
    "Agreement",
    "CalibrationScores",
    "ClassificationScores",
    "Delta",
    "EvaluationReport",
    "GenerationScores",
    "Outlier",
    "ReliabilityBin",
    "Score",
    "Span",
    "SpanScores",
    "TaskScores",
    "agreement",
    "binary_scores",
    "bleu",
    "calibration_scores",
    "classification_scores",
    "compare_to_single",
    "distinct_n",
    "embedding_map",
    "exact_match",
    "expected_calibration_error",
    "extract_spans",
    "find_outliers",
    "fit_temperature",
    "generation_scores",
    "joint_exact_match",
    "label_agreement",
    "label_f1_bars",
    "line_plot",
    "meteor",
    "multiclass_scores",
    "multilabel_scores",
    "outlier_map",
    "perplexity",
    "perplexity_of",
    "project",
    "reliability_bins",
    "reliability_diagram",
    "rouge",
    "sentence_exact_match",
    "span_scores",
    "tune_threshold",
]
