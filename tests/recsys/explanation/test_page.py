"""Pictures and pages, of few and of many reasons."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from datetime import date
from html import unescape
from itertools import pairwise
from pathlib import Path

import pytest

import kg
from kg.fonts import lacks_letters
from recsys.errors import RecsysError
from recsys.explanation.drawing import draw, waterfall
from recsys.explanation.page import Shown, page, save
from recsys.explanation.phrases import Phrases
from recsys.explanation.picture import COLOURS, paths_picture
from recsys.explanation.telling import Teller
from recsys.explanation.told import Occasion, Reason, Step, Stop, Told
from recsys.explanation.words import words
from recsys.types import Explanation

ENGLISH = Phrases.of("en")
SCRIPT = re.compile(r"<script>.*?</script>", re.DOTALL)


@pytest.fixture
def told(graph: kg.KnowledgeGraph, walked: Explanation) -> Told:
    return Teller(graph).tell(walked)


def many(n: int) -> Told:
    """A made-up explanation of n reasons with names that are far too long."""
    item = Stop("item", "target", "Jumbo bag, pink polka dot, " * 4)
    reasons = []
    for place in range(n):
        known = Stop("item", f"known {place}", f"White hanging heart T-light holder number {place}, " * 3)
        bought = (Occasion("purchase", 1 + place % 3, date(2023, 12, 1 + place % 28)),)
        stops = (known, Stop("user", None, count=20 + place), item)
        steps = (Step("rev_purchase"), Step("purchase"))
        value = 1 / (1 + place)
        reasons.append(
            Reason(value, "path", "walks", known, bought, stops, steps)
            if place % 2
            else Reason(value, "link", "ease", known, bought)
        )
    score = sum(reason.value for reason in reasons)
    return Told(Stop("user", "me", "me"), item, score, True, tuple(reasons), date(2024, 1, 1))


def test_bars_lead_to_the_score(told: Told) -> None:
    for n in (1, 3, 100):
        *bars, total = waterfall(told, ENGLISH, n)
        assert bars[0].start == 0
        assert all(bar.end == following.start for bar, following in pairwise(bars))
        assert bars[-1].end == pytest.approx(total.end)
        assert total.value == pytest.approx(told.score)


def test_every_drawn_line_of_a_path_is_a_step(told: Told) -> None:
    drawing = draw(told, ENGLISH, 100)
    columns = {place.key: place.column for place in drawing.places}
    for line in drawing.lines:
        if line.kind == "path":
            assert columns[line.end] == columns[line.start] + 1 or line.relation == ""
    assert {line.kind for line in drawing.lines} == {"event", "path", "link", "constant"}
    assert drawing.left_out == 0
    assert draw(told, ENGLISH, 2).left_out == len(told.reasons) - 2


def test_a_way_up_and_straight_back_is_drawn_with_the_way_it_repeats() -> None:
    mug, teapot = Stop("item", "mug", "Mug"), Stop("item", "teapot", "Teapot")
    own, above = Stop("category", "c", "Kitchen"), Stop("category", "top", "Home")
    bought = (Occasion("purchase", 1, date(2023, 12, 1)),)
    down, up = (Step("category"), Step("rev_category")), (Step("broader"), Step("rev_broader"))
    direct = Reason(0.5, "path", "walks", mug, bought, (mug, own, teapot), down)
    detour = Reason(0.4, "path", "walks", mug, bought, (mug, own, above, own, teapot), (down[0], *up, down[1]))
    link = Reason(0.6, "link", "ease", mug, bought)
    twice = Told(Stop("user", "me", "me"), teapot, 1.5, True, (link, direct, detour), date(2024, 1, 1))
    assert [reason.value for reason in twice.straight.reasons] == pytest.approx([0.9, 0.6])
    assert [place.label for place in draw(twice, ENGLISH, 9).places] == ["Teapot", "me", "Mug", "Kitchen"]
    assert [bar.value for bar in waterfall(twice, ENGLISH, 9)] == pytest.approx([0.9, 0.6, 1.5])
    assert draw(twice, ENGLISH, 1).left_out == 1
    assert "not drawn: 1 smaller" in page(twice, n=1)


def test_a_long_word_in_a_title_does_not_widen_the_page(told: Told) -> None:
    style = page(told).split("<style>")[1].split("</style>")[0]
    assert re.search(r"body \{[^}]*overflow-wrap: anywhere", style)
    widths = [int(width) for width in re.findall(r"(?<!max-)width: (\d+)px", style)]
    assert [width for width in widths if width > 360] == [paths_picture(told).width]  # of the graph, which is scrolled
    assert ".wide { overflow-x: auto }" in style


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_reason_stands_over_its_bar(told: Told, language: str) -> None:
    n = 3
    *bars, total = waterfall(told, Phrases.of(language), n)
    text = SCRIPT.sub("", page(replace(told, cut_ms=5.0), language=language, n=n))
    rows = re.findall(r"<li>([^<]*)<div><i style=\"margin-left: ([\d.]+)%; width: ([\d.]+)%; background: (#\w+)", text)
    said = words(told, language=language, audience="merchandiser", n=n)
    assert [unescape(row[0]) for row in rows[:-1]] == list(said[1:])
    ends = [end for bar in (*bars, total) for end in (bar.start, bar.end)]
    low, width = min(ends), max(ends) - min(ends)
    for (_, left, wide, shade), bar in zip(rows, (*bars, total), strict=True):
        assert float(left) == pytest.approx(100 * (min(bar.start, bar.end) - low) / width, abs=0.01)
        assert float(wide) == pytest.approx(100 * abs(bar.value) / width, abs=0.01)
        assert (shade == COLOURS["against"]) == (bar.value < 0 and bar.kind != "rest")
    assert words(replace(told, cut_ms=5.0), language=language)[-1] in unescape(text.split("</ul>")[-1])


def test_a_page_without_a_reason_says_so(told: Told) -> None:
    silent = replace(told, reasons=(), score=0.0)
    assert "No scorer has an opinion of “Blue teapot”." in page(silent)
    assert '<ul class="sum"></ul>' in page(silent)


def test_the_legend_has_a_piece_of_every_line(told: Told) -> None:
    legend = page(told).split('<ul class="legend">')[1].split("</ul>")[0]
    for kind in ("event", "path", "link", "constant", "against"):
        assert f'<li class="{kind}"><i style="color: {COLOURS[kind]}"></i>' in legend
    assert "grey: what the customer did" in legend


@pytest.mark.parametrize("n", [3, 30])
def test_nothing_stands_on_anything_else(n: int) -> None:
    places = draw(many(n), ENGLISH, n).places
    for column in {place.column for place in places}:
        rows = sorted(place.row for place in places if place.column == column)
        assert all(below - above >= 1 - 1e-9 for above, below in pairwise(rows))


def test_the_page_loads_nothing_and_runs_no_title(told: Told) -> None:
    nasty = replace(told, item=replace(told.item, label="</script><script>alert(1)</script>"))
    text = page(nasty)
    assert "<script>alert" not in text
    markup = SCRIPT.sub("", text)
    assert not re.search(r"(src|href)\s*=", markup)
    assert "vegaEmbed" in text
    assert "@import" not in markup


@pytest.mark.parametrize("language", ["en", "zh"])
def test_files(told: Told, tmp_path: Path, language: str) -> None:
    save(told, tmp_path / "why.html", language=language)
    save(told, tmp_path / "why.svg", language=language)
    assert (tmp_path / "why.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    drawn = ElementTree.fromstring((tmp_path / "why.svg").read_text(encoding="utf-8"))
    assert any("Blue mug" in (text.text or "") for text in drawn.iter("{http://www.w3.org/2000/svg}text"))


def test_a_png_of_few_and_of_many(told: Told, tmp_path: Path) -> None:
    for name, tale in (("few", told), ("many", many(30))):
        save(tale, tmp_path / f"{name}.png", n=30)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_a_chinese_png_is_drawn_where_a_font_has_its_letters(told: Told, tmp_path: Path) -> None:
    if lacks_letters("因为"):
        pytest.skip("no font on this machine has Chinese letters (Debian: fonts-noto-cjk)")
    for language in ("en", "zh"):
        save(told, tmp_path / f"{language}.png", language=language)
    english, chinese = ((tmp_path / f"{language}.png").read_bytes() for language in ("en", "zh"))
    assert chinese.startswith(b"\x89PNG")
    assert chinese != english


def test_a_png_without_glyphs_is_refused(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recsys.explanation.page.lacks_letters", lambda _: True)
    with pytest.raises(RecsysError, match="font"):
        save(told, tmp_path / "why.png", language="zh")
    assert list(tmp_path.iterdir()) == []


def test_another_suffix_is_refused(told: Told, tmp_path: Path) -> None:
    with pytest.raises(RecsysError, match=r"\.html, \.svg or \.png"):
        save(told, tmp_path / "why.gif")


def test_a_notebook_shows_it(told: Told) -> None:
    shown = Shown(told)._repr_html_()
    assert "<svg" in shown
    assert "<script" not in shown
    assert "Customers who bought" in shown
