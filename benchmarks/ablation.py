"""What a scorer adds to the fusion of the others: the fusion of all beside the fusion of all but one.

    python benchmarks/ablation.py lightgcn movielens-1m-kg --scorers popularity,ials,ease,spectral,lightgcn
    python benchmarks/ablation.py lightgcn configs/movielens-1m-kg.toml --events movielens-1m-kg --split cold-items

Every scorer is tuned once on validation, the fusions learn their weights there, everything is fitted again on train and
validation, and test is judged once: by group, and of those on sparse items, that so many users or fewer had. With
`--rehearse` test stays closed, to choose by: every second user of validation teaches, the others are judged; of hidden
items, which both halves share, that is too kind.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kg.config import Split
from kg.engine import Engine
from kg.published.forms import read
from recsys.benchmark import FIRST, STANDARD
from recsys.config import Config
from recsys.evaluation import evaluate
from recsys.exam import Exam
from recsys.fusion import Fusion
from recsys.learning import learn_all
from recsys.protocol import Protocol, Repeats, asked
from recsys.recipe import Conditions, Recipe, seeded
from recsys.scorers import DEFAULT
from recsys.significance import paired
from recsys.teaching import LESSON, tuned
from recsys.threads import limit
from recsys.types import Holdout, Scorer
from recsys.windows import Window

WHOLE = "fusion of all"
SHARE = 0.2


def fitted(
    exam: Exam,
    window: Window,
    scorers: Mapping[str, dict[str, Any]],
    left_out: list[str],
    repeats: Repeats,
    *,
    untuned: bool,
) -> dict[str, Scorer]:
    """Every scorer, the fusion of all, and for each of `left_out` that of the others, as a window teaches them."""
    section = STANDARD.model_copy(update={"repeats": repeats})
    protocol = section.protocol(repeats, exam.seed)
    conditions = Conditions(say=_say)
    parts = dict[str, Scorer]()
    for name, given in scorers.items():
        if untuned:
            parts[name] = conditions.fit(seeded(name, given, exam.seed), window.graph, window.holdout)
        else:
            parts[name] = tuned(name, given, window, section, conditions, exam.seed, exam.earlier)
    fusions = {WHOLE: Fusion(parts)}
    for name in left_out:
        others = {other: part for other, part in parts.items() if other != name}
        fusions[f"without {name}"] = Fusion(others)
    for fusion in fusions.values():
        learn_all([(fusion, protocol, 0.0)], window.thinned(LESSON).holdout)
        print(fusion, flush=True)
    return {**parts, **fusions}


def again(exam: Exam, found: Mapping[str, Scorer]) -> dict[str, Scorer]:
    """What `fitted` found, fitted once more on train and validation."""
    fusions = {name: part for name, part in found.items() if isinstance(part, Fusion)}
    parts = {name: part for name, part in found.items() if name not in fusions}
    fresh = Recipe.of(parts, {}).fit(exam.test.graph, Conditions(say=_say))
    for fusion in fusions.values():
        fusion.parts = {name: fresh[name] for name in fusion.parts}
    return {**fresh, **fusions}


def halves(window: Window) -> tuple[Window, Holdout]:
    """A window that asks every second of its users, and the question to the others."""
    rows = np.arange(len(window.holdout.query))
    return replace(window, holdout=window.holdout.take(rows[::2])), window.holdout.take(rows[1::2])


def questions(holdout: Holdout, protocol: Protocol, sparse: list[int]) -> Iterator[tuple[str, str, Holdout]]:
    """What is asked: its name, the group of `protocol.asked` it is in, the holdout."""
    for group in asked(holdout, protocol):
        yield group, group, holdout
    assert holdout.popularity is not None  # `asked` has checked it
    for most in sparse:
        few = (holdout.popularity > 0) & (holdout.popularity <= most)
        kept = holdout.targets.multiply(few[None, :].astype(np.float32)).tocsr()
        kept.eliminate_zeros()
        if kept.nnz:
            yield f"items of at most {most} users", "warm", replace(holdout, targets=kept)


def table(asked_of: Holdout, scorers: Mapping[str, Scorer], protocol: Protocol, sparse: list[int]) -> None:
    for what, group, holdout in questions(asked_of, protocol, sparse):
        judged = evaluate(scorers, holdout, protocol, [group])
        own = {name: judged.figures[name][group] for name in scorers}
        metrics = list(dict.fromkeys([protocol.decisive, *FIRST]))
        whole = own[WHOLE][protocol.decisive]
        print(f"\n{what}, {len(whole):,} users\n\n| scorer | {' | '.join(metrics)} | {WHOLE} − it |")
        print(f"|---|{'---:|' * len(metrics)}---|")
        for name, figures in own.items():
            means = " | ".join(f"{figures[metric].mean():.4f}" for metric in metrics)
            print(f"| {name} | {means} | {_gain(whole, figures[protocol.decisive])} |", flush=True)


def _say(text: str, _: float | None = None) -> None:
    print(text, file=sys.stderr, flush=True)


def _gain(ours: np.ndarray, theirs: np.ndarray) -> str:
    found = paired(ours, theirs)
    return f"{found.difference:+.4f} ({found.low:+.4f} … {found.high:+.4f}), p {found.p:.4f}"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("left_out", help="names, with commas between")
    words.add_argument("data", type=Path)
    words.add_argument("--events", type=Path)
    words.add_argument("--scorers", default=",".join(DEFAULT))
    words.add_argument("--given", default="{}", help="parameters by scorer, JSON")
    words.add_argument("--split")
    words.add_argument("--repeats", default="exclude", choices=["exclude", "include"])
    words.add_argument("--untuned", action="store_true", help="take parameters as they come, and tune weights alone")
    words.add_argument("--rehearse", action="store_true", help="judge on half of validation's users; test stays closed")
    words.add_argument("--sparse", type=int, nargs="*", default=[5, 20])
    words.add_argument("--seed", type=int, default=0)
    words.add_argument("--threads", type=int, default=1)
    told = words.parse_args()
    limit(told.threads)
    left_out = told.left_out.split(",")
    names = list(dict.fromkeys([*told.scorers.split(","), *left_out]))
    given = json.loads(told.given)
    scorers = {name: {**Config().only([name]).scorers[name], **given.get(name, {})} for name in names}
    cut = Split(method=told.split, test_share=SHARE, validation_share=SHARE) if told.split else None
    exam = Exam(read(told.data, Engine(told.threads), told.events), told.seed, cut)
    print(json.dumps(exam.to_json()), flush=True)
    window, holdout = halves(exam.validation) if told.rehearse else (exam.validation, None)
    found = fitted(exam, window, scorers, left_out, told.repeats, untuned=told.untuned)
    if holdout is None:
        holdout, found = exam.test.holdout, again(exam, found)
    table(holdout, found, STANDARD.protocol(told.repeats, exam.seed), told.sparse)


if __name__ == "__main__":
    main()
