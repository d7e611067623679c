"""How far predicted ratings are off: `python benchmarks/ratings.py CONFIG.toml [EVENTS]`, as of Amazon or MovieLens.

Learned before the test period, judged on it once, with the parameters as they come; the mean of all ratings and biases
alone are what to beat.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import perf_counter

import kg
from kg.building import build
from kg.splitting import split
from kg.steps.derive import derive
from recsys.ratings.biased_mf import BiasedMF
from recsys.ratings.data import Rater, asked, errors, known
from recsys.ratings.feature_net import FeatureNet

RATERS: dict[str, Rater] = {"biases": BiasedMF(n_factors=0), "biased MF": BiasedMF(), "feature net": FeatureNet()}


def main(config: str, events: str | None = None) -> None:
    tables = kg.read(Path(config), events=events)
    windows = split(tables, tables.config.split, ("rating",))
    graph = build(derive(windows.train_validation, tables.config.derive))
    test = asked(graph, windows.test)
    new = {"users": int((test.users < 0).sum()), "items": int((test.items < 0).sum())}
    print(f"{len(known(graph)):,} ratings to learn from, {len(test):,} to predict; of new {new}")
    print(f"{'':12} {'RMSE':>8} {'MAE':>8} {'seconds':>8}")
    rows = {"mean": (errors(test.values * 0 + known(graph).values.mean(), test.values), 0.0)}
    for name, rater in RATERS.items():
        begun = perf_counter()
        rater.fit(graph)
        rows[name] = errors(rater.predict(test.users, test.items), test.values), perf_counter() - begun
    for name, (off, seconds) in rows.items():
        print(f"{name:12} {off['rmse']:8.4f} {off['mae']:8.4f} {seconds:8.1f}")


if __name__ == "__main__":
    main(*sys.argv[1:])
