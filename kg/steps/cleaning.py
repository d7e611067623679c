"""Named rules take rows out, or make them returns; in order, each seeing what the ones before left."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kg.columns import RAW
from kg.engine import memory_told
from kg.errors import KgError
from kg.source_config import Check, Rule
from kg.sources.mapping import quoted
from kg.sources.staging import Staged, first_line

_SORTED = 1 << 24  # hashes at a time
_BEGINNING = "(_hash >> 32)::UINTEGER"
_WHOLE = "_hash IS NOT NULL"  # a row: no rule says anything of a line that is none


@dataclass(frozen=True)
class RuleCount:
    """`rows` match in the raw file; `removed` were still there when the rule's turn came (or became returns)."""

    name: str
    rows: int
    removed: int


@dataclass(frozen=True)
class Cleaning:
    """The staged tables of a shop and what rules have done to them: rows are only marked."""

    sql: Any
    staged: Mapping[str, Staged]
    done: list[RuleCount] = field(default_factory=list)

    def __post_init__(self) -> None:
        for table, staged in self.staged.items():
            self.sql.execute(f"CREATE OR REPLACE TEMP VIEW raw_{table} AS FROM {staged.rows} WHERE {_WHOLE}")

    def rows(self, table: str) -> str:
        """The FROM clause of a table's rows as they are now, in the order of the files."""
        rows = f"{self.staged[table].rows} WHERE NOT _gone"
        if table != "events":
            return f"(SELECT * FROM {rows})"
        kind = "CASE WHEN _turned THEN 'return' ELSE kind END AS kind"
        # not abs(quantity): DuckDB 2.0 compares such a CASE by the range that the quantity has without it
        size = "greatest(quantity, -quantity)"
        quantity = f"CASE WHEN kind = 'return' OR _turned THEN {size} ELSE quantity END AS quantity"
        return f"(SELECT * REPLACE ({kind}, {quantity}) FROM {rows})"

    def apply(self, rule: Rule) -> None:
        """Raises KgError where the rule's predicate cannot be understood or evaluated."""
        import duckdb

        if rule.table not in self.staged:
            return
        staged = self.staged[rule.table]
        mark, rest = ("_turned", f"{_WHOLE} AND kind <> 'return'") if rule.action == "return" else ("_gone", _WHOLE)
        try:
            with memory_told():
                matching = self._count(self._matches(rule, staged.rows, _WHOLE))
                now = self._matches(rule, self.rows(rule.table), rest)
                marked = self.sql.execute(f"UPDATE {staged.name} SET {mark} = true WHERE rowid IN ({now})").fetchall()
        except duckdb.Error as error:
            problem = f"the rule {rule.name!r} cannot be applied: {first_line(error)}"
            fix = f"Mend its `where`: {self._columns(rule.table)}."
            raise KgError(problem, file=staged.files[0].path, value=rule.where, fix=fix) from error
        self.done.append(RuleCount(rule.name, matching, marked[0][0]))

    def one_row_each(self, table: str, key: str) -> None:
        """Of several rows with one id the first stays; told only where there are such."""
        first = f"_row NOT IN (SELECT min(_row) FROM {self.rows(table)} GROUP BY {key})"
        self.apply(Rule(name=f"{key} again", where=f"{key} IS NOT NULL AND {first}", table=table))
        if not self.done[-1].removed:
            self.done.pop()

    def check(self, check: Check) -> int:
        """A figure of the raw log. Raises KgError where an expression of it cannot be understood or evaluated."""
        import duckdb

        rows = f"FROM raw_events WHERE ({check.where})"
        values = f"SELECT {check.count} {rows} AND ({check.count}) IS NOT NULL GROUP BY 1"
        if check.count is None:
            query = f"SELECT 1 {rows}"
        elif check.several is None:
            query = values
        else:
            query = f"{values} HAVING count(DISTINCT {check.several}) > 1"
        try:
            with memory_told():
                return self._count(query)
        except duckdb.Error as error:
            problem = f"the check {check.name!r} cannot be made: {first_line(error)}"
            fix = f"Mend its expressions: {self._columns('events')}."
            raise KgError(problem, file=self.staged["events"].files[0].path, fix=fix) from error

    def _columns(self, table: str) -> str:
        raw = (column for file in self.staged[table].files for column in file.columns)
        return f"there are {', '.join(dict.fromkeys([*self.staged[table].columns, *raw]))}"

    def _matches(self, rule: Rule, rows: str, rest: str) -> str:
        """The query of the `_row`s that a rule means."""
        if rule.where is not None:
            return f"SELECT _row FROM (SELECT _row, ({rule.where}) AS hit FROM {rows} WHERE {rest}) WHERE hit"
        rows = f"{rows} JOIN {self._alike(rule.table)} USING (_row)"
        nth = "row_number() OVER (PARTITION BY alike ORDER BY _row)"
        return f"SELECT _row FROM (SELECT _row, {nth} AS nth FROM {rows} WHERE {rest}) WHERE nth > 1"

    def _alike(self, table: str) -> str:
        """A table of the raw rows that may stand more than once: `alike` is the number of the first of its kind.

        Few hashes begin as another one does, and only their rows are compared. Sorting finds them several times faster
        than grouping, by half of their bits in half of the time; some at a time, which bounds the memory.
        """
        staged = self.staged[table]
        name = f"{staged.name}_alike"
        if self.sql.execute(f"FROM duckdb_tables() WHERE table_name = '{name}'").fetchall():
            return name
        parts = 1 + self._count(f"FROM {staged.name}") // _SORTED
        several = [np.empty(0, np.uint32)]
        for part in range(parts):
            query = f"SELECT {_BEGINNING} AS beginning FROM {staged.name} WHERE _hash % {parts} = {part}"
            beginnings = np.sort(self.sql.execute(query).fetchnumpy()["beginning"])
            several.append(np.unique(beginnings[1:][beginnings[1:] == beginnings[:-1]]))
        known = ", ".join(quoted(column.name) for column in RAW[table] if column.name != "origin")
        first = f"min(_row) OVER (PARTITION BY _hash, {known}) AS alike"
        twice = f"SELECT rowid FROM {staged.name} WHERE {_BEGINNING} IN (SELECT unnest(?))"  # without the other columns
        rows = f"SELECT _row, {first} FROM {staged.rows} WHERE _row IN ({twice})"
        self.sql.execute(f"CREATE TABLE {name} AS {rows}", [np.concatenate(several)])
        return name

    def _count(self, query: str) -> int:
        return int(self.sql.execute(f"SELECT count(*) FROM ({query})").fetchall()[0][0])


def mentioned(rules: Sequence[Rule], checks: Sequence[Check]) -> list[str]:
    """The texts in which raw columns may be named."""
    texts = [text for check in checks for text in (check.where, check.count, check.several)]
    return [text for text in (*texts, *(rule.where for rule in rules)) if text]
