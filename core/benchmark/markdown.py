"""The benchmark table in Markdown: time relative to torch's module and speed-up over a plain loop, a column for each H."""

from collections.abc import Iterator, Sequence
from typing import Any

from core.i18n import _

GROUP_KEYS = ("cell", "method", "engine", "steps", "batch", "layers")  # the measurements in a line have these in common


def format_table(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the table; the field of a size that was not measured is empty."""
    sizes = sorted({row["hidden"] for row in rows})
    yield _("| cell, method | engine | T, B, L | {sizes} |").format(sizes=" | ".join(f"H = {size}" for size in sizes))
    yield "|---|---|---|" + "---|" * len(sizes)
    for cell, method, engine, *shape in dict.fromkeys(tuple(row[name] for name in GROUP_KEYS) for row in rows):
        line = [row for row in rows if [row[name] for name in GROUP_KEYS] == [cell, method, engine, *shape]]
        at = {row["hidden"]: f"{row['ms'] / row['torch_ms']:.2f}, {row['loop_ms'] / row['ms']:.1f}" for row in line}
        fields = " | ".join(at.get(size, "") for size in sizes)
        yield f"| {cell}, `{method}` | {engine} | {', '.join(map(str, shape))} | {fields} |"
