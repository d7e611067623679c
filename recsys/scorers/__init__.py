"""The scorers by name; a new one is one new file and one line here. Nothing is imported before it is asked for."""

from __future__ import annotations

from dataclasses import fields
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from recsys.errors import RecsysError
from recsys.types import Scorer

SCORERS: dict[str, str] = {
    "popularity": "recsys.scorers.popularity:Popularity",
    "trend": "recsys.scorers.trend:Trend",
    "repeat": "recsys.scorers.repeat:Repeat",
    "due": "recsys.scorers.due:Due",
    "item_knn": "recsys.scorers.item_knn:ItemKNN",
    "ease": "recsys.scorers.ease:EASE",
    "ials": "recsys.scorers.ials:IALS",
    "spectral": "recsys.scorers.spectral:Spectral",
    "walks": "recsys.scorers.walks:Walks",
    "tastes": "recsys.scorers.tastes:Tastes",
    "sequels": "recsys.scorers.sequels:Sequels",
    "lightgcn": "recsys.scorers.lightgcn:LightGCN",
    "hetero_gnn": "recsys.scorers.hetero_gnn:HeteroGNN",
    "user_knn": "recsys.scorers.user_knn:UserKNN",
    "p3_alpha": "recsys.scorers.p3_alpha:P3Alpha",
    "rp3_beta": "recsys.scorers.rp3_beta:RP3Beta",
    "polynomial": "recsys.scorers.polynomial:Polynomial",
    "association": "recsys.scorers.association:Association",
    "content_knn": "recsys.scorers.content_knn:ContentKNN",
    "slim": "recsys.scorers.slim:SLIM",
    "attribute_ease": "recsys.scorers.attribute_ease:AttributeEASE",
    "attribute_ials": "recsys.scorers.attribute_ials:AttributeIALS",
    "session_knn": "recsys.scorers.session_knn:SessionKNN",
    "tifu_knn": "recsys.scorers.tifu_knn:TIFUKNN",
    "sasrec": "recsys.scorers.sasrec:SASRec",
}

DEFAULT = (
    "popularity",
    "trend",
    "repeat",
    "due",
    "item_knn",
    "ease",
    "ials",
    "spectral",
    "walks",
    "tastes",
    "sequels",
    "lightgcn",
)
"""What a run takes that names none: each has something to add to the others. The rest are baselines, or for a need."""


def scorer_class(kind: str) -> type[Any]:
    """The class of a kind of scorer; RecsysError naming the nearest one where there is none."""
    if kind not in SCORERS:
        raise RecsysError("no such scorer", value=kind, fix=_nearest(kind, list(SCORERS)))
    module, name = SCORERS[kind].split(":")
    return getattr(import_module(module), name)


def create(kind: str, **parameters: Any) -> Scorer:
    """An unfitted scorer; RecsysError where a parameter is unknown (the nearest right one named) or wrong."""
    made = scorer_class(kind)
    known = [field.name for field in fields(made)]
    for parameter in parameters:
        if parameter not in known:
            raise RecsysError(f"the scorer {kind} has no parameter {parameter!r}", fix=_nearest(parameter, known))
    try:
        return made(**parameters)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        problem = f"the scorer {kind} cannot take this {name}"
        raise RecsysError(problem, value=first["input"], fix=f"{first['msg']}.") from error


def _nearest(word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(known)}."
