"""A taxonomy as it comes from files: what lies below what, what each category is called, and in which language."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg.errors import KgError

if TYPE_CHECKING:
    import pandas as pd

CATEGORY = "category"
ATTRIBUTE = "attribute"
BETWEEN = " > "
"""What stands between the names of a path."""
_FEW = 3  # files that are named as the source


@dataclass
class Taxonomy:
    """Categories by their ids, kept as the files have them.

    parents     of every category that is known, those directly above it
    names       category → (language, name); the first of a language is what it is called there, "" is none
    attributes  (category, attribute) pairs: what can be said of things of it
    source      the names of its files
    """

    source: str
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    names: dict[str, list[tuple[str, str]]] = field(default_factory=lambda: defaultdict(list))
    attributes: list[tuple[str, str]] = field(default_factory=list)

    def checked(self, fix: str) -> Taxonomy:
        """Itself; KgError naming the categories of a cycle."""
        if cycle := find_cycle((child, parent) for child, above in self.parents.items() for parent in above):
            raise KgError("the taxonomy has a cycle", file=self.source, value=BETWEEN.join(cycle), fix=fix)
        return self

    def by_path(self) -> dict[str, str]:
        """Path, "A > B > C", in every language → category."""
        found: dict[str, str] = {}
        for language in sorted({language for own in self.names.values() for language, _ in own}):
            said = {
                category: name
                for category, own in self.names.items()
                for given, name in reversed(own)
                if given == language
            }
            for category in said:
                names = [said.get(one, one) for one in reversed([*self.above(category)])]
                found.setdefault(BETWEEN.join(names), category)
        return found

    def above(self, category: str) -> Iterator[str]:
        """The category and the first parent of each, up to the top."""
        at: str | None = category
        while at is not None:
            yield at
            at = next(iter(self.parents.get(at, ())), None)

    def facts(self, kind: str = CATEGORY, languages: Sequence[str] = ("en",)) -> pd.DataFrame:
        """`broader` between nodes of the type `kind`, `label` in the first language there is, `alt_label` for the rest.

        A name keeps its language: its `tail_type` is string@zh-CN.
        """
        import pandas as pd

        rows = [(child, "broader", up, kind, False) for child, above in sorted(self.parents.items()) for up in above]
        for category, own in sorted(self.names.items()):
            label = min(own, key=lambda name: _rank(name[0], languages))
            rows.append((category, "label", label[1], "string", True))
            rows += [
                (category, "alt_label", name, f"string@{language}" if language else "string", True)
                for language, name in own
                if (language, name) != label
            ]
        rows += [(category, ATTRIBUTE, attribute, ATTRIBUTE, False) for category, attribute in self.attributes]
        facts = pd.DataFrame(rows, columns=["head", "relation", "tail", "tail_type", "literal"])
        return facts.assign(head_type=kind, provenance=self.source)


def _rank(given: str, languages: Sequence[str]) -> tuple[int, str]:
    """Names in the first of the languages come first, then in a variety of it, then in none, then the others."""
    order = [match for one in languages for match in (given == one, given.startswith(f"{one}-"))]
    order.append(not given)
    return (order.index(True) if any(order) else len(order)), given


def joined(taxonomies: Sequence[Taxonomy]) -> Taxonomy:
    """Several files of one taxonomy: where a category lies is what the first says that knows it."""
    whole = Taxonomy(_told([one.source for one in taxonomies]))
    for one in taxonomies:
        whole.parents |= {category: above for category, above in one.parents.items() if category not in whole.parents}
        for category, own in one.names.items():
            whole.names[category] += [name for name in own if name not in whole.names[category]]
        whole.attributes += one.attributes
    whole.attributes = [*dict.fromkeys(whole.attributes)]
    return whole


def _told(sources: Sequence[str]) -> str:
    """Some names of files, the first ones of many."""
    few = ", ".join(sources[:_FEW])
    return few if len(sources) <= _FEW else f"{few} and {len(sources) - _FEW} more"


def mapped(pairs: Iterable[tuple[str, str]], of: Taxonomy, others: Mapping[str, Taxonomy], source: str) -> pd.DataFrame:
    """Facts `close_match` from categories to those of another taxonomy, both given by their paths.

    The other one is that which has most of the paths. A path that it lacks stands for the nearest above it that it has;
    a path of ours that we lack is of another version, and says nothing.
    """
    import pandas as pd

    pairs = list(pairs)
    ours = of.by_path()
    theirs = {kind: other.by_path() for kind, other in others.items()}
    kind = max(theirs, key=lambda kind: sum(path in theirs[kind] for _, path in pairs), default=None)
    if kind is None or not any(path in theirs[kind] for _, path in pairs):
        fix = "Name that taxonomy too: [taxonomy] with google_category = …"
        raise KgError("the mapping leads to no taxonomy that is given", file=source, value=pairs[0][1], fix=fix)
    rows = [
        (ours[path], near)
        for path, target in pairs
        if path in ours and (near := next((theirs[kind][up] for up in _upwards(target) if up in theirs[kind]), None))
    ]
    facts = pd.DataFrame(rows, columns=["head", "tail"])
    return facts.assign(relation="close_match", tail_type=kind, literal=False, provenance=source)


def _upwards(path: str) -> Iterator[str]:
    names = path.split(BETWEEN)
    yield from (BETWEEN.join(names[:n]) for n in range(len(names), 0, -1))


def find_cycle(edges: Iterable[tuple[str, str]]) -> list[str]:
    """The nodes of a cycle of (child, parent) edges, the first one again at the end; empty without one.

    Walks depth first with a stack of its own, so that a deep taxonomy is no danger.
    """
    parents: dict[str, list[str]] = defaultdict(list)
    for child, above in edges:
        parents[child].append(above)
    done: set[str] = set()
    for start in list(parents):
        trail: list[str] = []
        on_trail: set[str] = set()
        ahead = [] if start in done else [iter([start])]
        while ahead:
            parent = next(ahead[-1], None)
            if parent is None:  # all that is above the trail's last node has been walked
                ahead.pop()
                if trail:
                    done.add(trail[-1])
                    on_trail.remove(trail.pop())
            elif parent in on_trail:
                return [*trail[trail.index(parent) :], parent]
            elif parent not in done:
                trail.append(parent)
                on_trail.add(parent)
                ahead.append(iter(parents.get(parent, ())))
    return []
