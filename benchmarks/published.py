"""`cartograph benchmark` with parameters of one's own, which are then not tuned.

python benchmarks/published.py /path/to/gowalla 'spectral={"rank": 512, "user_power": 0.3}' --threads 1
python benchmarks/published.py configs/movielens-1m-kg.toml ease 'ials={"fold_in": "own"}' --events movielens-1m-kg
"""

import argparse
import json
import shlex
import sys
from pathlib import Path

from kg.engine import Engine
from kg.published.forms import read
from recsys.benchmark import Benchmark
from recsys.benchmark_table import markdown
from recsys.threads import limit


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("data", type=Path)
    words.add_argument("scorers", nargs="+", help="a name, or NAME={JSON}")
    words.add_argument("--events", type=Path, help="the log of a shop's file")
    words.add_argument("--seeds", type=int, default=1)
    words.add_argument("--threads", type=int, default=2)
    words.add_argument("--workspace", type=Path, default=Path("workspace"))
    given = words.parse_args()
    limit(given.threads)
    named = (text.partition("=") for text in given.scorers)
    scorers = {name: json.loads(parameters or "{}") for name, _, parameters in named}
    data = read(given.data, Engine(given.threads), given.events)
    asked = Benchmark(data, scorers, given.workspace / "published", tuple(range(given.seeds)))
    rows = [outcome.row for outcome in asked.run()]
    print(markdown(asked.to_json(), rows, shlex.join(["python", *sys.argv])))


if __name__ == "__main__":
    main()
