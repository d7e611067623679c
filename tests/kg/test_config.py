from __future__ import annotations

from pathlib import Path

import pytest

from kg.config import KgConfig, read_config
from kg.errors import KgError

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.toml")), ids=lambda path: path.stem)
def test_the_configs_of_the_project_are_right(path: Path) -> None:
    assert read_config(path).events.paths


def test_given_files_take_the_place_of_the_configs_own(tmp_path: Path) -> None:
    for name in ("log.csv", "items.csv", "other/items.csv", "other/log1.csv", "other/log2.csv", "other/users.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    sections = {"events": "log.csv", "items": "items.csv", "users": "users.csv"}
    config = KgConfig.model_validate(
        {"folder": tmp_path, "taxonomy": "t.ttl", **{table: {"path": path} for table, path in sections.items()}}
    )
    own = config.at()
    assert own.events.paths == (str(tmp_path / "log.csv"),)
    assert own.users.paths == (str(tmp_path / "users.csv"),)
    assert own.taxonomies == {"category": (str(tmp_path / "t.ttl"),)}
    elsewhere = config.at([tmp_path / "other" / "log*.csv"])
    assert elsewhere.events.paths == (str(tmp_path / "other" / "log*.csv"),)
    assert elsewhere.items.paths == (str(tmp_path / "items.csv"),)  # the config's own comes first
    assert elsewhere.users.paths == (str(tmp_path / "other" / "users.csv"),)  # found beside the log
    given = config.at(items=tmp_path / "other" / "items.csv")
    assert (given.events.paths, given.items.paths) == (own.events.paths, (str(tmp_path / "other" / "items.csv"),))
    assert given.at() == given


def test_columns_are_laid_over_the_configs_own() -> None:
    config = KgConfig.model_validate(
        {"events": {"path": "log.csv", "columns": {"user_id": "u", "item_id": "i"}}, "items": {"path": "items.csv"}}
    )
    laid = config.at(columns={"item_id": "sku", "events.price": "p", "items.title": "name"})
    assert laid.events.columns == {"user_id": "u", "item_id": "sku", "price": "p"}
    assert laid.items.columns == {"title": "name"}
    with pytest.raises(KgError, match="no users"):
        config.at(columns={"users.country": "land"})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[event]", "'events'"),
        ("[events]\nkep = []", "'keep'"),
        ("[users]\ncolumn = {}", "'columns'"),
        ("[[clean]]\nname = 'x'\nacton = 'drop'", "'action'"),
        ("[[checks]]\nname = 'x'\nwher = 'true'", "'where'"),
        ("[[checks]]\nname = 'x'\nzzz = 1", "Remove it"),
        ("[events]\nmax_rejects = 2", "less than or equal to 1"),
        ("[events]\nencoding = 'koi8'", "'utf-8', 'latin-1' or 'utf-16'"),
        ("[events\n", "not TOML"),
    ],
)
def test_mistakes_are_told_with_what_is_right(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "shop.toml"
    path.write_text(text)
    with pytest.raises(KgError) as caught:
        read_config(path)
    assert caught.value.file == path
    assert told in str(caught.value)
