"""What a piece of work costs."""

from __future__ import annotations

import resource
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_KIB_PER_MB = 1000 / 1.024
_STATUS = Path("/proc/self/status")
_RESET = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # proc(5): the peak starts again from what is held now


@dataclass
class Measured:
    """A context that measures `seconds`, and `peak_mb`: the most memory the process held.

    The peak counts from the last `afresh` one's start; where it cannot be set back (outside Linux), from the process's.
    """

    afresh: bool = True
    seconds: float = 0.0
    peak_mb: float = 0.0

    def __enter__(self) -> Self:
        if self.afresh:
            with suppress(OSError):
                _RESET.write_text(_RESET_PEAK)
        self._started = time.perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = time.perf_counter() - self._started
        self.peak_mb = peak_mb()


def peak_mb() -> float:
    """The most memory the process has held since the peak was last set back, MB."""
    peak = _own_peak() or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else _KIB_PER_MB)


def _own_peak() -> int:
    """In KiB; 0 where Linux does not tell it. What `getrusage` says is never below the peak of who started us."""
    with suppress(OSError, IndexError):
        return int(_STATUS.read_text().split("VmHWM:")[1].split()[0])
    return 0
