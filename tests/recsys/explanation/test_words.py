"""What people read."""

import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

import kg
from recsys.errors import RecsysError
from recsys.explanation.phrases import LANGUAGES, Phrases
from recsys.explanation.telling import Teller
from recsys.explanation.told import Occasion, Reason, Step, Stop, Told
from recsys.explanation.words import words
from recsys.types import Explanation

ITEM, USER = Stop("item", "b", "B"), Stop("user", "me", "me")
A = Stop("item", "a", "A")
BOUGHT = (Occasion("purchase", 1, date(2024, 3, 3)),)
TODAY = date(2024, 3, 30)


def told(*reasons: Reason) -> Told:
    return Told(USER, ITEM, sum(reason.value for reason in reasons), True, reasons, TODAY)


def path(*between: Stop, steps: tuple[str, ...], value: float = 1.0, events: tuple[Occasion, ...] = BOUGHT) -> Reason:
    return Reason(value, "path", "walks", A, events, (A, *between, ITEM), tuple(map(Step, steps)))


BRAND = path(Stop("brand", "c", "C"), steps=("brand", "rev_brand"))
CUSTOMERS = path(Stop("user", None, count=14), steps=("rev_purchase", "purchase"))
KIND = (Stop("category", "c", "C"), Stop("item", None, count=3))
TOP = Stop("category", "t", "T")
AGAIN = Reason(1.0, "path", "repeat", ITEM, (Occasion("purchase", 4, date(2023, 12, 24)),), (ITEM,))


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (
            BRAND,
            "Because you bought “A” on 3 March, and “B” is also by C.",
            "因为您在3月3日买过“A”，而“B”也是C的产品。",
        ),
        (CUSTOMERS, "Customers who bought “A” also bought “B” (14 of them).", "买过“A”的顾客也买过“B”（14位）。"),
        (AGAIN, "You bought it 4 times, last on 24 December 2023.", "您买过它4次，最近一次在2023年12月24日。"),
        (
            path(Stop("user", None, count=None), steps=("rev_view", "purchase")),
            "A few customers who looked at “A” also bought “B”.",
            "少数看过“A”的顾客也买过“B”。",
        ),
        (
            path(Stop("origin", "x", "X"), steps=("comes_from", "rev_comes_from")),
            "Because you bought “A” on 3 March, and “B” has the same comes from, X.",
            "因为您在3月3日买过“A”，而“B”的comes from同为X。",
        ),
        (
            path(Stop("brand", "c", "C"), Stop("country", "f", "F"), steps=("brand", "made_in", "rev_made_in")),
            "Because you bought “A” on 3 March, and from there a trail leads to “B”: "
            "“A” –brand→ C –made in→ F ←made in– “B”.",
            "因为您在3月3日买过“A”，由此可以一路连到“B”：“A” –品牌→ C –made in→ F ←made in– “B”。",
        ),
        (
            path(*KIND, Stop("user", None, count=14), steps=("category", "rev_category", "rev_purchase", "purchase")),
            "Because you bought “A” on 3 March, and customers who bought something from C also bought “B” "
            "(14 of them).",
            "因为您在3月3日买过“A”，而买过C类商品的顾客也买过“B”（14位）。",
        ),
        (
            path(*KIND, Stop("user", None, count=None), steps=("theme", "rev_theme", "rev_purchase", "purchase")),
            "Because you bought “A” on 3 March, and a few customers who bought something with the theme C "
            "also bought “B”.",
            "因为您在3月3日买过“A”，而少数买过主题为C的商品的顾客也买过“B”。",
        ),
        (
            path(
                KIND[0], TOP, Stop("category", "d", "D"), steps=("category", "broader", "rev_broader", "rev_category")
            ),
            "Because you bought “A” on 3 March, and “B” belongs to T as well.",
            "因为您在3月3日买过“A”，“B”与它同属T。",
        ),
        (
            Reason(1.0, "link", "ease", A, (Occasion("hugged", 2, None),)),
            "Because you are linked to “A” (hugged) twice, and other customers' choices tie “B” to it.",
            "因为您与“A”有关（hugged）两次，大家的选择把它与“B”联系在一起。",
        ),
        (Reason(1.0, "link", "gnn"), "All your choices together point to “B”.", "综合您的全部选择，“B”与之相符。"),
    ],
)
def test_sentences(reason: Reason, english: str, chinese: str) -> None:
    assert words(told(reason)) == (english,)
    assert words(told(reason), language="zh") == (chinese,)


def test_a_toy_explanation_reads_well(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    assert words(Teller(graph).tell(walked), n=4) == (
        "Customers who bought “Blue mug” also bought “Blue teapot” (6 of them).",
        "Because you bought “Blue mug” twice, last on 3 March, and “Blue teapot” is also by azure.",
        "All your choices together point to “Blue teapot”.",
        "Bought by 8 customers in the last 30 days.",
        "On the other hand: you bought “Silver spoon” on 24 December 2023, which speaks against “Blue teapot”.",
    )


def test_what_speaks_for_an_item_as_well_is_not_told_to_speak_against_it(
    graph: kg.KnowledgeGraph, walked: Explanation
) -> None:
    spoon = graph.node("item", "spoon")
    customers = next(p for p in walked.contributions if p.kind == "path" and p.event and p.event.node == spoon)
    stronger = replace(walked, contributions=(*walked.contributions, replace(customers, value=2.0)))
    assert not any("On the other hand" in line for line in words(Teller(graph).tell(stronger)))


def test_links_and_context_are_kept_apart(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    link = next(part for part in walked.contributions if part.scorer == "ease" and part.value > 0)
    alone = replace(walked, contributions=(link,), score=link.value)
    (said,) = words(Teller(graph).tell(alone))
    assert "For context: 6 customers bought both; “Blue teapot” is also by azure" in said
    _, line = words(Teller(graph).tell(alone), audience="merchandiser")
    assert "Context, no part of the score: 6 customers bought both" in line


def test_at_most_n_and_of_different_kinds() -> None:
    brands = [replace(BRAND, value=9.0 - i, stops=(A, Stop("brand", f"c{i}", f"C{i}"), ITEM)) for i in range(3)]
    said = words(told(*brands, replace(CUSTOMERS, value=1.4), replace(AGAIN, value=1.5)), n=3)
    assert ["C0" in said[0], "4 times" in said[1], "14 of them" in said[2]] == [True] * 3
    assert any("14 of them" in sentence for sentence in words(told(*brands, replace(CUSTOMERS, value=2.0)), n=2))
    assert len(words(told(*brands), n=1)) == 1


def test_what_says_the_same_is_said_once() -> None:
    link = Reason(0.5, "link", "ease", A, BOUGHT)
    assert len(words(told(CUSTOMERS, link))) == 1
    other = Stop("item", "d", "D")
    assert len(words(told(BRAND, replace(BRAND, node=other, stops=(other, *BRAND.stops[1:]))))) == 1


def test_a_way_up_and_back_says_no_more_than_where_it_turned_round() -> None:
    own = Stop("category", "c", "C")
    steps = ("category", "broader", "rev_broader", "rev_category")
    detour, direct = path(own, TOP, own, steps=steps), path(own, steps=("category", "rev_category"))
    assert detour.straight == direct
    assert words(told(detour, direct)) == words(told(direct))
    twice = words(told(detour, direct), audience="merchandiser")
    assert twice[1:] == words(told(replace(direct, value=2 * direct.value)), audience="merchandiser")[1:]
    around = Reason(1.0, "path", "walks", ITEM, BOUGHT, (ITEM, own, ITEM), (Step("category"), Step("rev_category")))
    assert around.straight == replace(around, stops=(ITEM,), steps=())  # from the item to itself
    apart = path(own, TOP, Stop("category", "d", "D"), steps=steps)
    assert apart.straight == apart
    crowd = path(Stop("user", None, count=14), Stop("item", "x", "X"), Stop("user", None, count=14), steps=steps)
    assert crowd.straight == crowd  # not the same customers


def test_merchandisers_get_the_whole_sum(graph: kg.KnowledgeGraph, walked: Explanation) -> None:
    tale = Teller(graph).tell(walked)
    lines = words(tale, audience="merchandiser", n=3)
    assert len(lines) == 5
    assert "ease" in " ".join(lines)
    amounts = [float(line.split()[0]) for line in lines[1:]]
    assert sum(amounts) == pytest.approx(walked.score, abs=0.01)
    assert "brand (catalogue)" in " ".join(words(tale, audience="merchandiser", n=9))


def test_nothing_to_say_is_said() -> None:
    assert words(told()) == ("Nothing we know of you speaks for “B”.",)
    assert words(told(), audience="merchandiser") == ("No scorer has an opinion of “B”.",)


def test_what_is_new_is_said_to_be_new() -> None:
    assert words(replace(told(), new=True)) == ("“B” is new here.",)
    assert words(replace(told(), new=True), language="zh") == ("“B”是新品。",)
    assert words(replace(told(BRAND), new=True)) == words(told(BRAND))


def test_a_shop_may_bring_its_own_words(tmp_path: Path) -> None:
    text = (files("recsys.explanation") / "en.toml").read_text(encoding="utf-8")
    own = tmp_path / "pirate.toml"
    own.write_text(text.replace("Because {occasion}", "Arr, {occasion}"), encoding="utf-8")
    assert words(told(BRAND), language=str(own))[0].startswith("Arr, you bought")


def test_unknown_languages_and_audiences_are_named() -> None:
    with pytest.raises(RecsysError, match="en, zh"):
        words(told(BRAND), language="tlh")
    with pytest.raises(RecsysError, match="shopper, merchandiser"):
        words(told(BRAND), audience="robot")  # type: ignore[arg-type]


def patterns(language: str) -> Mapping[str, Any]:
    return tomllib.loads((files("recsys.explanation") / f"{language}.toml").read_text(encoding="utf-8"))


def fields(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_pattern(language: str) -> None:
    english, other = patterns("en"), patterns(language)
    names = {"relations", "types"}  # plain names: English reads most of them off the graph
    assert set(english) == set(other)
    for table in set(english) - names:
        assert set(english[table]) == set(other[table]), table
        for name in english[table]:
            if isinstance(english[table][name], str) and not name.startswith("date"):
                assert fields(english[table][name]) == fields(other[table][name]), (table, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_pattern_can_be_filled(language: str) -> None:
    phrases = Phrases.of(language)
    for name, table in patterns(language).items():
        for pattern in _texts(table):
            filled = pattern.format(**dict.fromkeys(fields(pattern), "x"))
            assert "{" not in filled, name
    for did in [*patterns(language)["did"], "something_new"]:
        assert "x" in phrases.did(did, "x")
    for fact in [*patterns(language)["fact"], "something_new"]:
        for table_name in ("fact", "same_fact"):
            said = phrases.fact(table_name, fact, ITEM, Stop("brand", "c", "C"))
            assert "B" in said
            assert "C" in said


def _texts(table: Mapping[str, Any]) -> Iterator[str]:
    for value in table.values():
        yield from [value] if isinstance(value, str) else value
