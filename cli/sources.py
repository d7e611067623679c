"""`cartograph sources`: the layouts of data that are known by name."""

from __future__ import annotations

from cli import options, render


@options.command
def sources(common: options.Common) -> None:
    """List the presets: what the columns of well-known data mean. One of your own is a TOML file like theirs."""
    from kg.source_config import Source
    from kg.sources.folders import FOLDERS
    from kg.sources.preset import Preset, names, preset

    known = {name: preset(name) for name in names()}
    known |= {name: Preset(about=about, events=Source()) for name, (about, _) in FOLDERS.items()}
    if common.json:
        render.emit([{"name": name, "about": of.about, "tables": list(of.tables)} for name, of in known.items()])
        return
    rows = [(name, ", ".join(of.tables), of.about) for name, of in known.items()]
    render.table("Presets", ["name", "tables", "of"], rows)
