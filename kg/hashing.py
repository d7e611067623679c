"""Content as one number: the same on every machine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHUNK = 1 << 24  # bytes that are hashed together
_THREADS = 2  # hashing keeps no other Python from running; more than two wait for memory
_SCALE = 1 << 16  # fractions are hashed as integers: the last bits of float sums differ from run to run


class Digest:
    """BLAKE2b over texts and integers."""

    def __init__(self) -> None:
        self._digest = hashlib.blake2b(digest_size=16)

    def add(self, *columns: NDArray[Any]) -> None:
        """Numbers of any type, as int64."""
        for values in columns:
            self._digest.update(_as_integers(values).data)

    def add_texts(self, texts: Iterable[Any]) -> None:
        """Texts with their number and lengths, so that none runs into the next."""
        encoded = [str(text).encode("utf-8", "surrogatepass") for text in texts]
        self.add(np.array([len(encoded), *map(len, encoded)]))
        self._digest.update(b"".join(encoded))

    def hex(self) -> str:
        """32 hex digits."""
        return self._digest.hexdigest()


def chunk_hashes(content: memoryview) -> list[str]:
    """A hash of every 16 MiB, 32 hex digits each; of nothing, none."""
    chunks = (content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK))
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(_hash_of, chunks))


def _hash_of(content: memoryview) -> str:
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def _as_integers(values: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers as int64, fractions in steps of 1 / `_SCALE`, NaN as the least number."""
    if values.dtype.kind != "f":
        return np.ascontiguousarray(values, dtype=np.int64)
    missing = np.isnan(values)
    scaled = np.rint(np.where(missing, 0, values).astype(np.float64) * _SCALE).astype(np.int64)
    return np.where(missing, np.iinfo(np.int64).min, scaled)
