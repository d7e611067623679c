"""The one exception of this floor: what is wrong, where, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_READABLE = 200  # letters of a value


@dataclass(eq=False)
class KgError(Exception):
    """Something the user can mend.

    `problem` is one sentence; `file`, `row` (1-based, the header is row 1), `column` and `value` say where; `fix` what
    to do. `bad_input` is False where the work failed although the input was right (a full disk, too little memory).
    """

    problem: str
    fix: str = ""
    file: Path | str | None = None
    row: int | None = None
    column: str | None = None
    value: object = None
    bad_input: bool = True

    def __post_init__(self) -> None:
        if isinstance(self.value, str):
            self.value = readable(self.value)

    def __str__(self) -> str:
        where = [
            f"{name} {place!r}" if name == "value" else f"{name} {place}"
            for name, place in (("file", self.file), ("row", self.row), ("column", self.column), ("value", self.value))
            if place is not None
        ]
        text = f"{self.problem} ({', '.join(where)})" if where else self.problem
        return f"{text}. {self.fix}" if self.fix else text


def readable(text: str, letters: int = _READABLE) -> str:
    """A text as long as one likes to read: of a longer one the beginning, and how long it is."""
    return text if len(text) <= letters else f"{text[:letters]}… ({len(text):,} letters)"
