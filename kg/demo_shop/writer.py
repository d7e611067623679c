"""The files of a demo shop. What the shop shows lies in the folder, what only its maker knows in its folder `truth`.

events.csv       one event a row, ordered by time; its times are ISO 8601 UTC, `2024-03-05T14:22:31Z`
items.csv        one item a row; `category` is the notation of a leaf of the taxonomy
users.csv        one customer a row; guests (no id) and bots are not among them
taxonomy.ttl     SKOS: departments and the categories below them
truth/purchases.parquet   why each purchase by a customer happened (duplicates and guests left out)
truth/items.parquet, truth/users.parquet   as above, with what the purchases were drawn from
truth/summary.json        the shop's parameters, rows by kind, the dirt in rows
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from kg.demo_shop.customers import user_id
from kg.demo_shop.log import KINDS, NO_SESSION, NOBODY, Log
from kg.demo_shop.vocabulary import vocabulary
from kg.files import replacing

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from kg.demo_shop.shop import DemoShop

ITEM_COLUMNS = (
    "item_id", "title", "description", "brand", "category", "price", "colour", "material", "size", "label", "available",
)  # fmt: skip
USER_COLUMNS = ("user_id", "country", "age_band", "joined")
_ROWS_AT_ONCE = 1 << 19
_NAMESPACE = "https://example.org/demo-shop/"


@dataclass(frozen=True)
class DemoFiles:
    """Where everything lies."""

    events: Path
    items: Path
    users: Path
    taxonomy: Path
    truth: Path
    truth_items: Path
    truth_users: Path
    summary: Path

    @classmethod
    def inside(cls, folder: Path) -> DemoFiles:
        """The files of a demo shop in this folder, whether they exist or not."""
        truth = folder / "truth"
        return cls(
            events=folder / "events.csv",
            items=folder / "items.csv",
            users=folder / "users.csv",
            taxonomy=folder / "taxonomy.ttl",
            truth=truth / "purchases.parquet",
            truth_items=truth / "items.parquet",
            truth_users=truth / "users.parquet",
            summary=truth / "summary.json",
        )


def write_events(log: Log, shop: DemoShop, item_ids: pd.Series[str], path: Path) -> None:
    """The log as CSV, a part at a time; fields are never quoted, an empty field is a missing value."""
    known = max(shop.users, int(log.user.max(initial=0)) + 1)
    users = pa.array([user_id(code) for code in range(known)])
    items = pa.array(item_ids, type=pa.string())
    kinds = pa.array(KINDS)
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(b"event_time,event_type,user_id,item_id,quantity,price,session_id,rating\n")
        for start in range(0, len(log), _ROWS_AT_ONCE):
            part = log.take(slice(start, start + _ROWS_AT_ONCE))
            columns = {
                "event_time": pc.strftime(times(part.time, shop), format="%Y-%m-%dT%H:%M:%SZ"),
                "event_type": kinds.take(pa.array(part.kind)),
                "user_id": users.take(pa.array(part.user, mask=part.user == NOBODY)),
                "item_id": items.take(pa.array(part.item)),
                "quantity": pa.array(part.quantity, mask=part.quantity == 0),
                "price": pa.array(part.price, mask=np.isnan(part.price)),
                "session_id": session_ids(part.session),
                "rating": pa.array(part.rating, mask=part.rating == 0),
            }
            options = pa_csv.WriteOptions(include_header=False, quoting_style="none")
            pa_csv.write_csv(pa.table(columns), file, options)


def write_shown(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> None:
    """The columns that the shop shows, as CSV."""
    with replacing(path) as temporary:
        frame[list(columns)].to_csv(temporary, index=False, lineterminator="\n")


def write_taxonomy(path: Path) -> None:
    """Departments and categories as a SKOS concept scheme in Turtle."""
    words = vocabulary()
    lines = [
        "@prefix skos: <http://www.w3.org/2004/02/skos/core#> .",
        f"@prefix shop: <{_NAMESPACE}> .",
        f"@prefix category: <{_NAMESPACE}category/> .",
        "",
        "shop:taxonomy a skos:ConceptScheme ;",
        '    skos:prefLabel "What we sell"@en ;',
        f"    skos:hasTopConcept {', '.join(f'category:{notation}' for notation in words.departments)} .",
    ]
    for notation, department in words.departments.items():
        leaves = [leaf for leaf, category in words.categories.items() if category.department == notation]
        lines += [
            "",
            *_concept(notation, department.label),
            "    skos:topConceptOf shop:taxonomy ;",
            f"    skos:narrower {', '.join(f'category:{leaf}' for leaf in leaves)} .",
        ]
        for leaf in leaves:
            lines += [*_concept(leaf, words.categories[leaf].label), f"    skos:broader category:{notation} ."]
    with replacing(path) as temporary:
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")


def times(seconds: NDArray[np.int32], shop: DemoShop) -> pa.Array:
    """Seconds from the shop's first day as timestamps in UTC."""
    midnight = int(np.datetime64(shop.first_day, "s").astype(np.int64))
    return pa.array(midnight + seconds.astype(np.int64)).cast(pa.timestamp("s", tz="UTC"))


def session_ids(session: NDArray[np.int32]) -> pa.Array:
    """`S` and the number of the visit; missing where there was none."""
    numbers = pa.array(session, mask=session == NO_SESSION).cast(pa.string())
    return pc.binary_join_element_wise("S", numbers, "")


def _concept(notation: str, label: str) -> list[str]:
    return [
        f"category:{notation} a skos:Concept ;",
        f'    skos:prefLabel "{label}"@en ;',
        f'    skos:notation "{notation}" ;',
        "    skos:inScheme shop:taxonomy ;",
    ]
