"""The steps from events to edges on Spark, in local mode: the same content hash as on DuckDB."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from kg.building import build
from kg.config import DEMO, Derive, KgConfig, Link, read_config
from kg.demo_shop import DemoShop, generate
from kg.errors import KgError
from kg.reading import ingest
from kg.spark import Spark, chosen
from kg.splitting import split
from kg.steps.derive import derive
from kg.tables import Tables
from recsys.config import Config

REAL = Path(__file__).parents[3] / "shared/data/online-retail/online_retail.parquet"
EVENTS = int(os.environ.get("CARTOGRAPH_SPARK_EVENTS", "20000"))
ENOUGH = 20_000  # events, for every window of the two large shops to be compared
WINDOWS = ("train", "train_validation", "all")
SOME = WINDOWS if EVENTS >= ENOUGH else WINDOWS[1:2]
pytestmark = [
    pytest.mark.spark,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore"),  # pyspark's own
]


@pytest.fixture(scope="module")
def spark() -> Iterator[Spark]:
    pytest.importorskip("pyspark", reason="pyspark is not installed: make test-spark")
    if not shutil.which("java") and "JAVA_HOME" not in os.environ:
        pytest.skip("Spark needs Java 17, which is not on this machine")
    engine = Spark({"spark.sql.shuffle.partitions": "3"})
    yield engine
    engine.connection.disconnect()


def agree(folder: Path, config: KgConfig, engine: Spark, of: tuple[str, ...] = WINDOWS) -> None:
    """Both engines make the same graph of some windows of the tables that lie in a folder."""
    duck, spark = (split(Tables.load(folder, where), config.split) for where in (None, engine))
    assert (duck.validation_start, duck.test_start) == (spark.validation_start, spark.test_start)
    for window in of:
        first, second = (build(derive(getattr(windows, window), config.derive)) for windows in (duck, spark))
        assert first.hash == second.hash, window
        assert first.relations


def test_a_made_up_shop_with_every_step(tmp_path: Path, spark: Spark) -> None:
    generate(DemoShop(users=max(60, EVENTS // 40), items=max(80, EVENTS // 80), events=EVENTS), tmp_path / "shop")
    config = Config.read(DEMO).model_copy(update={"folder": tmp_path / "shop"}).resolved(seed=0)
    ingest(config)[0].save(tmp_path / "tables")
    every = {"popularity_bands": 3, "relations": ("bought_together", "then_bought", "viewed_together", "substitute")}
    config = config.model_copy(update={"derive": config.derive.model_copy(update=every)})
    agree(tmp_path / "tables", config, spark, SOME)


@pytest.mark.parametrize("method", ["leave-last-out", "given"])
def test_other_splits(tmp_path: Path, spark: Spark, method: str) -> None:
    rows = [(f"u{n % 9}", f"i{n * n % 13}", n % 9 % 3) for n in range(300)]
    users, items, parts = zip(*rows, strict=True)
    days = pa.array([n * 86_400_000_000 for n in range(300)], pa.timestamp("us"))
    names = pa.array([("train", "validation", "test")[part] for part in parts])
    Tables.of(pa.table({"user_id": users, "item_id": items, "time": days, "part": names})).save(tmp_path / "tables")
    agree(tmp_path / "tables", KgConfig.model_validate({"split": {"method": method}}), spark)


def test_a_real_log(tmp_path: Path, spark: Spark) -> None:
    if not REAL.exists():
        pytest.skip(f"the real log is not there: {REAL}")
    config = read_config(Path("configs/online-retail.toml")).at(events=[REAL])
    ingest(config)[0].save(tmp_path / "tables")
    agree(tmp_path / "tables", config, spark, SOME)


def test_numbers_and_links_are_the_same_to_the_last_letter(tmp_path: Path, spark: Spark) -> None:
    """The medians of what was paid, how bands of prices and of the numbers of facts are called, and what items are."""
    prices = [1.65, 1.66, 0.1, 0.3, 2.675, 1.005, 1e7 / 3, 8.5]
    items = {"item_id": ["i0", "i1", "i2", "i3"], "title": ["Red Mug", "Cake Stand", "Brass Lamp", "Gift"]}
    events = {"user_id": ["u", "v"] * 4, "item_id": items["item_id"] * 2, "price": prices}
    said = [
        ("12345678", "decimal"),
        ("0.1", "double"),
        ("1e20", "double"),
        ("3.50", "quantity:kg"),
        ("-7", "quantity:kg"),
    ]
    paths = ["Home", "Home > Mugs", "Home > Lamps", "Home > Cake Stands", "Toys", "Toys > Kites"]
    facts = [
        *((f"i{n % 4}", "item", "size", number, kind, True) for n, (number, kind) in enumerate(said)),
        *((f"c{n}", "category", "label", path.rpartition(" > ")[2], "string", True) for n, path in enumerate(paths)),
        *((low, "category", "broader", "c0", "category", False) for low in ("c1", "c2", "c3")),
    ]
    names = ("head", "head_type", "relation", "tail", "tail_type", "literal")
    told = pa.table(dict(zip(names, map(list, zip(*facts, strict=True)), strict=True)))
    Tables.of(pa.table(events), items=pa.table(items), facts=told).save(tmp_path / "tables")
    section = Derive(price_bands=3, link=(Link(to="category", threshold=0.3),))
    first, second = (build(derive(Tables.load(tmp_path / "tables", of), section)) for of in (None, spark))
    assert first.hash == second.hash
    assert {"12345678", "-7 kg"} <= {*first.nodes["size"].ids.ids}
    assert len(first.relations["item", "category", "category"])


def test_tables_are_written_and_frames_taken_in(tmp_path: Path, spark: Spark) -> None:
    events = pa.table({"user_id": ["u", "v"], "item_id": ["i", "j"], "price": [1.5, None]})
    tables = Tables.of(events, engine=spark)
    tables.save(tmp_path / "tables")
    assert build(tables).hash == build(Tables.load(tmp_path / "tables")).hash == build(Tables.of(events)).hash
    assert sorted(path.name for path in (tmp_path / "tables").iterdir()) == [
        "events.parquet", "facts.parquet", "items.parquet", "users.parquet",
    ]  # fmt: skip


def test_a_setting_that_spark_refuses_is_named(spark: Spark) -> None:
    engine = chosen(KgConfig.model_validate({"engine": "spark", "spark": {"spark.master": "nowhere"}}), 1)
    assert isinstance(engine, Spark)
    spark.connection.disconnect()
    with pytest.raises(KgError, match="Spark does not start"):
        _ = engine.connection
