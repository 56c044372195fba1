"""Formats numbers for sentences, tables and charts: few digits, powers of ten with a superscript exponent."""

from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN_RANGE = (1e-4, 1e6)  # numbers outside are written as powers of ten


def format_exponent(n: int) -> str:
    """Return an integer in superscript digits, such as ⁻¹²."""
    return str(n).translate(_RAISED)


def format_number(value: float, digits: int) -> str:
    """Return a finite number rounded to `digits` significant digits: 0.47, 1,800 or 5.4·10⁻⁵."""
    rounded = float(f"{value:.{digits}g}")
    if not rounded or PLAIN_RANGE[0] <= abs(rounded) < PLAIN_RANGE[1]:
        return f"{rounded:,.10f}".rstrip("0").rstrip(".")
    mantissa, exponent = f"{rounded:.{digits - 1}e}".split("e")
    return f"{float(mantissa):g}·10{format_exponent(int(exponent))}"


def format_count(number: int, digits: int = 9) -> str:
    """Return an integer of any size: in full up to `digits` digits, else as a power of ten, such as 1.2·10³⁰."""
    text = str(number)
    return f"{number:,}" if len(text) <= digits else f"{text[0]}.{text[1]}·10{format_exponent(len(text) - 1)}"


def format_percent(fraction: float) -> str:
    """Return a fraction of 1 as a percentage with three significant digits."""
    return f"{format_number(100 * fraction, 3)} %"


def format_product(factors: Sequence[tuple[float, int]]) -> str:
    """Return a product of (base, exponent) pairs, such as 0.5³·0.75⁷; "" for no factors."""
    return "·".join(f"{base:.4g}" + (format_exponent(exponent) if exponent != 1 else "") for base, exponent in factors)
