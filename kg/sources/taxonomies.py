"""The taxonomies of a shop, each of one file or several, as facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import KgError
from kg.sources.category_paths import is_mapping, read_mapping, read_paths
from kg.sources.files import find, suffix
from kg.sources.shopify_categories import read_categories
from kg.sources.skos import read_skos
from kg.sources.taxonomy import Taxonomy, joined, mapped

if TYPE_CHECKING:
    import pandas as pd

READERS = {".txt": read_paths, ".yml": read_categories, ".yaml": read_categories}
"""By the end of a file's name; what ends otherwise is SKOS."""
_FIX = "Take one of these categories from below the other."


def read_taxonomies(
    taxonomies: Mapping[str, Sequence[str]], folder: Path, languages: Sequence[str] = ()
) -> pd.DataFrame | None:
    """The facts of every taxonomy, by the type of its nodes: paths, globs, and mappings to another one among them.

    A node is called by its name in the first of the `languages` (English, where none are named); its other names stay
    with it. Raises KgError where a file is malformed, and naming the categories of a cycle.
    """
    if not taxonomies:
        return None
    import pandas as pd

    trees: dict[str, Taxonomy] = {}
    mappings: list[tuple[str, Path]] = []
    for kind, paths in taxonomies.items():
        files = find(paths, folder)
        to_others = [path for path in files if suffix(path) == ".txt" and is_mapping(path)]
        own = [path for path in files if path not in to_others]
        if not own:
            fix = "Name the file of its categories beside the mapping."
            raise KgError("the taxonomy has no categories", column=f"taxonomy.{kind}", fix=fix)
        trees[kind] = joined([READERS.get(suffix(path), read_skos)(path) for path in own]).checked(_FIX)
        mappings += [(kind, path) for path in to_others]
    facts = [tree.facts(kind, languages or ("en",)) for kind, tree in trees.items()]
    for kind, path in mappings:
        others = {other: tree for other, tree in trees.items() if other != kind}
        facts.append(mapped(read_mapping(path), trees[kind], others, path.name).assign(head_type=kind))
    return pd.concat(facts, ignore_index=True)
