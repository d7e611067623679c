"""Opening raw files: unpacked where they end in .gz, but not without bound, and without a byte order mark."""

from __future__ import annotations

import codecs
import gzip
import io
from pathlib import Path
from typing import IO, Any, TextIO, cast

from kg.errors import KgError

_ALWAYS = 64 << 20  # bytes that any packed file may unpack to
_DENSEST = 1_032  # bytes that one byte can unpack to
_BLOCK = 1 << 20
_RATIO = 200  # beyond, so many times its size: logs and dumps pack 5 to 50 times, a bomb 1,000 times


class _Bounded(gzip.GzipFile):
    """Unpacks no more than a file of its size can honestly hold."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "rb")
        self._path, self._most = path, max(_ALWAYS, _RATIO * path.stat().st_size)

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._counted(super().read1(size))

    def _counted(self, block: bytes) -> bytes:
        if self.tell() > self._most:
            problem = f"the file unpacks to more than {_RATIO} times its size, as no honest one does"
            raise KgError(problem, file=self._path, fix="Unpack it yourself if you trust it, and give that file.")
        return block


def open_bytes(path: Path) -> IO[bytes]:
    """The bytes of a file. What is read of a packed one is bounded: KgError beyond."""
    return cast(IO[bytes], _Bounded(path)) if path.suffix == ".gz" else path.open("rb")


def read_through(path: Path) -> None:
    """Unpack a file to nowhere, for a reader that knows no bound: KgError where it unpacks to too much."""
    if path.suffix == ".gz" and path.stat().st_size * _DENSEST > _ALWAYS:
        with open_bytes(path) as file:
            while file.read(_BLOCK):
                pass


def open_utf8(path: Path) -> IO[bytes]:
    """The bytes of a text after its byte order mark; KgError where that says that it is not UTF-8."""
    file = open_bytes(path)
    start = file.read(len(codecs.BOM_UTF8))
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        file.close()
        raise KgError("the file is UTF-16, its format is always UTF-8", file=path, fix="Convert it to UTF-8.")
    return cast(IO[bytes], _After(b"" if start == codecs.BOM_UTF8 else start, file))


def open_lines(path: Path, encoding: str = "utf-8") -> TextIO:
    """A text file, unpacked, without its byte order mark; what is not in its encoding becomes U+FFFD."""
    name = "utf-8-sig" if encoding == "utf-8" else encoding
    return io.TextIOWrapper(open_bytes(path), encoding=name, errors="replace", newline="")


class _After:
    """A file whose first bytes have been read already."""

    def __init__(self, start: bytes, file: IO[bytes]) -> None:
        self._start, self._file = start, file

    def read(self, size: int = -1) -> Any:
        if self._start:
            start, self._start = self._start, b""
            return start
        return self._file.read(size)

    def __enter__(self) -> _After:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
