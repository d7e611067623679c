"""The catalogue written back: gaps filled, nothing lost, every value traced, all of it counted."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kg.config import Derive
from kg.enriching import Enriched, Found, Share, asked, enrich
from kg.errors import KgError
from kg.tables import Tables
from tests.kg.steps.test_relations import items, log


def enriched(tmp_path: Path) -> Enriched:
    (tmp_path / "words.toml").write_text('color = ["Red", "Blue"]\n')
    catalogue = items().assign(
        title=["Red and blue case", "Hale case", None], brand=[None, None, "Hale"], color=[None, "green", None]
    )
    section = asked(Derive(price_bands=0, user_attributes=("country",)), vocabulary=(str(tmp_path / "words.toml"),))
    users = pd.DataFrame({"user_id": ["u1"], "country": ["Wales"]})
    return enrich(Tables.of(events=log(), items=catalogue, users=users), section)


def test_gaps_are_filled_and_nothing_is_lost(tmp_path: Path) -> None:
    found = enriched(tmp_path)
    rows = found.items.set_index("item_id")
    assert set(rows.index) == set(log()["item_id"]) | {"case 1", "case 2", "camera"}
    assert rows.loc["case 1", "color"] == "Blue | Red"
    assert rows.loc["case 2", ["color", "brand", "category"]].tolist() == ["green", "Hale", "cases"]
    assert rows.loc["camera", "then_bought"] == "card | case 1"
    assert rows["popularity_band"].notna().all()
    traced = found.facts.set_index(["head", "relation", "tail"])["provenance"]
    assert traced["case 1", "color", "Red"] == "words.toml: title"
    assert traced["case 2", "brand", "Hale"] == "known brands: title"
    assert traced["camera", "then_bought", "card"].startswith("rules over customers' first purchases, 2024-01-01 to")


def test_the_report_counts_before_and_after(tmp_path: Path) -> None:
    found = enriched(tmp_path)
    n = len(found.items)
    shares = {share.attribute: share for share in found.shares}
    assert shares["color"] == Share("color", 1 / n, 2 / n)
    assert shares["brand"] == Share("brand", 1 / n, 2 / n)
    assert shares["popularity_band"] == Share("popularity_band", 0, 1)
    counted = found.rules.groupby("relation")["head"].agg(["count", "nunique"])
    assert found.found == tuple(
        Found(kind, *counted.loc[kind]) for kind in ("bought_together", "then_bought", "viewed_together", "substitute")
    )
    assert "item_id" not in shares
    assert not {"then_bought", "substitute"} & set(shares)


def test_the_graph_of_a_catalogue_holds_no_customer(tmp_path: Path) -> None:
    graph = enriched(tmp_path).graph()
    assert (graph.n_users, graph.n_items) == (0, len(enriched(tmp_path).items))
    assert {"color", "brand", "category", "then_bought", "popularity_band"} <= {name for _, name, _ in graph.relations}


def test_an_empty_catalogue_and_log() -> None:
    events = pd.DataFrame({"user_id": [], "item_id": []}, dtype="string")
    found = enrich(Tables.of(events=events), asked(Derive()))
    assert found.to_json()["items"] == 0
    assert all(share.after == 0 for share in found.shares)


def test_what_is_asked_for() -> None:
    section = Derive(relations=("substitute",), popularity_bands=2, brands=("leading",))
    kept = asked(section)
    assert (kept.relations, kept.popularity_bands, kept.brands) == (("substitute",), 2, ("leading",))
    assert len(asked(Derive()).relations) == 4
    assert asked(Derive(), []).relations == ()
    assert asked(section, ["then_bought"], mined_from=("title",)).mined_from == ("title",)
    with pytest.raises(KgError, match="Did you mean 'then_bought'"):
        asked(Derive(), ["then_bougt"])
