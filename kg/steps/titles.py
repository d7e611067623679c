"""What a title says of an item: its colour, material, set size, category and theme, word by word.

Simple and honest: a word is a colour or a material where a list says so (`words.toml`), the category is the noun that
the title ends in before its first joint ("tin" of "cake tins with hearts"), and every word but those that several
titles share is a theme: what one item is ("heart") may be what another is about ("heart bunting").
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from kg.config import Derive
from kg.steps.facts import facts
from kg.tables import Tables

_WORD = re.compile(r"[^\W\d_]+(?:[-'’][^\W\d_]+)*")
_SET = re.compile(r"\b(?:set|pack|box|bag|card|bundle|s)\s*(?:of|/)\s*(\d+)|\b(\d+)\s*(?:pcs?|pieces?|pk|packs?)\b")
_SHORTEST = 3
_FEWEST_ENDS = 5  # titles that end in a noun before it is a category
_FEWEST_THEME = 2
_LARGEST_THEME = 0.1  # of all items: what more of them share tells nothing


@dataclass(frozen=True)
class Lexicon:
    """The lists of `words.toml`."""

    colour: frozenset[str]
    material: frozenset[str]
    joints: frozenset[str]
    empty: frozenset[str]


def titles(tables: Tables, section: Derive) -> Tables:
    """A fact for everything in the config's `title_attributes` that the items' titles say."""
    import ibis
    import pyarrow as pa

    if not section.title_attributes:
        return tables
    items = tables.items
    rows = items.filter(items.title.notnull()).group_by("item_id").agg(title=items.title.min()).to_pyarrow()
    named = dict(zip(rows["item_id"].to_pylist(), rows["title"].to_pylist(), strict=True))
    schema = pa.schema([(name, pa.string()) for name in ("head", "relation", "tail")])
    told = [dict(zip(schema.names, fact, strict=True)) for fact in said(named) if fact[1] in section.title_attributes]
    found = ibis.memtable(pa.Table.from_pylist(told, schema))
    return tables.with_facts(facts(found, head="head", relation=found.relation, tail=found.tail, provenance="titles"))


def said(titles: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(item, attribute, value) of every title; what a word is depends on the other titles too."""
    lexicon = read_lexicon()
    spelled = {item: _WORD.findall(title.lower()) for item, title in titles.items()}
    one = _singular(word for words in spelled.values() for word in words)
    words = {item: [one[word] for word in own] for item, own in spelled.items()}
    ends = Counter(end for own in words.values() if (end := next(_ends(own, lexicon), None)))
    themes: dict[str, list[str]] = {}
    for item, own in words.items():
        for kind, listed in (("colour", lexicon.colour), ("material", lexicon.material)):
            yield from ((item, kind, word) for word in dict.fromkeys(own) if word in listed)
        if size := _SET.search(titles[item].lower()):
            yield item, "set_size", f"set of {int(size[1] or size[2])}"
        category = next((end for end in _ends(own, lexicon) if ends[end] >= _FEWEST_ENDS), None)
        if category:
            yield item, "category", category
        themes[item] = [word for word in dict.fromkeys(own) if _tells(word, lexicon)]
    shared = Counter(word for own in themes.values() for word in own)
    for item, own in themes.items():
        for word in own:
            if _FEWEST_THEME <= shared[word] <= _LARGEST_THEME * len(titles):
                yield item, "theme", word


def _ends(words: list[str], lexicon: Lexicon) -> Iterator[str]:
    """Nouns that may be what the item is, the likeliest first: backwards from the first joint that follows one."""
    nouns: list[str] = []
    for word in words:
        if word in lexicon.joints and nouns:
            break
        if _tells(word, lexicon):
            nouns.append(word)
    yield from reversed(nouns)


def _tells(word: str, lexicon: Lexicon) -> bool:
    return len(word) >= _SHORTEST and not any(
        word in listed for listed in (lexicon.colour, lexicon.material, lexicon.joints, lexicon.empty)
    )


def _singular(words: Iterable[str]) -> dict[str, str]:
    """Every word → its singular, where that is a word of the titles too."""
    known = frozenset(words)
    return {word: next((one for one in _without_ending(word) if one in known), word) for word in known}


def _without_ending(word: str) -> Iterator[str]:
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("s") and not word.endswith("ss"):
        yield word[:-1]
    if word.endswith("es"):
        yield word[:-2]


@cache
def read_lexicon() -> Lexicon:
    """What the words of a title mean."""
    text = (files("kg.steps") / "words.toml").read_text(encoding="utf-8")
    return Lexicon(**{name: frozenset(words) for name, words in tomllib.loads(text).items()})
