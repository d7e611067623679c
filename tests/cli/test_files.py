"""Raw files by options: what columns mean, by flag or preset; what makes `ingest` read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cli.main import WRONG
from kg.sources.folders import FOLDERS
from kg.sources.preset import names
from tests.cli.conftest import Ask


def log(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_sources_lists_the_presets(cartograph: Ask) -> None:
    listed = cartograph("sources", "--json").json
    assert [row["name"] for row in listed] == [*names(), *FOLDERS]
    assert all(set(row) == {"name", "about", "tables"} for row in listed)
    shown = cartograph("sources").out
    assert all(name in shown for name in (*names(), *FOLDERS))


def test_columns_by_flag(cartograph: Ask, tmp_path: Path) -> None:
    path = log(tmp_path, "who,what,when\nann,mug,2024-03-01\nbob,pot,2024-03-02\n")
    ask: tuple[Any, ...] = ("ingest", "--events", path, "-w", tmp_path / "w", "--json")
    refused = cartograph(*ask)
    assert refused.code == WRONG
    assert "--column user_id=COLUMN" in refused.json["error"]["fix"]
    flags = ("--column", "user_id=who", "--column", "item_id=what", "--column", "time=when")
    report = cartograph(*ask, *flags).json
    assert (report["rows_read"], report["users"], report["items"]) == (2, 2, 2)
    remembered = cartograph("ingest", "-w", tmp_path / "w")
    assert "unchanged" in remembered.err
    assert "unchanged" not in cartograph("ingest", "-w", tmp_path / "w", "--column", "item_id=who").err


@pytest.mark.parametrize("text", ["item_id", "=what", "item_id="])
def test_a_flag_that_is_no_column(cartograph: Ask, tmp_path: Path, text: str) -> None:
    path = log(tmp_path, "user,item\nann,mug\n")
    answer = cartograph("ingest", "--events", path, "--column", text, "-w", tmp_path / "w", "--json")
    assert answer.code == WRONG
    assert answer.json["error"]["value"] == text


def test_init_by_preset_flags_and_names(cartograph: Ask, tmp_path: Path) -> None:
    events = log(tmp_path, "1::10::5::978300760\n", "ratings.dat")
    items = log(tmp_path, "10::Heat::Crime\n", "movies.dat")
    out = tmp_path / "films.toml"
    made = cartograph(
        "init", "--events", events, "--items", items, "--preset", "movielens", "--out", out, "--json"
    ).json
    assert made["config"] == str(out)
    assert made["mapping"] == {
        "user": "user_id", "movie": "item_id", "stars": "value", "time": "time", "title": "items.title",
    }  # fmt: skip
    report = cartograph("ingest", out, "-w", tmp_path / "w", "--json").json
    assert (report["events"], report["users"]) == ({"rating": 1}, 1)
    users = log(tmp_path, "1::F::1::10::48067\n", "users.dat")
    more = cartograph("ingest", out, "--users", users, "-w", tmp_path / "w")
    assert "unchanged" not in more.err


def test_init_needs_a_log_and_keeps_what_is_there(cartograph: Ask, tmp_path: Path) -> None:
    assert "--events FILE" in cartograph("init", "--out", tmp_path / "a.toml").err
    path = log(tmp_path, "user,item\nann,mug\n")
    (tmp_path / "a.toml").write_text("[shop]\n")
    answer = cartograph("init", "--events", path, "--out", tmp_path / "a.toml")
    assert answer.code == WRONG
    assert (tmp_path / "a.toml").read_text() == "[shop]\n"


def test_a_preset_without_a_log(cartograph: Ask, tmp_path: Path) -> None:
    config = log(tmp_path, "[events]\n", "shop.toml")
    for words in (("--preset", "rees46"), (config, "--preset", "rees46", "--events", "a.csv")):
        assert cartograph("ingest", *words, "-w", tmp_path / "w").code == WRONG


def test_ingest_reads_again_when_a_preset_a_check_or_a_file_has_changed(cartograph: Ask, tmp_path: Path) -> None:
    log(tmp_path, "who,what\nann,mug\n")
    mapping = "[events.columns]\nuser_id = 'who'\nitem_id = 'what'\n"
    preset = log(tmp_path, mapping, "mine.toml")
    config = log(tmp_path, "[events]\npath = 'log.csv'\npreset = 'mine.toml'\n", "shop.toml")

    def unchanged() -> bool:
        answer = cartograph("ingest", config, "-w", tmp_path / "w")
        assert answer.code == 0, answer.err
        return "unchanged" in answer.err

    assert not unchanged()
    assert unchanged()
    preset.write_text(mapping.replace("'what'", "'who'"))
    assert not unchanged()
    config.write_text(config.read_text() + "[[checks]]\nname = 'rows'\n")
    assert not unchanged()
    log(tmp_path, "who,what\nann,mug\nbob,mug\n")
    assert not unchanged()
    assert unchanged()
    preset.unlink()
    assert "unchanged" in cartograph("ingest", "-w", tmp_path / "w").err  # what is remembered stands for itself


def test_people_are_told_rules_figures_and_rejects(cartograph: Ask, tmp_path: Path) -> None:
    log(tmp_path, "user_id,item_id,quantity\n" + "ann,mug,1\n" * 2 + "ann,mug,[/b]\n")
    config = log(
        tmp_path,
        "[events]\npath = 'log.csv'\nmax_rejects = 0.5\n[[clean]]\nname = 'repeats'\n[[checks]]\nname = 'odd'\n",
        "shop.toml",
    )
    shown = cartograph("ingest", config, "-w", tmp_path / "w").out
    for text in ("3 rows read", "repeats", "odd", "cannot be read: 1", "[/b]", "not a number"):
        assert text in shown


def test_init_writes_what_it_could_guess_and_says_what_is_left(cartograph: Ask, tmp_path: Path) -> None:
    path = log(tmp_path, "who,SKU code,when,colour,kind\nann,mug,03/04/2024,red,wish\n")
    told = cartograph("init", "--events", path, "--column", "time=when", "--out", tmp_path / "a.toml", "--json").json
    assert (told["missing"], told["unused"], told["unknown"]) == (["user_id"], ["who", "colour"], ["wish"])
    assert told["formats"] == ["%d/%m/%Y", "%m/%d/%Y"]
    shown = cartograph("init", "--events", path, "--out", tmp_path / "b.toml")
    assert shown.code == 0
    for text in ("Nothing was found for user_id", "--column user_id=COLUMN", "who, when, colour", "wish", "Complete"):
        assert text in shown.out
    assert "no column 'user_id'" in cartograph("ingest", tmp_path / "b.toml", "-w", tmp_path / "w").err


def test_all_rejects_lie_in_a_file_that_is_told(cartograph: Ask, tmp_path: Path) -> None:
    log(tmp_path, "user_id,item_id,quantity\n" + "ann,mug,1\n" + "ann,mug,many\n" * 120)
    config = log(tmp_path, "[events]\npath = 'log.csv'\nmax_rejects = 1\n", "shop.toml")
    report = cartograph("ingest", config, "-w", tmp_path / "w", "--json").json
    place = Path(report["rejects_file"])
    assert len(place.read_text().splitlines()) == 1 + report["rejected"] == 121
    shown = cartograph("ingest", config, "-w", tmp_path / "w").out
    assert f"All of them: {place}" in shown.replace("\n", "")
    assert "one user" in shown


def test_kinds_that_are_none_of_ours_are_remarked(cartograph: Ask, tmp_path: Path) -> None:
    log(tmp_path, "user_id,item_id,kind\nann,mug,wish\nbob,mug,view\n")
    config = log(tmp_path, "[events]\npath = 'log.csv'\n", "shop.toml")
    assert "none of ours: wish." in cartograph("ingest", config, "-w", tmp_path / "w").out
