"""A made-up shop whose raw files look like a real one's, and of which it is known why every purchase happened.

>>> from pathlib import Path
>>> from kg.demo_shop import DemoShop, generate
>>> files = generate(DemoShop(users=500, seed=7), Path("demo-shop"))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.demo_shop.shop import MECHANISMS, DemoShop, Dirt, Mixture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from kg.demo_shop.writer import DemoFiles

__all__ = ["MECHANISMS", "DemoShop", "Dirt", "Mixture", "generate", "oracle_scores"]


def generate(shop: DemoShop, folder: Path) -> DemoFiles:
    """Write the shop's raw files and its truth into `folder`; see `generator.generate` and, for the files, `writer`."""
    from kg.demo_shop.generator import generate as run

    return run(shop, folder)


def oracle_scores(
    folder: Path, users: Sequence[str], as_of: datetime, until: datetime | None = None
) -> NDArray[np.float32]:
    """The true purchase probabilities, float32 (users, items); see `oracle.oracle_scores`."""
    from kg.demo_shop.oracle import oracle_scores as run

    return run(folder, users, as_of, until)
