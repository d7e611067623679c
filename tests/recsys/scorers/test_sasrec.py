"""The transformer over what people did: what it sees, what it is asked, and that it learns an order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import kg
from kg.query import Query, Weighting
from recsys.errors import RecsysError
from recsys.losses import named
from recsys.scorers import create, memory
from recsys.scorers.encoder import Encoder, Layout, Learner
from recsys.scorers.sasrec import SASRec
from recsys.scorers.sequences import TARGETS, Sequences
from tests.recsys.scorers.breaking import goes_on_bit_for_bit

SMALL = SASRec(embedding_size=8, n_epochs=4, n_steps=5, batch_size=16, max_length=6)
LAYOUT = Layout(8, 2, 2, 0.0)
N = 12


def chains(order: int = 1) -> kg.KnowledgeGraph:
    """Everybody goes once round the items, from where she likes, one an hour."""
    rng = np.random.default_rng(3)
    events = [
        (f"u{user}", f"i{(start + order * step) % N:02}", pd.Timestamp("2024-01-01") + pd.Timedelta(hours=user + step))
        for user in range(40)
        for start in [int(rng.integers(N))]
        for step in range(9)
    ]
    log = pd.DataFrame(events, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    return kg.build(kg.Tables.of(events=log))


@pytest.fixture(scope="module")
def graph() -> kg.KnowledgeGraph:
    return chains()


def baskets(told: dict[str, list[list[int]]]) -> Query:
    """A basket a day of every user; `told` names the items."""
    events = [
        (user, f"i{item:02}", pd.Timestamp("2024-01-01") + pd.Timedelta(days=day))
        for user, own in told.items()
        for day, basket in enumerate(own)
        for item in basket
    ]
    events += [("all", f"i{item:02}", pd.Timestamp("2024-01-01")) for item in range(N)]
    log = pd.DataFrame(events, columns=["user_id", "item_id", "time"]).astype({"time": "datetime64[us]"})
    return kg.build(kg.Tables.of(events=log)).query(list(told))


def test_sequences_are_the_events_by_time_those_of_one_moment_once() -> None:
    query = baskets({"a": [[3, 1, 1], [2], [1]], "b": [[5]], "c": []})
    found = Sequences.of(query, Weighting())
    assert [found.items[start:stop].tolist() for start, stop in zip(found.indptr, found.indptr[1:], strict=False)] == [
        [1, 3, 2, 1],
        [5],
        [],
    ]
    assert found.moments.tolist() == [0, 0, 1, 2, 3]
    last = found.last(np.array([0, 1]), 3)
    assert last.items.tolist() == [[3, 2, 1], [5, 0, 0]]
    assert last.there.tolist() == [[True, True, True], [True, False, False]]
    assert not Sequences.of(query, Weighting({"purchase": 0.0})).items.size


def test_stretches_cover_every_event_once_from_the_last_one_on() -> None:
    query = baskets({"a": [[item % N] for item in range(11)], "b": [[1], [2]], "c": []})
    starts, stops = Sequences.of(query, Weighting()).cut(4)
    assert sorted(zip(starts.tolist(), stops.tolist(), strict=True)) == [(0, 3), (3, 7), (7, 11), (11, 13)]


def scores(query: Query, length: int = 8) -> np.ndarray:
    encoder = Encoder(N, LAYOUT, 0).eval()
    for parameter in encoder.parameters():
        torch.nn.init.normal_(parameter, std=0.5, generator=torch.Generator().manual_seed(parameter.numel()))
    return encoder.scores(Sequences.of(query, Weighting()).last(np.arange(len(query)), length)).numpy()


def test_the_order_within_a_basket_does_not_matter_that_of_baskets_does() -> None:
    one, same, other = scores(baskets({"a": [[3, 1], [2]], "b": [[1, 3], [2]], "c": [[2], [1, 3]]}))
    np.testing.assert_allclose(one, same, atol=1e-5)
    assert np.abs(one - other).max() > 0.01


def test_nothing_that_comes_later_is_seen() -> None:
    """The states of the first moments are the same whatever follows, and however much room is left."""
    short, long = baskets({"a": [[3], [1]]}), baskets({"a": [[3], [1], [2, 5]], "b": [[item] for item in range(9)]})
    encoder = Encoder(N, LAYOUT, 0).eval()
    states = [
        encoder.of_moments(Sequences.of(query, Weighting()).last(np.array(rows), 9))[0].detach().numpy()
        for query, rows in ((short, [0]), (long, [0]), (long, [0, 1]))
    ]
    for other in states[1:]:
        np.testing.assert_allclose(states[0], other[:2], atol=1e-5)


def learner(graph: kg.KnowledgeGraph, length: int = 6, half_life: float | None = None) -> Learner:
    sequences = Sequences.of(graph.query(), Weighting())
    return Learner(Encoder(graph.n_items, LAYOUT, 0), sequences, length, Weighting(half_life=half_life), graph.now)


def test_a_loss_is_that_of_its_definition() -> None:
    """One stretch, two baskets and one: of the last, told from all others but those bought with it."""
    graph = kg.build(
        kg.Tables.of(
            events=pd.DataFrame(
                [("a", f"i{item}", f"2024-01-0{day}") for day, item in ((1, 0), (1, 1), (2, 2), (2, 3), (3, 4))]
                + [("b", "i5", "2024-01-01")],
                columns=["user_id", "item_id", "time"],
            ).astype({"time": "datetime64[us]"})
        )
    )
    made = learner(graph)
    rng = np.random.default_rng(1)
    found = made.losses(rng, slice(None), 1, 99, named("softmax"))
    states, _ = made.encoder.of_moments(made.sequences.last(np.array([0]), 6))
    logits = (states @ made.encoder.items.weight.T + made.encoder.bias).detach().numpy()
    rng = np.random.default_rng(1)
    rng.random(1)
    drawn = 2 + (rng.random(TARGETS) * 3).astype(int)  # the items 2, 3 and 4, equally often
    expected = []
    for item in drawn:
        own = logits[0 if item < 4 else 1]
        others = [other for other in range(6) if item == 4 or other not in {2, 3} - {item}]
        expected.append(np.log(np.exp(own[others]).sum()) - own[item])
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-4)


def test_a_loss_over_drawn_items_estimates_the_whole(graph: kg.KnowledgeGraph) -> None:
    made = learner(graph)

    def mean(most: int) -> float:
        return float(
            np.mean([made.losses(np.random.default_rng(seed), slice(None), 8, most, named("softmax")).mean().item()
                     for seed in range(40)])
        )  # fmt: skip

    assert mean(8) == pytest.approx(mean(99), rel=0.05)


def test_parts_of_a_batch_are_the_batch(graph: kg.KnowledgeGraph) -> None:
    made = learner(graph)
    whole = made.losses(np.random.default_rng(1), slice(None), 7, 99, named("softmax"))
    for part in (slice(0, None, 2), slice(1, None, 2)):
        own = made.losses(np.random.default_rng(1), part, 7, 99, named("softmax"))
        torch.testing.assert_close(own, whole[part])


def test_what_is_old_is_asked_less(graph: kg.KnowledgeGraph) -> None:
    """Nine events in stretches of three and six: of their first ones nothing is asked."""
    assert np.diff(learner(graph).until)[:9].tolist() == [0, 1, 1, 0, 1, 1, 1, 1, 1]
    fading = np.diff(learner(graph, half_life=0.1).until)
    assert 0 < fading[4] < fading[8]


@pytest.mark.parametrize("order", [1, 5])
def test_an_order_is_learned(order: int) -> None:
    graph = chains(order)
    scorer = replace(SMALL, n_epochs=12, n_steps=20, embedding_size=16, dropout=0.0, learning_rate=0.01).fit(graph)
    query = graph.query()
    last = (
        np.array(
            [
                query.nodes[query.events_of(row)][np.argmax(query.times[query.events_of(row)])]
                for row in range(len(query))
            ]
        )
        - query.items.start
    )
    assert (scorer.score(query).argmax(axis=1) == (last + order) % N).mean() > 0.9


def test_a_broken_fit_goes_on_bit_for_bit(graph: kg.KnowledgeGraph, tmp_path: Path) -> None:
    goes_on_bit_for_bit(SMALL, graph, tmp_path)


def test_heads_must_divide_an_embedding() -> None:
    with pytest.raises(RecsysError, match="embedding_size that 3 divides"):
        create("sasrec", embedding_size=8, n_heads=3)


def test_too_little_memory_is_said_before_it_is_taken(
    graph: kg.KnowledgeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 100)
    with pytest.raises(RecsysError, match=r"sasrec needs.*session_knn"):
        SMALL.fit(graph)
