"""What a search may change of a scorer: its `GRID` laid flat, compound parameters by their parts.

A parameter is named by where it stands: `l2`, `demand.now`, `weighting.half_life`, `weighting.kinds.view`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kg.graph import KnowledgeGraph
from kg.query import Weighting
from recsys.demand import Demand, has_times
from recsys.grid import Span
from recsys.types import Scorer

if TYPE_CHECKING:
    from optuna.trial import FixedTrial, Trial

Values = dict[str, Any]
Space = dict[str, tuple[Any, ...]]
"""A `Span`, or the choices there are, by parameter."""
WEIGHTING = "weighting"
_AGE = Span((None,), 1.0, 1000.0, log=True)  # half-life of a query's events in days
_KIND = Span((), 0.01, 1.0, log=True)  # of a kind of event, beside the weightiest, which stays as it is
_HAS = "?"  # ends the name of the choice whether to have a parameter at all


def space(
    scorer: Scorer, graph: KnowledgeGraph, fixed: Collection[str] = (), only: Collection[str] | None = None
) -> Space:
    """What can be searched of a scorer on a graph but for the parameters `fixed`; `only`: of these alone.

    In a log without times that is nothing of how events fade; of the kinds of event it is those that the log has.
    """
    found: Space = {}
    for name, values in getattr(scorer, "GRID", {}).items():
        if name not in fixed and (only is None or name in only):
            found |= dict(_flat(name, values, getattr(scorer, name), graph))
    return found if has_times(graph) else {name: values for name, values in found.items() if not _of_time(name)}


def _flat(name: str, values: tuple[Any, ...], default: Any, graph: KnowledgeGraph) -> Iterator[tuple[str, Any]]:
    match default:
        case Demand():
            yield from ((f"{name}.{part}", span) for part, span in Demand.GRID.items())
        case Weighting():
            yield f"{name}.half_life", _AGE
            kinds = sorted({relation[1] for relation in graph.event_relations})
            kinds = [kind for kind in kinds if default.of_kind(kind) > 0]
            heaviest = max(kinds, key=default.of_kind, default=None)
            yield from ((f"{name}.kinds.{kind}", _KIND) for kind in kinds if kind != heaviest)
        case _:
            yield name, values


def _of_time(name: str) -> bool:
    return name.startswith("demand.") or name.endswith("half_life")


def present(scorer: Any, names: Collection[str]) -> Values:
    """The values that a scorer has of these parameters."""
    return {name: _get(scorer, name) for name in names}


def changed(scorer: Any, values: Mapping[str, Any]) -> Any:
    """The scorer, unfitted, with other values."""
    for name, value in values.items():
        scorer = _set(scorer, name, value)
    return scorer


def _get(scorer: Any, name: str) -> Any:
    first, _, rest = name.partition(".")
    whole = getattr(scorer, first)
    if isinstance(whole, Weighting) and rest.startswith("kinds."):
        return whole.of_kind(rest.partition(".")[2])
    return _get(whole, rest) if rest else whole


def _set(scorer: Any, name: str, value: Any) -> Any:
    first, _, rest = name.partition(".")
    whole = getattr(scorer, first)
    if isinstance(whole, Weighting) and rest.startswith("kinds."):
        value = replace(whole, kinds={**whole.kinds, rest.partition(".")[2]: value})
    elif rest:
        value = _set(whole, rest, value)
    return replace(scorer, **{first: value})


def suggested(trial: Trial | FixedTrial, space: Space) -> Values:
    """The values that a trial tries."""
    return {name: _suggest(trial, name, values) for name, values in space.items()}


def _suggest(trial: Trial | FixedTrial, name: str, values: tuple[Any, ...]) -> Any:
    if not isinstance(values, Span):
        return trial.suggest_categorical(name, values)
    if None in values and not trial.suggest_categorical(name + _HAS, (True, False)):
        return None
    if values.whole:
        return trial.suggest_int(name, int(values.low), int(values.high), log=values.log)
    return values.rounded(trial.suggest_float(name, values.low, values.high, log=values.log))


def proposed(values: Values, space: Space) -> Values:
    """Values as a trial would be told to try them; what lies outside its span at the nearest end of it."""
    told: Values = {}
    for name, value in values.items():
        span = space[name]
        if isinstance(span, Span):
            if None in span:
                told[name + _HAS] = value is not None
            if value is not None:
                told[name] = type(span.low)(min(max(value, span.low), span.high))
        else:
            told[name] = value
    return told
