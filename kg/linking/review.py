"""The file in which a person judges doubtful links.

A CSV with a row for each item. Only three columns are read: `item_id`, `target` (what was proposed) and `decision`:

    accept            the item is what was proposed
    reject            it is not, and stays without a link
    any other text    the id of what it is
    (empty)           not judged yet

The others are there to judge by: title, name and path of the proposal, its confidence, and what comes next.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from kg.errors import KgError
from kg.files import as_written
from kg.sources.packed import open_lines

COLUMNS = ("item_id", "title", "target", "name", "path", "confidence", "others", "decision")
ACCEPT, REJECT = "accept", "reject"
_NEEDED = ("item_id", "target", "decision")


@dataclass(frozen=True)
class Decision:
    """What an item is: `target`, None where it is nothing; and the row it stands in, as it was written."""

    target: str | None
    row: Mapping[str, str]


def read_review(path: Path, ids: Mapping[str, int]) -> dict[str, Decision]:
    """Item → what was decided, of several rows the last; `ids` are those that there are.

    Raises KgError with row and value where a decision names none of them, or a column is missing.
    """
    found: dict[str, Decision] = {}
    try:
        with open_lines(path) as file:
            reader = csv.DictReader(file)
            missing = [name for name in _NEEDED if name not in (reader.fieldnames or ())]
            if missing:
                fix = f"It needs {', '.join(_NEEDED)}; `cartograph link --review` writes one."
                raise KgError("the review lacks a column", file=path, row=1, column=missing[0], fix=fix)
            for cells in reader:
                row = {name: as_written(cells.get(name) or "") for name in COLUMNS}
                if decision := row["decision"].strip():
                    found[row["item_id"]] = Decision(_decided(decision, row["target"], ids, path, reader.line_num), row)
    except OSError as error:
        fix = "Write it with `cartograph link --review FILE`, or take it out of [[derive.link]]."
        raise KgError(f"the review cannot be read: {error.strerror}", file=path, fix=fix) from error
    except csv.Error as error:
        raise KgError(f"the review is no CSV: {error}", file=path, fix="Save it as CSV, UTF-8.") from error
    return found


def _decided(decision: str, target: str, ids: Mapping[str, int], path: Path, row: int) -> str | None:
    if decision.lower() == REJECT:
        return None
    chosen = target if decision.lower() == ACCEPT else decision
    if chosen not in ids:
        near = get_close_matches(chosen, ids, 1)
        fix = f"Write accept, reject or an id{f', such as {near[0]!r}' if near else ''}."
        raise KgError("the review names no node that there is", file=path, row=row, value=chosen, fix=fix)
    return chosen
