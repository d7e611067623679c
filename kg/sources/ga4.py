"""E-commerce events of Google Analytics 4, as its export to BigQuery has them: JSON lines or Parquet.

Google, "BigQuery Export schema" (support.google.com/analytics/answer/7029846). An event has a list of items: each is a
row; events without items say nothing of what people want and are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.packed import open_lines

_SESSION = "ga_session_id"
_CATEGORIES = ("item_category", "item_category2", "item_category3", "item_category4", "item_category5")
_OWN = ("item_variant", "item_list_name", "coupon", "affiliation", "promotion_name")
_NOT_SET = ("", "(not set)")
_MICROSECONDS = 1_000_000
_BATCH = 1_000


def rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A row per item of an event, and the line of the event; KgError naming the row that is no event."""
    found = False
    for line, event in _parquet(path) if path.suffix in (".parquet", ".pq") else _lines(path):
        if not isinstance(event, dict) or "event_name" not in event:
            fix = "Give the tables events_YYYYMMDD of the BigQuery export, as JSON lines or Parquet."
            raise KgError("this is no event of Google Analytics 4", file=path, row=line, fix=fix)
        found = True
        for item in event.get("items") or ():
            yield line, _row(event, item)
    if not found:
        raise KgError("the file has no events", file=path, fix="Give a file with at least one.")


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with open_lines(path) as text:
        for number, line in enumerate(text, 1):
            if line.strip():
                try:
                    yield number, json.loads(line)
                except (ValueError, RecursionError) as error:
                    fix = "Mend or drop the line."
                    raise KgError(
                        "a line is no JSON", file=path, row=number, value=line[:80].strip(), fix=fix
                    ) from error


def _parquet(path: Path) -> Iterator[tuple[int, Any]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise KgError("this is not a Parquet file, or a broken one", file=path, fix="Write it again.") from error
    wanted = ("event_name", "event_timestamp", "user_id", "user_pseudo_id", "event_params", "ecommerce", "items")
    columns = [name for name in wanted if name in file.schema_arrow.names]
    number = 0
    for batch in file.iter_batches(_BATCH, columns=columns):
        for event in batch.to_pylist():
            number += 1
            yield number, event


def _row(event: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
    user = _said(event.get("user_id")) or _said(event.get("user_pseudo_id"))
    session = _parameter(event, _SESSION)
    moment = _said(event.get("event_timestamp"))
    micros = moment is not None and moment.isdecimal()
    return {
        "kind": event["event_name"],
        "user_id": user,
        "item_id": _said(item.get("item_id")),
        "time": f"{int(moment) / _MICROSECONDS:.6f}" if micros and moment else moment,
        "price": _said(item.get("price")),
        "quantity": _said(item.get("quantity")),
        "session_id": f"{_said(event.get('user_pseudo_id')) or user}.{session}" if session else None,
        "item_title": _said(item.get("item_name")),
        "item_brand": _said(item.get("item_brand")),
        "item_category": " > ".join(text for name in _CATEGORIES if (text := _said(item.get(name)))) or None,
        **{name if name.startswith("item_") else f"item_{name}": _said(item.get(name)) for name in _OWN},
        "transaction": _said((event.get("ecommerce") or {}).get("transaction_id")),
    }


def _parameter(event: dict[str, Any], name: str) -> str | None:
    """The value of a parameter of an event, of whichever type."""
    for parameter in event.get("event_params") or ():
        if parameter.get("key") == name:
            return next((text for value in (parameter.get("value") or {}).values() if (text := _said(value))), None)
    return None


def _said(value: Any) -> str | None:
    """A value as text; Google's "(not set)" is none."""
    text = "" if value is None else str(value).strip()
    return None if text in _NOT_SET else text
