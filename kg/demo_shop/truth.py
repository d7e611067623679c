"""What only the maker of a demo shop knows: why each purchase happened, and what was drawn from what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kg.demo_shop.customers import user_id
from kg.demo_shop.log import KINDS, NOBODY, RATING, Log
from kg.demo_shop.shop import MECHANISMS, DemoShop, Dirt, Mixture
from kg.demo_shop.writer import session_ids, times
from kg.files import replacing

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from kg.demo_shop.writer import DemoFiles

_CAUSE_TYPES = ("brand", "category", "item", "item", None)  # by mechanism


@dataclass(frozen=True)
class Truth:
    """Each customer's purchases (n,), the code of its mechanism, and the row of the purchase that caused it, or −1."""

    purchases: Log
    mechanism: NDArray[np.int8]
    cause: NDArray[np.int64]


def write_truth(truth: Truth, shop: DemoShop, items: pd.DataFrame, users: pd.DataFrame, files: DemoFiles) -> None:
    """Why each purchase happened, ordered by time, and the frames that purchases were drawn from."""
    bought, mechanism, earlier = truth.purchases, truth.mechanism, truth.cause >= 0
    cause_item = np.where(earlier, bought.item[truth.cause], bought.item)
    table = pa.table(
        {
            "user_id": pa.array(users["user_id"], type=pa.string()).take(pa.array(bought.user)),
            "item_id": pa.array(items["item_id"], type=pa.string()).take(pa.array(bought.item)),
            "time": times(bought.time, shop),
            "session_id": session_ids(bought.session),
            "mechanism": pa.array(MECHANISMS).take(pa.array(mechanism)),
            "cause_type": pa.array(_CAUSE_TYPES).take(pa.array(mechanism)),
            "cause": pa.array(_cause_nodes(items, mechanism, cause_item), type=pa.string()),
            "cause_time": _where(earlier, times(bought.time[truth.cause], shop)),
        }
    )
    for content, path in (
        (table.take(pa.array(np.argsort(bought.time, kind="stable"))), files.truth),
        (pa.Table.from_pandas(items, preserve_index=False), files.truth_items),
        (pa.Table.from_pandas(users, preserve_index=False), files.truth_users),
    ):
        with replacing(path) as temporary:
            pq.write_table(content, temporary)


def write_summary(log: Log, truth: Truth, shop: DemoShop, n_duplicates: int, path: Path) -> None:
    """The shop's parameters and what its raw log holds, in rows; duplicates are counted in every other number too."""
    bot, rows = np.unique(log.user[log.user >= shop.users], return_counts=True)
    content = {
        "shop": asdict(shop),
        "rows": len(log),
        "kinds": _counts(KINDS, log.kind),
        "mechanisms": _counts(MECHANISMS, truth.mechanism),
        "dirt": {
            "duplicates": n_duplicates,
            "missing_user": int((log.user == NOBODY).sum()),
            "missing_price": int((np.isnan(log.price) & (log.kind != RATING)).sum()),
            "bots": {user_id(int(code)): int(n) for code, n in zip(bot, rows, strict=True)},
        },
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")


def read_shop(path: Path) -> DemoShop:
    """The parameters of the shop whose summary this is."""
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))["shop"]
    stored["first_day"] = date.fromisoformat(stored["first_day"])
    return DemoShop(**stored | {"mixture": Mixture(**stored["mixture"]), "dirt": Dirt(**stored["dirt"])})


def _cause_nodes(
    items: pd.DataFrame, mechanism: NDArray[np.int8], cause_item: NDArray[np.int32]
) -> NDArray[np.object_]:
    """The brand, category or item that caused each purchase; None where mere popularity did."""
    nodes = np.full(mechanism.size, None, dtype=object)
    column_of = {"brand": "brand", "category": "category", "item": "item_id"}
    for code, cause_type in enumerate(_CAUSE_TYPES):
        if cause_type is not None:
            rows = mechanism == code
            nodes[rows] = items[column_of[cause_type]].to_numpy(dtype=object)[cause_item[rows]]
    return nodes


def _where(shown: NDArray[np.bool_], values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(shown), values, pa.scalar(None, values.type))


def _counts(names: tuple[str, ...], codes: NDArray[np.int8]) -> dict[str, int]:
    return dict(zip(names, np.bincount(codes, minlength=len(names)).tolist(), strict=True))
