"""What was tuned reaches training where the config is silent, and never where it has seen the test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from recsys.config import Config
from recsys.errors import RecsysError
from recsys.tuned import QUERY, remember, remembered, tuned
from recsys.workspace import Stage, Workspace

WEIGHTING = {"kinds": {"view": 0.5}, "half_life": 30.0}


def made(test_start: int | None) -> Stage:
    return Stage("graph", Path(), {}, 0, 0, {"test_start": test_start}, {})


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def config(method: Any = "time", **scorers: dict[str, Any]) -> Config:
    return Config.model_validate({"scorers": scorers, "split": {"method": method}})


def test_the_config_is_stronger_than_what_was_tuned(workspace: Workspace) -> None:
    shop = config(ease={"l2": 5.0}, popularity={})
    remember(workspace, shop, made(100), "ease", {"l2": 2.0, "user_power": 0.1})
    assert tuned(workspace, shop, made(100)) == {"ease": {"l2": 5.0, "user_power": 0.1}, "popularity": {}}
    assert tuned(workspace, config(ease={}), made(200)) == {"ease": {"l2": 2.0, "user_power": 0.1}}
    assert remembered(workspace, "ease") == {"l2": 2.0, "user_power": 0.1}


def test_nothing_tuned_changes_nothing(workspace: Workspace) -> None:
    shop = config(ease={"l2": 5.0})
    assert tuned(workspace, shop, made(100)) == shop.scorers
    remember(workspace, shop, made(100), "ease", {"l2": 2.0})
    remember(workspace, shop, made(100), "ease", {})
    assert tuned(workspace, config(ease={}), made(100)) == {"ease": {}}


def test_the_query_is_for_those_who_do_not_weigh_it_themselves(workspace: Workspace) -> None:
    shop = config(ease={}, item_knn={"weighting": {"half_life": 9}}, popularity={}, user_knn={})
    remember(workspace, shop, made(100), QUERY, {"weighting": WEIGHTING})
    remember(workspace, shop, made(100), "user_knn", {"weighting": {"kinds": {}, "half_life": None}})
    found = tuned(workspace, shop, made(100))
    assert found["ease"] == {"weighting": WEIGHTING}
    assert found["item_knn"] == {"weighting": {"half_life": 9}}
    assert found["popularity"] == {}
    assert found["user_knn"] == {"weighting": {"kinds": {}, "half_life": None}}


@pytest.mark.parametrize(
    ("method", "now"), [("time", 99), ("leave-last-out", None), ("time", None)], ids=["earlier", "other", "no time"]
)
def test_what_has_seen_the_test_is_refused(workspace: Workspace, method: str, now: int | None) -> None:
    remember(workspace, config(ease={}), made(100), "ease", {"l2": 2.0})
    with pytest.raises(RecsysError, match="has seen what is now kept for the test") as caught:
        tuned(workspace, config(method, ease={}), made(now))
    assert caught.value.file == workspace.folder / "tuned.json"
    assert "cartograph tune ease" in caught.value.fix
    assert tuned(workspace, config(method, popularity={}), made(now)) == {"popularity": {}}


def test_a_split_without_a_moment_stays_one(workspace: Workspace) -> None:
    remember(workspace, config("leave-last-out", ease={}), made(None), "ease", {"l2": 2.0})
    assert tuned(workspace, config("leave-last-out", ease={}), made(None)) == {"ease": {"l2": 2.0}}
    with pytest.raises(RecsysError):
        tuned(workspace, config("time", ease={}), made(100))


@pytest.mark.parametrize("text", ["[1]", '{"document": {"ease": 3}, "check": ""}', "{"])
def test_a_damaged_file_is_named(workspace: Workspace, text: str) -> None:
    (workspace.folder / "tuned.json").write_text(text)
    with pytest.raises(RecsysError, match="damaged") as caught:
        tuned(workspace, config(ease={}), made(100))
    assert caught.value.file == workspace.folder / "tuned.json"
    assert "Delete" in caught.value.fix


def test_a_parameter_that_is_none_of_the_scorers_is_named_with_the_file(workspace: Workspace) -> None:
    remember(workspace, config(ease={}), made(100), "ease", {"l3": 2.0})
    with pytest.raises(RecsysError, match="no parameter 'l3'") as caught:
        tuned(workspace, config(ease={}), made(100))
    assert caught.value.file == workspace.folder / "tuned.json"
