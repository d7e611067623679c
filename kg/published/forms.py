"""The forms that published data sets come in; a new one is one new file and one line here."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from kg.engine import Engine
from kg.errors import KgError
from kg.published.data import Published

SHOP = "shop"
FORMS: dict[str, tuple[str, str]] = {
    "KGAT": ("train.txt and test.txt, perhaps kg_final.txt", "kg.published.kgat"),
    "RecBole": ("NAME.inter, perhaps .item, .user, .kg and .link", "kg.published.recbole"),
    SHOP: ("NAME.toml, as `cartograph run` takes it", "kg.published.shop"),
    "Parquet": ("events.parquet, perhaps items, users and facts; or one file of events", "kg.published.parquet"),
}
"""What the files are called, and the module: `fits(path)` tells the form, `read(path, engine)` reads it."""


def read(path: Path, engine: Engine | None = None, events: Path | None = None) -> Published:
    """The data set at a path, of whichever form it is; KgError naming all of them where it is of none.

    `events` is the log of a shop, where its file names another one.
    """
    if not path.exists():
        raise KgError("no such folder or file", file=path, fix="Check the path.")
    for form, (_, module) in FORMS.items():
        found = import_module(module)
        if found.fits(path):
            name = path.resolve().stem if path.is_file() else path.resolve().name
            if form != SHOP and events is not None:
                raise KgError(
                    "only a shop's file has its log elsewhere", column="--events", value=str(events), fix="Drop it."
                )
            own = {} if events is None else {"events": events}
            tables, files = found.read(path, engine or Engine(), **own)
            stated = tables.config.shop.target_kinds if form == SHOP else ()
            return Published(name, form, tables, tuple(files), stated)
    known = "; ".join(f"{form}: {files}" for form, (files, _) in FORMS.items())
    raise KgError("this is no data set of a known form", file=path, fix=f"Give one of these forms. {known}.")
