"""What `cartograph tune` found, kept in the workspace: `train` takes it for what a config does not say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.query import Weighting
from recsys.config import Config
from recsys.errors import RecsysError
from recsys.scorers import create
from recsys.workspace import Stage, Workspace

QUERY = "query"
"""Stands for the weighting of the events of every scorer that has none of its own."""
TUNED = "tuned"
"""The document that keeps them."""
_WEIGHTING = "weighting"


def remember(workspace: Workspace, config: Config, made: Stage, name: str, parameters: Mapping[str, Any]) -> None:
    """Keep parameters of a scorer, or of the query; none: forget what there was.

    `made` is the stage of the graph that they were found on: what it keeps for the test they have not seen.
    """
    known = _kept(workspace)
    known.pop(name, None)
    if parameters:
        seen = {"split": config.split.told, "until": made.result["test_start"]}
        known[name] = {"parameters": dict(parameters), **seen}
    workspace.remember(TUNED, known)


def remembered(workspace: Workspace, name: str) -> dict[str, Any]:
    """The parameters kept under a name; none where there are none."""
    kept = _kept(workspace).get(name)
    return dict(kept["parameters"]) if kept else {}


def tuned(workspace: Workspace, config: Config, made: Stage) -> dict[str, dict[str, Any]]:
    """The config's scorers with the parameters that were tuned; what the config gives stays.

    Raises RecsysError where they were found on events that are now kept for the test, or are none of the scorer's.
    """
    known = _kept(workspace)
    scorers = {}
    for name, given in config.scorers.items():
        own = known.get(name)
        shared = known.get(QUERY) if has_plain_weighting(name, given) else None
        parameters: dict[str, Any] = {}
        for found, of in ((shared, QUERY), (own, name)):
            if found:
                _check(workspace, config, made, found, of)
                parameters |= found["parameters"]
        scorers[name] = parameters | given
        _created(workspace, name, scorers[name])
    return scorers


def has_plain_weighting(name: str, given: Mapping[str, Any]) -> bool:
    """Whether a scorer weighs the events of a query as they come: nothing is said of it, neither here nor by itself."""
    return _WEIGHTING not in given and getattr(create(name), _WEIGHTING, None) == Weighting()


def _kept(workspace: Workspace) -> dict[str, dict[str, Any]]:
    """By name the parameters found, and what they have seen."""
    known: dict[str, dict[str, Any]] = workspace.recall(TUNED, "Delete it and run `cartograph tune` again.") or {}
    return known


def _created(workspace: Workspace, name: str, parameters: Mapping[str, Any]) -> None:
    try:
        create(name, **parameters)
    except RecsysError as error:
        error.file = _path(workspace)
        raise


def _path(workspace: Workspace) -> Path:
    return workspace.folder / f"{TUNED}.json"


def _check(workspace: Workspace, config: Config, made: Stage, found: Mapping[str, Any], name: str) -> None:
    until, now = found["until"], made.result["test_start"]
    if found["split"] == config.split.told and (until is None or (now is not None and now >= until)):
        return
    raise RecsysError(
        f"what was tuned of {name} has seen what is now kept for the test",
        file=_path(workspace),
        value=name,
        fix=f"Run `cartograph tune {name}` again, or delete that file.",
    )
