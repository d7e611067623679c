"""Where what cannot be read lies, against reading the file record by record."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.adding import add
from kg.config import KgConfig
from kg.engine import Engine
from kg.errors import KgError
from kg.guessing import guess
from kg.reading import IngestReport, ingest
from kg.sources.rejects import LISTED, REJECTS

HEADER = ["user_id", "item_id", "time", "quantity"]
ENGINE = Engine(threads=1)
GOOD = ["ann", "mug", "2024-03-01", "1"]
CELLS = st.tuples(
    st.sampled_from(["ann", "an\nn", 'a "n" n', ""]), st.sampled_from(["mug", "pot,big", ""]),
    st.sampled_from(["2024-03-01", "1.3.24", ""]), st.sampled_from(["1", "many", "2\n"]),
)  # fmt: skip
RECORDS = st.lists(st.one_of(CELLS.map(list), st.just(["ann", "mug"]), st.just([*GOOD, "more"])), max_size=8)


def read(path: Path, **source: Any) -> IngestReport:
    source = {"max_rejects": 1, "path": str(path), **source}
    return ingest(KgConfig.model_validate({"events": source}), engine=ENGINE)[1]


def slowly(text: str) -> list[tuple[int, str | None, str]]:
    reader, found, start = csv.reader(io.StringIO(text, newline="")), [], 1
    for cells in reader:
        line, start = start, reader.line_num + 1
        if line == 1:
            continue
        if len(cells) != len(HEADER):
            found.append((line, None, "fewer fields" if len(cells) < len(HEADER) else "more fields"))
        elif cells[2] == "1.3.24":
            found.append((line, "time", "not a time"))
        elif cells[3] == "many":
            found.append((line, "quantity", "not a number"))
        elif not cells[0] or not cells[1]:
            found.append((line, "item_id" if cells[0] else "user_id", "missing"))
    return found


@settings(max_examples=60, deadline=None)
@given(records=RECORDS, end=st.sampled_from(["\n", "\r\n"]))
def test_lines_are_those_of_a_slow_reader(records: list[list[str]], end: str) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=end).writerows([HEADER, GOOD, *records])
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.csv"
        path.write_bytes(out.getvalue().encode())
        report = read(path)
    told = [(reject.line, reject.column, reject.reason) for reject in report.rejects]
    expected = slowly(out.getvalue())
    assert [(line, column) for line, column, _ in told] == [(line, column) for line, column, _ in expected]
    assert all(reason.startswith(why) for (_, _, reason), (_, _, why) in zip(told, expected, strict=True))
    assert report.rejected == len(expected)
    assert report.rows_read == len(records) + 1
    assert sum(report.events.values()) == report.rows_read - report.rejected


def test_files_that_differ_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("user_id,item_id,quantity\nann,mug,1\nann,mug\nann,mug,x\n")
    (tmp_path / "b.csv").write_text("user_id,item_id,quantity\nann,mug,1\nann,mug,y\n")
    (tmp_path / "c.csv").write_text("item_id;user_id;quantity\nmug;ann;1\nmug;ann;z\n")
    (tmp_path / "d.jsonl").write_text('{"user_id": "ann", "item_id": "mug"}\n\nno object\n[1]\n{"item_id": "mug"}\n')
    pd.DataFrame({"user_id": ["ann", None], "item_id": ["mug", "mug"]}).to_parquet(tmp_path / "e.parquet")
    rejects = {(Path(reject.file).name, reject.line, reject.column, reject.value) for reject in read(tmp_path).rejects}
    assert rejects == {
        ("a.csv", 3, None, "ann,mug"),
        ("a.csv", 4, "quantity", "x"),
        ("b.csv", 3, "quantity", "y"),
        ("c.csv", 3, "quantity", "z"),
        ("d.jsonl", 3, None, "no object"),
        ("d.jsonl", 4, None, "[1]"),
        ("d.jsonl", 5, "user_id", ""),
        ("e.parquet", 2, "user_id", ""),
    }


def test_all_are_counted_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id\nann,mug\n" + "ann\n" * 3 * LISTED)
    report = read(path)
    assert (report.rejected, len(report.rejects), report.rejects[-1].line) == (3 * LISTED, LISTED, LISTED + 2)


def test_what_a_rule_takes_out_need_not_be_readable(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,quantity\nann,mug,1\n,mug,many\n")
    config = {"clean": [{"name": "no user", "where": "user_id IS NULL"}], "events": {"path": str(path)}}
    report = ingest(KgConfig.model_validate(config))[1]
    assert (report.rejected, report.rules[0].removed) == (0, 1)


@pytest.mark.parametrize(("share", "raised"), [(0.009, True), (0.011, False)])
def test_too_many_are_an_error(tmp_path: Path, share: float, raised: bool) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user_id,item_id,time\n" + "ann,mug,2024-03-01\n" * 99 + "ann,mug,01/03/2024\n")
    if not raised:
        assert read(path, max_rejects=share).rejected == 1
        return
    with pytest.raises(KgError, match="1 of 100 rows cannot be read") as caught:
        read(path, max_rejects=share)
    where = (caught.value.file, caught.value.row, caught.value.column, caught.value.value)
    assert where == (str(path), 101, "time", "01/03/2024")
    assert "time_format" in caught.value.fix


def test_of_the_catalogue_too(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user_id,item_id\nann,mug\n")
    (tmp_path / "items.csv").write_text("item_id,price\nmug,free\n")
    config = KgConfig.model_validate(
        {"folder": tmp_path, "events": {"path": "log.csv"}, "items": {"path": "items.csv"}}
    )
    with pytest.raises(KgError, match="row 2, column price, value 'free'"):
        ingest(config)


def test_bytes_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(b"user_id,item_id\nann,mug\nbob,p\xf6t\n")
    (reject,) = read(path).rejects
    assert (reject.line, reject.reason) == (3, "not in the file's encoding")
    assert read(path, encoding="latin-1").rejected == 0


def test_a_line_that_is_no_object_is_no_row_for_a_rule(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"user_id": "ann", "item_id": "mug"}\n{"user_id": "bob", "item\nnonsense\n{"item_id": "mug"}\n')
    rules = [{"name": "repeats"}, {"name": "nobody", "where": "user_id IS NULL"}]
    checks = [{"name": "rows"}]
    config = {"events": {"path": str(path), "max_rejects": 1}, "clean": rules, "checks": checks}
    report = ingest(KgConfig.model_validate(config), engine=ENGINE)[1]
    assert [(rule.rows, rule.removed) for rule in report.rules] == [(0, 0), (1, 1)]
    assert [(reject.line, reject.value) for reject in report.rejects] == [
        (2, '{"user_id": "bob", "item'),
        (3, "nonsense"),
    ]
    assert (report.rows_read, report.rejected, report.checks) == (4, 2, {"rows": 2})


def test_all_lie_in_a_file(tmp_path: Path) -> None:
    path, long = tmp_path / "log.csv", "x" * 3_000
    bad = ["=1+1", long, *("many" for _ in range(3 * LISTED))]
    path.write_text("user_id,item_id,quantity\nann,mug,1\nann\n" + "".join(f"ann,mug,{value}\n" for value in bad))
    config = KgConfig.model_validate({"events": {"max_rejects": 1, "path": str(path)}})
    report = ingest(config, engine=ENGINE, raw=tmp_path / "raw")[1]
    with (tmp_path / "raw" / REJECTS).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["line"]) for row in rows] == list(range(3, 6 + 3 * LISTED))
    assert [row["value"] for row in rows[:3]] == ["ann", "'=1+1", long]
    assert (report.rejected, len(report.rejects)) == (len(rows), LISTED)
    assert report.rejects[2].value is not None
    assert len(report.rejects[2].value) < 300


def test_those_of_an_earlier_time_stay_in_the_file(tmp_path: Path) -> None:
    for name, value in (("a", "many"), ("b", "few")):
        (tmp_path / f"{name}.csv").write_text(f"user_id,item_id,quantity\nann,mug,1\nann,{name},{value}\n")
    config = KgConfig.model_validate({"events": {"max_rejects": 1, "path": str(tmp_path / "a.csv")}})
    tables, _ = ingest(config, engine=ENGINE, raw=tmp_path / "first")
    add(config, {"events": [tmp_path / "b.csv"]}, tables, tmp_path / "first", tmp_path / "second")
    with (tmp_path / "second" / REJECTS).open(newline="") as file:
        assert [(row["line"], row["value"]) for row in csv.DictReader(file)] == [("3", "many"), ("3", "few")]


@pytest.mark.parametrize("n", [20, 200_000])
@pytest.mark.parametrize("suffix", [".csv", ".csv.gz"])
def test_a_quote_that_does_not_end_is_an_error_not_a_reject(tmp_path: Path, n: int, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    rows = ["ann,mug,2024-03-01,1\n"] * 2_000 + ['bob,"mug,2024-03-01,1\n'] + ["cem,mug,2024-03-01,1\n"] * n
    text = "user_id,item_id,time,quantity\n" + "".join(rows)
    path.write_bytes(gzip.compress(text.encode()) if suffix.endswith("gz") else text.encode())
    with pytest.raises(KgError, match="a quote is opened here and does not end") as caught:
        read(path)
    assert (caught.value.file, caught.value.row) == (path, 2_002)
    assert len(str(caught.value)) < 500
    report = read(path, quote="")
    assert (report.rows_read, report.rejected) == (2_001 + n, 0)


def test_a_quote_that_goes_astray_takes_its_record_only(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('user_id,item_id\nann,"mug" big\nbob,"pot"\ncem,pan\n')
    assert [(reject.line, reject.value) for reject in read(path).rejects] == [(2, 'ann,"mug" big')]


def test_a_quote_in_the_header_that_does_not_end(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text('user_id,"item_id\n' + "ann,mug\n" * 30)
    with pytest.raises(KgError, match="a quote is opened here and does not end") as caught:
        read(path)
    assert caught.value.row == 1


@pytest.mark.parametrize("ends", [("\n", "\r\n"), ("\r\n", "\n"), ("\n", "\r")])
@pytest.mark.parametrize("place", [0, 1, 500])
def test_lines_may_end_in_several_ways(tmp_path: Path, ends: tuple[str, str], place: int) -> None:
    path = tmp_path / "log.csv"
    lines = [",".join(HEADER), *(f'u{n},"a ""mug""",2024-03-01,{"many" if n == 700 else n}' for n in range(1_000))]
    path.write_bytes("".join(f"{line}{ends[n == place]}" for n, line in enumerate(lines)).encode())
    report = read(path)
    assert (report.rows_read, report.users, report.items) == (1_000, 999, 1)
    assert [(reject.line, reject.value) for reject in report.rejects] == [(702, "many")]
    assert guess([path]).config.events.columns["item_id"] == "item_id"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (",mug,2024-03-01,1", '[[clean]] with name = "no user_id", where = "user_id IS NULL"'),
        ('ann,mug,2024-03-01,"1,95"', 'decimal = ","'),
        ("ann,mug,13/03/2024 10:05,1", "time_format = '%d/%m/%Y %H:%M'"),
        ("ann,mug,sometime,1", "time_format, decimal, missing, encoding"),
    ],
)
def test_the_error_names_the_fix(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(f"{','.join(HEADER)}\n{row}\n")
    with pytest.raises(KgError) as caught:
        read(path, max_rejects=0.01)
    assert said.lower() in caught.value.fix.lower()
