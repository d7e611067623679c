"""What a notebook shows of our objects."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


def counts_table(groups: Mapping[str, Mapping[str, int]]) -> str:
    """A table of counts, under a heading each; every name is escaped."""
    parts = []
    for heading, counts in groups.items():
        rows = "".join(f"<tr><td>{escape(name)}</td><td>{count:,}</td></tr>" for name, count in counts.items())
        parts.append(f"<tr><th>{escape(heading)}</th><th></th></tr>{rows}")
    return f"<table>{''.join(parts)}</table>"
