"""Numbers as they are written in sentences and tables: few digits, powers of ten with a raised exponent."""

from collections.abc import Sequence

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PLAIN = (1e-4, 1e6)  # between these a number is written out


def raised(n: int) -> str:
    """A whole number as an exponent."""
    return str(n).translate(_RAISED)


def number(value: float, digits: int) -> str:
    """A finite number with so many significant digits: 0.47, 1,800 or 5.4·10⁻⁵."""
    few = float(f"{value:.{digits}g}")
    if not few or PLAIN[0] <= abs(few) < PLAIN[1]:
        return f"{few:,.10f}".rstrip("0").rstrip(".")
    mantissa, exponent = f"{few:.{digits - 1}e}".split("e")
    return f"{float(mantissa):g}·10{raised(int(exponent))}"


def percentage(part: float) -> str:
    """A part of 1 in per cent."""
    return f"{number(100 * part, 3)} %"


def product(factors: Sequence[tuple[float, int]]) -> str:
    """Numbers with their exponents, such as 0.5³·0.75⁷; "" for none."""
    return "·".join(f"{k:.4g}" + (raised(often) if often != 1 else "") for k, often in factors)
