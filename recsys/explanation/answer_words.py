"""Answers in sentences: why not, why above, what would bring, what holds; and what re-ranking did."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from recsys.explanation.answers import Owed, Side, Stand, WhyAbove, WhyNot, Without, WouldBring
from recsys.explanation.phrases import Phrases, sentence
from recsys.explanation.told import HIDDEN, Occasion, Stop
from recsys.types import Move, Placement

Answer = WhyAbove | WhyNot | WouldBring | Without | Owed

_TOLD = 3  # doings told for each of two items
_WORTH_SAYING = 0.05  # share of Σ|difference| from which a doing is told


def answer_words(answer: Answer, *, language: str = "en") -> tuple[str, ...]:
    """An answer in sentences."""
    phrases = Phrases.of(language)
    match answer:
        case WhyAbove():
            said = _why_above(answer, phrases)
        case WhyNot():
            said = _why_not(answer, phrases)
        case WouldBring():
            said = _would_bring(answer, phrases)
        case Without():
            said = _without(answer, phrases)
        case Owed():
            said = _owed(answer, phrases)
    return tuple(map(sentence, said))


def moves(placement: Placement, phrases: Phrases) -> tuple[str, ...]:
    """What every re-ranking step did to an item, a sentence each."""
    return tuple(sentence(_move(move, phrases)) for move in placement.moves)


def _move(move: Move, phrases: Phrases) -> str:
    names = {"rule": phrases.rule(move.step), "before": move.before, "after": move.after}
    if move.after is None:
        return phrases.pattern("moves", "out").format(**names)
    if move.before is None:
        return phrases.pattern("moves", "back").format(**names)
    way = "up" if move.after < move.before else "down"
    return phrases.pattern("moves", way).format(places=abs(move.before - move.after), **names)


def _why_above(answer: WhyAbove, phrases: Phrases) -> Iterator[str]:
    stands = (answer.first, answer.second)
    yield from (_place(stand, phrases) for stand in stands)
    yield from _reasons(answer.sides, answer.first.item, answer.second.item, answer.as_of, phrases)
    for stand in stands:
        yield from _moved(stand, phrases)


def _why_not(answer: WhyNot, phrases: Phrases) -> Iterator[str]:
    yield _standing(answer, phrases)
    if answer.rival is not None:
        names = {"item": phrases.node(answer.rival.item), "rank": answer.rival.placement.rank}
        yield phrases.pattern("answers", "last").format(**names)
        yield from _reasons(answer.sides, answer.rival.item, answer.stand.item, answer.as_of, phrases)
        yield from _moved(answer.rival, phrases)
    yield from _moved(answer.stand, phrases)


def _would_bring(answer: WouldBring, phrases: Phrases) -> Iterator[str]:
    yield _standing(answer, phrases)
    for one in answer.answers:
        items = phrases.join(phrases.node(item) for item in one.items)
        names = {"items": items, "item": phrases.node(answer.stand.item), "rank": one.rank}
        yield phrases.pattern("answers", "bring").format(**names)
    if answer.standing == "below the list":
        if not answer.answers:
            names = {"item": phrases.node(answer.stand.item), "k": answer.k}
            yield phrases.pattern("answers", "bring_none").format(**names)
        how = "all_tried" if answer.exact else "some_tried" if answer.tried < answer.possible else "best_tried"
        yield phrases.pattern("answers", how).format(tried=answer.tried, possible=answer.possible)
    elif answer.standing != "in the list":
        yield phrases.pattern("answers", "nothing_brings").format(item=phrases.node(answer.stand.item))


def _without(answer: Without, phrases: Phrases) -> Iterator[str]:
    item = phrases.node(answer.stand.item)
    yield _place(answer.stand, phrases)
    if not answer.nodes:
        yield phrases.pattern("answers", "without_none").format(item=item, k=answer.k)
        return
    doings = phrases.join(_doing(node, occasions, answer.as_of, phrases) for node, occasions in answer.nodes)
    yield phrases.pattern("answers", "without").format(doings=doings, item=item, after=answer.after, k=answer.k)
    yield phrases.pattern("answers", "smallest" if answer.exact else "best_found")


def _owed(answer: Owed, phrases: Phrases) -> Iterator[str]:
    item = phrases.node(answer.stand.item)
    yield _place(answer.stand, phrases)
    for name, sign in (("owes", 1), ("owes_less", -1)):
        told = [part for part in answer.parts if sign * part[2] > 0][:_TOLD]
        doings = [
            phrases.pattern("answers", "worth").format(
                doing=_doing(node, occasions, answer.as_of, phrases), value=f"{value:+.3g}"
            )
            for node, occasions, value in told
        ]
        if doings:
            yield phrases.pattern("answers", name).format(
                item=item, reasons=phrases.pattern("answers", "also").join(doings)
            )
    score = "–" if answer.stand.score is None else f"{answer.stand.score:.4g}"
    names = {"score": score, "nothing": f"{answer.nothing:.4g}", "gap": f"{answer.gap:.2g}", "orders": answer.n_orders}
    yield phrases.pattern("answers", "estimate").format(**names)


def _standing(answer: WhyNot | WouldBring, phrases: Phrases) -> str:
    placement, name = answer.stand.placement, answer.standing.replace(" ", "_")
    names = {"item": phrases.node(answer.stand.item), "rank": placement.rank, "k": answer.k}
    return phrases.pattern("answers", name).format(**names)


def _place(stand: Stand, phrases: Phrases) -> str:
    name = "no_place" if stand.placement.rank is None else "place"
    return phrases.pattern("answers", name).format(item=phrases.node(stand.item), rank=stand.placement.rank)


def _moved(stand: Stand, phrases: Phrases) -> Iterator[str]:
    """Where re-ranking moved an item: where it would be without, and what each step did."""
    if stand.placement.moves:
        names = {"item": phrases.node(stand.item), "rank": stand.placement.before}
        yield phrases.pattern("answers", "by_score").format(**names)
        yield from moves(stand.placement, phrases)


def _reasons(parts: Iterable[Side], first: Stop, second: Stop, as_of: date, phrases: Phrases) -> Iterator[str]:
    """What speaks more for either of two items, by what the user did."""
    totals: dict[tuple[str, Stop | None], list[float]] = {}
    said: dict[tuple[str, Stop | None], Side] = {}
    for side in parts:
        key = ("" if side.node else side.kind, side.node)
        totals.setdefault(key, []).append(side.difference)
        said.setdefault(key, side)
    sums = {key: sum(values) for key, values in totals.items()}
    weight = sum(map(abs, sums.values()))
    for sign, item in ((1, first), (-1, second)):
        strongest = sorted(
            (key for key in sums if sign * sums[key] > _WORTH_SAYING * weight), key=lambda key: -sign * sums[key]
        )
        doings = [
            _doing(said[key].node, said[key].occasions, as_of, phrases, said[key].kind) for key in strongest[:_TOLD]
        ]
        if doings:
            reasons = phrases.pattern("answers", "also").join(doings)
            yield phrases.pattern("answers", "speaks_for").format(item=phrases.node(item), reasons=reasons)


def _doing(
    node: Stop | None, occasions: tuple[Occasion, ...], as_of: date, phrases: Phrases, kind: str = "link"
) -> str:
    if node is None:
        return phrases.pattern("answers", "everybody" if kind == "constant" else "all_choices")
    if node.type == HIDDEN or occasions[0].kind == HIDDEN:
        return phrases.node(Stop(HIDDEN, None))
    return phrases.occasion(occasions[0], phrases.node(node), as_of)
