"""Two processes of torchrun learn what one learns alone."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch

from recsys.journal import Progress
from recsys.together import Processes, joined
from recsys.training import Run, Schedule, Task, train

ROOT = Path(__file__).parents[2]
POINTS = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
SCHEDULE = Schedule(n_epochs=6, n_steps=4, learning_rate=0.1, patience=2, seed=1)


def learn(run: Run) -> torch.Tensor:
    """The point nearest to all others, from batches of seven; judged by one process."""
    x = torch.nn.Parameter(torch.zeros(3))

    def losses(rng: np.random.Generator, part: slice) -> torch.Tensor:
        return (torch.from_numpy(POINTS[rng.integers(0, len(POINTS), 7)[part]]) - x).square().sum(dim=1)

    def judge() -> float:
        return -float((torch.from_numpy(POINTS) - x.detach()).square().sum())

    train(Task({"x": x}, losses, judge, batch_size=7), SCHEDULE, run, "a")
    return x.detach()


SCRIPT = """
import os, sys
from pathlib import Path
import numpy as np
from recsys.training import Run
from tests.recsys.test_together import learn

folder, rank = Path(sys.argv[1]), os.environ["RANK"]
told = []
x = learn(Run(device="cpu", checkpoint=folder / "state", log=folder / "log", progress=told.append))
np.save(folder / f"x{rank}.npy", x.numpy())
(folder / f"told{rank}").write_text(" ".join(str(progress.loss) for progress in told))
"""


def test_two_processes_learn_what_one_does(tmp_path: Path) -> None:
    told: list[Progress] = []
    alone = learn(Run(progress=told.append))
    (tmp_path / "script.py").write_text(SCRIPT)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    command = [*torchrun, str(tmp_path / "script.py"), str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, cwd=ROOT, env=environment, timeout=120)
    first, second = (np.load(tmp_path / f"x{rank}.npy") for rank in (0, 1))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(first, alone.numpy(), rtol=1e-5)
    losses = [float(word) for word in (tmp_path / "told0").read_text().split()]
    np.testing.assert_allclose(losses, [progress.loss for progress in told], rtol=1e-5)
    assert not (tmp_path / "told1").read_text(), "the first process alone tells and writes"
    assert (tmp_path / "state").is_dir()


def test_alone_there_is_one_process_and_the_whole_batch() -> None:
    with joined(torch.device("cpu")) as processes:
        assert processes == Processes(0, 1)
        assert np.arange(5)[processes.part].tolist() == [0, 1, 2, 3, 4]
        assert processes.agreed(0.5) == 0.5
