"""Several processes that train one model, as torchrun starts them: each takes its part of every batch."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, distributed, nn


@dataclass(frozen=True)
class Processes:
    """How many there are, and which this one is; the first (0) judges and writes.

    `held` is what must be gone before the processes part: a module that synchronises and outlives its group waits for a
    thread of the group that waits for it.
    """

    rank: int = 0
    size: int = 1
    held: list[Any] = field(default_factory=list, compare=False)

    @property
    def first(self) -> bool:
        return self.rank == 0

    @property
    def part(self) -> slice:
        """Of a batch, what is this process's."""
        return slice(self.rank, None, self.size)

    def agreed(self, value: float | None) -> float | None:
        """What the first one says, in all of them."""
        if self.size == 1:
            return value
        told = [value]
        distributed.broadcast_object_list(told)
        return told[0]

    def summed(self, value: Tensor) -> float:
        """The sum of everyone's values, a number in all of them."""
        total = value.detach().clone()
        if self.size > 1:
            distributed.all_reduce(total)
        return float(total.item())

    def step(self, parameters: Mapping[str, Tensor], loss: Any) -> Any:
        """The loss as a function whose backward pass gives every process the mean of all gradients."""
        if self.size == 1:
            return loss
        from torch.nn.parallel import DistributedDataParallel

        self.held.append(DistributedDataParallel(_Step(parameters, loss)))
        return lambda *given: self.held[0](*given)


class _Step(nn.Module):
    def __init__(self, parameters: Mapping[str, Tensor], loss: Any) -> None:
        super().__init__()
        for name, tensor in parameters.items():
            self.register_parameter(name, tensor)  # type: ignore[arg-type]  # a Parameter: see `train`
        self.loss = loss

    def forward(self, *given: Any) -> Tensor:
        return self.loss(*given)


@contextmanager
def joined(device: torch.device) -> Iterator[Processes]:
    """Those that torchrun started, with NCCL on GPUs and gloo on CPUs; alone where it did not."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        yield Processes()
        return
    mine = not distributed.is_initialized()
    if mine:
        if device.type == "cuda":
            torch.cuda.set_device(device)  # what is broadcast goes by the current one
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    processes = Processes(distributed.get_rank(), distributed.get_world_size())
    try:
        yield processes
    finally:
        processes.held.clear()
        gc.collect()
        if mine:
            distributed.destroy_process_group()
