"""Learned state on disk: JSON and safetensors, every file hashed, never pickle.

A scorer's folder holds `scorer.json` (kind, parameters, what its state looks like) and `state.safetensors` (its
arrays). Whatever attribute ends in `_` is state: a scorer has nothing to write for it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter
from scipy.sparse import csr_array

from kg.files import file_hash, replacing_folder
from recsys.errors import RecsysError
from recsys.operators import Diagonal, Factors
from recsys.scorers import SCORERS, create
from recsys.types import Scorer

FORMAT, VERSION = "cartograph-scorer", 4
_HEADER, _ARRAYS = "scorer.json", "state.safetensors"
_AGAIN = "Fit it again: `cartograph run` for a workspace, or `Recommender.fit` and `save`."
Arrays = dict[str, NDArray[Any]]


def save(scorer: Scorer, folder: Path, graph_hash: str) -> None:
    """Write a fitted scorer; an existing folder is replaced when all is written."""
    from safetensors.numpy import save_file

    arrays: Arrays = {}
    state = {name: _pack(value, name, arrays) for name, value in vars(scorer).items() if name.endswith("_")}
    with replacing_folder(folder) as temporary:
        save_file({name: np.ascontiguousarray(values) for name, values in arrays.items()}, temporary / _ARRAYS)
        header = {
            "format": FORMAT,
            "version": VERSION,
            "graph": graph_hash,
            "kind": kind_of(scorer),
            "parameters": parameters(scorer),
            "state": state,
            "arrays": file_hash(temporary / _ARRAYS),
        }
        text = json.dumps(header | {"check": _check(header)}, indent=1, ensure_ascii=False)
        (temporary / _HEADER).write_text(text, encoding="utf-8")


def load(folder: Path, graph_hash: str) -> Scorer:
    """The scorer that `save` wrote.

    Raises RecsysError naming the file where it is missing, damaged, of another version, or fitted on another graph.
    """
    from safetensors.numpy import load_file

    header = _header(folder / _HEADER)
    if header["graph"] != graph_hash:
        raise RecsysError(
            f"the scorer was fitted on graph {header['graph']}, not on {graph_hash}", file=folder / _HEADER, fix=_AGAIN
        )
    path = folder / _ARRAYS
    if not path.is_file() or file_hash(path) != header["arrays"]:
        raise RecsysError("the state of a scorer is missing or damaged", file=path, fix=_AGAIN)
    scorer = create(header["kind"], **header["parameters"])
    arrays = load_file(path)
    for name, packed in header["state"].items():
        setattr(scorer, name, _unpack(packed, arrays))
    return scorer


def kind_of(scorer: Scorer) -> str:
    """The name a scorer's class is registered by."""
    home = f"{type(scorer).__module__}:{type(scorer).__name__}"
    for kind, known in SCORERS.items():
        if known == home:
            return kind
    raise RecsysError("only a registered scorer can be stored", value=home, fix="Add it to recsys.scorers.SCORERS.")


def parameters(scorer: Scorer) -> dict[str, Any]:
    """The hyperparameters of a scorer, ready for JSON and for `create`."""
    return dict(TypeAdapter(type(scorer)).dump_python(scorer, mode="json"))


def _pack(value: Any, name: str, arrays: Arrays) -> Any:
    """What JSON says of a value; numbers of arrays go to `arrays`, under names that begin with `name`."""
    match value:
        case None | bool() | int() | float() | str():
            return {"value": value}
        case np.ndarray() if value.dtype.kind in "OU":
            return {"strings": value.tolist()}
        case np.ndarray():
            arrays[name] = value
            return {"array": name}
        case np.generic():
            return {"value": value.item()}
        case csr_array():
            parts = {part: getattr(value, part) for part in ("data", "indices", "indptr")}
            arrays.update({f"{name}.{part}": values for part, values in parts.items()})
            return {"csr": name, "shape": list(value.shape)}
        case Factors():
            return {"factors": _pack_all(_fields(value), name, arrays)}
        case Diagonal():
            return {"diagonal": _pack_all(_fields(value), name, arrays)}
        case tuple():
            return {"tuple": [_pack(part, f"{name}.{place}", arrays) for place, part in enumerate(value)]}
        case Mapping():
            return {"mapping": _pack_all(value, name, arrays)}
    raise RecsysError(f"the state {name!r} has a type that cannot be stored", value=type(value).__name__)


def _pack_all(values: Mapping[str, Any], name: str, arrays: Arrays) -> dict[str, Any]:
    return {part: _pack(value, f"{name}.{part}", arrays) for part, value in values.items()}


def _fields(value: Factors | Diagonal) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _unpack(packed: dict[str, Any], arrays: Arrays) -> Any:
    """The inverse of `_pack`."""
    match packed:
        case {"value": value}:
            return value
        case {"strings": strings}:
            return np.array(strings, dtype=object)
        case {"array": name}:
            return arrays[name]
        case {"csr": name, "shape": shape}:
            return csr_array(tuple(arrays[f"{name}.{part}"] for part in ("data", "indices", "indptr")), tuple(shape))
        case {"factors": parts}:
            return Factors(**_unpack_all(parts, arrays))
        case {"diagonal": parts}:
            return Diagonal(**_unpack_all(parts, arrays))
        case {"tuple": parts}:
            return tuple(_unpack(part, arrays) for part in parts)
        case {"mapping": parts}:
            return _unpack_all(parts, arrays)
    raise RecsysError("the state of a scorer is of another version", value=sorted(packed), fix=_AGAIN)


def _unpack_all(parts: dict[str, Any], arrays: Arrays) -> dict[str, Any]:
    return {name: _unpack(part, arrays) for name, part in parts.items()}


def _header(path: Path) -> dict[str, Any]:
    try:
        header: dict[str, Any] = json.loads(path.read_bytes())
        damaged = header.pop("check") != _check(header)
    except FileNotFoundError as error:
        raise RecsysError("there is no scorer here", file=path, fix=_AGAIN) from error
    except (ValueError, KeyError, AttributeError, TypeError):
        damaged = True
    if damaged:
        raise RecsysError("the file of a scorer is damaged", file=path, fix=_AGAIN)
    if (header["format"], header["version"]) != (FORMAT, VERSION):
        raise RecsysError(f"the scorer is not of version {VERSION}", file=path, value=header["version"], fix=_AGAIN)
    return header


def _check(header: Mapping[str, Any]) -> str:
    """Hash of what a header says, 32 hex digits."""
    return hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=16).hexdigest()
