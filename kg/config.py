"""The TOML file of a shop: this floor's sections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator

from kg.config_file import checked, read_toml
from kg.errors import KgError
from kg.source_config import Check, Facts, Rule, Section, Source

OTHER_FLOORS = frozenset({"scorers", "evaluation", "rerank", "explanations"})
"""Sections of the same file that the floor above checks."""


class Shop(Section):
    """`target_kinds` are the kinds of event that are recommended, judged and counted as already had."""

    name: str = "shop"
    target_kinds: tuple[str, ...] = ("purchase",)


class Link(Section):
    """What the shop's items are among the nodes of one type: categories of a taxonomy, entities of the facts.

    to           the type of the nodes
    text         columns of the items that say what each is
    context      columns that say where it lies: compared with what lies above a node
    identifiers  whether an identifier that item and node share (GTIN, ISBN, ASIN, MPN, sameAs) links them
    meaning      whether words are also compared by the company that they keep (`kg.linking.embedding`)
    threshold    how sure a link must be; what is less sure is doubtful, from `doubtful` on, and is asked in the review
    review       a CSV file of links that a person has judged: `cartograph link --review` writes it
    seed         of the texts that matching is learned from
    """

    to: str
    text: tuple[str, ...] = ("title",)
    context: tuple[str, ...] = ()
    identifiers: bool = True
    meaning: bool = False
    threshold: float = Field(default=0.7, ge=0, le=1)
    doubtful: float = Field(default=0.2, ge=0, le=1)
    review: str | None = None
    seed: int = 0


class Derive(Section):
    """What the steps of `kg.steps` make of the tables.

    item_attributes   columns of the items that become nodes, and `user_attributes` of the users
    title_attributes  what is read out of the titles where there is no catalogue that says it
    vocabulary        files that list the values of attributes (`kg.mining.vocabulary`), to be found in the items' texts
    mined_attributes  which of its attributes; none named: all
    mined_from        the columns whose texts are read
    mined_in          attribute → parts of the names of categories that alone have it
    mined_confidence  how sure what is found in texts must be, brands too
    brands            how titles tell a brand where the catalogue does not; `brand_list`: a file of names, one to a line
    price_bands       how many there are; 0: none
    popularity_bands  likewise, by how many users had an item
    relations         kinds of rules between items, mined from the events: what goes with, follows or replaces what
    relations_per_item  of each kind at most so many that start at an item
    then_bought_days  within which what is bought next follows
    number_bands      the same of every relation that is a number or a date in the facts
    returns           nets purchases by what came back
    link              what the items are among the nodes of a taxonomy or of the facts, one entry for each type of node
    """

    item_attributes: tuple[str, ...] = ("brand", "category")
    user_attributes: tuple[str, ...] = ()
    title_attributes: tuple[Literal["colour", "material", "set_size", "category", "theme"], ...] = ()
    vocabulary: tuple[str, ...] = ()
    mined_attributes: tuple[str, ...] = ()
    mined_from: tuple[str, ...] = ("title", "description")
    mined_in: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    mined_confidence: float = Field(default=0.6, ge=0, le=1)
    brands: tuple[Literal["known", "leading"], ...] = ()
    brand_list: str | None = None
    price_bands: int = Field(default=10, ge=0, le=100)
    popularity_bands: int = Field(default=0, ge=0, le=100)
    relations: tuple[Literal["bought_together", "then_bought", "viewed_together", "substitute"], ...] = ()
    relations_per_item: int = Field(default=20, ge=1)
    then_bought_days: int = Field(default=90, ge=1)
    number_bands: int = Field(default=10, ge=0, le=100)
    returns: bool = True
    link: tuple[Link, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The files that steps read."""
        reviews = [link.review for link in self.link if link.review]
        return (*self.vocabulary, *([self.brand_list] if self.brand_list else ()), *reviews)


class Split(Section):
    """How the log is cut into train, validation and test.

    By global time (dates, UTC; without them shares of the log's events or of its span), by each user's last events, or
    as given: the log's column `part` says train, validation or test; without validation a share of train is. Or by
    chance (`kg.drawing`), by `seed`: "random" takes shares of every user's items, "k-fold" the part `fold` of `folds`,
    "cold-items" and "cold-users" hide shares of them wholly.
    """

    method: Literal["time", "leave-last-out", "given", "random", "k-fold", "cold-items", "cold-users"] = "time"
    validation_start: datetime | None = None
    test_start: datetime | None = None
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    test_share: float = Field(default=0.1, gt=0, lt=1)
    share_of: Literal["events", "span"] = "events"
    seed: int = Field(default=0, ge=0)
    folds: int = Field(default=5, ge=3)
    fold: int = Field(default=0, ge=0)

    @field_validator("fold")
    @classmethod
    def _among_folds(cls, fold: int, told: ValidationInfo) -> int:
        if fold >= told.data.get("folds", fold + 1):
            raise ValueError(f"the folds are numbered from 0 to {told.data['folds'] - 1}")
        return fold

    @property
    def by_chance(self) -> bool:
        """Whether what is asked was drawn, whenever it happened."""
        return self.method in ("random", "k-fold", "cold-items", "cold-users")

    @property
    def ordered(self) -> bool:
        """Whether test comes after validation, and validation after train."""
        return self.method != "given" and not self.by_chance

    @property
    def told(self) -> str:
        """In words: what is equal has seen the same."""
        of = {"cold-items": "items", "cold-users": "users"}.get(self.method, "each user's items")
        shares = f"{self.test_share:.0%} of {of} for test, {self.validation_share:.0%} for validation"
        if self.method == "k-fold":
            shares = f"fold {self.fold} of {self.folds}"
        return f"{self.method}, {shares}, seed {self.seed}" if self.by_chance else self.method


class KgConfig(Section):
    """The sections of a shop's file that concern this floor; paths are from `folder`.

    engine  where the steps from events to edges run; `spark` are the settings of its session, such as spark.master
    `taxonomy` is a file whose categories are nodes of the type "category", or one or several files by type of node.
    """

    folder: Path = Path()
    engine: Literal["duckdb", "spark"] = "duckdb"
    spark: dict[str, str] = Field(default_factory=dict)
    shop: Shop = Shop()
    events: Source = Source()
    items: Source = Source()
    users: Source = Source()
    facts: Facts = Facts()
    taxonomy: str | dict[str, str | tuple[str, ...]] | None = None
    clean: tuple[Rule, ...] = ()
    checks: tuple[Check, ...] = ()
    derive: Derive = Derive()
    split: Split = Split()

    @property
    def taxonomies(self) -> dict[str, tuple[str, ...]]:
        """The files of every taxonomy, by the type of its nodes."""
        named = {"category": self.taxonomy} if isinstance(self.taxonomy, str) else self.taxonomy
        return {kind: (paths,) if isinstance(paths, str) else paths for kind, paths in (named or {}).items()}

    @property
    def sources(self) -> dict[str, tuple[str, ...]]:
        """The paths of all that is read into tables, by what it is."""
        named = {"events": self.events, "items": self.items, "users": self.users, "facts": self.facts}
        paths = {name: source.paths for name, source in named.items()} | {"links": self.facts.links.paths}
        return paths | {f"taxonomy {kind}": files for kind, files in self.taxonomies.items()}

    def at(
        self,
        events: Sequence[Path] = (),
        items: Path | None = None,
        users: Path | None = None,
        columns: Mapping[str, str] | None = None,
        facts: Sequence[Path] = (),
    ) -> Self:
        """With absolute paths, so that it means the same from anywhere; what is given takes the place of its own.

        With `events` given, other files that are not where the config says are looked for beside those. `columns` are
        those of the events, one by one; "items.title" is one of the items.
        """
        home = self.folder.absolute()
        folders = [home, *(path if path.is_dir() else path.parent for path in (path.absolute() for path in events))]
        mapped = _by_table(columns or {})
        trees = {kind: tuple(_found(path, folders) for path in paths) for kind, paths in self.taxonomies.items()}
        changes: dict[str, Any] = {"folder": home, "taxonomy": trees or None}
        changes["derive"] = self.derive.model_copy(
            update={
                "vocabulary": tuple(_found(path, folders) for path in self.derive.vocabulary),
                "brand_list": self.derive.brand_list and _found(self.derive.brand_list, folders),
                "link": tuple(
                    link.model_copy(update={"review": link.review and _found(link.review, folders)})
                    for link in self.derive.link
                ),
            }
        )
        own = {"events": events, "items": items and [items], "users": users and [users], "facts": facts}
        for table, given in own.items():
            source: Source = getattr(self, table)
            paths = [str(path.absolute()) for path in given or ()] or [_found(path, folders) for path in source.paths]
            if paths:
                changed: dict[str, Any] = {"path": tuple(paths), "columns": source.columns | mapped.pop(table, {})}
                if isinstance(source, Facts) and source.links.paths:
                    places = tuple(_found(path, folders) for path in source.links.paths)
                    changed["links"] = source.links.model_copy(update={"path": places})
                changes[table] = source.model_copy(update=changed)
        for table, named in mapped.items():
            raise KgError(f"no {table} to map columns of", column=next(iter(named)), fix=f"Give their file: --{table}.")
        return self.model_copy(update=changes)


def _by_table(columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Of "items.title" the table is items; a column without a table is one of the events."""
    found: dict[str, dict[str, str]] = {}
    for name, text in columns.items():
        table, _, column = name.rpartition(".")
        if table not in ("", "events", "items", "users", "facts"):
            fix = "Write item_id for one of the events, items.title, users.country or facts.tail."
            raise KgError("no such table", column=name, value=table, fix=fix)
        found.setdefault(table or "events", {})[column] = text
    return found


def _found(path: str, folders: Sequence[Path]) -> str:
    """The path (or glob) in the first folder that has it; in the first where none has."""
    places = [folder / path for folder in folders]
    there = (place for place in places if place.exists() or any(place.parent.glob(place.name)))
    return str(next(there, places[0]))


def read_config(path: Path) -> KgConfig:
    """A checked config; raises KgError naming the file, the key and the nearest right key."""
    mine = {name: section for name, section in read_toml(path).items() if name not in OTHER_FLOORS}
    return checked(KgConfig, mine | {"folder": path.parent}, path)


DEMO = Path(__file__).parent / "demo_shop" / "demo.toml"
"""The config of the demo shop; its folder is wherever the shop was written."""
