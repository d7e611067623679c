"""A whole workspace checked: its files against their hashes, its graphs by `kg.checks`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kg import graph_store
from kg.checks import CHECKS, Finding, check
from kg.faults import Checked, Window
from kg.graph import KnowledgeGraph
from recsys.errors import RecsysError
from recsys.explaining import EXPLAIN, FRONTIER, PAGE
from recsys.stages import CONFIG, STAGES, TRIAL
from recsys.tuned import TUNED
from recsys.workspace import MANIFEST, Workspace

_STAGES = (*STAGES, TRIAL, EXPLAIN, FRONTIER, PAGE)
_DOCUMENTS = (CONFIG, TUNED)
_ENDS = {"train": "validation_start", "train_validation": "test_start"}
_UNREAD = KnowledgeGraph(nodes={}, relations={}, epoch=0, now=0)


def check_workspace(workspace: Workspace) -> tuple[Finding, ...]:
    """Every check; of a graph whose files are damaged nothing but that, for nothing else it says can be trusted.

    A split that is not by time has no moment to tell leakage by: it is left out. Raises RecsysError where there is no
    graph yet.
    """
    damaged = tuple(_damaged(workspace))
    folder = workspace.place("graph")
    if any(file.is_relative_to(folder) for file in damaged):
        return check(Checked(_UNREAD, damaged=damaged), ["files"])
    made = workspace.stage("graph")
    windows = []
    for name, end in _ENDS.items():
        if moment := made.result[end]:
            graph = graph_store.load(folder / name, verify=False)  # just compared
            windows.append(Window(name.replace("_", " + "), graph, moment))
    graph = graph_store.load(folder / "all", verify=False)
    names = [name for name in CHECKS if windows or name != "leakage"]
    return check(Checked(graph, tuple(windows), damaged), names)


def _damaged(workspace: Workspace) -> Iterator[Path]:
    """Files of stages and documents that are not what was written; what has never been made is not missed."""
    for name in filter(workspace.has, _STAGES):
        try:
            yield from workspace.stage(name).damaged()
        except RecsysError:
            yield workspace.place(name) / MANIFEST
    yield from workspace.damaged_documents(_DOCUMENTS)
