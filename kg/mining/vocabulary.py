"""A vocabulary of attributes: what the values of a colour, a material or a flavour are called.

Read from Shopify's `attributes.json` (github.com/Shopify/product-taxonomy), or from a TOML file of one's own:

    color = ["Red", "Blue"]                 an attribute and its values

    [flavor]                                or each value with the other words for it
    Orange = ["satsuma", "clementine"]
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from kg.errors import KgError
from kg.mining.phrases import Words, words

_IN_BRACKETS = re.compile(r"\(([^)]*)\)")
_NO_VALUE = frozenset({"other", "none", "custom"})
"""What a form has beside the values proper: said of an item, they mean something else."""


@dataclass(frozen=True)
class Vocabulary:
    """Attribute → value → the phrases that say it; `source` names the files."""

    attributes: Mapping[str, Mapping[str, tuple[Words, ...]]]
    source: str

    def meanings(self) -> dict[Words, list[tuple[str, str]]]:
        """Phrase → the (attribute, value) pairs that it may mean."""
        found: dict[Words, list[tuple[str, str]]] = {}
        for attribute, values in self.attributes.items():
            for value, phrases in values.items():
                for phrase in phrases:
                    found.setdefault(phrase, []).append((attribute, value))
        return found

    def only(self, names: Sequence[str]) -> Vocabulary:
        """These attributes of it; all where none is named. Raises KgError naming the nearest where there is no such."""
        for name in names:
            if name not in self.attributes:
                near = get_close_matches(name, self.attributes, 1)
                fix = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(list(self.attributes)[:20])}."
                raise KgError("the vocabulary has no such attribute", file=self.source, value=name, fix=fix)
        return Vocabulary({name: self.attributes[name] for name in names or self.attributes}, self.source)


def read_vocabulary(paths: Sequence[Path]) -> Vocabulary:
    """Several files as one: what they say of one attribute or value is united.

    Raises KgError naming the file and what in it is no vocabulary.
    """
    merged: dict[str, dict[str, dict[Words, None]]] = {}
    for path in paths:
        for attribute, value, others in _entries(path):
            phrases = merged.setdefault(attribute, {}).setdefault(value, {})
            phrases.update(dict.fromkeys(phrase for text in (value, *others) for phrase in _phrases(text)))
    said = {
        attribute: {value: tuple(phrases) for value, phrases in values.items() if phrases}
        for attribute, values in merged.items()
    }
    return Vocabulary({name: values for name, values in said.items() if values}, ", ".join(path.name for path in paths))


def _phrases(text: str) -> Iterator[Words]:
    """The ways to say a value: "Polyvinyl chloride (PVC)" is both, "Retro/Vintage" either.

    None for a number or a single letter: in a title it may mean anything.
    """
    if text.lower() in _NO_VALUE:
        return
    for part in (_IN_BRACKETS.sub(" ", text), *_IN_BRACKETS.findall(text)):
        for way in part.split("/"):
            said = words(way)
            if any(len(word) > 1 and word.isalpha() for word in said):
                yield said


def _entries(path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """(attribute, value, other words for it) of a file."""
    try:
        text = path.read_text(encoding="utf-8")
        document = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        fix = "Check the path."
        raise KgError(f"the vocabulary cannot be read: {error.strerror}", file=path, fix=fix) from error
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise KgError(f"the vocabulary is not {kind}: {error}", file=path, fix="Mend the file there.") from error
    yield from _of_toml(document, path) if path.suffix == ".toml" else _of_shopify(document, path)


def _of_shopify(document: Any, path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    try:
        for attribute in document["attributes"]:
            name = _text(attribute["handle"]).replace("-", "_")
            yield from ((name, _text(value["name"]), ()) for value in attribute["values"])
    except (KeyError, TypeError) as error:
        fix = "Give Shopify's attributes.json: attributes with a handle and values with a name; or a .toml file."
        raise KgError("the vocabulary has another form", file=path, value=str(error), fix=fix) from error


def _of_toml(document: Mapping[str, Any], path: Path) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    for attribute, values in document.items():
        try:
            own: Iterable[tuple[Any, Any]] = (
                values.items() if isinstance(values, dict) else [(value, []) for value in _texts(values)]
            )
            yield from ((attribute, value, tuple(_texts(others))) for value, others in own)
        except TypeError as error:
            fix = 'Write color = ["Red", "Blue"], or a table [color] with Gray = ["grey", "charcoal"].'
            raise KgError("the vocabulary has another form", file=path, value=attribute, fix=fix) from error


def _texts(values: Any) -> list[str]:
    if not isinstance(values, list):
        raise TypeError("not a list")
    return [_text(value) for value in values]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value
