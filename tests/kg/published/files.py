"""Small data sets in the forms they are published in."""

from __future__ import annotations

from pathlib import Path


def written(folder: Path, **files: str) -> Path:
    """A folder with these files; in their names `__` stands for a dot."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return folder


def kgat(folder: Path, train: str = "0 0 1 2\n1 1 2\n", test: str = "0 3\n1 0\n", **others: str) -> Path:
    return written(folder, train__txt=train, test__txt=test, **others)


INTER = "user_id:token\titem_id:token\trating:float"
TIMED = "u1\ti1\t5\t978300760\nu1\ti2\t1\t978302109\nu2\ti1\t3\t978301968\n"
