"""Every table of `results.toml`, written into one Markdown file: begun again, it goes on where it was broken off.

python benchmarks/results.py /path/to/data --out results.md --workspace workspace
"""

import argparse
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECTIONS = Path(__file__).with_suffix(".toml")


def command(section: dict[str, str], data: Path, workspace: Path, out: Path) -> list[str]:
    """The words after `cartograph` that make one section's table and picture."""
    place = str(data / section["data"])
    source = [str(ROOT / section["config"]), "--events", place] if "config" in section else [place]
    files = ["--out", str(out), "--plot", str(out.with_suffix(".svg"))]
    return ["benchmark", *source, *shlex.split(section["words"]), "--workspace", str(workspace), *files]


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("data", type=Path, help="the folder that holds the data sets")
    words.add_argument("--sections", type=Path, default=SECTIONS)
    words.add_argument("--workspace", type=Path, default=Path("workspace"))
    words.add_argument("--out", type=Path, default=Path("results.md"))
    given = words.parse_args()
    parts, failed = [], 0
    for place, section in enumerate(tomllib.loads(given.sections.read_text(encoding="utf-8"))["section"]):
        table = given.out.with_name(f"{given.out.stem}-{place}.md")
        told = command(section, given.data, given.workspace, table)
        done = subprocess.run(
            [sys.executable, "-c", "import sys; from cli.main import main; sys.exit(main())", *told], check=False
        )
        if done.returncode:
            failed += 1
            parts.append(
                f"## {section['data']}\n\n`{shlex.join(['cartograph', *told])}` ended with {done.returncode}.\n"
            )
        else:
            parts.append(table.read_text(encoding="utf-8") + f"\n![accuracy against cost]({table.stem}.svg)\n")
        given.out.write_text("# Results\n\n" + "\n".join(parts), encoding="utf-8")  # what is done can be read
    sys.exit(failed > 0)


if __name__ == "__main__":
    main()
