"""The vocabulary of a text: its frequent symbols; all others are read as one unknown symbol."""

from collections import Counter

UNKNOWN = "<unk>"
MIN_OCCURRENCES = 2  # in training, for a symbol to be in the vocabulary; 1 for a text that marks its unknown words itself
MAX_VOCABULARY = 50_000


def collect_vocabulary(counts: Counter[str], min_occurrences: int) -> list[str]:
    """Return the symbols that occur so often, in order; the most frequent if they are more than `MAX_VOCABULARY`."""
    frequent = [symbol for symbol, n in counts.items() if n >= min_occurrences and symbol != UNKNOWN]
    return sorted(sorted(frequent, key=lambda symbol: (-counts[symbol], symbol))[:MAX_VOCABULARY])
