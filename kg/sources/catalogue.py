"""What readers of catalogues share: a product's values by name, as they become columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from kg.columns import ITEMS

_OURS = tuple(column.name for column in ITEMS)


@dataclass
class Product:
    """Values by name, in the order they were said; names that differ only by case are one, as for columns."""

    values: dict[str, list[str]] = field(default_factory=dict)
    _spelled: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, value: str) -> None:
        """One more value; what is empty says nothing."""
        if name and value:
            self.values.setdefault(self._spelled.setdefault(name.lower(), name), []).append(value)

    def first(self, name: str) -> str | None:
        return next(iter(self.values.get(self._spelled.get(name.lower(), name), ())), None)

    def others(self, *told: str) -> dict[str, str | list[str]]:
        """What is no column of ours nor among those `told`; under its name in lower case, several values as a list."""
        known = {*_OURS, *told}
        found = {name.lower(): values for name, values in self.values.items() if name.lower() not in known}
        return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def told(truth: bool) -> str:
    """A truth value as text files write it."""
    return str(truth).lower()
