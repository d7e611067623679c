"""What is learned on a GPU is what is learned on the processor: kernels, gradients, every network and its options."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import torch

import kg
from kg.query import Weighting
from recsys.bandwidth import copied
from recsys.errors import RecsysError
from recsys.journal import Progress
from recsys.scorers.bridges import bridges
from recsys.scorers.hetero_gnn import HeteroGNN
from recsys.scorers.lightgcn import LightGCN
from recsys.scorers.propagation import Plan, propagate
from recsys.scorers.sasrec import SASRec
from recsys.scorers.sparse import Entries, product, to_torch
from recsys.training import Device, Run, device_of, free_on

gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU on this machine")
CPU, CUDA = torch.device("cpu"), torch.device("cuda", 0)
SMALL = LightGCN(embedding_size=8, n_epochs=3, n_steps=4, batch_size=64)


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    rng = np.random.default_rng(1)
    pairs = [(f"u{u}", f"i{i}") for u in range(60) for i in rng.choice(40, 8, replace=False)]
    log = pd.DataFrame(pairs, columns=["user_id", "item_id"])
    log = log.assign(time=pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 100, len(log)), "D"))
    facts = pd.DataFrame({"head": [f"i{i}" for i in range(40)], "tail": [f"b{i % 5}" for i in range(40)]})
    facts = facts.assign(relation="brand", head_type="item", tail_type="brand", literal=False)
    items = pd.DataFrame({"item_id": [f"i{i}" for i in range(40)], "price": rng.random(40).round(2)})
    return kg.build(kg.Tables.of(events=log.astype({"time": "datetime64[us]"}), items=items, facts=facts))


def on(device: torch.device, graph: kg.KnowledgeGraph, dtype: torch.dtype = torch.float32) -> list[torch.Tensor]:
    """A propagation and its gradients, on the processor's memory."""
    plan = Plan.of(graph, bridges(graph, Weighting()), 3, device, dtype)
    rng = torch.Generator().manual_seed(0)
    first = torch.randn(graph.n_nodes - graph.n_users, 16, generator=rng).to(device).requires_grad_()
    weights = (torch.rand(3, 2, generator=rng) + 0.5).to(device).requires_grad_()
    made = propagate(plan, weights, first)
    gradients = torch.autograd.grad(made.square().sum(), (first, weights))
    assert {each.dtype for each in (made, *gradients)} == {torch.float32}
    return [each.detach().cpu() for each in (made, *gradients)]


@gpu
def test_propagation_and_its_gradients_are_the_processors(graph: kg.KnowledgeGraph) -> None:
    for made, expected in zip(on(CUDA, graph), on(CPU, graph), strict=True):
        torch.testing.assert_close(made, expected, rtol=1e-4, atol=1e-5)


@gpu
def test_short_messages_are_right_to_their_three_digits(graph: kg.KnowledgeGraph) -> None:
    for made, expected in zip(on(CUDA, graph, torch.bfloat16), on(CPU, graph), strict=True):
        assert (made - expected).norm() < 2e-2 * expected.norm()


@gpu
@pytest.mark.parametrize("m", [20, 400], ids=["fewer than all", "more than all"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_products_and_their_gradients_are_the_processors(m: int, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    rows, columns = rng.integers(16, size=m), rng.integers(14, size=m)
    left, right = (torch.from_numpy(rng.normal(size=(n, 8))).to(dtype) for n in (16, 14))
    found = []
    for device in (CPU, CUDA):
        sides = [each.to(device, copy=True).requires_grad_() for each in (left, right)]
        near = Entries.of(rows, columns, (16, 14), device).of_product(*sides)
        found.append((near, *torch.autograd.grad(near.square().sum(), sides)))
    for expected, made in zip(*found, strict=True):
        torch.testing.assert_close(made.cpu(), expected, rtol=1e-4, atol=1e-5)


@gpu
def test_a_sparse_product_and_its_gradient_are_the_processors(graph: kg.KnowledgeGraph) -> None:
    matrix = graph.query().weights(Weighting())
    dense = torch.randn(graph.n_nodes, 5, generator=torch.Generator().manual_seed(0))
    found = []
    for device in (CPU, CUDA):
        side = dense.to(device, copy=True).requires_grad_()
        made = product(to_torch(matrix, device), to_torch(matrix.T.tocsr(), device), side)
        found.append((made, *torch.autograd.grad(made.square().sum(), side)))
    for expected, made in zip(*found, strict=True):
        torch.testing.assert_close(made.cpu(), expected, rtol=1e-4, atol=1e-5)


OPTIONS: list[dict[str, Any]] = [
    {},
    {"n_layers": 0, "first": "random"},
    {"first": "filter", "similarity": "dot", "temperature": 1.0},
    {"loss": "bpr", "n_negatives": 2},
    {"loss": "hard_bpr", "n_candidates": 10},
    {"dropout": 0.3, "own_messages": False, "hidden": 0.2},
    {"features": ("price",)},
]


@gpu
@pytest.mark.parametrize("given", OPTIONS, ids=str)
def test_lightgcn_learns_the_same(graph: kg.KnowledgeGraph, given: dict[str, Any]) -> None:
    alike(replace(SMALL, **given), graph)


@gpu
@pytest.mark.parametrize("convolution", ["rgcn", "hgt"])
def test_other_convolutions_learn_the_same(graph: kg.KnowledgeGraph, convolution: Literal["rgcn", "hgt"]) -> None:
    alike(HeteroGNN(convolution=convolution, embedding_size=8, n_epochs=3, n_steps=4, batch_size=64), graph)


@gpu
def test_sequences_are_learned_the_same(graph: kg.KnowledgeGraph) -> None:
    alike(SASRec(embedding_size=8, n_epochs=3, n_steps=4, batch_size=16, dropout=0.0), graph)


def alike(scorer: Any, graph: kg.KnowledgeGraph) -> None:
    losses: dict[Device, list[Progress]] = {"cpu": [], "cuda": []}
    on_cpu, on_gpu = (
        replace(scorer).fit(graph, run=Run(device=name, progress=told.append)) for name, told in losses.items()
    )
    query = graph.query()
    np.testing.assert_allclose(on_gpu.score(query), on_cpu.score(query), rtol=1e-2, atol=1e-3)
    for one, other in zip(losses["cuda"], losses["cpu"], strict=True):
        assert one.loss == pytest.approx(other.loss, rel=1e-3)
        assert one.peak_mb > 0


@gpu
def test_short_messages_learn_nearly_the_same(graph: kg.KnowledgeGraph) -> None:
    long, short = (
        replace(SMALL, precision=name).fit(graph, run=Run(device="cuda")) for name in ("float32", "bfloat16")
    )
    scores = [scorer.score(graph.query()) for scorer in (long, short)]
    assert np.linalg.norm(scores[1] - scores[0]) < 0.05 * np.linalg.norm(scores[0])


def test_short_messages_need_a_gpu(graph: kg.KnowledgeGraph) -> None:
    with pytest.raises(RecsysError, match="only a GPU passes messages of half the length"):
        replace(SMALL, precision="bfloat16").fit(graph, run=Run(device="cpu"))


@gpu
def test_a_training_that_was_broken_off_goes_on(graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    class UnpluggedError(Exception):
        pass

    def unplugged(now: Progress) -> None:
        if now.epoch == 2:
            raise UnpluggedError

    whole = replace(SMALL).fit(graph, run=Run(device="cuda"))
    with pytest.raises(UnpluggedError):
        replace(SMALL).fit(graph, run=Run(device="cuda", checkpoint=tmp_path / "state", progress=unplugged))
    told: list[Progress] = []
    again = replace(SMALL).fit(graph, run=Run(device="cuda", checkpoint=tmp_path / "state", progress=told.append))
    assert [progress.epoch for progress in told] == [3]
    query = graph.query()
    np.testing.assert_allclose(again.score(query), whole.score(query), rtol=1e-3, atol=1e-4)


@gpu
def test_a_gpu_is_taken_where_there_is_one_and_tells_what_is_free() -> None:
    assert device_of("auto").type == "cuda"
    assert (free_on(CUDA) or 0) > 1e9
    assert copied(CUDA) > 0


@pytest.mark.parametrize("scorer", [SMALL, SASRec(embedding_size=8)], ids=["lightgcn", "sasrec"])
def test_a_gpu_that_is_too_small_is_a_clear_error(
    graph: kg.KnowledgeGraph, scorer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recsys.training.free_on", lambda _: 1000)
    with pytest.raises(RecsysError, match="the GPU's memory") as error:
        replace(scorer).fit(graph)
    assert "--device cpu" in (error.value.fix or "")
