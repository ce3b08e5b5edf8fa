"""The quality reader: one pass of the frozen encoder, 14 measures with their quotes, and is it a plan at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Self, cast

import numpy as np
import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import nn

from mtl_core.best_passages import best_passages, quotable_rows
from mtl_core.branch import EncoderBranch
from mtl_core.compressed import compressed, decompressed
from mtl_core.cues import BUCKETS, cue_matrix
from mtl_core.document_words import DocumentWords, document_terms
from mtl_core.encoder import SharedEncoder
from mtl_core.errors import ArtifactError, InputError, one_line
from mtl_core.features import document_vector, encoder_text, feature_dimension, segment_features
from mtl_core.heads import Cues, EvidenceHead, EvidenceOutput
from mtl_core.language import detect_language
from mtl_core.pattern_scores import PatternScores
from mtl_core.patterns import Hits
from mtl_core.plan_features import plan_features
from mtl_core.plan_head import PlanHead
from mtl_core.quality_config import Calibration, QualityConfig
from mtl_core.reading import Analysis, Evidence, MeasureReading
from mtl_core.rounding import rounded
from mtl_core.rubric import MEASURES, Measure
from mtl_core.rubric_file import as_rubric
from mtl_core.saved import publish, read_saved
from mtl_core.segments import Segment, segment_document
from mtl_core.text_check import check_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["SHIPPED_MODEL", "Calibration", "QualityConfig", "QualityModel"]

SHIPPED_MODEL = Path(__file__).parent / "artifacts" / "quality"
"""Folder of the heads that come with the package."""

_KIND = "multi-task-model"
_SCHEMA_VERSION = 8
_CUES, _SCALES = "measures.cues.weight", ".scales"


class QualityModel(nn.Module):
    """The frozen shared encoder, evidence head for the measures and a head that knows a lesson plan from other text.

    Args:
        encoder: The shared encoder; it is not a submodule, since its weights stay as they are.
        config: Must carry the encoder's fingerprint.
        branch: Tuned upper layers whose vectors the evidence head reads beside those of the encoder.
        words: Scores of the whole document that are added to those of its passages.
        patterns: Scores of passages by hand-written patterns.

    Raises:
        ArtifactError: If the config was made for another encoder.
    """

    def __init__(
        self,
        encoder: SharedEncoder,
        config: QualityConfig,
        *,
        branch: EncoderBranch | None = None,
        words: DocumentWords | None = None,
        patterns: PatternScores | None = None,
    ) -> None:
        super().__init__()
        _check_encoder(encoder, config)
        self.encoder = encoder
        self.config = config
        self._rubric = as_rubric(config.rubric) if config.rubric else {key: MEASURES[key] for key in config.measures}
        self.branch, self.words, self.patterns = branch, words, patterns
        features = feature_dimension(encoder.dimension)
        measures = EvidenceHead(
            features=features,
            buckets=BUCKETS,
            measures=len(config.measures),
            top=config.top,
            branch=0 if branch is None else features,
        )
        self.heads = nn.ModuleDict({"measures": measures, "lesson_plan": PlanHead(encoder.dimension)})
        self.eval()

    @property
    def rubric(self) -> Mapping[str, Measure]:
        """The measures that are read, by key, in their order."""
        return self._rubric

    @property
    def evidence_head(self) -> EvidenceHead:
        """The head that judges the measures."""
        return cast("EvidenceHead", self.heads["measures"])

    @property
    def plan_head(self) -> PlanHead:
        """The head that knows a lesson plan from other text."""
        return cast("PlanHead", self.heads["lesson_plan"])

    def analyse(self, text: str, *, previous: Analysis | None = None) -> Analysis:
        """Read a document in one pass of the encoder.

        Args:
            text: The document.
            previous: An earlier reading by this model; segments that were in it are not encoded again.

        Returns:
            Vectors, probabilities and quotes. All offsets point into ``text``.

        Raises:
            InputError: If the text is empty, without a word, too long, or holds NUL bytes.
        """
        check_text(text)
        segments = segment_document(text)
        if not segments:
            raise InputError("The text holds no word outside marks; give a lesson plan as plain text or markdown.")
        vectors, branched, encoded = self._text_vectors(segments, previous)
        matched, hits = self._pattern_scores(segments, previous)
        judged = self._judge(segments, vectors, branched, matched)
        matrix = np.stack([vectors[encoder_text(segment.text)] for segment in segments])
        vector = document_vector(segments, vectors)
        language = detect_language(text)
        return Analysis(
            words=len(text.split()),
            language=language,
            is_lesson_plan=language == "en" and self._is_lesson_plan(segments, vectors),
            measures=self._readings(segments, judged),
            vector=vector,
            segments=tuple(segments),
            segment_vectors=matrix,
            text_vectors=vectors,
            branch_vectors=branched,
            pattern_hits=hits,
            encoded=encoded,
            rubric=self._rubric,
        )

    def judge_segments(self, segments: Sequence[Segment]) -> EvidenceOutput:
        """Logits ``[1, measures]`` of a document, before calibration, and ``[segments, measures]`` of each segment.

        Args:
            segments: Its segments, one or more.

        Returns:
            Both, measures in the order of the config.
        """
        vectors, branched, _ = self._text_vectors(segments, None)
        return self._judge(segments, vectors, branched, self._pattern_scores(segments, None)[0])

    def _pattern_scores(
        self, segments: Sequence[Segment], previous: Analysis | None
    ) -> tuple[torch.Tensor | None, Hits]:
        """Scores ``[segments, measures]`` by the patterns, and their hits."""
        if self.patterns is None:
            return None, {}
        scores, hits = self.patterns(segments, known=None if previous is None else previous.pattern_hits)
        return torch.from_numpy(scores), hits

    def _text_vectors(
        self, segments: Sequence[Segment], previous: Analysis | None
    ) -> tuple[dict[str, NDArray[np.float32]], dict[str, NDArray[np.float32]], int]:
        """Vectors of encoder and branch by text of segments and headings, and how many were not known before."""
        known = previous.text_vectors if previous is not None else {}
        before = previous.branch_vectors if previous is not None else {}
        texts = dict.fromkeys(
            encoder_text(part) for segment in segments for part in (segment.text, segment.heading) if part
        )
        new = [text for text in texts if text not in known or (self.branch is not None and text not in before)]
        read = self.encoder.encode(new, branch=self.branch)
        fresh = dict(zip(new, read.vectors, strict=True))
        vectors = {text: fresh[text] if text in fresh else known[text] for text in texts}
        if read.branch is None:
            return vectors, {}, len(new)
        own = dict(zip(new, read.branch, strict=True))
        return vectors, {text: own[text] if text in own else before[text] for text in texts}, len(new)

    @torch.inference_mode()
    def _judge(
        self,
        segments: Sequence[Segment],
        vectors: Mapping[str, NDArray[np.float32]],
        branched: Mapping[str, NDArray[np.float32]],
        matched: torch.Tensor | None,
    ) -> EvidenceOutput:
        """Logits of the document, with those of its words, and scores of its segments."""
        own = None if self.branch is None else torch.from_numpy(segment_features(segments, branched))
        words = cue_matrix(segments)
        cues = Cues(*(torch.from_numpy(part) for part in (words.offsets, words.buckets, words.values)))
        features = torch.from_numpy(segment_features(segments, vectors))
        output: EvidenceOutput = self.evidence_head(features, cues, torch.tensor([len(segments)]), own, matched)
        if self.words is None:
            return output
        return output._replace(logits=output.logits + self.words(document_terms(segments)))

    @torch.inference_mode()
    def _is_lesson_plan(self, segments: Sequence[Segment], vectors: Mapping[str, NDArray[np.float32]]) -> bool:
        logit = float(self.plan_head(plan_features(segments, vectors))[0])
        calibration = self.config.plan_calibration
        return calibration.probability(logit) >= calibration.present_from

    def _readings(self, segments: Sequence[Segment], judged: EvidenceOutput) -> dict[str, MeasureReading]:
        quotable, passages = quotable_rows(segments), best_passages(segments, judged, measures=self.config.measures)
        logits, scores, readings = judged.logits[0].numpy(), judged.scores.numpy(), {}
        for column, key in enumerate(self.config.measures):
            best = sorted(quotable, key=lambda row: (-scores[row, column], row))[: self.config.top]
            probability, verdict = self.config.judge(key, float(logits[column]), passage=passages[column])
            quoted = [segments[row] for row in best if self.config.quotes(verdict, score=float(scores[row, column]))]
            evidence = tuple(Evidence(s.text, s.start, s.end) for s in quoted)
            readings[key] = MeasureReading(probability, verdict, evidence)
        return readings

    def save_pretrained(self, folder: str | Path) -> None:
        """Publish heads and config in a folder, atomically; the encoder is named, not copied.

        Args:
            folder: Where.
        """
        tensors = {name: tensor.half().contiguous() for name, tensor in self.heads.state_dict().items()}
        # the word cues are most of the heads; rounding moves no probability by more than a hundredth
        tensors[_CUES], tensors[_CUES + _SCALES] = rounded(self.evidence_head.cues.weight, dim=0)
        files = {"heads.safetensors": save_tensors(tensors)}
        if self.branch is not None:
            files["branch.safetensors"] = save_tensors(self.branch.rounded_tensors())
        if self.words is not None:
            files["words.safetensors"] = save_tensors(self.words.rounded_tensors())
        if self.patterns is not None:
            files["patterns.json.gz"] = compressed(self.patterns.to_json())
        publish(
            folder,
            kind=_KIND,
            schema_version=_SCHEMA_VERSION,
            meta=self.config.model_dump(mode="json"),
            files=files,
        )

    @classmethod
    def from_pretrained(cls, folder: str | Path | None = None, *, encoder: SharedEncoder | None = None) -> Self:
        """Read a saved model.

        Args:
            folder: The folder; ``None`` takes the heads that come with the package.
            encoder: The encoder; ``None`` loads the one that the config names.

        Returns:
            The model, ready to read.

        Raises:
            ArtifactError: If the folder is damaged or made for another encoder or schema.
        """
        source = SHIPPED_MODEL if folder is None else Path(folder)
        saved = read_saved(source, kind=_KIND, schema_version=_SCHEMA_VERSION)
        try:
            config = QualityConfig.model_validate(saved.meta)
            tensors = load_tensors(saved.files["heads.safetensors"])
            tensors[_CUES] = tensors[_CUES] * tensors.pop(_CUES + _SCALES)
            rounded = load_tensors(saved.files["branch.safetensors"]) if config.branch_layers else None
            terms = load_tensors(saved.files["words.safetensors"]) if config.reads_words else None
            written = decompressed(saved.files["patterns.json.gz"]) if config.reads_patterns else None
        except (ValidationError, KeyError, SafetensorError) as error:
            raise ArtifactError(f"The model in {source} cannot be read ({one_line(error)}); save it again.") from error
        shared = encoder or SharedEncoder.load(config.encoder)
        _check_encoder(shared, config)
        branch = EncoderBranch.from_rounded(rounded, encoder=shared, count=config.branch_layers) if rounded else None
        words = DocumentWords.from_rounded(terms, measures=len(config.measures)) if terms else None
        patterns = PatternScores.from_json(written, measures=len(config.measures)) if written else None
        model = cls(shared, config, branch=branch, words=words, patterns=patterns)
        try:
            model.heads.load_state_dict(tensors)
        except RuntimeError as error:
            raise ArtifactError(f"The heads in {source} do not fit its config; save the model again.") from error
        if not all(bool(torch.isfinite(tensor).all()) for tensor in tensors.values()):
            raise ArtifactError(f"The heads in {source} hold values that are not finite; train them again.")
        return model


def _check_encoder(encoder: SharedEncoder, config: QualityConfig) -> None:
    if config.fingerprint != encoder.fingerprint:
        raise ArtifactError(
            f"These heads were trained on the encoder {config.encoder!r} "
            f"({config.fingerprint[:12]}), not on {encoder.name!r} ({encoder.fingerprint[:12]}). "
            "Load that encoder, or train the heads again on this one."
        )
