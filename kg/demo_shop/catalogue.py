"""The items of a demo shop: what they are called and cost, how popular they are, what goes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kg.demo_shop.shop import DemoShop
from kg.demo_shop.vocabulary import Category, vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_COMPLEMENTS = 2
_COMPANIONS = 3  # what goes with a category is one of this many items, the most popular of its kind
_POPULARITY_EXPONENT = 1.0  # of the power law over ranks
_BRAND_EXPONENT = 0.6
_BESTSELLERS = 0.1  # this share of the items, the most popular, is on sale all year
_LAUNCHED, _DROPPED, _TRENDING, _LABELLED = 0.1, 0.03, 0.15, 0.3
_TREND_HEIGHT = (2.0, 8.0)
_DECOY_BRANDED, _DECOY_LABELLED, _DECOY_POPULARITY = 0.2, 0.6, 8.0  # the last: times the best seller's


def build_items(shop: DemoShop, rng: np.random.Generator) -> pd.DataFrame:
    """The catalogue, one row per item, with the hidden truth beside what the shop shows.

    Shown: item_id, title, description, brand, category, price, colour, material, size, label, available.
    Hidden: popularity (sums to 1), launch_week, last_week, trend_week, trend_height, interval_days (0 = durable),
    complement_1, complement_2 (item ids or missing).
    """
    words = vocabulary()
    notations = list(words.categories)
    popularity = rng.permutation(np.arange(1, shop.items + 1) ** -_POPULARITY_EXPONENT)
    category = np.concatenate(
        [np.arange(len(notations)), rng.integers(len(notations), size=shop.items - len(notations))]
    )
    category = rng.permutation(category)
    items = pd.DataFrame(
        {
            "item_id": [f"P{number:06d}" for number in range(1, shop.items + 1)],
            "brand": _brands(category, rng),
            "category": np.array(notations, dtype=object)[category],
            "label": _some(words.labels, _LABELLED, shop.items, rng),
        }
    )
    if shop.decoys:
        _add_decoys(items, popularity, rng)
    popularity /= popularity.sum()
    names = [
        _describe(brand, words.categories[notation], rng)
        for brand, notation in zip(items["brand"], items["category"], strict=True)
    ]
    items = items.join(pd.DataFrame(names))
    items["title"] = _distinct(items["title"])
    return items.assign(popularity=popularity, **_life(shop, popularity, rng), **_uses(items, popularity, rng))


def _brands(category: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.object_]:
    """Each brand works for one or two departments; inside a department brands follow a power law."""
    words = vocabulary()
    departments = list(words.departments)
    department = np.array([departments.index(leaf.department) for leaf in words.categories.values()])[category]
    first = np.arange(len(words.brands)) % len(departments)
    second = rng.integers(len(departments), size=len(words.brands))
    size = rng.permutation(np.arange(1, len(words.brands) + 1) ** -_BRAND_EXPONENT)
    brands = np.empty(len(category), dtype=object)
    for code in range(len(departments)):
        own = np.flatnonzero((first == code) | (second == code))
        rows = np.flatnonzero(department == code)
        brands[rows] = np.array(words.brands, dtype=object)[rng.choice(own, rows.size, p=size[own] / size[own].sum())]
    return brands


def _add_decoys(items: pd.DataFrame, popularity: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Very popular hubs that cause nothing, in place: a brand, a label, and one item."""
    decoy = vocabulary().decoy
    pull = np.sqrt(popularity) / np.sqrt(popularity).sum()
    for column, share in (("brand", _DECOY_BRANDED), ("label", _DECOY_LABELLED)):
        items.loc[rng.choice(len(items), int(share * len(items)), replace=False, p=pull), column] = decoy[column]
    hub = np.flatnonzero(items["category"] == decoy["category"])[0]
    items.loc[hub, ["brand", "label"]] = [decoy["brand"], decoy["label"]]
    popularity[hub] = _DECOY_POPULARITY * popularity.max()


def _describe(brand: str, leaf: Category, rng: np.random.Generator) -> dict[str, Any]:
    """Names and price of one item; the price of a category is log-uniform between its ends, and ends in .50 or .99."""
    noun, line = rng.choice(leaf.nouns), rng.choice(vocabulary().lines)
    material = rng.choice(leaf.materials) if leaf.materials else None
    size = rng.choice(leaf.sizes) if leaf.sizes else None
    colour = rng.choice(vocabulary().colours) if leaf.coloured else None
    title = " ".join(filter(None, (brand, line, material and material.title(), noun)))
    made = f"{noun} of {material}" if material else str(noun)
    low, high = np.log(leaf.price)
    return {
        "title": ", ".join(filter(None, (title, colour, size))),
        "description": f"{made} by {brand}, from the {line} line{f', in {colour}' if colour else ''}. {leaf.detail}",
        "price": float(np.floor(np.exp(rng.uniform(low, high))) + rng.choice([0.5, 0.99])),
        "colour": colour,
        "material": material,
        "size": size,
    }


def _distinct(titles: pd.Series[str]) -> pd.Series[str]:
    again = titles.groupby(titles).cumcount()
    return titles.where(again == 0, titles + ", no. " + (again + 1).astype(str))


def _life(shop: DemoShop, popularity: NDArray[np.float64], rng: np.random.Generator) -> dict[str, Any]:
    """When items come, trend and go, in weeks; what went is not available any more."""
    n, weeks = len(popularity), shop.days // 7
    movable = np.argsort(np.argsort(-popularity)) >= np.ceil(_BESTSELLERS * n)
    launched = movable & (rng.random(n) < _LAUNCHED)
    dropped = movable & ~launched & (rng.random(n) < _DROPPED)
    trending = rng.random(n) < _TRENDING
    return {
        "launch_week": np.where(launched, rng.integers(1, weeks, n), 0),
        "last_week": np.where(dropped, rng.integers(weeks // 2, weeks, n), weeks + 1),
        "trend_week": rng.integers(0, weeks + 1, n),
        "trend_height": np.where(trending, rng.uniform(*_TREND_HEIGHT, n), 0.0),
        "available": ~dropped,
    }


def _uses(items: pd.DataFrame, popularity: NDArray[np.float64], rng: np.random.Generator) -> dict[str, Any]:
    """How long an item lasts, and the two fixed items that go with it, from the categories that go with its own."""
    leaves = vocabulary().categories
    lasts = np.array([leaves[notation].lasts for notation in items["category"]])
    rows_of = {notation: np.flatnonzero(items["category"] == notation) for notation in leaves}
    complements = np.full((len(items), N_COMPLEMENTS), None, dtype=object)
    ids = items["item_id"].to_numpy(dtype=object)
    for notation, leaf in leaves.items():
        for nth in range(N_COMPLEMENTS if leaf.goes_with else 0):
            targets = rows_of[leaf.goes_with[nth % len(leaf.goes_with)]]
            companions = targets[np.argsort(-popularity[targets])[:_COMPANIONS]]
            chosen = rng.choice(companions, rows_of[notation].size)
            complements[rows_of[notation], nth] = ids[chosen]
    return {
        "interval_days": np.rint(lasts * rng.uniform(0.8, 1.25, len(items))).astype(np.int64),
        **{f"complement_{nth + 1}": pd.array(complements[:, nth], dtype="str") for nth in range(N_COMPLEMENTS)},
    }


def _some(words: tuple[str, ...], share: float, n: int, rng: np.random.Generator) -> NDArray[np.object_]:
    chosen = np.array(words, dtype=object)[rng.integers(len(words), size=n)]
    chosen[rng.random(n) >= share] = None
    return chosen
