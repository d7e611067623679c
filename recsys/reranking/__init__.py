"""Steps that put a ranked list in another order; a new one is a class in its subject's file and one line here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from importlib import import_module
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from recsys.errors import RecsysError

if TYPE_CHECKING:
    from recsys.reranking.slate import Reranker

RERANKERS: dict[str, str] = {
    "diversity": "recsys.reranking.diversity:Diversity",
    "freshness": "recsys.reranking.freshness:Freshness",
    "price_range": "recsys.reranking.price_range:PriceRange",
    "earnings": "recsys.reranking.earnings:Earnings",
    "attractive": "recsys.reranking.attractive:Attractive",
    "readable": "recsys.reranking.readable:Readable",
    "stock": "recsys.reranking.stock:Stock",
    "boost": "recsys.reranking.rules:Boost",
    "bury": "recsys.reranking.rules:Bury",
    "cap": "recsys.reranking.rules:Cap",
    "pin": "recsys.reranking.rules:Pin",
}
STEP = "step"
"""The key of the config that says which one is meant; the others are its fields."""


def reranker(given: Mapping[str, Any]) -> Reranker:
    """A step of its keys; RecsysError where one is unknown (the nearest right one named) or wrong."""
    parameters = dict(given)
    kind = parameters.pop(STEP, None)
    if kind is None:
        raise RecsysError("a re-ranking step does not say which one it is", value=dict(given), fix='Add step = "…".')
    if kind not in RERANKERS:
        raise RecsysError("no such re-ranking step", value=kind, fix=_nearest(str(kind), RERANKERS))
    module, name = RERANKERS[kind].split(":")
    made = getattr(import_module(module), name)
    known = [field.name for field in fields(made)]
    for parameter in parameters:
        if parameter not in known:
            raise RecsysError(f"the step {kind} has no key {parameter!r}", fix=_nearest(parameter, known))
    try:
        return made(**parameters)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(next(iter(first["loc"]), ""))
        missing = first["type"] == "missing" or "missing" in first["type"]
        problem = f"the step {kind} needs {key}" if missing else f"the step {kind} cannot take this {key}"
        value = None if missing else first["input"]
        raise RecsysError(problem, value=value, fix=f"{first['msg']}.") from error


def _nearest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
