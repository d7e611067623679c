"""A benchmark's results as one table: a row per scorer, means over the seeds, the fusion last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kg.published.parts import BY_TIME
from recsys.benchmark import FIRST, FUSION, SECOND

Row = Mapping[str, Any]
HEADINGS = ("scorer", "recall", "95 %", "ndcg", "95 %", "fit s", "users/s", "peak MB")
CAPTION = "recall and standard NDCG in lists of 20"
_SURE = 0.05
_COSTS = {"fit_seconds": ".2f", "users_per_second": ",.0f", "peak_mb": ",.0f"}


@dataclass(frozen=True)
class Line:
    """A scorer's cells below `HEADINGS`; of one that failed `error` says why, and its cells are dashes."""

    cells: tuple[str, ...]
    error: str = ""


def lines(results: Sequence[Row]) -> list[Line]:
    """A line per scorer. The ends of the interval are means of the seeds' own; figures are of the seeds that worked."""
    names = dict.fromkeys(row["scorer"] for row in results)
    last = [name for name in (FUSION, SECOND) if name in names]
    return [
        _line(name, [row for row in results if row["scorer"] == name])
        for name in [*(name for name in names if name not in last), *last]
    ]


def markdown(data: Row, results: Sequence[Row], command: str) -> str:
    """The table as a section of a Markdown file, under the command that made it."""
    found = lines(results)
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADINGS, *(line.cells for line in found))]
    rule = "|---" + "|---:" * (len(HEADINGS) - 1) + "|"
    errors = [f"{line.cells[0]}: {line.error}" for line in found if line.error]
    told = f"{described(data, results)} All items are ranked; {CAPTION}, means of the seeds."
    parts = [f"## {data['name']}", f"`{command}`", told, "\n".join([rows[0], rule, *rows[1:]])]
    return "\n\n".join([*parts, *errors, *verdicts(results)]) + "\n"


def described(data: Row, results: Sequence[Row]) -> str:
    """The data, their split and what test lacks or shares, in words; what is cut by time may come again."""
    seeds = len({row["seed"] for row in results})
    shared = "Repeats" if data["split"] == BY_TIME else "Leak check"
    return (
        f"{data['users']:,} users, {data['items']:,} items, {data['facts']:,} facts. Split: {data['split']}; "
        f"{data['train']:,} train, {data['validation']:,} validation and {data['test']:,} test pairs, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}. {shared}: {data['pairs_in_train_and_test']:,} pairs of test "
        f"are in train or validation too, {data['near_in_train_and_test']:,} events of test come within an hour of one "
        f"there, {data['texts_in_train_and_test']:,} say in the same words what is said of another item; "
        f"{data['users_only_in_test']:,} users and {data['items_only_in_test']:,} items are in test alone."
    )


def verdicts(results: Sequence[Row]) -> list[str]:
    """Per seed the fusion beside the best single scorer and those it is not surely apart from; the second stage."""
    second = [
        f"NDCG@20 of {SECOND} − the fusion, seed {row['seed']}: {gain['difference']:+.4f} "
        f"(95 % {gain['low']:+.4f} … {gain['high']:+.4f}, p = {gain['p']:.2g})."
        for row in results
        if (gain := row.get("second_vs_fusion"))
    ]
    fused = [
        f"NDCG@20 of the fusion − {row['best_single']}, seed {row['seed']}: {gain['difference']:+.4f} "
        f"(95 % {gain['low']:+.4f} … {gain['high']:+.4f}, p = {gain['p']:.2g}; Holm, of {len(row['fused_vs_each'])} "
        f"tests, {gain['p_holm']:.2g}).{_unsure(row['fused_vs_each'])}"
        for row in results
        if (gain := row.get("fused_vs_best"))
    ]
    return fused + second


def _unsure(each: Sequence[Row]) -> str:
    names = [one["name"] for one in each if one["p_holm"] >= _SURE]
    return f" Not surely apart at {_SURE:.0%}: {', '.join(names)}." if names else ""


def _line(name: str, rows: list[Row]) -> Line:
    worked = [row for row in rows if "error" not in row]
    errors = "; ".join(dict.fromkeys(row["error"] for row in rows if "error" in row))
    if not worked:
        return Line((name, *("—" for _ in HEADINGS[1:])), errors)
    cells = [name]
    for metric in FIRST:
        mean, low, high = (_mean([row["metrics"][metric][part] for row in worked]) for part in ("mean", "low", "high"))
        cells += [f"{mean:.4f}", f"{_short(low)}–{_short(high)}"]
    cells += [format(_mean([row[cost] for row in worked]), shape) for cost, shape in _COSTS.items()]
    return Line(tuple(cells), errors)


def _short(figure: float) -> str:
    """Five letters: .1849, or 1.000."""
    return f"{figure:.4f}".removeprefix("0")[:5]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
