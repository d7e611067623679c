"""Texts broken into lines."""

import pytest

from recsys.explanation.lettering import broken

LONG = "White hanging heart T-light holder number 12, pink polka dot"


def test_a_line_ends_at_a_space() -> None:
    assert " ".join(broken("Applegarth Studio Earl Grey, 250 g", 150, 12, 2)) == "Applegarth Studio Earl Grey, 250 g"
    assert broken("mug", 150, 12, 2) == ("mug",)


def test_what_is_too_long_ends_in_dots() -> None:
    first, second = broken(LONG, 150, 12, 2)
    assert LONG.startswith(f"{first} {second.removesuffix('…')}")
    assert second.endswith("…")


def test_chinese_breaks_anywhere_and_a_long_word_within() -> None:
    assert broken("复古红色午餐袋", 48, 12, 2) == ("复古红色", "午餐袋")
    assert "".join(broken("x" * 50, 150, 12, 9)) == "x" * 50


@pytest.mark.parametrize("n", [1, 2, 3])
def test_never_more_lines(n: int) -> None:
    assert len(broken(LONG * 3, 100, 12, n)) == n
