"""Results to stdout, talk to stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import typer


def emit(document: Any) -> None:
    """One JSON document."""
    typer.echo(json.dumps(document, ensure_ascii=False, default=str))


def teller(*, quiet: bool) -> Callable[[str], None]:
    """A function that says on stderr what is being done, or nothing."""
    return (lambda _: None) if quiet else (lambda text: typer.echo(text, err=True))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for people."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(*columns, title=title, title_justify="left")
    for row in rows:
        drawn.add_row(*(f"{cell:.4f}" if isinstance(cell, float) else str(cell) for cell in row))
    Console().print(drawn)


def evaluation(figures: dict[str, Any]) -> None:
    """The table of all scorers, one per protocol."""
    for repeats, judged in figures.items():
        rows = [
            [row["name"], *(row["metrics"][f"{metric}@10"]["mean"] for metric in ("ndcg", "recall", "hit_rate"))]
            for row in judged["scorers"]
        ]
        protocol = judged["protocol"]
        title = f"{protocol['users']:,} users of the test period, repeats {repeats}d"
        table(title, ["scorer", "NDCG@10", "Recall@10", "HitRate@10"], rows)
        gain = judged["fused_vs_best"]
        typer.echo(
            f"fusion − {judged['best_single']}: {gain['difference']:+.4f} "
            f"(95 % {gain['low']:+.4f} … {gain['high']:+.4f}, p = {gain['p']:.3f})\n"
        )
