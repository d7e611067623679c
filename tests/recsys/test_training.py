"""The training loop: it finds the minimum, stops in time, and goes on after a break as if there had been none."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch

from recsys.errors import RecsysError
from recsys.journal import Progress
from recsys.training import Run, Schedule, Task, device_of, train

SCHEDULE = Schedule(n_epochs=12, n_steps=5, learning_rate=0.1, patience=3, seed=3)
ROOT = Path(__file__).parents[2]
GOAL = torch.tensor([1.0, -2.0, 3.0])


class Problem:
    """Find GOAL from noisy looks at it; judged by how close it is."""

    def __init__(self) -> None:
        self.x = torch.zeros(3, requires_grad=True)
        self.told: list[Progress] = []

    def loss(self, rng: np.random.Generator, _: slice) -> torch.Tensor:
        noise = torch.from_numpy(rng.normal(scale=0.1, size=3).astype(np.float32))
        return ((self.x - GOAL + noise) ** 2).sum()

    def judge(self) -> float:
        return -float((self.x.detach() - GOAL).abs().max())

    def train(self, run: Run, schedule: Schedule = SCHEDULE, identity: str = "a") -> int:
        return train(Task({"x": self.x}, self.loss, self.judge), schedule, run, identity)


class UnpluggedError(Exception):
    """Somebody pulled the plug."""


def unplugged_after(epoch: int, told: list[Progress]) -> object:
    def progress(now: Progress) -> None:
        told.append(now)
        if now.epoch == epoch:
            raise UnpluggedError

    return progress


def test_it_finds_the_minimum_and_tells_every_epoch() -> None:
    problem = Problem()
    problem.train(Run(progress=problem.told.append), Schedule(40, 5, 0.1, 40, 0))
    assert problem.judge() > -0.1
    assert [progress.epoch for progress in problem.told] == list(range(1, 41))
    assert problem.told[-1].loss < problem.told[0].loss / 10
    assert all(progress.examples > 0 and progress.peak_mb > 1 for progress in problem.told)
    assert "examples/s, peak" in str(problem.told[-1])


def test_it_stops_after_epochs_without_a_gain_and_keeps_the_best() -> None:
    values = iter([1.0, 3.0, 2.0, 2.5, 2.9, 99.0])
    x = torch.zeros(1, requires_grad=True)
    seen: list[float] = []

    def judge() -> float:
        seen.append(x.item())
        return next(values)

    def loss(_: np.random.Generator, __: slice) -> torch.Tensor:
        return (x - 10).square().sum()

    assert train(Task({"x": x}, loss, judge), SCHEDULE, Run(), "a") == 2
    assert len(seen) == 5
    assert x.item() == seen[1]


def test_without_a_judge_every_epoch_is_run() -> None:
    problem = Problem()
    assert train(Task({"x": problem.x}, problem.loss), SCHEDULE, Run(), "a") == SCHEDULE.n_epochs


@pytest.mark.parametrize("epoch", [1, 4])
def test_a_broken_run_ends_bit_for_bit_as_a_whole_one(tmp_path: Path, epoch: int) -> None:
    whole, broken, resumed = Problem(), Problem(), Problem()
    best = whole.train(Run(progress=whole.told.append))
    with pytest.raises(UnpluggedError):
        broken.train(Run(checkpoint=tmp_path / "state", progress=unplugged_after(epoch, broken.told)))
    assert resumed.train(Run(checkpoint=tmp_path / "state", progress=resumed.told.append)) == best
    assert torch.equal(whole.x, resumed.x)
    told = [(progress.epoch, progress.loss, progress.validation) for progress in broken.told + resumed.told]
    assert told == [(progress.epoch, progress.loss, progress.validation) for progress in whole.told]


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first, second = Problem(), Problem()
    run = Run(checkpoint=tmp_path / "state", progress=second.told.append)
    assert first.train(Run(checkpoint=tmp_path / "state")) == second.train(run)
    assert not second.told
    assert torch.equal(first.x, second.x)


def test_a_flipped_byte_in_a_checkpoint_is_found(tmp_path: Path) -> None:
    Problem().train(Run(checkpoint=tmp_path / "state"))
    file = tmp_path / "state" / "tensors.safetensors"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(bytes(content))
    with pytest.raises(RecsysError, match=r"damaged.*Delete the folder"):
        Problem().train(Run(checkpoint=tmp_path / "state"))


def test_a_checkpoint_of_another_training_is_refused(tmp_path: Path) -> None:
    Problem().train(Run(checkpoint=tmp_path / "state"))
    with pytest.raises(RecsysError, match="another graph"):
        Problem().train(Run(checkpoint=tmp_path / "state"), identity="b")


def test_a_loss_that_is_no_number_stops_and_names_the_step() -> None:
    x = torch.ones(1, requires_grad=True)
    steps = iter(range(99))

    def loss(_: np.random.Generator, __: slice) -> torch.Tensor:
        return x.sum() * (float("nan") if next(steps) == 7 else 1.0)

    with pytest.raises(RecsysError, match=r"epoch 2, step 3.*learning_rate"):
        train(Task({"x": x}, loss), SCHEDULE, Run(), "a")


def test_cuda_without_a_gpu_is_a_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RecsysError, match="no GPU"):
        device_of("cuda")
    assert device_of("auto") == device_of("cpu") == torch.device("cpu")


def test_the_log_can_be_read_by_tensorboard(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    problem = Problem()
    problem.train(Run(log=tmp_path, progress=problem.told.append))
    log = EventAccumulator(str(tmp_path))
    log.Reload()
    assert [event.value for event in log.Scalars("validation")] == pytest.approx([p.validation for p in problem.told])
    assert len(log.Scalars("loss")) == len(problem.told)


KILLED = """
import os, signal, sys
from pathlib import Path
from recsys.training import Run
from tests.recsys.test_training import Problem

def unplug(progress):
    if progress.epoch == 3:
        os.kill(os.getpid(), signal.SIGKILL)

Problem().train(Run(checkpoint=Path(sys.argv[1]), progress=unplug))
"""


def test_a_killed_run_ends_bit_for_bit_as_a_whole_one(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "state")], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    whole, resumed = Problem(), Problem()
    best = whole.train(Run())
    assert resumed.train(Run(checkpoint=tmp_path / "state", progress=resumed.told.append)) == best
    assert resumed.told[0].epoch == 4
    assert torch.equal(whole.x, resumed.x)


def test_wandb_follows_the_log_where_its_variable_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[dict[str, object]] = []

    class Follower:
        @staticmethod
        @contextmanager
        def init(**given: object) -> Iterator[None]:
            asked.append(given)
            yield

    monkeypatch.setitem(sys.modules, "wandb", Follower)
    Problem().train(Run(log=tmp_path / "lightgcn"))
    assert not asked
    monkeypatch.setenv("WANDB_MODE", "offline")
    Problem().train(Run(log=tmp_path / "lightgcn"))
    assert asked[0]["sync_tensorboard"] is True
    assert asked[0]["name"] == "lightgcn"


def test_wandb_that_is_not_installed_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wandb", None)
    monkeypatch.setenv("WANDB_MODE", "offline")
    with pytest.raises(RecsysError, match=r"not installed.*cartograph-recsys\[wandb\]"):
        Problem().train(Run(log=tmp_path))
