"""The whole TOML file that describes a shop: the sections of both floors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt

from kg.config import KgConfig, Section, Source, checked, read_toml
from kg.guessing import guess
from recsys.errors import RecsysError
from recsys.protocol import Protocol, Repeats
from recsys.scorers import SCORERS, create

PROTOCOLS: tuple[Repeats, ...] = ("exclude", "include")


def _all_scorers() -> dict[str, dict[str, Any]]:
    return {name: {} for name in SCORERS}


class Evaluation(Section):
    """How rankings are judged; `repeats` is the protocol that is shown first, both are always measured."""

    repeats: Repeats = "exclude"
    k: tuple[PositiveInt, ...] = Field(default=(10, 20), min_length=1)
    resamples: PositiveInt = 2000

    def protocol(self, repeats: Repeats, seed: int) -> Protocol:
        return Protocol(repeats=repeats, k=self.k, resamples=self.resamples, seed=seed)


class Config(KgConfig):
    """A shop's file; `scorers` are the parameters by name of scorer (none named: all scorers, as they come)."""

    seed: int = 0
    scorers: dict[str, dict[str, Any]] = Field(default_factory=_all_scorers)
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
    def guessed(cls, events: Sequence[Path], items: Path | None = None) -> Config:
        """From the usual names of columns."""
        return cls(**dict(guess(events, items).config))

    def resolved(self, events: Sequence[Path] = (), items: Path | None = None, seed: int | None = None) -> Config:
        """With absolute paths, so that it means the same from anywhere; what is given takes the place of its own.

        Of a config with `events` given, other files that are not where it says are looked for beside those.
        """
        changes: dict[str, Any] = {"folder": self.folder.resolve()}
        if events:
            first = events[0].resolve()
            folders = (self.folder.resolve(), first if first.is_dir() else first.parent)
            changes["events"] = _at(self.events, [str(path.resolve()) for path in events])
            for name in ("items", "users"):
                source: Source = getattr(self, name)
                changes[name] = _at(source, [_found(path, folders) for path in source.paths])
            changes["taxonomy"] = self.taxonomy and _found(self.taxonomy, folders)
        if items is not None:
            changes["items"] = _at(self.items, [str(items.resolve())])
        if seed is not None:
            changes["seed"] = seed
        return self.model_copy(update=changes)

    def only(self, names: Sequence[str]) -> Config:
        """With these scorers alone; one that the config does not name comes as it is."""
        for name in names:
            create(name)
        return self.model_copy(update={"scorers": {name: self.scorers.get(name, {}) for name in names}})


def _at(source: Source, paths: Sequence[str]) -> Source:
    return source.model_copy(update={"path": tuple(paths)})


def _found(path: str, folders: Sequence[Path]) -> str:
    """The path in the first folder that has it; as it is where none has."""
    return next((str(folder / path) for folder in folders if (folder / path).exists()), path)
