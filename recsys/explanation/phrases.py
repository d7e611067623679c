"""The parts of a sentence: names, dates, facts and trails in one language, filled into the patterns of a TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Self

from recsys.errors import RecsysError
from recsys.explanation.told import HIDDEN, Context, Occasion, Reason, Step, Stop, Told

LANGUAGES = ("en", "zh")
_OFTEN = {1: "once", 2: "twice"}


@dataclass(frozen=True)
class Phrases:
    """The patterns of one language: tables of strings with {placeholders}."""

    patterns: Mapping[str, Any]

    @classmethod
    def of(cls, language: str) -> Self:
        """Of a language that ships (`LANGUAGES`), or of a TOML file of the shop's own (a path that ends in .toml)."""
        return cls(_read(language))

    def pattern(self, table: str, name: str) -> str:
        """A pattern by name, or the table's `other`."""
        patterns = self.patterns[table]
        return str(patterns[name] if name in patterns else patterns["other"])

    def node(self, stop: Stop) -> str:
        """A node by its label; several by their number."""
        if stop.type == HIDDEN:
            return str(self.patterns["form"]["hidden"])
        if stop.id is None:
            return self._crowd(stop)
        return self.pattern("form", "item" if stop.type == "item" else "node").format(label=stop.label)

    def relation(self, name: str) -> str:
        """What people call a relation; its own name with spaces where the language has no better one."""
        return str(self.patterns["relations"].get(name, name.replace("_", " ")))

    def type_name(self, node_type: str) -> str:
        """What people call a node of a type; HIDDEN says nothing."""
        return "" if node_type == HIDDEN else str(self.patterns["types"].get(node_type, node_type.replace("_", " ")))

    def legend(self) -> dict[str, str]:
        """What the colours and lines of a picture mean, by kind of contribution; "width" of a line last."""
        return dict(self.patterns["legend"])

    def rule(self, step: str) -> str:
        """What people call a re-ranking step; one of the shop's own naming by that name."""
        rules = self.patterns["rules"]
        return str(rules[step]) if step in rules else self.pattern("moves", "named").format(name=step)

    def did(self, kind: str, node: str) -> str:
        """What somebody did with a node, without saying who."""
        return self.pattern("did", kind).format(node=node, relation=self.relation(kind))

    def occasion(self, occasion: Occasion, node: str, as_of: date) -> str:
        """What the user did with a node, how often and when last."""
        often = _OFTEN.get(occasion.count, "often")
        pattern = self.pattern("occasion", often if occasion.last else f"{often}_undated")
        day = self.day(occasion.last, as_of) if occasion.last else ""
        return pattern.format(did=self.did(occasion.kind, node), count=occasion.count, date=day)

    def brief(self, occasion: Occasion, as_of: date) -> str:
        """An occasion in a few words, for a picture or a line of figures."""
        name = "brief" + ("_often" if occasion.count > 1 else "") + ("" if occasion.last else "_undated")
        day = self.day(occasion.last, as_of) if occasion.last else ""
        relation = self.relation(occasion.kind)
        return self.pattern("picture", name).format(relation=relation, count=occasion.count, date=day)

    def occasions(self, reason: Reason, told: Told, node: str) -> str:
        """Everything the user did with the reason's node, the weightiest kind first."""
        return self.join(self.occasion(occasion, node, told.as_of) for occasion in reason.occasions)

    def doings(self, reason: Reason, told: Told) -> str:
        """Everything the user did with the reason's node, in a few words each, the weightiest kind first."""
        briefly = (self.brief(occasion, told.as_of) for occasion in reason.occasions)
        return str(self.patterns["merchandiser"]["also"]).join(briefly)

    def day(self, day: date, as_of: date) -> str:
        """A date; the year only where it is another one."""
        pattern = self.pattern("form", "date" if day.year == as_of.year else "date_with_year")
        return pattern.format(day=day.day, month=self.patterns["form"]["months"][day.month - 1], year=day.year)

    def fact(self, table: str, relation: str, item: Stop, node: Stop) -> str:
        """A fact about an item: table `fact`, or `same_fact` where an item the user knows has it too."""
        names = {"item": self.node(item), "node": self.node(node), "relation": self.relation(relation)}
        return self.pattern(table, relation).format(**names)

    def kind(self, relation: str, node: Stop) -> str:
        """Anything that has a fact."""
        return self.pattern("kind", relation).format(node=self.node(node), relation=self.relation(relation))

    def trail(self, reason: Reason) -> str:
        """A path as nodes and arrows, with the provenance of its facts."""
        said = [self.node(reason.stops[0])]
        for step, stop in zip(reason.steps, reason.stops[1:], strict=True):
            pattern = self.pattern("form", "step_backwards" if step.backwards else "step")
            said += [pattern.format(relation=self._step(step)), self.node(stop)]
        return "".join(said)

    def context(self, context: Context | None, item: Stop, n: int = 2) -> str:
        """What stands beside a link: how many bought both, at most `n` things that the item has as well."""
        if context is None or context.days:
            return ""
        said = [self.fact("same_fact", relation, item, stop) for relation, stop in context.shared[:n]]
        if context.customers:
            pattern = self.pattern("context", "few" if context.customers.count is None else "customers")
            said.insert(0, pattern.format(count=context.customers.count))
        return str(self.patterns["context"]["also"]).join(said)

    def join(self, clauses: Any) -> str:
        return str(self.patterns["form"]["and"]).join(clauses)

    def _step(self, step: Step) -> str:
        name = str(self.patterns["form"]["hidden"]) if step.relation == HIDDEN else self.relation(step.name)
        if not step.provenance:
            return name
        return self.pattern("form", "provenance").format(relation=name, provenance=step.provenance)

    def _crowd(self, stop: Stop) -> str:
        known = stop.type if stop.type in self.patterns["crowds"] else "other"
        suffix = many_as(stop) or ("_one" if stop.count == 1 else "")
        name = known + suffix if known + suffix in self.patterns["crowds"] else known
        return self.pattern("crowds", name).format(count=stop.count, type=stop.type)


def many_as(stop: Stop) -> str:
    """Which pattern tells nodes without their number; empty: the one with it."""
    return "_uncounted" if not stop.counted else "_few" if stop.count is None else ""


def sentence(text: str) -> str:
    """The text with a capital at its start."""
    return text[:1].upper() + text[1:]


@cache
def _read(language: str) -> Mapping[str, Any]:
    if language.endswith(".toml"):
        return tomllib.loads(Path(language).read_text(encoding="utf-8"))
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise RecsysError("no words in this language", value=language, fix=f"There are {known}, or give a .toml file.")
    return tomllib.loads((files("recsys.explanation") / f"{language}.toml").read_text(encoding="utf-8"))
