"""How fast RDF streams in: `python benchmarks/facts.py [TRIPLES]`, 1e6 by default, on one core.

A dump such as DBpedia's is written as N-Triples and as Turtle: of every ten triples about a film six name people, two
are titles in two languages, two are numbers. Printed, in triples a second of processor time: only parsed; filtered, one
relation of ten kept (as a dump is read); from the file to the facts, a thousandth of the films being items: all,
all near items, and filtered near items. `peak` is the most memory the process held.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kg.engine import Engine
from kg.source_config import Facts
from kg.sources.facts import kept, read_facts
from kg.sources.statements import statements
from recsys.measuring import Measured

PREFIXES = {"r": "http://r.example/", "o": "http://o.example/", "x": "http://www.w3.org/2001/XMLSchema#"}
NAME = "http://www.w3.org/2000/01/rdf-schema#label"
PER_FILM = 10
PEOPLE = 50_000
ONE = "http://o.example/p1"


def write(n: int, path: Path) -> None:
    """`n` triples, in the format of the file's name."""
    rng = np.random.default_rng(0)
    people = rng.integers(PEOPLE, size=(n // PER_FILM, 6))
    turtle = path.suffix == ".ttl"
    with path.open("w", encoding="utf-8") as file:
        if turtle:
            file.writelines(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())
        for film, of in enumerate(people.tolist()):
            head = f"r:Film_{film}" if turtle else f"<{PREFIXES['r']}Film_{film}>"
            said = [(f"p{place}", f"Person_{person}") for place, person in enumerate(of)]
            if turtle:
                parts = [f"o:{relation} r:{person}" for relation, person in said]
                parts += [
                    f'<{NAME}> "Film number {film}"@en, "Film Nummer {film}"@de',
                    f"o:minutes {film % 200} , {film % 300}.5",
                ]
                file.write(" ;\n  ".join([f"{head} {parts[0]}", *parts[1:]]) + " .\n")
                continue
            file.writelines(
                f"{head} <{PREFIXES['o']}{relation}> <{PREFIXES['r']}{person}> .\n" for relation, person in said
            )
            file.write(f'{head} <{NAME}> "Film number {film}"@en .\n{head} <{NAME}> "Film Nummer {film}"@de .\n')
            for number, kind in ((film % 200, "integer"), (f"{film % 300}.5", "decimal")):
                file.write(f'{head} <{PREFIXES["o"]}minutes> "{number}"^^<{PREFIXES["x"]}{kind}> .\n')


def ways(path: Path, folder: Path, n: int) -> dict[str, Callable[[], object]]:
    """What is measured, by name."""
    form = path.suffix[1:]
    films = n // PER_FILM

    def pipeline(section: Facts) -> None:
        engine = Engine(threads=1, folder=folder)
        every = f"SELECT 'http://r.example/Film_' || range AS item_id FROM range(0, {films}, 1000)"
        engine.sql.execute(f"CREATE TABLE items AS {every}")
        read_facts(engine, section.model_copy(update={"path": (str(path),)}), folder, {"items": "items"})

    return {
        "parsed": lambda: deque(statements(path, form), 0),
        "filtered": lambda: deque(kept(path, form, Facts(predicates=(ONE,), languages=("en",))), 0),
        "to facts, all": lambda: pipeline(Facts()),
        "to facts, hops = 1": lambda: pipeline(Facts(hops=1)),
        "to facts, filtered": lambda: pipeline(Facts(predicates=(ONE,), languages=("en",), hops=1)),
    }


def main() -> None:
    n = int(float(sys.argv[1])) if sys.argv[1:] else 1_000_000
    print("| format | MB | what | triples/s of one core | peak, MB |\n|--------|---:|------|---:|---:|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for suffix in ("nt", "ttl"):
            path = Path(name) / f"dump.{suffix}"
            write(n, path)
            for what, way in ways(path, Path(name), n).items():
                start = time.process_time()
                with Measured() as cost:
                    way()
                speed = n / (time.process_time() - start)
                print(
                    f"| {suffix} | {path.stat().st_size / 1e6:,.0f} | {what} | {speed:,.0f} | {cost.peak_mb:,.0f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
