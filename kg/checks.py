"""The checks of a graph: what each looks for, how bad it is, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from kg import faults
from kg.faults import EXAMPLES, Checked, Found

Severity = Literal["error", "warning", "information"]


@dataclass(frozen=True)
class Finding:
    """What a check counted: nothing (0) or something; `examples` (label and id) are at most `EXAMPLES`.

    `results` tell each thing that was counted, where a check knows more of it than its name.
    """

    check: str
    severity: Severity
    count: int
    examples: tuple[str, ...]
    meaning: str
    results: tuple[Mapping[str, str], ...] = ()

    @property
    def failed(self) -> bool:
        return self.severity == "error" and self.count > 0

    def to_json(self) -> dict[str, Any]:
        keys = ("severity", "count", "examples", "meaning")
        told = {"name": self.check, **{key: getattr(self, key) for key in keys}}
        return told | {"results": self.results} if self.results else told


@dataclass(frozen=True)
class Check:
    """How bad it is, what it means and what to do, and how it is found."""

    severity: Severity
    meaning: str
    find: Callable[[Checked], Found]


def check(checked: Checked, names: Iterable[str] | None = None) -> tuple[Finding, ...]:
    """A finding of every check (or of those named), in the order of `CHECKS`."""
    findings = []
    for name in CHECKS if names is None else names:
        each = CHECKS[name]
        found = each.find(checked)
        examples = tuple(islice(found.names, EXAMPLES))
        findings.append(Finding(name, each.severity, found.count, examples, each.meaning))
    return tuple(findings)


CHECKS: Mapping[str, Check] = {
    "files": Check(
        "error",
        "These files are not what was written. Delete them, or their stage's folder, and run again.",
        faults.files,
    ),
    "leakage": Check(
        "error", "A graph to learn from knows what it is asked to foretell. Mend the split.", faults.leakage
    ),
    "taxonomy cycles": Check("error", "Each lies below itself. Cut one `broader` link of each.", faults.cycles),
    "taxonomy roots": Check("information", "Tops of one taxonomy: fine if it is meant to have several.", faults.roots),
    "contradictions": Check(
        "warning", "Several values where nearly every item has one. Look which is right.", faults.contradictions
    ),
    "duplicates": Check(
        "warning", "The same title and facts as another item (=). Join them under one id.", faults.duplicates
    ),
    "orphans": Check("warning", "Items of which no fact is known: no path explains them. Add facts.", faults.orphans),
    "cold items": Check("information", "Items in no event: only their facts can recommend them.", faults.cold),
    "hubs": Check("information", "Shared by more than half of a relation's sources: says little of each.", faults.hubs),
    "parallel events": Check(
        "information", "The same user, item, kind and second again. Repeated lines?", faults.parallel
    ),
}
"""A new check is one function and one line here."""
