"""Results to stdout, talk and errors to stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from kg.errors import KgError
    from recsys.benchmark import Outcome
    from recsys.recipe import Say
    from recsys.workspace import Stage


_OUTCOME = 15  # letters of a scorer and its seed
_SHORT = 16  # letters of a cell that is never broken
_SHOWN = ("ndcg", "recall", "map", "mrr", "hit_rate", "coverage")  # metrics; --json has all of them


def note(text: str, *, quiet: bool) -> None:
    """A remark on stderr."""
    if not quiet:
        typer.echo(text, err=True)


def emit(document: Any) -> None:
    """One JSON document; what is no number is null."""
    typer.echo(json.dumps(_finite(document), ensure_ascii=False, allow_nan=False, default=str))


def _finite(document: Any) -> Any:
    match document:
        case float() if not isfinite(document):
            return None
        case dict():
            return {name: _finite(value) for name, value in document.items()}
        case list() | tuple():
            return [_finite(value) for value in document]
    return document


@contextmanager
def progress(*, quiet: bool) -> Iterator[Say]:
    """A function that says on stderr what is being done: a bar on a terminal, a line each elsewhere."""
    if quiet:
        yield lambda _, _share=None, /: None
    elif sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        shown = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
        with Progress(*shown, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=None)

            def say(text: str, share: float | None = None, /) -> None:
                bar.update(task, description=text, total=None if share is None else 1.0, completed=share or 0.0)

            yield say
    else:
        yield lambda text, _share=None, /: typer.echo(f"  {text}", err=True)


def stage(done: Stage, *, quiet: bool, width: int = 10) -> None:
    """A finished stage in one line."""
    if not quiet:
        cost = "unchanged" if done.skipped else f"{done.seconds:6.1f} s  {done.peak_mb:6,.0f} MB"
        typer.echo(f"{done.name:<{width}}{cost}", err=True)


def outcome(done: Outcome, *, quiet: bool) -> None:
    """A scorer of a benchmark in one line."""
    if done.stage is not None:
        stage(done.stage, quiet=quiet, width=_OUTCOME)
    elif not quiet:
        typer.echo(f"{done.scorer}-{done.seed}: {done.error}", err=True)


def tuned(row: Mapping[str, Any], *, quiet: bool) -> None:
    """What a search found of a scorer, in one line."""
    if not quiet:
        what = "better" if row["taken"] else "no surer than noise"
        gain = f"{row['before']:.4f} → {row['after']:.4f}" if row["taken"] else f"{row['before']:.4f}"
        typer.echo(f"{row['name']:<{_OUTCOME}}{gain}, {what} after {row['trials']} trials", err=True)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    drawn = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    kept = [[_cell(value) for value in row] for row in rows]
    for place, column in enumerate(columns):
        values = [row[place] for row in kept]
        numbers = all(isinstance(value, int | float) for value in values)
        short = numbers or max(map(len, map(str, values)), default=0) <= _SHORT
        drawn.add_column(column, justify="right" if numbers else "left", overflow="fold", no_wrap=short)
    for row in kept:
        drawn.add_row(*(f"{value:,.4f}" if isinstance(value, float) else str(value) for value in row))
    Console(markup=False, emoji=False).print(drawn)  # a shop's text may hold brackets


def _cell(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value


def evaluation(judged: Mapping[str, Any]) -> None:
    """All scorers of one protocol, the fusion last."""
    protocol = judged["protocol"]
    k = protocol["k"][0]
    rows = []
    for row in judged["scorers"]:
        figures = {name: row["metrics"][f"{name}@{k}"] for name in _SHOWN}
        first, *others = figures.values()
        interval = f"{first['low']:.3f}–{first['high']:.3f}"
        rows.append([row["name"], first["mean"], interval, *(figure["mean"] for figure in others)])
    title = f"Test period, {protocol['users']:,} users, repeats {protocol['repeats']}d, lists of {k}"
    table(title, ["scorer", _SHOWN[0], "95 %", *_SHOWN[1:]], rows)
    gain = judged["fused_vs_best"]
    typer.echo(
        f"NDCG@{k} of the fusion − {judged['best_single']}: {gain['difference']:+.4f} "
        f"(95 % {gain['low']:+.4f} … {gain['high']:+.4f}, p = {gain['p']:.3f})"
    )
    told = judged["path_share"]
    if told["fusion"] is not None:
        typer.echo(f"Told in paths: {told['fusion']:.0%} of what the fusion says (floor {told['floor']:.0%})")
    against(f"NDCG@{k} of the fusion − each scorer's, same users", judged["fused_vs_each"])
    if "reranking" in judged:
        reranking(judged)


def against(title: str, found: Sequence[Mapping[str, Any]]) -> None:
    """One ranking beside every other, over the same users; Holm's p: corrected for being several tests."""
    rows = [
        (row["name"], f"{row['difference']:+.4f}", f"{row['low']:+.4f} … {row['high']:+.4f}", *_ps(row))
        for row in found
    ]
    table(title, ["scorer", "difference", "95 %", "p", "p, Holm"], rows)


def _ps(row: Mapping[str, float]) -> tuple[str, str]:
    return f"{row['p']:.2g}", f"{row['p_holm']:.2g}"


def reranking(judged: Mapping[str, Any]) -> None:
    """What every re-ranking step costs, and all of them together."""
    protocol, found = judged["protocol"], judged["reranking"]
    decisive = protocol["decisive"]
    rows: list[tuple[object, ...]] = [("the scores alone", found["before"], "", "", "", "")]
    rows += [
        (row["name"], row[decisive], *_cost(row, found["before"]), f"{row['changed']:.0%}") for row in found["steps"]
    ]
    if len(found["steps"]) > 1:
        rows.append(("all of them", found["chain"][decisive], *_cost(found["chain"], found["before"]), ""))
    title = f"Re-ranked, {found['users']:,} users, repeats {protocol['repeats']}d, lists of {found['k']}"
    table(title, ["after", "ndcg", "difference", "95 %", "of all", "lists changed"], rows)


def _cost(row: Mapping[str, float], before: float) -> tuple[str, ...]:
    """A difference with its interval, and its share of the figure before any step."""
    share = f"{row['difference'] / before:+.1%}" if before else "–"
    return f"{row['difference']:+.4f}", f"{row['low']:+.4f} … {row['high']:+.4f}", share


def benchmark(data: Mapping[str, Any], results: Sequence[Mapping[str, Any]]) -> None:
    """Scorers side by side on a published data set."""
    from recsys.benchmark_table import CAPTION, HEADINGS, described, lines, verdicts

    found = lines(results)
    typer.echo(described(data, results))
    table(f"{data['name']}, test: {CAPTION}", HEADINGS, (line.cells for line in found))
    for text in (*(f"{line.cells[0]}: {line.error}" for line in found if line.error), *verdicts(results)):
        typer.echo(text)


def explanations(measured: Mapping[str, Any]) -> None:
    """How good every scorer's explanations are, the fusion last; then what its counterfactuals do."""
    from recsys.faithfulness import percent, times

    said = [row for row in measured["by_scorer"] if row["pairs"]]
    rows = []
    for row in said:
        fall, pair = row["deletion"], row["latency_ms"]["pair"]
        shares = [row[name] for name in ("completeness", "validity", "covered", "path_share")] + [fall.get("lower")]
        rows.append([row["name"], row["pairs"], *map(percent, shares), times(fall.get("ratio")), f"{pair['p99']:.1f}"])
    columns = ["scorer", "pairs", "add up", "true edges", "covered", "paths", "falls", "by", "p99 ms"]
    title = (
        f"Explanations of lists of {measured['k']}, repeats {measured['repeats']}d, {measured['pairs']} places drawn"
    )
    table(title, columns, rows)
    typer.echo(
        "add up: contributions sum to the score. true edges: of the ten strongest paths. covered: a path says more\n"
        "than one category. paths: share of the contributions. falls: how often the score falls more without the\n"
        "strongest doing than without as many others of its degree; by: how many times as far (median). p99 ms: to\n"
        "explain one item, on one core."
    )
    for row in measured["by_scorer"]:
        if not row["exact"]:
            typer.echo(f"{row['name']} cannot take its score apart exactly.")
        elif not row["pairs"]:
            typer.echo(f"{row['name']} says nothing of any item drawn.")
        elif not row["additive"]:
            typer.echo(f"{row['name']} is not additive: a contribution changes when another event is taken away.")
        if flips := row.get("counterfactual"):
            typer.echo(
                f"Of {flips['pairs']} items of the {row['name']}, {percent(flips['flipped'])} leave the list without "
                f"at most three of the user's doings\n(without the strongest three: {percent(flips['greedy'])}); "
                f"{percent(flips['verified'])} of the answers hold when the list is ranked anew."
            )
    typer.echo()


def frontier(points: Sequence[Mapping[str, Any]], protocol: Mapping[str, Any]) -> None:
    """Accuracy against path share."""
    from recsys.faithfulness import percent

    decisive = protocol["decisive"]
    best = max(point["metrics"][decisive]["mean"] for point in points) or 1.0
    rows = []
    for point in points:
        mean = point["metrics"][decisive]["mean"]
        largest = sorted(point["weights"], key=lambda name: -point["weights"][name])[:3]
        rows.append(
            [percent(point["floor"]), percent(point["path_share"]), mean, f"{mean / best - 1:+.1%}", ", ".join(largest)]
        )
    columns = ["floor", "told in paths", decisive, "of the best", "largest weights"]
    table(f"Accuracy against reasons in paths, repeats {protocol['repeats']}d", columns, rows)


def report(path: Path | str) -> None:
    """Where the page with all figures lies."""
    typer.echo(f"All figures, with pictures: {path}\n")


def recommendations(rows: Any) -> None:
    """Ranked items; of re-ranked ones what each step did is one column, "freshness +2, stock +1"."""
    by_step = {column.removeprefix("moved_by_"): column for column in rows.columns if column.startswith("moved_by_")}
    shown = rows.drop(columns=["rank_before", *by_step.values()], errors="ignore")
    if by_step:
        moved = rows[list(by_step.values())].rename(columns={column: step for step, column in by_step.items()})
        told = [", ".join(f"{step} {up:+d}" for step, up in row.items() if up) for row in moved.to_dict("records")]
        shown = shown.assign(before=rows["rank_before"], moved=told)
    frame(shown, "Recommendations")


def frame(rows: Any, title: str) -> None:
    """A frame as a table."""
    table(title, list(rows.columns), rows.itertuples(index=False))


def records(rows: Any) -> list[dict[str, Any]]:
    """A frame's rows, ready for JSON."""
    return [{name: _cell(value) for name, value in row.items()} for row in rows.to_dict("records")]


def written(files: Sequence[Path], *, as_json: bool) -> None:
    """The files that were written."""
    if as_json:
        emit({"files": [str(file) for file in files]})
    else:
        typer.echo("\n".join(str(file) for file in files))


def error(found: KgError, *, as_json: bool) -> None:
    """What is wrong, where, and what to do: once, on stderr; with --json as a document on stdout too."""
    names = ("problem", "file", "row", "column", "value", "fix")
    if as_json:
        said = {name: getattr(found, name) for name in names}
        emit({"error": {name: str(value) if isinstance(value, Path) else value for name, value in said.items()}})
    typer.echo(f"Error: {found}", err=True)
