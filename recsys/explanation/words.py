"""An explanation in sentences, for shoppers and for merchandisers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from recsys.errors import RecsysError
from recsys.explanation.phrases import Phrases, many_as, sentence
from recsys.explanation.told import Reason, Step, Stop, Told
from recsys.types import ContributionKind

Audience = Literal["shopper", "merchandiser"]
Form = Literal["again", "same_fact", "fact", "related", "customers", "kind", "path", "link", "taste", "constant"]

_WORTH_SAYING = 0.05  # share of Σ|value| from which a reason of a new form goes before a stronger one of a known form
_LARGE = 0.1  # share of Σ|value| from which evidence against is told


@dataclass(frozen=True)
class Claim:
    """What one sentence says: reasons of all scorers that say the same; `topic` is what may be said only once."""

    form: Form
    topic: tuple[str | None, ...]
    value: float
    reason: Reason


def words(told: Told, *, language: str = "en", audience: Audience = "shopper", n: int = 3) -> tuple[str, ...]:
    """At most `n` reasons, strongest first and of different forms where these are worth saying.

    To shoppers: no numbers but counts and dates, one sentence of evidence against where it is large. To merchandisers:
    a line on the score, every reason with its value, and what the smaller ones add up to. Where it was cut, a last
    line says so.
    """
    if audience not in get_args(Audience):
        raise RecsysError("no such audience", value=audience, fix=f"There are {', '.join(get_args(Audience))}.")
    phrases = Phrases.of(language)
    said = _to_shopper(told, phrases, n) if audience == "shopper" else _to_merchandiser(told, phrases, n)
    silence = "new" if told.new else "nothing"
    nothing = phrases.pattern(audience, silence).format(item=phrases.node(told.item))
    cut = () if told.cut_ms is None else (phrases.pattern("form", "cut").format(ms=f"{told.cut_ms:g}"),)
    return (*(tuple(sentence(text) for text in said) or (sentence(nothing),)), *map(sentence, cut))


def form_of(reason: Reason, told: Told) -> Form:
    """Which sentence tells a reason."""
    if reason.kind == "constant":
        return "constant"
    if reason.node is None:
        return "taste"
    if reason.node == told.item:
        return "again"
    if reason.kind == "link":
        return "link"
    if len(reason.steps) == 1 and reason.steps[0].backwards:
        return "fact"
    crowds = [stop.type for stop in reason.stops if stop.id is None]
    if crowds == ["user"] and len(reason.steps) == 2:
        return "customers"
    if crowds == ["item", "user"] and len(reason.steps) == 4 and _there_and_back(reason.steps[:2]):
        return "kind"
    if crowds or reason.node.type != "item" or not _there_and_back(reason.steps):
        return "path"
    return "same_fact" if len(reason.steps) == 2 else "related" if len(reason.steps) == 4 else "path"


def _there_and_back(steps: tuple[Step, ...]) -> bool:
    """Whether facts lead up, and the same ones down."""
    half = len(steps) // 2
    down = tuple(Step(f"rev_{step.relation}") for step in reversed(steps[:half]))
    return tuple(Step(step.relation) for step in steps[half:]) == down


def claims(told: Told) -> list[Claim]:
    """Reasons that may be shown, those that say the same added up, by |value|."""
    same: dict[tuple[str | None, ...], list[tuple[Form, Reason]]] = {}
    for reason in (reason.straight for reason in told.reasons):
        if not reason.hidden and reason.value:
            form = form_of(reason, told)
            same.setdefault(_topic(form, reason), []).append((form, reason))
    merged = []
    for topic, reasons in same.items():
        form, strongest = max(reasons, key=lambda entry: abs(entry[1].value))
        merged.append(Claim(form, topic, sum(reason.value for _, reason in reasons), strongest))
    return sorted(merged, key=lambda claim: -abs(claim.value))


def readable(told: Told) -> bool:
    """Whether the strongest reason speaks for the item and is a path, not hidden, with a sentence of its own."""
    strongest = next(iter(told.reasons), None)
    if strongest is None or strongest.value <= 0 or strongest.hidden or strongest.kind != "path":
        return False
    return form_of(strongest.straight, told) != "path"


def _topic(form: Form, reason: Reason) -> tuple[str | None, ...]:
    node = reason.node.id if reason.node else None
    match form:
        case "customers" | "link":
            return ("people", node)
        case "same_fact" | "fact":
            return ("fact", reason.steps[-1].relation, reason.stops[-2].id)
        case "kind":
            return ("kind", reason.steps[0].relation, reason.stops[1].id)
        case "related":
            return ("fact", reason.steps[1].relation, reason.stops[2].id)
        case "path":
            return ("path", node, *(stop.id or stop.type for stop in reason.stops))
        case "constant":
            return ("constant", reason.scorer)
        case _:
            return (form, node)


def _to_shopper(told: Told, phrases: Phrases, n: int) -> Iterator[str]:
    found = claims(told)
    sayable = [(claim, text) for claim in found if claim.value > 0 and (text := _sentence(claim, told, phrases))]
    yield from _diverse(sayable, told, n)
    nets: dict[Stop | None, float] = {}
    for reason in told.reasons:
        nets[reason.node] = nets.get(reason.node, 0.0) + reason.value
    for claim in found:  # a doing that speaks for the item in other ways is not told to speak against it
        against = max(claim.value, nets[claim.reason.node])
        if against < -_LARGE * told.weight and claim.reason.occasions:
            yield phrases.pattern("shopper", "against").format(**placeholders(claim.reason, told, phrases))
            return


def _diverse(sayable: list[tuple[Claim, str]], told: Told, n: int) -> list[str]:
    """`n` of the claims: the strongest of every form first, then the rest; told strongest first."""
    forms: set[Form] = set()
    first: list[tuple[Claim, str]] = []
    later: list[tuple[Claim, str]] = []
    for claim, text in sayable:
        is_new = claim.form not in forms and claim.value >= _WORTH_SAYING * told.weight
        (first if is_new else later).append((claim, text))
        forms.add(claim.form)
    return [text for _, text in sorted((first + later)[:n], key=lambda entry: -entry[0].value)]


def _sentence(claim: Claim, told: Told, phrases: Phrases) -> str:
    """A claim to a shopper; empty where the patterns have nothing to say of it."""
    reason = claim.reason
    if claim.form != "again":
        reason = replace(reason, occasions=reason.occasions[:1])
    names = placeholders(reason, told, phrases)
    table, name = "shopper", str(claim.form)
    match claim.form:
        case "constant":
            table, name = "constants", reason.scorer + _reach(reason)
        case "customers" | "kind":
            is_kind = claim.form == "kind"
            what = phrases.kind(reason.steps[0].name, reason.stops[1]) if is_kind else names["node"]
            names["did"] = phrases.did(reason.steps[-2].name, what)
            names["did_item"] = phrases.did(reason.steps[-1].name, names["item"])
            names["count"] = str(reason.stops[-2].count)
            name += many_as(reason.stops[-2])
        case "related":
            names["top"] = phrases.node(reason.stops[2])
        case "same_fact" | "fact":
            names["fact"] = phrases.fact(claim.form, reason.steps[-1].name, told.item, reason.stops[-2])
        case "again":
            names["occasion"] = phrases.occasions(reason, told, phrases.pattern("occasion", "itself"))
        case "link" if names["context"]:
            name = "link_with_context"
    return phrases.pattern(table, name).format(**names)


def _reach(reason: Reason) -> str:
    """How many buy what a constant speaks for: many, some (nothing to add) or unknown."""
    if reason.context is None or reason.context.customers is None:
        return "_unknown"
    return "_popular" if reason.context.popular else ""


def _to_merchandiser(told: Told, phrases: Phrases, n: int) -> Iterator[str]:
    if not told.reasons:
        return
    shares = {f"{kind}_share": f"{told.share(kind):.0%}" for kind in get_args(ContributionKind)}
    told = told.straight
    yield phrases.pattern("merchandiser", "head").format(score=f"{told.score:.4g}", **shares)
    for reason in told.reasons[:n]:
        yield phrases.pattern("merchandiser", _line(reason)).format(**placeholders(reason, told, phrases))
    if rest := told.reasons[n:]:
        amount = _amount(sum(reason.value for reason in rest), sum(abs(reason.value) for reason in rest), told)
        yield phrases.pattern("merchandiser", "rest").format(count=len(rest), **amount)


def _line(reason: Reason) -> str:
    if reason.kind == "constant":
        return "constant" + ("_unknown" if _reach(reason) == "_unknown" else "")
    if reason.kind == "link" and reason.node is None:
        return "taste"
    has_context = reason.context and (reason.context.customers or reason.context.shared)
    return "link_with_context" if reason.kind == "link" and has_context else reason.kind


def placeholders(reason: Reason, told: Told, phrases: Phrases) -> dict[str, str]:
    """What the patterns of one reason may name."""
    context = reason.context
    node = phrases.node(reason.node) if reason.node else ""
    return {
        "item": phrases.node(told.item),
        "node": node,
        "scorer": reason.scorer,
        "occasion": phrases.occasions(reason, told, node),
        "doings": phrases.doings(reason, told),
        "trail": phrases.trail(reason) if reason.stops else "",
        "context": phrases.context(context, told.item),
        "customers": phrases.node(context.customers) if context and context.customers else "",
        "days": str(context.days) if context else "",
        **_amount(reason.value, abs(reason.value), told),
    }


def _amount(value: float, size: float, told: Told) -> dict[str, str]:
    return {"value": f"{value:+.3g}", "share": f"{size / told.weight:.0%}" if told.weight else "0%"}
