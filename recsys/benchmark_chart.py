"""A benchmark as a picture: what each scorer reaches, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kg.canvas import INK
from recsys.charts import BEST, FUSION, styled

if TYPE_CHECKING:
    import altair as alt

_QUICKEST = 0.01  # seconds: a logarithm has no zero


def cost(results: Sequence[Mapping[str, Any]], metric: str = "ndcg@20") -> alt.LayerChart:
    """A benchmark's accuracy against the seconds of a fit, by logarithm: means of the seeds, of those that worked."""
    import altair as alt

    worked = [row for row in results if "error" not in row]
    rows = []
    for name in dict.fromkeys(row["scorer"] for row in worked):
        own = [row for row in worked if row["scorer"] == name]
        mean, low, high = (
            sum(row["metrics"][metric][end] for row in own) / len(own) for end in ("mean", "low", "high")
        )
        seconds = sum(row["fit_seconds"] for row in own) / len(own)
        rows.append({"scorer": name, "mean": mean, "low": low, "high": high, "seconds": max(seconds, _QUICKEST)})
    base = alt.Chart(alt.InlineData(values=rows)).encode(
        x=alt.X(
            "seconds:Q",
            title="seconds to fit",
            scale=alt.Scale(type="log", padding=30),
            axis=alt.Axis(tickCount=4, format="~g"),
        )
    )
    y = alt.Y("mean:Q", title=metric.upper(), scale=alt.Scale(zero=False))
    colour = alt.condition("datum.scorer == 'fusion'", alt.value(FUSION), alt.value(BEST))
    spans = base.mark_rule(color=INK, strokeWidth=1).encode(y=alt.Y("low:Q", title=metric.upper()), y2="high:Q")
    points = base.mark_point(filled=True, size=70, opacity=1).encode(y=y, color=colour)
    names = base.mark_text(align="left", dx=7, dy=-6, color=INK).encode(y=y, text="scorer:N")
    return styled([spans, points, names], n_rows=12)
