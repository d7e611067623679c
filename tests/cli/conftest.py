from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cli.main import FAILED, run

COMMAND = str(Path(sys.executable).parent / "cartograph")
USERS, ITEMS, EVENTS = 150, 100, 5_000


@dataclass(frozen=True)
class Shop:
    """A demo shop with everything run on it; `folder` holds the raw files and the workspace."""

    folder: Path
    document: dict[str, Any]

    @property
    def config(self) -> Path:
        return self.folder / "files" / "demo.toml"

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"


@dataclass(frozen=True)
class Answer:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Ask = Callable[..., Answer]


@pytest.fixture
def cartograph(capfd: pytest.CaptureFixture[str]) -> Ask:
    """Run a command in this process."""

    def asked(*words: object) -> Answer:
        capfd.readouterr()
        code = run([str(word) for word in (*words, "--threads", 1)])
        out, err = capfd.readouterr()
        return Answer(code, out, err)

    return asked


def runs_out_of_disk(largest: int, *words: object) -> None:
    """A command in a process whose files may not grow beyond `largest` bytes fails with one clear message."""
    done = subprocess.run(
        [COMMAND, *map(str, words), "--threads", "1", "--quiet"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == FAILED
    assert "File too large" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    from cli.options import Common
    from cli.run import main_job
    from kg.config import DEMO
    from kg.demo_shop import DemoShop, generate
    from recsys.config import Config

    folder = tmp_path_factory.mktemp("shop")
    generate(DemoShop(users=USERS, items=ITEMS, events=EVENTS), folder / "files")
    shutil.copy(DEMO, folder / "files")
    shop = Shop(folder, {})
    common = Common(workspace=shop.workspace, threads=1, quiet=True)
    return Shop(folder, main_job(common, Config.read(shop.config).resolved()))


@pytest.fixture
def shop(made: Shop, tmp_path: Path) -> Shop:
    """A copy that a test may harm."""
    shutil.copytree(made.workspace, tmp_path / "workspace")
    (tmp_path / "files").symlink_to(made.folder / "files")
    return Shop(tmp_path, made.document)
