"""Low-rank adapters on the shared encoder, trained on the measures together with a loss of search, or without it.

python -m benchmarks.adapters --data ../shared/data [--rank 8] [--share 1.0]

The shipped quality heads read tuned copies of the encoder's last two layers; search reads the encoder as it is. Here
the two layers themselves get adapters (Hu et al., LoRA, ICLR 2022), so that one set of vectors serves both. The loss of
search is contrastive over titles and texts of our templates (Henderson et al., 2017), with the distance of every vector
from what it was. Quality is the area under the curve on the development plans and on plans of sources that training
has not seen, with everything of the shipped heads but their copies; search is nDCG@10 of the vectors alone on Oak's
lessons, and Spearman's correlation on the STS benchmark's development pairs.
"""

from __future__ import annotations

import copy
import csv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import numpy as np
import torch
import typer
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from benchmarks.search_quality import plain_dense
from mtl_core.encoder import SharedEncoder
from mtl_core.quality import QualityModel
from mtl_core.rubric import MEASURES
from mtl_core.training.branch import BranchOptions, Encode, fit_branch
from mtl_core.training.branch_data import TokenStates, token_states
from mtl_core.training.corpus import LabelledPlan, load_corpus, load_plan_folder
from mtl_core.training.quality_fit import quality_data
from mtl_core.tuned_layers import TunedLayer, TunedLayers
from retrieval.evaluate import evaluate_rankings
from retrieval.evaluate_beir import Benchmark, read_benchmark
from retrieval.search_config import SearchConfig
from retrieval.search_dense import dense_text
from retrieval.templates import TemplateLibrary

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PAIRS, _ANCHORS, _TEMPERATURE = 32, 32, 0.05
_LAYERS = 2


class LowRank(nn.Module):
    """A change of low rank that is added to a weight.

    Args:
        rows: Rows of the weight.
        columns: Columns of the weight.
        rank: Of the change.
    """

    def __init__(self, rows: int, columns: int, *, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)
        self.up = nn.Parameter(torch.zeros(rows, rank))

    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        """The weight with the change."""
        return weight + 2.0 * self.up @ self.down


def adapted(rank: int) -> Callable[[TunedLayers], None]:
    """Freezes layers and gives each of their matrices a change of low rank."""

    def prepare(layers: TunedLayers) -> None:
        layers.requires_grad_(requires_grad=False)
        for module in list(layers.modules()):
            if isinstance(module, nn.Linear):
                parametrize.register_parametrization(module, "weight", LowRank(*module.weight.shape, rank=rank))

    return prepare


def merge(layers: TunedLayers) -> None:
    """Add the changes to the matrices for good."""
    for module in list(layers.modules()):
        if parametrize.is_parametrized(module):
            parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)


def search_loss(encoder: SharedEncoder, seen: TokenStates, *, share: float, seed: int = 0) -> Callable[[Encode], Any]:
    """Titles have to find their texts, and vectors to stay where they are."""
    library = list(TemplateLibrary.shipped().values())
    titles = [f"{template.title}. {template.summary}" for template in library]
    texts = [template.text for template in library]
    states = token_states(encoder, list(dict.fromkeys([*titles, *texts])), tap=encoder.layer_count - 1 - _LAYERS)
    before = torch.from_numpy(encoder.encode(list(states.rows)).vectors)
    was = torch.from_numpy(encoder.encode(list(seen.rows)).vectors)
    generator = np.random.default_rng(seed)

    def loss(encode: Encode) -> torch.Tensor:
        chosen = generator.choice(len(library), _PAIRS, replace=False)
        rows = [states.rows[side[number]] for side in (titles, texts) for number in chosen]
        now = functional.normalize(encode(states, rows).float(), dim=1)
        scores = now[:_PAIRS] @ now[_PAIRS:].T / _TEMPERATURE
        found = functional.cross_entropy(scores, torch.arange(_PAIRS))
        others = generator.choice(len(was), _ANCHORS, replace=False)
        own = functional.normalize(encode(seen, others.tolist()).float(), dim=1)
        moved = 2 - (now * before[rows]).sum(1).mean() - (own * was[others]).sum(1).mean()
        return share * (found + 4.0 * moved)

    return loss


def with_layers(encoder: SharedEncoder, layers: TunedLayers) -> SharedEncoder:
    """A copy of the encoder whose last layers are these."""
    copied = SharedEncoder(
        copy.deepcopy(encoder.sentence_transformer),
        name=encoder.name,
        precision="bfloat16" if encoder.uses_bfloat16 else "float32",
    )
    stack: Any = copied.network.encoder
    with torch.no_grad():
        for source, target in zip(layers.layers, stack.layer[-len(layers.layers) :], strict=True):
            layer = cast("TunedLayer", source)
            own = target.attention.self
            for part, weight, bias in zip(
                (own.query, own.key, own.value),
                layer.projections.weight.chunk(3),
                layer.projections.bias.chunk(3),
                strict=True,
            ):
                part.weight.copy_(weight)
                part.bias.copy_(bias)
            pairs = (
                (target.attention.output.dense, layer.output),
                (target.attention.output.LayerNorm, layer.attention_norm),
                (target.intermediate.dense, layer.widen), (target.output.dense, layer.narrow),
                (target.output.LayerNorm, layer.output_norm),
            )  # fmt: skip
            for module, tuned in pairs:
                module.load_state_dict(tuned.state_dict())
    return copied


def area(model: QualityModel, plans: Sequence[LabelledPlan]) -> float:
    """Mean area under the curve over the measures."""
    logits = np.stack([model.judge_segments(plan.segments).logits[0].numpy() for plan in plans])
    labels = np.asarray([[int(plan.present[key]) for key in MEASURES] for plan in plans])
    return float(np.mean([roc_auc_score(labels[:, column], logits[:, column]) for column in range(len(MEASURES))]))


def search_figures(encoder: SharedEncoder, benchmark: Benchmark, sts: Path) -> tuple[float, float]:
    """nDCG@10 of the vectors on lessons, and Spearman's correlation on sentence pairs."""
    config = SearchConfig()
    vectors = encoder.encode([dense_text(document, config) for document in benchmark.documents]).vectors
    found = evaluate_rankings(plain_dense(benchmark, vectors, encoder), benchmark.queries)
    with sts.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    sides: list[NDArray[np.float32]] = [encoder.encode([row[f"sentence{n}"] for row in rows]).vectors for n in (1, 2)]
    pairs = (sides[0] * sides[1]).sum(1)
    score = float(found["overall"]["ndcg@10"])  # type: ignore[arg-type]
    return score, float(spearmanr(pairs, [float(row["score"]) for row in rows]).statistic)


def main(
    data: Annotated[Path, typer.Option(help="Folder that holds lesson_plans, oak_search and stsb.")],
    rank: Annotated[int, typer.Option(help="Of the adapters.")] = 8,
    share: Annotated[float, typer.Option(help="Weight of the loss of search.")] = 1.0,
    epochs: Annotated[int, typer.Option(help="Passes over the plans.")] = 4,
) -> None:
    """Train adapters without and with the loss of search, and print a table."""
    plain, encoder = SharedEncoder.load(precision="float32"), SharedEncoder.load()
    folder, benchmark, sts = data / "lesson_plans", read_benchmark(data / "oak_search"), data / "stsb" / "dev.csv"
    judged = load_plan_folder(folder / "plans.jsonl", licence_class=None)
    unseen = load_plan_folder(folder / "train.jsonl", licence_class="noncommercial")
    options = BranchOptions(layers=_LAYERS, epochs=epochs, learning_rate=1e-3)
    prepared = quality_data(plain, load_corpus(), load_plan_folder(folder / "train.jsonl"), options)
    states = cast("TokenStates", prepared.states)
    shipped = QualityModel.from_pretrained(encoder=encoder)
    print("| vectors | plans | unseen sources | Oak, vectors alone | STS |\n|---|---|---|---|---|")

    def line(name: str, searched: SharedEncoder) -> None:
        cells = (area(shipped, judged), area(shipped, unseen), *search_figures(searched, benchmark, sts))
        print(f"| {name} | {' | '.join(f'{cell:.3f}' for cell in cells)} |", flush=True)

    line("as shipped: copies for the measures, the encoder as it is for search", encoder)
    for name, distance in (
        ("adapters, measures alone", None),
        ("adapters, with search", search_loss(encoder, states, share=share)),
    ):
        branch, own = fit_branch(
            plain, states, prepared.documents, options, report=lambda text: typer.echo(text, err=True),
            prepare=adapted(rank), distance=distance,
        )  # fmt: skip
        merge(branch.layers)
        shipped.branch = branch
        head = shipped.evidence_head.branch
        if head is None:
            raise typer.BadParameter("The shipped heads read no copies; there is nothing to compare with.")
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(own.weights.T))
            head.bias.copy_(torch.from_numpy(own.offsets))
        line(name, with_layers(encoder, branch.layers))


if __name__ == "__main__":
    typer.run(main)
