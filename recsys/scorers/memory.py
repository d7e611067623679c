"""Memory is estimated before it is allocated: a clear word beats a killed process."""

from __future__ import annotations

import os
from pathlib import Path

from recsys.errors import RecsysError

_GIB = 1 << 30
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def require(needed: int, what: str, instead: str) -> None:
    """Raise a RecsysError if `needed` bytes are not there; it names `instead`, a scorer that would fit."""
    there = available()
    if needed > there:
        raise RecsysError(
            f"{what} needs {needed / _GIB:.1f} GiB of memory and {there / _GIB:.1f} GiB are free",
            fix=f"Use the scorer {instead}, or a machine with more memory.",
            bad_input=False,
        )


def available() -> int:
    """Bytes this process may still take: what the machine has free, within the limit of its control group."""
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if _MEMINFO.exists():
        fields = dict(line.split(":", 1) for line in _MEMINFO.read_text().splitlines())
        free = int(fields["MemAvailable"].split()[0]) * 1024
    limit, used = _CGROUP / "memory.max", _CGROUP / "memory.current"
    if limit.exists() and used.exists() and (text := limit.read_text().strip()) != "max":
        free = min(free, max(int(text) - int(used.read_text()), 0))
    return free
