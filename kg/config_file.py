"""A TOML file as a checked model; the nearest right key is named for a wrong one."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from kg.errors import KgError

Model = TypeVar("Model", bound=BaseModel)


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
        near = get_close_matches(str(first["loc"][-1]), list(_keys(model)), n=1)
        fix = f"Did you mean {near[0]!r}?" if near else "Remove it."
        raise KgError("the config has an unknown key", file=path, value=key, fix=fix) from error


def _keys(model: type[BaseModel]) -> Iterator[str]:
    """The names of all keys of a model and of its sections."""
    yield from model.model_fields
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield from _keys(kind)
