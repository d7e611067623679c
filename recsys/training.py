"""The training loop of scorers that learn by gradient: early stopping, checkpoints, a log, and a clear end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from recsys import checkpoint
from recsys.bandwidth import copied
from recsys.errors import RecsysError
from recsys.journal import Progress, journal
from recsys.measuring import peak_mb
from recsys.together import Processes, joined

Device = Literal["auto", "cpu", "cuda"]
Losses = Callable[[np.random.Generator, slice], Tensor]


@dataclass(frozen=True)
class Run:
    """The circumstances of a training; they change nothing that is learned on one kind of device.

    device      "auto" takes a GPU where there is one
    checkpoint  a folder: the state after every epoch is kept there, and a run that finds one goes on from it
    log         a folder for TensorBoard
    progress    called after every epoch
    say         told in words what is about to be done
    """

    device: Device = "auto"
    checkpoint: Path | None = None
    log: Path | None = None
    progress: Callable[[Progress], None] = lambda _: None
    say: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class Task:
    """What is learned.

    parameters  changed in place
    losses      of a part of a batch that it draws from the generator it is given, float32 (b,)
    judge       higher for better parameters; None: nothing tells
    batch_size  examples of a step
    traffic     bytes that the propagation of a step moves, counted without caches
    """

    parameters: Mapping[str, Tensor]
    losses: Losses
    judge: Callable[[], float] | None = None
    batch_size: int = 1
    traffic: int = 0


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


def device_of(wanted: Device) -> torch.device:
    """The device to train on; RecsysError where CUDA was asked for and there is none."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise RecsysError(
            "CUDA was asked for and PyTorch finds no GPU",
            value=wanted,
            fix="Use --device auto or cpu, or install the CUDA build of torch and a driver.",
        )
    if wanted == "cpu" or not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))


def free_on(device: torch.device) -> int | None:
    """The bytes that are free on a GPU; None: the device is the processor."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else None


def train(task: Task, schedule: Schedule, run: Run, identity: str) -> int:
    """Minimise the mean loss in place and leave the best parameters; returns the number of epochs that made them.

    `identity` tells trainings apart: a checkpoint of another one is an error. On a CPU a run that was broken off and
    resumed ends bit for bit as one that was not. Under torchrun every process takes its part of each batch, the first
    one judges, and what is learned is what one process learns of whole batches. Raises RecsysError when the loss is no
    longer a number.
    """
    parameters, device = task.parameters, next(iter(task.parameters.values())).device
    optimizer = torch.optim.Adam(parameters.values(), lr=schedule.learning_rate)
    wall = copied(device) if task.traffic else float("inf")
    state = checkpoint.resumed(run.checkpoint, parameters, optimizer, identity)
    with joined(device) as processes, journal(run.log if processes.first else None, state.epoch) as write:
        losses = processes.step(parameters, task.losses)
        while state.epoch < schedule.n_epochs and (
            task.judge is None or state.epoch - state.best_epoch < schedule.patience
        ):
            started = time.perf_counter()
            mean = _epoch(losses, task.batch_size, optimizer, schedule, state.epoch, processes)
            pace = schedule.n_steps / (time.perf_counter() - started)
            state.epoch += 1
            value = None if task.judge is None else processes.agreed(task.judge() if processes.first else None)
            if value is None or value > state.best_value:
                state.best_epoch, state.best_value = state.epoch, float("-inf") if value is None else value
                state.best = {name: tensor.detach().clone() for name, tensor in parameters.items()}
            if not processes.first:
                continue
            if run.checkpoint is not None:
                checkpoint.save(run.checkpoint, state, parameters, optimizer, identity)
            progress = Progress(
                state.epoch,
                schedule.n_epochs,
                mean,
                value,
                time.perf_counter() - started,
                examples=pace * task.batch_size,
                traffic=pace * task.traffic,
                share=pace * task.traffic / wall,
                peak_mb=_peak_mb(device),
            )
            write(progress)
            run.progress(progress)
    with torch.no_grad():
        for name, tensor in parameters.items():
            tensor.copy_(state.best.get(name, tensor))
    return state.best_epoch


def _epoch(
    losses: Any,
    batch_size: int,
    optimizer: torch.optim.Optimizer,
    schedule: Schedule,
    epoch: int,
    processes: Processes,
) -> float:
    rng = np.random.default_rng([schedule.seed, epoch])  # by epoch, so that a resumed run draws the same batches
    total = 0.0
    for step in range(schedule.n_steps):
        optimizer.zero_grad()
        value = losses(rng, processes.part).sum() / batch_size
        number = processes.summed(value)
        if not np.isfinite(number):
            raise RecsysError(
                f"training diverged: the loss is {number} at epoch {epoch + 1}, step {step + 1}",
                fix="Lower learning_rate.",
                bad_input=False,
            )
        (value * processes.size).backward()  # gradients are averaged over the processes
        optimizer.step()
        total += number
    return total / schedule.n_steps


def _peak_mb(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / 1e6 if device.type == "cuda" else peak_mb()
