"""A training that is broken off and goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kg
from recsys.journal import Progress
from recsys.training import Run


def goes_on_bit_for_bit(scorer: Any, graph: kg.KnowledgeGraph, folder: Path) -> None:
    """Broken off after its second epoch and taken up again, a scorer says what one trained at a stretch does."""
    whole = scorer.fit(graph).score(graph.query())

    def unplug(progress: Progress) -> None:
        if progress.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scorer.fit(graph, run=Run(checkpoint=folder / "state", progress=unplug))
    resumed = scorer.fit(graph, run=Run(checkpoint=folder / "state"))
    np.testing.assert_array_equal(resumed.score(graph.query()), whole)
