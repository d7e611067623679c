from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.errors import KgError
from kg.published.forms import read
from tests.kg.published.files import INTER, TIMED, written

LOG = f"{INTER}\ttimestamp:float\n{TIMED}"
ITEM = "item_id:token\tmovie_title:token_seq\tclass:token_seq\tyear:token\tlength:float\n"
FILMS = ITEM + "i1\tToy Story\tAnimation Comedy\t1995\t81\ni2\tHeat\tAction\t\t170\n"


def facts(tables: Any) -> set[tuple[str, ...]]:
    columns = ("head_type", "head", "relation", "tail_type", "tail")
    return set(tables.facts.select(*columns).execute().itertuples(index=False, name=None))


def test_the_log_has_its_times(tmp_path: Path) -> None:
    data = read(written(tmp_path, ml__inter=LOG))
    events = data.tables.events.execute().sort_values(["user_id", "item_id"])
    assert events[["user_id", "item_id"]].to_numpy().tolist() == [["u1", "i1"], ["u1", "i2"], ["u2", "i1"]]
    assert str(events["time"].iloc[0]) == "2000-12-31 22:12:40"
    assert (data.form, data.has_times, data.has_parts) == ("RecBole", True, False)


def test_a_low_rating_is_an_event_like_any_other(tmp_path: Path) -> None:
    assert read(written(tmp_path, ml__inter=LOG)).tables.events.value.execute().isna().all()


def test_files_are_parts_by_their_names(tmp_path: Path) -> None:
    files = {f"ml__{part}__inter": f"{INTER}\nu1\t{part}\t1\n" for part in ("train", "valid", "test")}
    data = read(written(tmp_path, **files))
    found = dict(data.tables.events.select("item_id", "part").execute().itertuples(index=False, name=None))
    assert found == {"train": "train", "valid": "validation", "test": "test"}


def test_tokens_of_items_and_users_are_facts(tmp_path: Path) -> None:
    users = "user_id:token\tgender:token\tage:float\nu1\tF\t33\n"
    tables = read(written(tmp_path, ml__inter=LOG, ml__item=FILMS, ml__user=users)).tables
    assert facts(tables) == {
        ("item", "i1", "class", "class", "Animation"),
        ("item", "i1", "class", "class", "Comedy"),
        ("item", "i2", "class", "class", "Action"),
        ("item", "i1", "year", "year", "1995"),
        ("user", "u1", "gender", "gender", "F"),
    }
    assert set(tables.items.title.execute()) == {"Toy Story", "Heat"}


def test_linked_entities_are_the_items(tmp_path: Path) -> None:
    graph = "head_id:token\trelation_id:token\ttail_id:token\nm.1\tdirector\tm.9\nm.9\tmade\tm.2\n"
    link = "item_id:token\tentity_id:token\ni1\tm.1\ni2\tm.2\n"
    tables = read(written(tmp_path, ml__inter=LOG, ml__kg=graph, ml__link=link)).tables
    assert facts(tables) == {
        ("item", "i1", "director", "entity", "m.9"),
        ("entity", "m.9", "made", "item", "i2"),
    }
    assert read(written(tmp_path / "alone", ml__inter=LOG, ml__kg=graph)).tables.facts.count().execute() == 2


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"ml__inter": ""}, "empty"),
        ({"ml__inter": LOG.splitlines()[0] + "\n"}, "no rows"),
        ({"ml__inter": LOG.replace("item_id", "item")}, "column item_id"),
        ({"ml__inter": LOG.replace("978302109", "yesterday")}, "row 3, column time, value 'yesterday'"),
        ({"ml__inter": LOG, "other__inter": LOG}, "several data sets"),
        ({"ml__inter": LOG, "ml__kg": "head_id:token\trelation_id:token\ttail_id:token\na\tb\n"}, "row 2"),
        ({"ml__inter": LOG, "ml__kg": "head_id:token\ttail_id:token\na\tb\n"}, "column relation_id"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, files: dict[str, str], told: str) -> None:
    with pytest.raises(KgError) as found:
        read(written(tmp_path, **files))
    assert told in str(found.value)
    assert str(tmp_path) in str(found.value)
