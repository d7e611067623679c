"""A process of its own for work that others wrote: it can be stopped at any moment, and can open nothing.

Parent and child speak in lines of JSON over the child's standard input and output.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from kg.errors import KgError
from kg.memory import available

BYTES_A_TRIPLE = 400  # measured: 3.3 M triples of Online Retail with all times take 1.2 GB
_STANDARD_STREAMS = 3
_GIB = 1 << 30


@dataclass(frozen=True)
class Work:
    """What a process is told to do, in the words of errors, and the seconds it may take.

    `name` is what is run ("the query"), `narrower` what to do where it takes too long, `smaller` where it needs too
    much memory.
    """

    name: str
    timeout: float
    narrower: str
    smaller: str

    def exchange(self, child: subprocess.Popen[str], lines: Iterable[str], *, last: bool = False) -> Any:
        """Tell lines, hear one JSON document; KgError where the process died over it."""
        told: IO[str] = child.stdin  # type: ignore[assignment]
        heard: IO[str] = child.stdout  # type: ignore[assignment]
        with suppress(BrokenPipeError):
            told.writelines(lines)
            told.flush()
            if last:
                told.close()
        if line := heard.readline():
            return json.loads(line)
        if child.wait() == -signal.SIGALRM:
            problem = f"{self.name} ran longer than {self.timeout:g} seconds and was stopped"
            fix = f"{self.narrower}, or give it longer with --timeout."
            raise KgError(problem, fix=fix, bad_input=False)
        problem = f"{self.name} needs more memory than there is, or is nested too deeply"
        raise KgError(problem, fix=f"{self.smaller}.", bad_input=False)


@contextmanager
def started(module: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs a module, finds modules where this one does and never outlives the block."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONUTF8": "1"}
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        encoding="utf-8",
        env=environment,
        start_new_session=True,  # Ctrl-C reaches us, and we end it
    )
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            with suppress(BrokenPipeError):
                stream.close()  # type: ignore[union-attr]


def memory_for(n_triples: int, less: str, bytes_a_triple: int = BYTES_A_TRIPLE) -> int:
    """The memory there is, in bytes; KgError (fix: `less`) where so many triples need more."""
    needed, there = n_triples * bytes_a_triple, available()
    if needed > there:
        raise KgError(
            f"the graph as triples needs {needed / _GIB:.1f} GiB of memory and {there / _GIB:.1f} GiB are free",
            fix=less,
            bad_input=False,
        )
    return there


def loading(n_triples: int, bytes_a_triple: int = BYTES_A_TRIPLE) -> str:
    """What is said while triples are loaded."""
    return f"loading {n_triples:,} triples, about {n_triples * bytes_a_triple / 1e6:,.0f} MB"


def confine(memory: int) -> None:
    """In the child: open no file and no socket from now on, and take no more memory than this, in bytes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (_STANDARD_STREAMS, _STANDARD_STREAMS))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory if most == resource.RLIM_INFINITY else min(memory, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def stop_after(seconds: float) -> None:
    """In the child: nobody handles the signal, so the system ends the process, whatever it is doing; 0: not at all."""
    signal.setitimer(signal.ITIMER_REAL, seconds)


def say(document: Mapping[str, Any]) -> None:
    """In the child: tell the parent."""
    sys.stdout.write(json.dumps(document) + "\n")
    sys.stdout.flush()
