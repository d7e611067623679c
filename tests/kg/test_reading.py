import gzip
from pathlib import Path

import pytest

from kg.config import KgConfig, Split, read_config
from kg.demo_shop import DemoShop, generate
from kg.demo_shop.truth import read_shop
from kg.errors import KgError
from kg.reading import ingest
from kg.splitting import split
from kg.steps.derive import derive

HEADER = "user_id,item_id,time,quantity\n"
REAL = Path(__file__).parents[3] / "shared" / "data" / "online-retail" / "online_retail.parquet"


def log(folder: Path, text: str, name: str = "log.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_csv_of_ones_own_needs_no_config(tmp_path: Path) -> None:
    path = log(tmp_path, HEADER + "ann,mug,2024-03-01,1\nbob,mug,2024-03-02T10:00:00,2\n")
    tables, report = ingest(KgConfig(), path)
    assert report.to_json()["rows_read"] == 2
    assert report.events == {"purchase": 2}
    assert set(tables.events.execute()["user_id"]) == {"ann", "bob"}


def test_gzip_tsv_jsonl_and_a_glob_read_alike(tmp_path: Path) -> None:
    text = HEADER + "ann,mug,2024-03-01,1\n"
    with gzip.open(tmp_path / "a.csv.gz", "wt") as file:
        file.write(text)
    log(tmp_path, text.replace(",", "\t"), "b.tsv")
    log(tmp_path, '{"user_id": "ann", "item_id": "mug", "time": "2024-03-01", "quantity": 1}\n', "c.jsonl")
    names = ["a.csv.gz", "b.tsv", "c.jsonl"]
    frames = [ingest(KgConfig(), tmp_path / name)[0].events.execute() for name in names]
    assert [frame["origin"].tolist() for frame in frames] == [[name] for name in names]
    assert all(frame.drop(columns="origin").equals(frames[0].drop(columns="origin")) for frame in frames)
    log(tmp_path, text, "d1.csv")
    log(tmp_path, text, "d2.csv")
    assert ingest(KgConfig(), tmp_path / "d*.csv")[1].rows_read == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no rows"),
        (HEADER, "no rows"),
        ("who,what\nann,mug\n", "no column 'user_id'"),
        (HEADER + "ann,mug,2024-03-01,1\nbob,mug,2024-03-01\n", "cannot be read"),
        (HEADER + "ann,mug,2024-03-01,1\nann,mug,2024-03-01,many\n", "row 3, column quantity, value 'many'"),
        (HEADER + "ann,mug,2024-03-01,1\nann,mug,03.01.24,1\n", "row 3, column time, value '03.01.24'"),
        (HEADER + ",mug,2024-03-01,1\n", "row 2, column user_id"),
    ],
)
def test_bad_files_are_told_where(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(KgError) as error:
        ingest(KgConfig(), log(tmp_path, text))
    assert told in str(error.value)
    assert error.value.fix


def test_a_few_bad_rows_are_reported_not_lost_in_silence(tmp_path: Path) -> None:
    rows = "".join(f"u{n},mug,2024-03-01,1\n" for n in range(200))
    tables, report = ingest(KgConfig(), log(tmp_path, HEADER + rows + "ann,mug,2024-03-01,many\n"))
    assert tables.events.count().execute() == 200
    assert [(reject.line, reject.column, reject.value) for reject in report.rejects] == [(202, "quantity", "many")]


def test_a_missing_file_and_a_wrong_key(tmp_path: Path) -> None:
    with pytest.raises(KgError, match="no such file"):
        ingest(KgConfig(), tmp_path / "absent.csv")
    with pytest.raises(KgError, match="Did you mean 'test_start'"):
        read_config(log(tmp_path, '[split]\ntest_stat = "2024-01-01"\n', "shop.toml"))


def test_a_returned_purchase_weighs_what_was_kept(tmp_path: Path) -> None:
    rows = "ann,mug,2024-03-01,4\nann,mug,2024-03-02,-1\nann,pot,2024-03-02,1\n"
    rule = {"name": "returns", "where": "CAST(quantity AS DOUBLE) < 0", "action": "return"}
    config = KgConfig.model_validate({"clean": [rule]})
    tables, report = ingest(config, log(tmp_path, HEADER + rows))
    assert report.events == {"purchase": 2, "return": 1}
    frame = derive(tables, config.derive).events.execute()
    kept = frame[frame["kind"] == "purchase"].set_index("item_id")["value"].to_dict()
    assert kept == {"mug": 0.75, "pot": 1.0}


def test_the_demo_shops_dirt_is_found(tmp_path: Path) -> None:
    files = generate(DemoShop(users=200, items=100, events=8_000), tmp_path)
    from kg.config import DEMO

    config = read_config(DEMO).model_copy(update={"folder": tmp_path})
    _, report = ingest(config)
    rows = {rule.name: rule.rows for rule in report.rules}
    import json

    dirt = json.loads(files.summary.read_text())["dirt"]
    assert read_shop(files.summary).events == report.rows_read
    assert rows["repeats"] == dirt["duplicates"]
    assert rows["no customer"] == dirt["missing_user"]
    assert rows["bots"] == sum(dirt["bots"].values())


@pytest.mark.skipif(not REAL.exists(), reason="the real log is not beside the project (../shared/data/online-retail)")
def test_online_retail_is_counted_exactly() -> None:
    config = read_config(Path(__file__).parents[2] / "configs" / "online-retail.toml")
    _, report = ingest(config, REAL)
    rows = {rule.name: rule.rows for rule in report.rules}
    assert report.rows_read == 541_909
    assert (report.events["purchase"], report.users, report.items) == (391_150, 4_334, 3_659)
    assert rows == {
        "repeats": 5_268,
        "no customer": 135_080,
        "bad debt": 3,
        "price <= 0": 2_517,
        "code is no product": 2_995,
        "cancellations": 9_288,
        "quantity <= 0": 10_624,
    }
    assert report.checks == {
        "no description": 1_454,
        "codes with several descriptions": 650,
        "codes with several descriptions, trimmed": 647,
        "codes with several descriptions, trimmed, ignoring the code's case": 642,
        "codes that differ from another only by case": 112,
        "codes that do not start with 5 digits": 33,
        "invoices with several times": 43,
        "customers with several countries": 8,
    }


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_the_name_of_its_file_may_say_to_which_part_an_event_belongs(tmp_path: Path, suffix: str) -> None:
    for part in ("train", "validation", "test"):
        text = f"user_id,item_id\nann,{part}\n" if suffix == "csv" else f'{{"user_id": "ann", "item_id": "{part}"}}\n'
        (tmp_path / f"{part}.{suffix}").write_text(text)
    columns = {"user_id": "user_id", "item_id": "item_id", "part": f"regexp_extract(_path, '([a-z]+).{suffix}', 1)"}
    tables, _ = ingest(KgConfig.model_validate({"events": {"columns": columns}}), tmp_path)
    windows = split(tables, Split(method="given"))
    assert [
        events.item_id.execute().tolist() for events in (windows.train.events, windows.validation, windows.test)
    ] == [
        ["train"],
        ["validation"],
        ["test"],
    ]
