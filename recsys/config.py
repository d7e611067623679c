"""The whole TOML file that describes a shop: the sections of both floors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from kg.config import KgConfig, Section, checked, read_toml
from kg.sources.preset import with_presets
from recsys.errors import RecsysError
from recsys.protocol import Protocol, Repeats
from recsys.scorers import DEFAULT, create

PROTOCOLS: tuple[Repeats, ...] = ("exclude", "include")


def _default_scorers() -> dict[str, dict[str, Any]]:
    return {name: {} for name in DEFAULT}


class Evaluation(Section):
    """How rankings are judged; `repeats` is the protocol that is shown first, both are always measured."""

    repeats: Repeats = "exclude"
    k: tuple[PositiveInt, ...] = Field(default=(10, 20), min_length=1)
    resamples: PositiveInt = 2000

    def protocol(self, repeats: Repeats, seed: int) -> Protocol:
        return Protocol(repeats=repeats, k=self.k, resamples=self.resamples, seed=seed)


class Config(KgConfig):
    """A shop's file; `scorers` are the parameters by name of scorer (none named: the default ones, as they come)."""

    seed: int = 0
    scorers: dict[str, dict[str, Any]] = Field(default_factory=_default_scorers)
    evaluation: Evaluation = Evaluation()

    @classmethod
    def read(cls, path: Path) -> Config:
        """A checked config; raises KgError naming the file, the key and the nearest right key."""
        config = checked(cls, read_toml(path) | {"folder": path.parent}, path)
        for name, parameters in config.scorers.items():
            try:
                create(name, **parameters)
            except RecsysError as error:
                error.file = path
                raise
        return config

    @classmethod
    def of(cls, config: KgConfig) -> Config:
        """The other floor's sections as they come."""
        return cls(**dict(config))

    def resolved(
        self,
        events: Sequence[Path] = (),
        items: Path | None = None,
        users: Path | None = None,
        columns: Mapping[str, str] | None = None,
        facts: Sequence[Path] = (),
        seed: int | None = None,
    ) -> Config:
        """Standing for itself: absolute paths, presets written out; what is given takes the place of its own."""
        config = with_presets(self.at(events, items, users, columns, facts))
        return config if seed is None else config.model_copy(update={"seed": seed})

    def only(self, names: Sequence[str]) -> Config:
        """With these scorers alone; one that the config does not name comes as it is."""
        for name in names:
            create(name)
        return self.model_copy(update={"scorers": {name: self.scorers.get(name, {}) for name in names}})
