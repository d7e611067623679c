"""A transformer over events, and what is lost on stretches of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from kg.edges import runs
from kg.query import Weighting
from recsys.losses import MASKED
from recsys.scorers.candidates import candidates
from recsys.scorers.sequences import TARGETS, Sequences, Stretches

if TYPE_CHECKING:
    from recsys.losses import Loss

Index = NDArray[np.int64]
_SCALE = 0.02  # of the first embeddings
_FURTHEST = 32  # moments: what lies further back is as far
_WIDER = 4  # the inner layer of a block


@dataclass(frozen=True)
class Layout:
    """How large an encoder is; `n_heads` must divide `size`."""

    size: int
    n_blocks: int
    n_heads: int
    dropout: float


class Encoder(nn.Module):
    """States of events, float32 (b, length, size), each of the events before it and of its own moment.

    How far back an event lies is told by a number for every head and distance in moments, added to the attention.
    """

    def __init__(self, n_items: int, layout: Layout, seed: int) -> None:
        super().__init__()
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            self.items = nn.Embedding(n_items, layout.size)
            self.bias = nn.Parameter(torch.zeros(n_items))
            self.blocks = nn.ModuleList(_Block(layout) for _ in range(layout.n_blocks))
            nn.init.normal_(self.items.weight, std=_SCALE)
        self.distances = nn.Parameter(torch.zeros(layout.n_heads, _FURTHEST + 1))
        self.dropout, self.norm = nn.Dropout(layout.dropout), nn.LayerNorm(layout.size)

    def forward(self, stretches: Stretches) -> Tensor:
        items, moments, there = (
            torch.from_numpy(part).to(self.bias.device)
            for part in (stretches.items, stretches.moments, stretches.there)
        )
        back = moments[:, :, None] - moments[:, None, :]
        itself = torch.eye(
            moments.shape[1], dtype=torch.bool, device=back.device
        )  # so that what is not there sees something
        seen = (there[:, None, :] & (back >= 0)) | itself
        mask = self.distances[:, back.clamp(0, _FURTHEST)].transpose(0, 1)
        mask = mask.masked_fill(~seen[:, None], float("-inf"))
        states = self.dropout(self.items(items))
        for block in self.blocks:
            states = block(states, mask)
        return self.norm(states)

    def of_moments(self, stretches: Stretches) -> tuple[Tensor, Index]:
        """The mean state of every moment (m, size), and which moment each event that is there is of, int64 (e,)."""
        rows = np.nonzero(stretches.there)[0]
        told = stretches.moments[stretches.there]
        begins = (np.diff(rows, prepend=-1) != 0) | (np.diff(told, prepend=-1) != 0)
        moment = np.cumsum(begins) - 1
        states = self(stretches)[torch.from_numpy(stretches.there)]
        place = torch.from_numpy(moment).to(states.device)
        n_moments = int(begins.sum())
        total = states.new_zeros(n_moments, states.shape[1]).index_add_(0, place, states)
        return total / torch.bincount(place, minlength=n_moments)[:, None], moment

    @torch.no_grad()
    def scores(self, stretches: Stretches) -> Tensor:
        """Of all items, float32 (b, n_items), after all of each stretch; none is empty."""
        states, moment = self.of_moments(stretches)
        lasts = moment[np.cumsum(stretches.there.sum(axis=1)) - 1]
        return states[torch.from_numpy(lasts)] @ self.items.weight.T + self.bias


class _Block(nn.Module):
    """Attention, then a layer of its own for every event; normalised before, added to what was there."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        size = layout.size
        self.n_heads = layout.n_heads
        self.before, self.between = nn.LayerNorm(size), nn.LayerNorm(size)
        self.read, self.told = nn.Linear(size, 3 * size), nn.Linear(size, size)
        self.inner = nn.Sequential(nn.Linear(size, _WIDER * size), nn.GELU(), nn.Linear(_WIDER * size, size))
        self.dropout = nn.Dropout(layout.dropout)

    def forward(self, states: Tensor, mask: Tensor) -> Tensor:
        b, length, size = states.shape
        heads = self.read(self.before(states)).view(b, length, 3, self.n_heads, -1)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        heard = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        states = states + self.dropout(self.told(heard.transpose(1, 2).reshape(b, length, size)))
        return states + self.dropout(self.inner(self.between(states)))


class Learner:
    """What an encoder is taught: events, each from those of the moments before it.

    Stretches are drawn by the weight of their targets, `TARGETS` of each by theirs; others of the same moment are no
    negatives. `fading` weighs an event by its age at `now`, seconds.
    """

    def __init__(self, encoder: Encoder, sequences: Sequences, length: int, fading: Weighting, now: int) -> None:
        self.encoder, self.sequences = encoder, sequences
        self.starts, self.stops = sequences.cut(length)
        n_events = len(sequences.items)
        weights = fading.decay(now - sequences.times).astype(np.float64)
        stretch = np.repeat(np.arange(len(self.starts)), self.stops - self.starts)
        owned = np.empty(n_events, np.int64)
        owned[runs(self.starts, self.stops - self.starts)] = stretch
        first = np.zeros(n_events, bool)
        first[sequences.moments == sequences.moments[self.starts][owned]] = True
        weights[first] = 0  # nothing was before
        self.until = np.concatenate([[0.0], np.cumsum(weights)])
        self.chances = np.cumsum(self.until[self.stops] - self.until[self.starts])
        popularity = np.bincount(sequences.items, weights, minlength=encoder.items.num_embeddings)
        self.popularity = popularity / max(popularity.sum(), 1e-12)

    @property
    def can_learn(self) -> bool:
        """Whether anyone did something later than something else."""
        return bool(self.until[-1] > 0)

    def losses(self, rng: np.random.Generator, part: slice, size: int, most: int, loss: Loss) -> Tensor:
        """The mean loss of the targets of a `part` of `size` stretches, each told from `most` items: float32 (b,)."""
        sequences, encoder = self.sequences, self.encoder
        picked = np.searchsorted(self.chances, rng.random(size) * self.chances[-1], side="right")
        picked = picked.clip(max=len(self.chances) - 1)
        starts, stops = self.starts[picked], self.stops[picked]
        low, high = self.until[starts, None], self.until[stops, None]
        drawn = np.searchsorted(self.until, low + rng.random((size, TARGETS)) * (high - low), side="right") - 1
        events = np.clip(drawn, starts[:, None], stops[:, None] - 1)
        items, chances = candidates(rng, sequences.items[events].ravel(), self.popularity, most)
        seed = int(rng.integers(np.iinfo(np.int64).max))
        starts, stops, events = starts[part], stops[part], events[part]
        device = encoder.bias.device
        with torch.random.fork_rng(devices=() if device.type == "cpu" else (device,)):
            torch.manual_seed(seed)  # of dropout
            states, moment = encoder.of_moments(sequences.between(starts, stops))
        lengths = stops - starts
        place = events - (starts - np.cumsum(lengths) + lengths)[:, None]
        asked = states[torch.from_numpy(moment[place.ravel()] - 1).to(device)]
        offered = torch.from_numpy(items).to(device)
        logits = asked @ encoder.items.weight[offered].T + encoder.bias[offered]
        row, column = self._at_the_same_moment(events.ravel(), items)
        logits.index_put_((torch.from_numpy(row), torch.from_numpy(column)), logits.new_tensor(MASKED))
        targets = torch.from_numpy(np.searchsorted(items, sequences.items[events.ravel()])).to(device)
        log_chance = torch.from_numpy(np.log(chances).astype(np.float32)).to(device)
        return loss(logits, targets, log_chance).view(events.shape).mean(dim=1)

    def _at_the_same_moment(self, events: Index, items: Index) -> tuple[Index, Index]:
        """(row, place in the sorted `items`) of what happened together with each of `events`, but itself."""
        moments = self.sequences.moments
        first = np.searchsorted(moments, moments[events])
        lengths = np.searchsorted(moments, moments[events], side="right") - first
        row, others = np.repeat(np.arange(len(events)), lengths), runs(first, lengths)
        own = self.sequences.items[others]
        place = np.searchsorted(items, own).clip(max=len(items) - 1)
        on = (items[place] == own) & (others != events[row])
        return row[on], place[on]
