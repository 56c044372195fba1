"""How a user's file was read, as plain data for the event "started" and as sentences for people."""

from collections.abc import Mapping
from typing import Any

from core.i18n import N_, _
from core.tasks.file_readers import get_display_name
from core.tasks.labelled_texts import TextFile
from core.tasks.series_file import SeriesFile

SEPARATORS = {
    ",": N_("The columns are separated by commas."),
    ";": N_("The columns are separated by semicolons."),
    "\t": N_("The columns are separated by tabs."),
    "|": N_("The columns are separated by vertical bars."),
    "": N_("There is one column."),
}
DECIMALS = {".": N_("Numbers have a decimal point."), ",": N_("Numbers have a decimal comma.")}
Reads = dict[str, Any]


def describe_series_file(path: str, file: SeriesFile) -> Reads:
    """Return how a series was read. reversed: whether its rows went back in time and were turned round."""
    return {
        "file": get_display_name(path),
        "column": file.column,
        "separator": file.separator,
        "decimal": file.decimal,
        "rows": len(file.values),
        "skipped": file.skipped,
        "reversed": file.is_reversed,
    }


def describe_text_file(path: str, file: TextFile) -> Reads:
    """Return how labelled texts were read. different: how many rows have different texts."""
    return {
        "file": get_display_name(path),
        **file.columns,
        "separator": file.separator,
        "decimal": None,
        "rows": file.rows,
        "skipped": file.skipped,
        "different": len(file.texts),
    }


def format_reads(reads: Mapping[str, Any]) -> str:
    """Return what was read of a user's file, in sentences."""
    skipped = _("{n} lines that are no data were skipped.") if reads["skipped"] else ""
    order = _("The rows went back in time and were turned round.") if reads.get("reversed") else ""
    separator = _(SEPARATORS.get(reads["separator"], N_("The columns are separated as its first line says.")))
    decimal = _(DECIMALS[reads["decimal"]]) if reads["decimal"] else ""
    content = _format_columns(reads)
    return " ".join(filter(None, (content, separator, decimal, skipped.format(n=reads["skipped"]), order)))


def _format_columns(reads: Mapping[str, Any]) -> str:
    if "column" in reads:
        return _("Read from {file}: the column “{column}”, {rows} rows.").format(
            file=reads["file"], column=reads["column"], rows=reads["rows"]
        )
    return _("Read from {file}: the text “{text}” and the label “{label}”, {rows} rows, {different} different texts.").format(
        file=reads["file"],
        text=reads["text"],
        label=reads["label"],
        rows=reads["rows"],
        different=reads["different"],
    )
