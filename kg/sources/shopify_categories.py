"""Shopify's taxonomy as its repository keeps it: a YAML file for each part, with the attributes of every category.

github.com/Shopify/product-taxonomy, data/categories: a list of categories with id, name, children, attributes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.sources.taxonomy import Taxonomy

_GID = "gid://shopify/TaxonomyCategory/"
"""How an id begins everywhere else: in Shopify's lists, exports and API."""
_LARGEST = 64 << 20  # bytes: a document is held in memory


def read_categories(path: Path) -> Taxonomy:
    """One file of it; KgError naming the row where it is no YAML, or what has another form."""
    import yaml

    try:
        if path.stat().st_size > _LARGEST:
            raise KgError(
                "a YAML file of more than 64 MB", file=path, fix="Give one file for each part of the taxonomy."
            )
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        entries = yaml.load(path.read_bytes(), loader)
    except OSError as error:
        raise KgError(f"the taxonomy cannot be read: {error.strerror}", file=path, fix="Check the path.") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        row = None if mark is None else mark.line + 1
        raise KgError("the taxonomy is not YAML", file=path, row=row, fix="Mend the file there.") from error
    taxonomy = Taxonomy(path.name)
    try:
        parents = {child: entry["id"] for entry in entries for child in entry.get("children") or ()}
        for entry in entries:
            own, category = _text(entry["id"]), _GID + _text(entry["id"])
            taxonomy.parents[category] = (_GID + _text(parents[own]),) if own in parents else ()
            taxonomy.names[category].append(("en", _text(entry["name"])))
            taxonomy.attributes += [(category, _text(name)) for name in entry.get("attributes") or ()]
    except (KeyError, TypeError, AttributeError) as error:
        fix = "Give Shopify's data/categories/*.yml: a list of id, name, children and attributes."
        raise KgError("the taxonomy has another form", file=path, value=str(error), fix=fix) from error
    return taxonomy


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
