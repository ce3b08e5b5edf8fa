"""Data sets as examples: read, checked, split, summarised, aligned with word pieces, and dealt in batches."""

from mtl_core.data.columns import SENTENCES, ColumnMap, LabelColumn
from mtl_core.data.examples import Example, Label
from mtl_core.data.labels import infer_labels, single_labels
from mtl_core.data.mapping import read_examples
from mtl_core.data.readers import Format, read_rows
from mtl_core.data.sampling import Batch, BatchPlan, Strategy
from mtl_core.data.splits import PARTS, Leak, leakage, normalised, split_examples
from mtl_core.data.summary import Conflict, DataSummary, SplitSummary, TaskCounts, summarise
from mtl_core.data.tokens import IGNORED, WordAligner, WordPieces, align_words, piece_labels

__all__ = [
    "IGNORED",
    "PARTS",
    "SENTENCES",
    "Batch",
    "BatchPlan",
    "ColumnMap",
    "Conflict",
    "DataSummary",
    "Example",
    "Format",
    "Label",
    "LabelColumn",
    "Leak",
    "SplitSummary",
    "Strategy",
    "TaskCounts",
    "WordAligner",
    "WordPieces",
    "align_words",
    "infer_labels",
    "leakage",
    "normalised",
    "piece_labels",
    "read_examples",
    "read_rows",
    "single_labels",
    "split_examples",
    "summarise",
]
