"""What is told of a training while it runs: to whoever asked, to TensorBoard, and through it to Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recsys.errors import RecsysError

_WANDB = "WANDB_MODE"  # W&B's own name for it


@dataclass(frozen=True)
class Progress:
    """Told after every epoch.

    validation  None where there is nothing to validate on
    seconds     of the epoch, validation and checkpoint included
    examples    learned from per second of its steps
    traffic     bytes that propagation moved per second of its steps, counted without caches: 0 where nobody counted
    share       of the bytes per second that a copy of memory moves; caches can lift it above 1
    peak_mb     the most memory the process has held, on a GPU the most of the device's
    """

    epoch: int
    n_epochs: int
    loss: float
    validation: float | None
    seconds: float
    examples: float = 0.0
    traffic: float = 0.0
    share: float = 0.0
    peak_mb: float = 0.0

    def __str__(self) -> str:
        judged = "" if self.validation is None else f", validation {self.validation:.4f}"
        moved = f", {self.traffic / 1e9:.1f} GB/s ({self.share:.0%} of a copy's)" if self.traffic else ""
        pace = f"{self.examples:,.0f} examples/s{moved}, peak {self.peak_mb:,.0f} MB"
        return f"epoch {self.epoch} of {self.n_epochs}, loss {self.loss:.4f}{judged}, {pace}"


@contextmanager
def journal(folder: Path | None, epoch: int) -> Iterator[Callable[[Progress], None]]:
    """Writes every epoch to TensorBoard's files in `folder` (None: nothing is written), those after `epoch` anew.

    Where W&B's own variable WANDB_MODE is set and not "disabled", it follows them; "offline" needs no network. Raises
    RecsysError where it is not installed.
    """
    if folder is None:
        yield lambda _: None
        return
    from torch.utils.tensorboard import SummaryWriter

    with ExitStack() as stack:
        if os.environ.get(_WANDB, "disabled") != "disabled":
            stack.enter_context(_wandb(folder))
        log = stack.enter_context(SummaryWriter(str(folder), purge_step=epoch + 1))

        def write(progress: Progress) -> None:
            for name in ("loss", "validation", "examples", "traffic", "share", "peak_mb"):
                number = getattr(progress, name)
                if number is not None:
                    log.add_scalar(name, number, progress.epoch)

        yield write


def _wandb(folder: Path) -> Any:
    """A run of W&B that copies what TensorBoard is told."""
    try:
        import wandb
    except ImportError as error:
        raise RecsysError(
            "W&B was asked for and is not installed",
            column=_WANDB,
            value=os.environ[_WANDB],
            fix="Install cartograph-recsys[wandb], or unset the variable.",
        ) from error
    return wandb.init(project="cartograph", name=folder.name, dir=str(folder), sync_tensorboard=True)
