"""What a piece of work is said to have cost."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from recsys.measuring import Measured

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a peak cannot be set back")
_MB = 1_000_000
_BIG = 400


def test_the_peak_is_of_the_work_alone() -> None:
    with Measured() as nothing:
        pass
    with Measured() as work:
        np.ones(_BIG * _MB, np.uint8)
    with Measured() as after:
        pass
    assert work.peak_mb > nothing.peak_mb + 0.9 * _BIG
    assert after.peak_mb < work.peak_mb - 0.9 * _BIG


def test_the_peak_is_not_that_of_who_started_the_process() -> None:
    child = "from recsys.measuring import peak_mb; print(peak_mb())"
    held = bytearray(b"1") * (_BIG * _MB)
    told = subprocess.run([sys.executable, "-c", child], check=True, capture_output=True, text=True)
    assert len(held) > _MB * float(told.stdout)
