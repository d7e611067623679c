"""The walks of the docs, taken on the data they speak of, where that is here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.pages import DOCS, ROOT, Reader

DATA = Path(os.environ.get("CARTOGRAPH_DATA", ROOT.parent / "shared" / "data"))
_TIMEOUT = 1800  # seconds: a million lines are read


@pytest.mark.timeout(_TIMEOUT)
@pytest.mark.skipif(not DATA.is_dir(), reason=f"no data at {DATA} (CARTOGRAPH_DATA names another folder)")
def test_what_the_walks_say_works(reader: Reader) -> None:
    Path("data").symlink_to(DATA.resolve())
    reader.follow(DOCS / "walks.md")
    for name in ("jaws.html", "jaws.png", "pastry.svg", "pastry.png", "phones.html", "phones.svg"):
        assert Path(name).stat().st_size > 1000
