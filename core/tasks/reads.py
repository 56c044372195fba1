"""How a user's file was read, as plain data for the event "started" and as sentences for people."""

from collections.abc import Mapping
from typing import Any

from core.i18n import N_, _
from core.tasks.corpus import Corpus
from core.tasks.labelled_texts import TextFile
from core.tasks.series_file import SeriesFile
from core.tasks.text_file import get_display_name
from core.tasks.tokenization import has_unspaced_script

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


def describe_corpus(path: str, symbols: str, corpus: Corpus) -> Reads:
    """Return how a text was read. symbols: "words" or "characters". is_prepared: whether its tokens stand between spaces.
    has_graphemes: whether it has a script without spaces between words, of which each grapheme is a word."""
    texts = corpus.splits.values()
    return {
        "file": get_display_name(path),
        "symbols": symbols,
        "is_prepared": corpus.is_prepared,
        "has_graphemes": any(map(has_unspaced_script, texts)),
        "separator": None,
        "decimal": None,
        "rows": sum(text.count("\n") + (not text.endswith("\n")) for text in texts),
        "skipped": 0,
    }


def format_reads(reads: Mapping[str, Any]) -> str:
    """Return what was read of a user's file, in sentences."""
    if "symbols" in reads:
        return _format_text(reads)
    skipped = _("{n} lines that are no data were skipped.") if reads["skipped"] else ""
    order = _("The rows went back in time and were turned round.") if reads.get("reversed") else ""
    separator = _(SEPARATORS.get(reads["separator"], N_("The columns are separated as its first line says.")))
    decimal = _(DECIMALS[reads["decimal"]]) if reads["decimal"] else ""
    content = _format_columns(reads)
    return " ".join(filter(None, (content, separator, decimal, skipped.format(n=reads["skipped"]), order)))


def _format_text(reads: Mapping[str, Any]) -> str:
    if reads["is_prepared"]:
        sentence = _("Read from {file}: a prepared text, whose tokens stand between spaces.")
    elif reads["symbols"] == "characters":
        sentence = _("Read from {file}: a text, character by character as a reader sees them.")
    elif reads["has_graphemes"]:
        sentence = _("Read from {file}: a text of words; where the script has no spaces between them, each character is one.")
    else:
        sentence = _("Read from {file}: a text of words and punctuation marks.")
    return sentence.format(file=reads["file"])


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
