"""The TOML file of a shop: this floor's sections, checked; the nearest right key is named for a wrong one."""

from __future__ import annotations

import tomllib
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kg.errors import KgError

Model = TypeVar("Model", bound=BaseModel)
OTHER_FLOORS = frozenset({"scorers", "evaluation"})
"""Sections of the same file that the floor above checks."""


class Section(BaseModel):
    """A part of the file: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Shop(Section):
    """`target_kinds` are the kinds of event that are recommended, judged and counted as already had."""

    name: str = "shop"
    target_kinds: tuple[str, ...] = ("purchase",)


class Source(Section):
    """A table of raw files: `path` (files, folders or globs, from the config's folder) and what its columns mean.

    `columns` maps a canonical column to an SQL expression over the raw columns; without it the raw names are canonical.
    """

    path: str | tuple[str, ...] | None = None
    columns: dict[str, str] = Field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        return (self.path,) if isinstance(self.path, str) else self.path or ()


class Rule(Section):
    """A named cleaning rule over the raw columns; without `where` it takes exact repeats."""

    name: str
    where: str | None = None
    action: Literal["drop", "return"] = "drop"


class Derive(Section):
    """Columns of the items and users that become nodes; `returns` nets purchases by what came back."""

    item_attributes: tuple[str, ...] = ("brand", "category")
    user_attributes: tuple[str, ...] = ()
    returns: bool = True


class Split(Section):
    """By global time (dates, UTC; without them shares of the log's events or its span) or each user's last events."""

    method: Literal["time", "leave-last-out"] = "time"
    validation_start: datetime | None = None
    test_start: datetime | None = None
    validation_share: float = Field(default=0.1, gt=0, lt=1)
    test_share: float = Field(default=0.1, gt=0, lt=1)
    share_of: Literal["events", "span"] = "events"


class KgConfig(Section):
    """The sections of a shop's file that concern this floor."""

    folder: Path = Path()
    shop: Shop = Shop()
    events: Source = Source()
    items: Source = Source()
    users: Source = Source()
    taxonomy: str | None = None
    clean: tuple[Rule, ...] = ()
    derive: Derive = Derive()
    split: Split = Split()


def read_config(path: Path) -> KgConfig:
    """A checked config; raises KgError naming the file, the key and the nearest right key."""
    mine = {name: section for name, section in read_toml(path).items() if name not in OTHER_FLOORS}
    return checked(KgConfig, mine | {"folder": path.parent}, path)


def read_toml(path: Path) -> dict[str, Any]:
    """The raw file; raises KgError where it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise KgError(f"the config cannot be read: {error.strerror}", file=path, fix="Check the path.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KgError(f"the config is not TOML: {error}", file=path, fix="Mend the line named.") from error


def checked(model: type[Model], raw: dict[str, Any], path: Path) -> Model:
    """`raw` as a model; the first mistake becomes a KgError."""
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        if first["type"] != "extra_forbidden":
            raise KgError(f"{key}: {first['msg']}", file=path, value=first["input"], fix="Mend the value.") from error
        near = get_close_matches(str(first["loc"][-1]), _keys(model), n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Remove it."
        raise KgError("the config has an unknown key", file=path, value=key, fix=fix) from error


def _keys(model: type[BaseModel]) -> list[str]:
    """The names of all keys of a model and of its sections."""
    nested = [field.annotation for field in model.model_fields.values()]
    sections = [kind for kind in nested if isinstance(kind, type) and issubclass(kind, BaseModel)]
    return [*model.model_fields, *Rule.model_fields, *(key for section in sections for key in section.model_fields)]


DEMO = Path(__file__).parent / "demo_shop" / "demo.toml"
"""The config of the demo shop; its folder is wherever the shop was written."""
