"""Items to nodes: decisions win, identifiers come next, texts last; nothing is made up, all of it is the same again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import kg
from kg.config import Derive, Link
from kg.errors import KgError
from kg.linking.review import read_review
from kg.linking.targets import Targets
from kg.steps.derive import derive
from kg.steps.linking import Links, linked
from kg.tables import Tables

PATHS = [
    "Home", "Home > Kitchen", "Home > Kitchen > Mugs", "Home > Kitchen > Jugs & Pitchers",
    "Home > Kitchen > Cake Stands", "Home > Lamps", "Home > Lamps > Lanterns", "Home > Candles",
    "Home > Candles > Candle Holders", "Pets", "Pets > Bird Cages", "Pets > Cat Beds", "Pets > Dog Bowls",
    "Toys", "Toys > Puzzles", "Toys > Kites",
]  # fmt: skip
TITLES = {
    "m1": "RED SPOT MUG", "m2": "BLUE SPOT MUG", "m3": "MUG WITH CAT", "j": "ENAMEL JUG CREAM",
    "c": "CAKE STAND THREE TIERS", "l": "GLASS LANTERN", "h": "SILVER CANDLE HOLDER", "k": "RED KITE",
    "p": "WOODEN PUZZLE FARM", "x": "QWERTY ZXCV",
}  # fmt: skip


def ids() -> dict[str, str]:
    return {path: f"c{number}" for number, path in enumerate(PATHS)}


def taxonomy() -> pd.DataFrame:
    number = ids()
    rows = [(number[path], "label", path.rpartition(" > ")[2], "string", True) for path in PATHS]
    rows += [
        (number[path], "broader", number[up], "category", False) for path in PATHS if (up := path.rpartition(" > ")[0])
    ]
    facts = pd.DataFrame(rows, columns=["head", "relation", "tail", "tail_type", "literal"])
    return facts.assign(head_type="category", provenance="taxonomy")


def shop(facts: pd.DataFrame | None = None, **columns: list[str | None]) -> Tables:
    items = pd.DataFrame({"item_id": [*TITLES], "title": [*TITLES.values()], **columns})
    events = pd.DataFrame({"user_id": ["u"], "item_id": ["m1"]})
    return Tables.of(events=events, items=items, facts=taxonomy() if facts is None else facts)


SECTION = Link(to="category", threshold=0.5)
_known: dict[str, Links] = {}


def plain() -> Links:
    """The links of the shop as it is, worked out once."""
    return _known.setdefault("plain", linked(shop(), SECTION))


def targets(links: Links) -> dict[str, str]:
    return {link.item: links.targets.path(links.targets.number[link.target]) for link in links.accepted}


def test_names_are_found() -> None:
    wanted = {"m1": "Mugs", "m2": "Mugs", "j": "Jugs & Pitchers", "c": "Cake Stands", "l": "Lanterns", "k": "Kites"}
    found = targets(plain())
    assert {item: found[item].rpartition(" > ")[2] for item in wanted} == wanted
    assert "x" not in found
    assert "x" not in {link.item for link in plain().doubtful}


def test_it_is_the_same_again() -> None:
    again = linked(shop(), SECTION)
    assert again.accepted == plain().accepted
    assert again.doubtful == plain().doubtful


def test_it_is_the_same_again_by_meaning_too() -> None:
    section = SECTION.model_copy(update={"meaning": True})
    first, again = (linked(shop(), section) for _ in range(2))
    assert first.accepted == again.accepted
    assert first.doubtful == again.doubtful
    assert targets(first)["m1"] == "Home > Kitchen > Mugs"


def test_confidence_is_a_chance_and_the_threshold_holds() -> None:
    for link in plain().accepted:
        assert SECTION.threshold <= link.confidence <= 1
    for link in plain().doubtful:
        assert SECTION.doubtful <= link.confidence < SECTION.threshold


def test_a_decision_wins_over_everything(tmp_path: Path) -> None:
    review = tmp_path / "review.csv"
    review.write_text(f"item_id,target,decision\nm1,{ids()['Pets']},accept\nm2,,{ids()['Toys']}\nj,c1,reject\nk,c1,\n")
    links = linked(shop(gtin=["4006381333931", *[None] * 9], category=[None, "c2", *[None] * 8]), SECTION, review)
    found = {link.item: (link.target, link.method, link.confidence) for link in links.accepted}
    assert found["m1"] == (ids()["Pets"], "review", 1.0)
    assert found["m2"] == (ids()["Toys"], "review", 1.0)
    assert "j" not in found
    assert found["k"][0] == ids()["Toys > Kites"]  # not judged yet
    assert links.to_json()["rejected"] == 1


def test_a_decision_wins_over_what_the_catalogue_has_told_already(tmp_path: Path) -> None:
    """Also of an item without a text; what the catalogue says by a path is the node at its end."""
    review = tmp_path / "review.csv"
    review.write_text(f"item_id,target,decision\nm1,{ids()['Pets']},accept\nm2,,reject\nx,{ids()['Toys']},accept\n")
    tables = shop(category=["c13", "c13", "Home > Lamps", *[None] * 7])
    titles = (tables.items.item_id != "x").ifelse(tables.items.title, "")
    tables = replace(tables, items=tables.items.mutate(title=titles))
    link = SECTION.model_copy(update={"review": str(review)})
    facts = derive(tables, Derive(item_attributes=("category",), price_bands=0, link=(link,))).facts.execute()
    own = facts[(facts["head_type"] == "item") & (facts["relation"] == "category")].groupby("head")["tail"].apply(list)
    assert own["m1"] == [ids()["Pets"]]
    assert "m2" not in own
    assert own["m3"] == [ids()["Home > Lamps"]]
    assert own["x"] == [ids()["Toys"]]


def test_a_label_without_words_is_no_name() -> None:
    mute = pd.DataFrame([{"head": "c99", "relation": "label", "tail": "!!!", "tail_type": "string", "literal": True}])
    facts = pd.concat([taxonomy(), mute.assign(head_type="category", provenance="taxonomy")])
    assert targets(linked(shop(facts), SECTION)) == targets(plain())


def test_the_review_comes_back_as_it_was_judged(tmp_path: Path) -> None:
    review = tmp_path / "review.csv"
    review.write_text(f"item_id,target,decision\nm1,{ids()['Pets']},accept\nj,c1,reject\n")
    frame = linked(shop(), SECTION, review).review()
    assert frame[["item_id", "decision"]].head(2).to_numpy().tolist() == [["j", "reject"], ["m1", "accept"]]
    frame.to_csv(review, index=False)
    assert {item: each.target for item, each in read_review(review, plain().targets.number).items()} == {
        "j": None, "m1": ids()["Pets"],
    }  # fmt: skip


def test_what_was_judged_teaches(tmp_path: Path) -> None:
    """Five items of words that no name has are judged; a sixth like them is known by them."""
    titles = [f"{word} FLUMMOX" for word in ("RED", "BLUE", "TALL", "SMALL", "OLD", "NEW")]
    items = pd.DataFrame({"item_id": [f"f{n}" for n in range(6)], "title": titles})
    tables = Tables.of(events=pd.DataFrame({"user_id": ["u"], "item_id": ["f0"]}), items=items, facts=taxonomy())
    review = tmp_path / "review.csv"
    review.write_text("item_id,target,decision\n" + "".join(f"f{n},,{ids()['Toys > Kites']}\n" for n in range(5)))
    assert "f5" not in targets(linked(tables, SECTION))
    assert targets(linked(tables, SECTION, review))["f5"] == "Toys > Kites"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("item_id,target,decision\nm1,c2,c99\n", r"no node that there is.*row 2.*'c99'.*such as 'c9'"),
        ("item_id,target,decision\nm1,,accept\n", r"no node that there is"),
        ("item_id,decision\nm1,accept\n", r"lacks a column.*'?target"),
        ("", "lacks a column"),
    ],
)
def test_a_wrong_review_is_named(tmp_path: Path, text: str, problem: str) -> None:
    path = tmp_path / "review.csv"
    path.write_text(text)
    with pytest.raises(KgError, match=problem):
        read_review(path, plain().targets.number)
    with pytest.raises(KgError, match="cannot be read"):
        read_review(tmp_path / "none.csv", {})


def test_identifiers_come_before_texts() -> None:
    isbn = pd.DataFrame(
        [("c5", "isbn", "0-306-40615-2", "string", True)], columns=["head", "relation", "tail", "tail_type", "literal"]
    )
    facts = pd.concat([taxonomy(), isbn.assign(head_type="category", provenance="facts")])
    gtin = ["9780306406157", *[None] * 9]
    links = linked(shop(facts, gtin=gtin), SECTION)
    first = next(link for link in links.accepted if link.item == "m1")
    assert (first.target, first.method, first.confidence) == ("c5", "identifier: gtin", 1.0)
    without = linked(shop(facts, gtin=gtin), SECTION.model_copy(update={"identifiers": False}))
    assert targets(without)["m1"] == "Home > Kitchen > Mugs"


def test_what_the_catalogue_says_stays() -> None:
    """As an id, as a path; and no second edge where it is a fact already."""
    tables = shop(category=["c13", "Home > Lamps", "no such", *[None] * 7])
    found = {link.item: (link.target, link.method) for link in linked(tables, SECTION).accepted}
    assert found["m1"] == ("c13", "catalogue")
    assert found["m2"] == (ids()["Home > Lamps"], "catalogue")
    assert found["m3"] == (ids()["Home > Kitchen > Mugs"], "text")
    section = Derive(item_attributes=("category",), price_bands=0, link=(SECTION,))
    facts = derive(tables, section).facts.execute()
    own = facts[(facts["head"] == "m1") & (facts["relation"] == "category")]
    assert own["tail"].tolist() == ["c13"]


def test_links_are_edges_with_their_confidence_and_provenance() -> None:
    derived = derive(shop(), Derive(item_attributes=(), price_bands=0, link=(SECTION,)))
    facts = derived.facts.execute()
    own = facts[facts["head_type"] == "item"]
    assert set(own["provenance"]) == {"link: text"}
    assert own["confidence"].between(SECTION.threshold, 1).all()
    graph = kg.build(derived)
    assert ("item", "category", "category") in graph.relations
    assert ("category", "broader", "category") in graph.relations


def test_without_an_entry_nothing_is_linked() -> None:
    facts = derive(shop(), Derive(item_attributes=(), price_bands=0)).facts.execute()
    assert not (facts["head_type"] == "item").any()


def test_ids_are_kept_literally() -> None:
    strange = ["../x", '"q', "a\nb", "=1+1", "🙂", "שלום"]
    items = pd.DataFrame({"item_id": strange, "title": ["Mug"] * 6})
    facts = taxonomy().replace({"c2": "=2,\n'"})
    tables = Tables.of(events=pd.DataFrame({"user_id": ["u"], "item_id": ["../x"]}), items=items, facts=facts)
    assert {(link.item, link.target) for link in linked(tables, SECTION).accepted} == {
        (item, "=2,\n'") for item in strange
    }


def test_a_cycle_is_named() -> None:
    loop = pd.DataFrame(
        [("c0", "broader", "c2", "category", False)], columns=["head", "relation", "tail", "tail_type", "literal"]
    )
    with pytest.raises(KgError, match="cycle") as caught:
        Targets.among(pd.concat([taxonomy(), loop.assign(head_type="category")]), "category")
    assert str(caught.value.value).count(" > ") == 3


def test_a_type_that_is_none_is_named_with_those_that_are() -> None:
    with pytest.raises(KgError, match=r"no node of this type.*'brand'.*There are category"):
        linked(shop(), Link(to="brand"))


def test_names_of_what_is_mapped_to_a_node_are_names_of_it() -> None:
    match = pd.DataFrame(
        [
            ("s1", "label", "Flummoxes", "string", True, "other"),
            ("s1", "close_match", "c2", "category", False, "other"),
        ],
        columns=["head", "relation", "tail", "tail_type", "literal", "head_type"],
    )
    found = Targets.among(pd.concat([taxonomy(), match]), "category")
    place = found.names.index(("flummox",))
    assert (found.ids[found.of[place]], bool(found.own[place])) == ("c2", False)
