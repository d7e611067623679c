"""Where a training stands, on disk: one that was broken off goes on bit for bit as if it had not been."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kg.files import file_hash, replacing_folder
from recsys.errors import RecsysError

VERSION = 2
_TENSORS, _STATE = "tensors.safetensors", "state.json"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what Adam remembers of a parameter
_AGAIN = "Delete the folder to train from the start."


@dataclass
class State:
    """Where a training stands: epochs done, the best of them and its parameters, the optimiser's memory beside it."""

    epoch: int = 0
    best_epoch: int = 0
    best_value: float = float("-inf")
    best: dict[str, Tensor] = field(default_factory=dict)


def save(
    folder: Path, state: State, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, identity: str
) -> None:
    """Write all of it; the checkpoint before is replaced when all is written."""
    tensors = {f"best.{name}": tensor for name, tensor in state.best.items()}
    for name, tensor in parameters.items():
        tensors[f"now.{name}"] = tensor.detach()
        tensors |= {f"{moment}.{name}": optimizer.state[tensor][moment] for moment in _MOMENTS}
    with replacing_folder(folder) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary / _TENSORS)
        numbers = {name: number for name, number in asdict(state).items() if name != "best"}
        header = {"version": VERSION, "identity": identity, "tensors": file_hash(temporary / _TENSORS)}
        (temporary / _STATE).write_text(json.dumps(header | numbers), encoding="utf-8")


def resumed(
    folder: Path | None, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, identity: str
) -> State:
    """The state that a checkpoint holds, its parameters and moments put in place; a fresh one where there is none.

    Raises RecsysError where the checkpoint is damaged, or of another graph, version or parameters.
    """
    if folder is None or not folder.exists():
        return State()
    try:
        header = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        whole = header["tensors"] == file_hash(folder / _TENSORS)
    except (OSError, ValueError, KeyError):
        whole = False
    if not whole:
        raise RecsysError("the checkpoint is damaged", file=folder, fix=_AGAIN)
    if (header["version"], header["identity"]) != (VERSION, identity):
        raise RecsysError("the checkpoint is of another graph, version or parameters", file=folder, fix=_AGAIN)
    tensors = load_file(folder / _TENSORS)
    with torch.no_grad():
        for name, tensor in parameters.items():
            tensor.copy_(tensors[f"now.{name}"])
            moments = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS}
            optimizer.state[tensor] = {"step": moments.pop("step"), **{k: v.to(tensor) for k, v in moments.items()}}
    best = {name: tensors[f"best.{name}"].to(parameters[name].device) for name in parameters}
    return State(header["epoch"], header["best_epoch"], header["best_value"], best)
