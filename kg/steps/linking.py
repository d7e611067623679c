"""Items to the nodes that they are: as people have decided, else by identifier, else by text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.config import Link
from kg.linking.candidates import Text
from kg.linking.identifiers import by_identifier, kind_of
from kg.linking.matching import Match, match
from kg.linking.names import normal
from kg.linking.pseudo import NOWHERE
from kg.linking.review import COLUMNS, Decision, read_review
from kg.linking.targets import Targets
from kg.steps.said import known, texts
from kg.tables import Tables

if TYPE_CHECKING:
    import pandas as pd

ITEM = "item"
REVIEWED, GIVEN, TEXT = "review", "catalogue", "text"


@dataclass(frozen=True)
class Linked:
    """What an item is: a node, how sure that is, how it was found, and what else it may be."""

    item: str
    target: str
    confidence: float
    method: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Links:
    """The links of one type of node: those that are sure enough, and those that are to be asked."""

    section: Link
    targets: Targets
    titles: Mapping[str, str]
    decided: Mapping[str, Decision]
    accepted: tuple[Linked, ...]
    doubtful: tuple[Linked, ...]
    n_items: int

    @property
    def answered(self) -> list[str]:
        """The items of which people or the catalogue say what they are: no other fact says it beside."""
        given = (link.item for link in self.accepted if link.method == GIVEN)
        return sorted({*self.decided, *given})

    def to_json(self) -> dict[str, Any]:
        methods = Counter(link.method for link in self.accepted)
        return {
            "to": self.section.to,
            "items": self.n_items,
            "accepted": len(self.accepted),
            "doubtful": len(self.doubtful),
            "rejected": sum(decision.target is None for decision in self.decided.values()),
            "methods": dict(sorted(methods.items())),
        }

    def frame(self) -> pd.DataFrame:
        """A row for every accepted link: item_id, title, target, name, path, confidence, method."""
        import pandas as pd

        rows = [(*self._told(link), link.method) for link in self.accepted]
        return pd.DataFrame(rows, columns=["item_id", "title", "target", "name", "path", "confidence", "method"])

    def review(self) -> pd.DataFrame:
        """What was decided, then what is doubtful, the surest first."""
        import pandas as pd

        number, path = self.targets.number, self.targets.path
        asked = [
            (*self._told(link), " | ".join(f"{other}: {path(number[other])}" for other in link.others), "")
            for link in sorted(self.doubtful, key=lambda link: (-link.confidence, link.item))
        ]
        decided = [tuple(decision.row.values()) for _, decision in sorted(self.decided.items())]
        return pd.DataFrame([*decided, *asked], columns=list(COLUMNS))

    def _told(self, link: Linked) -> tuple[str, str, str, str, str, float]:
        place = self.targets.number[link.target]
        title, name = self.titles.get(link.item, ""), self.targets.labels[place]
        return link.item, title, link.target, name, self.targets.path(place), round(link.confidence, 3)


def linked(tables: Tables, section: Link, review: Path | None = None) -> Links:
    """The links of a shop's items to the nodes of the type that the section names.

    What the catalogue or a fact says already stays, and teaches; `review` is the file of decisions, which win over all.
    """
    facts = tables.facts.execute()
    targets = Targets.among(facts, section.to)
    said = {column: texts(tables, column, "derive.link") for column in (*section.text, *section.context)}
    items = sorted({item for own in said.values() for item in own})
    decided = read_review(review, targets.number) if review else {}
    said_so = {item: values[0] for (item, _), values in known(tables, [section.to]).items()}
    given = {item: targets.known_as[value] for item, value in said_so.items() if value in targets.known_as}
    sure = by_identifier(*_identifiers(tables, facts, targets)) if section.identifiers else {}
    answers = given | {item: targets.number[node] for item, (node, _) in sure.items()}
    answers |= {item: targets.number.get(each.target or "", NOWHERE) for item, each in decided.items()}
    matches = _by_text(items, said, section, targets, answers)
    ours = facts[(facts["head_type"] == ITEM) & (facts["relation"] == section.to)]
    has = set(ours.loc[ours["tail"].isin(targets.number), "head"])
    known_items = decided.keys() & {*items, *tables.items.item_id.execute()}
    accepted, doubtful = [], []
    for item in sorted({*items, *sure, *given, *known_items} - (has - decided.keys())):
        if item in decided:
            if (target := decided[item].target) is not None:
                accepted.append(Linked(item, target, 1.0, REVIEWED))
        elif item in given:
            accepted.append(Linked(item, targets.ids[given[item]], 1.0, GIVEN))
        elif item in sure:
            accepted.append(Linked(item, sure[item][0], 1.0, f"identifier: {sure[item][1]}"))
        elif (found := matches[item]).target != NOWHERE:
            others = tuple(targets.ids[other] for other in found.others)
            link = Linked(item, targets.ids[found.target], found.confidence, TEXT, others)
            if found.confidence >= section.threshold:
                accepted.append(link)
            elif found.confidence >= section.doubtful:
                doubtful.append(link)
    titles = said[section.text[0]] if section.text else {}
    return Links(section, targets, titles, decided, tuple(accepted), tuple(doubtful), len(items))


def _by_text(
    items: list[str],
    said: Mapping[str, Mapping[str, str]],
    section: Link,
    targets: Targets,
    answers: Mapping[str, int],
) -> dict[str, Match]:
    """Item → its match; items of one text have one, and the answer of the first that has one teaches."""
    of: dict[str, Text] = {}
    for item in items:
        told, context = (
            " ".join(said[column].get(item, "") for column in columns) for columns in (section.text, section.context)
        )
        of[item] = Text(normal(told), normal(context))
    places = {text: number for number, text in enumerate(dict.fromkeys(of.values()))}
    judged = {places[of[item]]: target for item, target in sorted(answers.items(), reverse=True) if item in of}
    found = match(list(places), targets, judged, section.seed, meaning=section.meaning)
    return {item: found[places[text]] for item, text in of.items()}


def _identifiers(tables: Tables, facts: pd.DataFrame, targets: Targets) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What may be an identifier: columns and facts of the items; facts of the nodes, and their ids."""
    import pandas as pd

    columns = [name for name in tables.items.columns if kind_of(name)]
    wide = tables.items.select("item_id", *columns).execute()
    listed = wide.melt("item_id", var_name="name").dropna().set_axis(["item_id", "name", "value"], axis=1)
    told = facts[facts["relation"].map(kind_of).notna()][["head", "head_type", "relation", "tail"]]
    of_items = told[told["head_type"] == ITEM].drop(columns="head_type").set_axis(["item_id", "name", "value"], axis=1)
    of_nodes = (
        told[told["head_type"] == targets.kind].drop(columns="head_type").set_axis(["node", "name", "value"], axis=1)
    )
    known_nodes = of_nodes[of_nodes["node"].isin(targets.number)]
    ids = pd.DataFrame({"node": targets.ids, "name": "same_as", "value": targets.ids})
    return pd.concat([listed, of_items]).astype(str), pd.concat([known_nodes, ids]).astype(str)
