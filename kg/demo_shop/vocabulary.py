"""What the demo shop sells and to whom: names, departments and categories, read from `vocabulary.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Department:
    """A top concept of the taxonomy; its weekly demand is 1 + season · cos(2π (week − peak_week) / 52)."""

    label: str
    peak_week: int
    season: float


@dataclass(frozen=True)
class Category:
    """A leaf of the taxonomy: how its items are named and priced, how long they last, what goes with them."""

    department: str
    label: str
    nouns: tuple[str, ...]
    price: tuple[float, float]
    detail: str
    materials: tuple[str, ...] = ()
    sizes: tuple[str, ...] = ()
    coloured: bool = False
    lasts: int = 0
    goes_with: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The words of the shop. Departments and categories are keyed by their SKOS notation, in file order."""

    brands: tuple[str, ...]
    lines: tuple[str, ...]
    colours: tuple[str, ...]
    labels: tuple[str, ...]
    countries: tuple[str, ...]
    age_bands: tuple[str, ...]
    decoy: MappingProxyType[str, str]
    departments: MappingProxyType[str, Department]
    categories: MappingProxyType[str, Category]


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that comes with the package."""
    raw = tomllib.loads(files(__package__).joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    departments = {notation: Department(**fields) for notation, fields in raw.pop("departments").items()}
    categories = {notation: Category(**_tuples(fields)) for notation, fields in raw.pop("categories").items()}
    return Vocabulary(
        decoy=MappingProxyType(raw.pop("decoy")),
        departments=MappingProxyType(departments),
        categories=MappingProxyType(categories),
        **_tuples(raw),
    )


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
