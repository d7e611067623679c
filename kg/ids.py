"""A shop's ids (strings) and our indices (integers), both ways."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import KgError

if TYPE_CHECKING:
    import pandas as pd

Index = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class IdMap:
    """`ids` (n,): unique strings; the index of an id is its position.

    `unique`: that is known, and takes no look at them.
    """

    ids: NDArray[Any]
    unique: bool = False

    def __post_init__(self) -> None:
        if not self.unique and not self._table.is_unique:
            twice = self._table[self._table.duplicated()][0]
            raise KgError("an id stands twice in one vocabulary", value=twice, fix="Make the ids unique.")

    @cached_property
    def _table(self) -> pd.Index[Any]:
        import pandas as pd

        return pd.Index(self.ids, dtype=object)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        return f"IdMap({len(self):,} ids)"

    def to_index(self, ids: Iterable[str]) -> Index:
        """Indices, int64 (m,); −1 where the id is unknown."""
        import pandas as pd

        wanted = np.asarray(ids if isinstance(ids, np.ndarray) else list(ids), dtype=object)
        return np.asarray(self._table.get_indexer(pd.Index(wanted, dtype=object)), dtype=np.int64)

    def to_ids(self, index: NDArray[np.integer[Any]]) -> NDArray[Any]:
        """Ids, object (m,); every index must be in range (−1 is not an id)."""
        if len(index) and (np.min(index) < 0 or np.max(index) >= len(self)):
            raise IndexError(f"index outside 0 … {len(self) - 1}")
        return np.asarray(self.ids)[index]
