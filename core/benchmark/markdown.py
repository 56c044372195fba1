"""The rows as a table in Markdown, a column for each H: how many times as long as torch's module, and how many times faster
than a plain loop."""

from collections.abc import Iterator, Sequence
from typing import Any

from core.i18n import _

ALIKE = ("cell", "method", "engine", "steps", "batch", "layers")  # what a line of it has in common


def lines(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Line by line; a case that was not measured at some H is left open there."""
    sizes = sorted({row["hidden"] for row in rows})
    yield _("| cell, method | engine | T, B, L | {sizes} |").format(sizes=" | ".join(f"H = {size}" for size in sizes))
    yield "|---|---|---|" + "---|" * len(sizes)
    for cell, method, engine, *shape in dict.fromkeys(tuple(row[name] for name in ALIKE) for row in rows):
        same = [row for row in rows if [row[name] for name in ALIKE] == [cell, method, engine, *shape]]
        at = {row["hidden"]: f"{row['ms'] / row['torch_ms']:.2f}, {row['loop_ms'] / row['ms']:.1f}" for row in same}
        told = " | ".join(at.get(size, "") for size in sizes)
        yield f"| {cell}, `{method}` | {engine} | {', '.join(map(str, shape))} | {told} |"
