"""Data sets that are known as whole folders: which of their files say what, as the sections of a config."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from kg.config import Derive, KgConfig, Split
from kg.errors import KgError

FOLDERS: dict[str, tuple[str, str]] = {
    "kgat": ("KGAT and LightGCN: train.txt, test.txt, perhaps kg_final.txt", "kg.sources.kgat:sections"),
    "recbole": ("RecBole atomic files: NAME.inter, perhaps .item, .user, .kg, .link", "kg.sources.recbole:sections"),
}
"""What they are, and a function folder → sections of a `KgConfig` by name."""

_UNSAID = {"derive": Derive(), "split": Split()}


def in_folder(config: KgConfig) -> dict[str, Any]:
    """The sections that the folder of the config's events says; what the config says itself stays."""
    preset, paths = config.events.preset or "", config.events.paths
    folder = config.folder / paths[0]
    if len(paths) > 1 or not folder.is_dir():
        fix = f"Give one folder with {FOLDERS[preset][0].partition(': ')[2]}."
        raise KgError(f"the preset {preset!r} is of a folder", file=folder, column="events.path", fix=fix)
    module, name = FOLDERS[preset][1].split(":")
    sections: Callable[[Path], dict[str, Any]] = getattr(import_module(module), name)
    found = sections(folder)
    free = [name for name in found if name == "events" or _is_unsaid(config, name)]
    return {name: found[name] for name in free}


def _is_unsaid(config: KgConfig, name: str) -> bool:
    own = getattr(config, name)
    return own == _UNSAID[name] if name in _UNSAID else not own.paths
