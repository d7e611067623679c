"""The training loop of scorers that learn by gradient: early stopping, checkpoints, a log, and a clear end.

The CUDA path has never been run yet.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from kg.files import file_hash, replacing_folder
from recsys.errors import RecsysError

VERSION = 1
Device = Literal["auto", "cpu", "cuda"]
_TENSORS, _STATE = "tensors.safetensors", "state.json"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")  # what Adam remembers of a parameter


@dataclass(frozen=True)
class Progress:
    """Told after every epoch; `validation` is None where there is nothing to validate on."""

    epoch: int
    n_epochs: int
    loss: float
    validation: float | None
    seconds: float


@dataclass(frozen=True)
class Run:
    """The circumstances of a training; they change nothing that is learned on one kind of device.

    device      "auto" takes a GPU where there is one
    checkpoint  a folder: the state after every epoch is kept there, and a run that finds one goes on from it
    log         a folder for TensorBoard
    progress    called after every epoch
    """

    device: Device = "auto"
    checkpoint: Path | None = None
    log: Path | None = None
    progress: Callable[[Progress], None] = lambda _: None


@dataclass(frozen=True)
class Schedule:
    """An epoch is `n_steps` steps of Adam between two looks at validation; without one all `n_epochs` are run.

    With one, training ends after `patience` epochs in a row that were not the best.
    """

    n_epochs: int
    n_steps: int
    learning_rate: float
    patience: int
    seed: int


@dataclass
class _State:
    """Where a training stands: epochs done, the best of them and its parameters, the optimiser's memory beside it."""

    epoch: int = 0
    best_epoch: int = 0
    best_value: float = float("-inf")
    best: dict[str, Tensor] = field(default_factory=dict)


def device_of(wanted: Device) -> torch.device:
    """The device to train on; RecsysError where CUDA was asked for and there is none."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RecsysError(
            "CUDA was asked for and PyTorch finds no GPU",
            value=wanted,
            fix="Use --device auto or cpu, or install the CUDA build of torch and a driver.",
        )
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def train(
    parameters: Mapping[str, Tensor],
    loss: Callable[[np.random.Generator], Tensor],
    judge: Callable[[], float] | None,
    schedule: Schedule,
    run: Run,
    identity: str,
) -> int:
    """Minimise `loss` in place and leave the best parameters; returns the number of epochs that made them.

    `loss` draws a step's batch from the generator it is given; `judge` is higher for better parameters. `identity`
    tells trainings apart: a checkpoint of another one is an error. On a CPU a run that was broken off and resumed ends
    bit for bit as one that was not. Raises RecsysError when the loss is no longer a number.
    """
    optimizer = torch.optim.Adam(parameters.values(), lr=schedule.learning_rate)
    state = _resumed(parameters, optimizer, run.checkpoint, identity)
    log = _log(run.log, state.epoch)
    while state.epoch < schedule.n_epochs and (judge is None or state.epoch - state.best_epoch < schedule.patience):
        started = time.perf_counter()
        mean = _epoch(loss, optimizer, schedule, state.epoch)
        state.epoch += 1
        value = None if judge is None else judge()
        if value is None or value > state.best_value:
            state.best_epoch, state.best_value = state.epoch, float("-inf") if value is None else value
            state.best = {name: tensor.detach().clone() for name, tensor in parameters.items()}
        if run.checkpoint is not None:
            _save(run.checkpoint, state, parameters, optimizer, identity)
        progress = Progress(state.epoch, schedule.n_epochs, mean, value, time.perf_counter() - started)
        for name, number in (("loss", mean), ("validation", value)):
            if log is not None and number is not None:
                log.add_scalar(name, number, state.epoch)
        run.progress(progress)
    if log is not None:
        log.close()
    with torch.no_grad():
        for name, tensor in parameters.items():
            tensor.copy_(state.best.get(name, tensor))
    return state.best_epoch


def _epoch(
    loss: Callable[[np.random.Generator], Tensor], optimizer: torch.optim.Optimizer, schedule: Schedule, epoch: int
) -> float:
    rng = np.random.default_rng([schedule.seed, epoch])  # by epoch, so that a resumed run draws the same batches
    total = 0.0
    for step in range(schedule.n_steps):
        optimizer.zero_grad()
        value = loss(rng)
        number = value.item()
        if not np.isfinite(number):
            raise RecsysError(
                f"training diverged: the loss is {number} at epoch {epoch + 1}, step {step + 1}",
                fix="Lower learning_rate.",
                bad_input=False,
            )
        value.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += number
    return total / schedule.n_steps


def _save(
    folder: Path, state: _State, parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, identity: str
) -> None:
    tensors = {f"best.{name}": tensor for name, tensor in state.best.items()}
    for name, tensor in parameters.items():
        tensors[f"now.{name}"] = tensor.detach()
        tensors |= {f"{moment}.{name}": optimizer.state[tensor][moment] for moment in _MOMENTS}
    with replacing_folder(folder) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary / _TENSORS)
        numbers = {name: number for name, number in asdict(state).items() if name != "best"}
        header = {"version": VERSION, "identity": identity, "tensors": file_hash(temporary / _TENSORS)}
        (temporary / _STATE).write_text(json.dumps(header | numbers), encoding="utf-8")


def _resumed(
    parameters: Mapping[str, Tensor], optimizer: torch.optim.Optimizer, folder: Path | None, identity: str
) -> _State:
    """The state that a checkpoint holds, its parameters and moments put in place; a fresh one where there is none."""
    if folder is None or not folder.exists():
        return _State()
    try:
        header = json.loads((folder / _STATE).read_text(encoding="utf-8"))
        whole = header["tensors"] == file_hash(folder / _TENSORS)
    except (OSError, ValueError, KeyError):
        whole = False
    again = "Delete the folder to train from the start."
    if not whole:
        raise RecsysError("the checkpoint is damaged", file=folder, fix=again)
    if (header["version"], header["identity"]) != (VERSION, identity):
        raise RecsysError("the checkpoint is of another graph, version or parameters", file=folder, fix=again)
    tensors = load_file(folder / _TENSORS)
    with torch.no_grad():
        for name, tensor in parameters.items():
            tensor.copy_(tensors[f"now.{name}"])
            optimizer.state[tensor] = {moment: tensors[f"{moment}.{name}"] for moment in _MOMENTS}
    best = {name: tensors[f"best.{name}"] for name in parameters}
    return _State(header["epoch"], header["best_epoch"], header["best_value"], best)


def _log(folder: Path | None, epoch: int) -> Any:
    if folder is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(folder), purge_step=epoch + 1)
