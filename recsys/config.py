"""The whole TOML file that describes a shop: the sections of both floors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from kg.config import KgConfig, Section, checked, read_toml
from recsys.errors import RecsysError
from recsys.protocol import Protocol, Repeats
from recsys.scorers import SCORERS, create

PROTOCOLS: tuple[Repeats, ...] = ("exclude", "include")


class Evaluation(Section):
    """How rankings are judged; `repeats` is the protocol that is shown first, both are always measured."""

    repeats: Repeats = "exclude"
    k: tuple[PositiveInt, ...] = Field(default=(10, 20), min_length=1)
    resamples: PositiveInt = 2000

    def protocol(self, repeats: Repeats, seed: int) -> Protocol:
        return Protocol(repeats=repeats, k=self.k, resamples=self.resamples, seed=seed)


class Config(KgConfig):
    """A shop's file; `scorers` are the parameters by name of scorer (none named: all scorers, as they come)."""

    scorers: dict[str, dict[str, Any]] = Field(default_factory=lambda: {name: {} for name in SCORERS})
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
