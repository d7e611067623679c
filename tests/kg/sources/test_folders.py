"""Data sets that are whole folders, as sources of a shop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import kg
from kg.config import KgConfig
from kg.errors import KgError
from kg.guessing import guess
from kg.reading import ingest
from kg.splitting import split
from kg.steps.derive import derive
from tests.kg.published.files import INTER, kgat, written


def shop(folder: Path, preset: str, **sections: Any) -> kg.Tables:
    config = {"folder": folder.parent, "events": {"path": folder.name, "preset": preset}, **sections}
    return ingest(KgConfig.model_validate(config))[0]


def facts(tables: kg.Tables) -> set[tuple[str, ...]]:
    columns = ("head_type", "head", "relation", "tail_type", "tail")
    return set(tables.facts.select(*columns).execute().itertuples(index=False, name=None))


def test_a_folder_of_kgat(tmp_path: Path) -> None:
    train = "".join(f"{user} {' '.join(map(str, range(10)))}\n" for user in range(3))
    tables = shop(kgat(tmp_path / "d", train, "0 10\n", kg_final__txt="0 7 99\n99 7 3\n10 1 2\n"), "kgat")
    assert facts(tables) == {
        ("item", "0", "7", "entity", "99"),
        ("entity", "99", "7", "item", "3"),
        ("item", "10", "1", "item", "2"),
    }
    windows = split(tables, tables.config.split)
    sizes = [events.count().execute() for events in (windows.train.events, windows.validation, windows.test)]
    assert sizes == [27, 3, 1]
    assert kg.build(derive(windows.train, tables.config.derive)).n_users == 3


def test_a_folder_of_recbole(tmp_path: Path) -> None:
    files = {
        "d__inter": f"{INTER}\ttimestamp:float\nu1\ti1\t5\t978300760\nu2\ti2\t1\t978302109\n",
        "d__item": "item_id:token\tmovie_title:token_seq\tcategory:token_seq\tyear:token\ni1\tToy Story\tA B\t1995\n",
        "d__kg": "head_id:token\trelation_id:token\ttail_id:token\nm.1\tdirector\tm.9\n",
        "d__link": "item_id:token\tentity_id:token\ni1\tm.1\n",
    }
    tables = shop(written(tmp_path / "d", **files), "recbole")
    assert facts(tables) == {("item", "i1", "director", "entity", "m.9")}
    graph = kg.build(derive(tables, tables.config.derive.model_copy(update={"price_bands": 0})))
    assert graph.nodes["categories"].ids.ids.tolist() == ["A", "B"]
    assert graph.nodes["year"].ids.ids.tolist() == ["1995"]
    assert graph.label(graph.node("item", "i1")) == "Toy Story"


def test_what_the_config_says_itself_stays(tmp_path: Path) -> None:
    (tmp_path / "facts.csv").write_text("item_id,relation,tail\n1,colour,red\n")
    folder = kgat(tmp_path / "d", kg_final__txt="0 7 99\n")
    tables = shop(folder, "kgat", facts={"path": "facts.csv"}, derive={"price_bands": 3})
    assert facts(tables) == {("item", "1", "colour", "entity", "red")}
    assert tables.config.derive.price_bands == 3


def test_a_guess_of_a_folder(tmp_path: Path) -> None:
    config = guess([kgat(tmp_path / "d")], preset="kgat").config
    assert ingest(config)[1].events == {"purchase": 7}


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="is of a folder"):
        shop(kgat(tmp_path / "d") / "train.txt", "kgat")
    with pytest.raises(KgError, match="Give both parts"):
        shop(written(tmp_path / "e", train__txt="0 1\n"), "kgat")
    with pytest.raises(KgError, match="holds no log"):
        shop(written(tmp_path / "f", a__txt="0 1\n"), "recbole")
