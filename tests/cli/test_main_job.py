import json
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = [str(Path(sys.executable).parent / "cartograph")]


def cartograph(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *words], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    done = cartograph("demo", "--users", "300", "--items", "200", "--events", "12000", "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["evaluation"]["fused_vs_best"]["high"] > -0.02
    return folder


def test_recommend_and_explain_agree(shop: Path) -> None:
    listed = json.loads(cartograph("recommend", "U0000001", "--json", "-k", "5", cwd=shop).stdout)
    assert [row["rank"] for row in listed] == [1, 2, 3, 4, 5]
    assert set(listed[0]) == {"user_id", "item_id", "rank", "title", "score"}
    for row in listed[:2]:
        told = json.loads(cartograph("explain", "U0000001", row["item_id"], "--json", cwd=shop).stdout)
        assert told["rank"] == row["rank"]
        assert told["score"] == pytest.approx(row["score"], rel=1e-4)
        assert sum(part["value"] for part in told["contributions"]) == pytest.approx(told["score"], rel=1e-5)
        assert told["text"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("recommend", "nobody"), "no such user"),
        (("explain", "U0000001", "nothing"), "no such item"),
        (("recommend", "U0000001", "-w", "elsewhere"), "Run `cartograph run` first"),
        (("run", "absent.toml"), "cannot be read"),
        (("run", "-w", "elsewhere"), "nothing has been run"),
    ],
)
def test_a_mistake_is_one_clear_line(shop: Path, words: tuple[str, ...], told: str) -> None:
    done = cartograph(*words, cwd=shop)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert not done.stdout
