"""The graph networks that are not linear, against dense twins."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import kg
from kg.query import Weighting
from recsys.errors import RecsysError
from recsys.journal import Progress
from recsys.scorers import memory
from recsys.scorers.bridges import bridges
from recsys.scorers.convolutions import HGT, RGCN, Convolved
from recsys.scorers.hetero_gnn import HeteroGNN
from recsys.scorers.shapes import Shape
from recsys.training import Run
from recsys.vectors import vectors
from tests.recsys.scorers.breaking import goes_on_bit_for_bit
from tests.recsys.scorers.shops import shop

SMALL = HeteroGNN(embedding_size=8, n_epochs=6, n_steps=4, batch_size=64)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    return shop(0)


def model(graph: kg.KnowledgeGraph, made: type[RGCN] | type[HGT], n_layers: int = 2) -> Convolved:
    return Convolved(graph, Weighting(), Weighting(), Shape(4, n_layers, "random", 0), CPU, made)


def dense(graph: kg.KnowledgeGraph, made: Convolved) -> np.ndarray:
    """What R-GCN gives all nodes but users, relation by relation, both ways."""
    first = np.vstack([np.zeros((graph.n_users, 4)), made.parameters["nodes"].detach().numpy()])
    state = total = first
    for place, (layer, messages) in enumerate(zip(made.layers, made.plan.layers, strict=True)):
        state = np.maximum(state, 0) if place else state
        after = state.copy()
        targets = sorted({message.target for message in messages})
        for name, linear in zip(targets, layer.own.values(), strict=True):
            rows = graph.nodes[name].range
            after[rows] = state[rows] @ linear.weight.detach().numpy().T + linear.bias.detach().numpy()
        for message, convolution in zip(messages, layer.heard, strict=True):
            rows, columns = graph.nodes[message.target].range, graph.nodes[message.source].range
            weight = convolution.lin_l.weight.detach().numpy().T
            after[rows] += message.matrix.to_dense().numpy() @ state[columns] @ weight
        state = after
        total = total + state
    return (total / (len(made.plan.layers) + 1))[graph.n_users :]


@pytest.mark.parametrize("n_layers", [1, 2, 3])
def test_rgcn_is_a_matrix_for_every_relation(graph: kg.KnowledgeGraph, n_layers: int) -> None:
    made = model(graph, RGCN, n_layers)
    np.testing.assert_allclose(made.propagated().detach().numpy(), dense(graph, made), atol=1e-5)


def test_the_same_seed_begins_with_the_same_and_leaves_torchs_numbers_alone(graph: kg.KnowledgeGraph) -> None:
    state = torch.random.get_rng_state()
    first, again = (model(graph, HGT).propagated() for _ in range(2))
    assert torch.equal(first, again)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("made", [RGCN, HGT])
def test_messages_skip_the_events_left_out(graph: kg.KnowledgeGraph, made: type[RGCN] | type[HGT]) -> None:
    """Without any event, what is left is what the facts say: users' events are no longer heard anywhere."""
    whole = model(graph, made)
    n_events = bridges(graph, Weighting())["user", "", "item"].nnz
    without = whole.propagated(torch.zeros(n_events))
    assert not torch.allclose(without, whole.propagated(), atol=1e-3)
    torch.testing.assert_close(whole.propagated(torch.ones(n_events)), whole.propagated())


@pytest.mark.parametrize("convolution", ["rgcn", "hgt"])
def test_the_loss_falls(graph: kg.KnowledgeGraph, convolution: str) -> None:
    told: list[Progress] = []
    scorer = replace(SMALL, n_epochs=10, convolution=convolution).fit(graph, run=Run(progress=told.append))
    assert told[-1].loss < told[0].loss
    known = scorer.score(graph.query())[:, scorer.opinion_]
    assert np.isfinite(known).all()


@pytest.mark.parametrize("convolution", ["rgcn", "hgt"])
def test_a_broken_fit_goes_on_bit_for_bit(graph: kg.KnowledgeGraph, tmp_path: Path, convolution: str) -> None:
    goes_on_bit_for_bit(replace(SMALL, n_epochs=3, convolution=convolution), graph, tmp_path)


def test_it_has_embeddings_of_all_nodes(graph: kg.KnowledgeGraph) -> None:
    nodes = vectors(SMALL.fit(graph), graph)
    assert nodes is not None
    assert nodes.shape == (graph.n_nodes, 8)


def test_too_little_memory_is_said_before_it_is_taken(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(RecsysError, match=r"hetero_gnn needs.*walks"):
        SMALL.fit(graph)
