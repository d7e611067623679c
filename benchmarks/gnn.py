"""What the graph network's propagation costs beside others, and what it learns of a published split.

    python benchmarks/gnn.py propagation /path/to/gowalla --size 64 --layers 3
    python benchmarks/gnn.py training /path/to/gowalla '{"n_layers": 3, "first": "spectral"}' --checkpoint DIR

Propagation: one step there and back over all pairs, the least time of several (the processor's; on a GPU by the clock,
and with messages of half the length too); training: validation (a random
20 % of each user's train items) says when to stop, then everything is fitted on train and validation and test is judged
once.
"""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import torch

from kg.published.forms import read
from kg.query import Weighting
from recsys.bandwidth import copied, seconds
from recsys.benchmark import FIRST, STANDARD
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.scorers.embeddings import Embeddings
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.shapes import Shape
from recsys.threads import limit
from recsys.training import Device, Run, device_of

REPEATS = 5
ON_GPU = 20  # steps that are timed together: one is done sooner than it is told
JUDGES = 5000  # users of validation: an epoch's look at it must not cost more than the epoch


def propagation(data: Path, size: int, n_layers: int, device: torch.device) -> None:
    graph = Exam(read(data), seed=0).test.graph
    shape = Shape(size, n_layers, "random", 0)
    model = Embeddings(graph, Weighting(), Weighting(), shape, device)
    other = _EdgeIndex(model, n_layers)
    nodes = {name: torch.randn(len(of), size, device=device) for name, of in graph.nodes.items()}

    def bare() -> None:
        for layer in model.plan.layers:
            for message in layer:
                message.matrix @ nodes[message.source]
                message.turned @ nodes[message.target]

    def ours() -> None:
        torch.autograd.backward(model.propagated().sum())

    def pyg() -> None:
        torch.autograd.backward(other(model.parameters["nodes"])[graph.n_users :].sum())

    with torch.no_grad():
        told = (model.propagated() - other(model.parameters["nodes"])[graph.n_users :]).abs().max()
    print(f"{graph.n_nodes:,} nodes, {len(model.pairs.users):,} pairs, size {size}, {n_layers} layers,")
    wall = copied(device)
    print(f"{_where(device)}; largest difference to PyG {told:.1e}; a copy moves {wall / 1e9:,.0f} GB/s\n")
    print("| one step, there and back | ms | GB/s | of a copy's |\n|---|---:|---:|---:|")
    works = {"bare products": (bare, model), "ours": (ours, model), "PyG edge_index": (pyg, model)}
    if device.type == "cuda":
        short = Embeddings(graph, Weighting(), Weighting(), replace(shape, precision="bfloat16"), device)
        works["ours, bfloat16"] = (lambda: torch.autograd.backward(short.propagated().sum()), short)
    rounds = [{name: _time(work, device) for name, (work, _) in works.items()} for _ in range(REPEATS)]
    for name, (_, made) in works.items():
        least = min(told[name] for told in rounds)
        pace = made.plan.traffic(size) / least
        print(f"| {name} | {1e3 * least:,.2f} | {pace / 1e9:,.1f} | {pace / wall:.0%} |")


def _where(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"{torch.get_num_threads()} threads"


class _EdgeIndex:
    """The same by PyG's LGConv over all edges, both ways in every layer."""

    def __init__(self, model: Embeddings, n_layers: int) -> None:
        from torch_geometric.nn import LGConv

        pairs = next(iter(model.bridges.values())).tocoo()
        users, items = torch.from_numpy(pairs.row).long(), torch.from_numpy(pairs.col).long() + model.items.start
        self.edges = torch.stack([torch.cat([users, items]), torch.cat([items, users])]).to(model.device)
        self.weights = torch.from_numpy(pairs.data).repeat(2).to(model.device)
        self.convolution, self.n_layers, self.n_users = LGConv(normalize=False), n_layers, model.n_users

    def __call__(self, nodes: torch.Tensor) -> torch.Tensor:
        layer = total = torch.cat([nodes.new_zeros(self.n_users, nodes.shape[1]), nodes])
        for _ in range(self.n_layers):
            layer = self.convolution(layer, self.edges, self.weights)
            total = total + layer
        return total / (self.n_layers + 1)


def _time(work: Callable[[], None], device: torch.device) -> float:
    if device.type == "cuda":
        return seconds(partial(_often, work), device) / ON_GPU
    start = process_time()
    work()
    return process_time() - start


def _often(work: Callable[[], None]) -> None:
    for _ in range(ON_GPU):
        work()


def training(data: Path, given: dict[str, Any], checkpoint: Path | None, device: Device) -> None:
    exam = Exam(read(data), seed=0)
    start = perf_counter()
    told = Run(device, checkpoint=checkpoint, progress=lambda now: print(now, file=sys.stderr, flush=True), say=print)
    scorer = LightGCN(**given).fit(exam.validation.graph, exam.validation.holdout.thinned(JUDGES), told)
    print(f"{perf_counter() - start:.0f} s with validation; learned {scorer.taught_}", flush=True)
    start = perf_counter()
    scorer = LightGCN(**given | scorer.taught_).fit(exam.test.graph, run=Run(device))
    took = perf_counter() - start
    judged = evaluate({"lightgcn": scorer}, exam.test.holdout, STANDARD.protocol("exclude", 0))
    figures = ", ".join(f"{metric} {judged.mean('lightgcn', metric):.4f}" for metric in FIRST)
    print(f"{json.dumps(given)}: {figures}; fit {took:.0f} s")


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("what", choices=["propagation", "training"])
    words.add_argument("data", type=Path)
    words.add_argument("given", nargs="?", default="{}", help="parameters of lightgcn, JSON")
    words.add_argument("--size", type=int, default=64)
    words.add_argument("--layers", type=int, default=3)
    words.add_argument("--checkpoint", type=Path, help="a folder: a training that was broken off goes on from it")
    words.add_argument("--threads", type=int, default=1)
    words.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    told = words.parse_args()
    limit(told.threads)
    if told.what == "propagation":
        propagation(told.data, told.size, told.layers, device_of(told.device))
    else:
        training(told.data, json.loads(told.given), told.checkpoint, told.device)


if __name__ == "__main__":
    main()
