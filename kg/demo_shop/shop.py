"""The parameters of a demo shop: its size, why people buy, and how dirty its log is."""

from __future__ import annotations

from dataclasses import astuple, dataclass, field
from datetime import date

from kg.errors import KgError

MECHANISMS = ("brand", "interest", "complement", "repurchase", "popularity")
_LEAST = {"users": 10, "items": 50, "events": 500, "days": 60}


@dataclass(frozen=True)
class Mixture:
    """How strongly each mechanism pulls when it can act; a purchase comes from exactly one, drawn ∝ weight × strength.

    Brand, interest and popularity always act (strength 1); complement and repurchase act as far as something that was
    bought earlier asks for it (strength in [0, 1], see `mechanisms`).
    """

    brand: float = 0.2
    interest: float = 0.2
    complement: float = 1.0
    repurchase: float = 1.0
    popularity: float = 0.1

    def __post_init__(self) -> None:
        for name in MECHANISMS:
            if not 0 <= getattr(self, name) < float("inf"):
                raise KgError("A mixture weight is not a number ≥ 0", column=name, value=getattr(self, name))
        if self.popularity == 0:
            raise KgError("The weight of popularity is 0", fix="Make it positive: a first purchase needs a cause")

    def weights(self) -> tuple[float, ...]:
        """The weights in the order of `MECHANISMS`."""
        return astuple(self)


@dataclass(frozen=True)
class Dirt:
    """Shares of all rows of the log, except `returns`: a share of the purchases."""

    duplicates: float = 0.01
    guests: float = 0.03
    bots: float = 0.04
    missing_prices: float = 0.005
    returns: float = 0.05

    def __post_init__(self) -> None:
        for name, share in vars(self).items():
            if not 0 <= share <= 0.1:
                raise KgError("A share of dirt is not between 0 and 0.1", column=name, value=share)


@dataclass(frozen=True)
class DemoShop:
    """A whole demo shop; `events` counts every row of the log, dirt included.

    Two shops with equal parameters are equal to the byte. `decoys` adds very popular hubs that cause nothing: a brand
    and a label on many items, and one item that many people buy. Raises KgError for a size below the least.
    """

    users: int = 2_000
    items: int = 1_000
    events: int = 80_000
    seed: int = 0
    days: int = 365
    first_day: date = date(2024, 1, 1)
    mixture: Mixture = field(default_factory=Mixture)
    dirt: Dirt = field(default_factory=Dirt)
    decoys: bool = False

    def __post_init__(self) -> None:
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise KgError(f"A demo shop has at least {least} {name}", column=name, value=getattr(self, name))
