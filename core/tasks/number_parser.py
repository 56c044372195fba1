"""Numbers as people write them: decimal point or comma, thousands separators, signs, per cent and currency signs.

Neither the standard library nor a package of this project does this from the text alone: `float` knows the point only, `locale`
needs the country, and pandas and pyarrow must be told the decimal sign.
"""

import math
import re
from collections.abc import Iterable, Sequence

DECIMAL_SIGNS = (".", ",")
# Dashes that stand for a minus, and the Arabic decimal and thousands separators.
_SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-", "＋": "+", "٫": ",", "٬": "'", "’": "'"})
_SPACES = " \u00a0\u2009\u202f"
_CURRENCY = r"[$¢£¤¥֏؋฿៛₠-₿﷼＄￡￥]|EUR|USD|GBP|CHF|JPY|CNY|INR|SEK|NOK|DKK|kr\.?|zł|Kč|Fr\.?|Rs\.?"
_CELL = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+]?)[{_SPACES}]*(?P<before>{_CURRENCY})?[{_SPACES}]*(?P<sign_after>[-+]?)"
    rf"(?P<number>\d[\d.,'{_SPACES}]*?|[.,]\d+)(?P<exponent>[eE][-+]?\d+)?[{_SPACES}]*(?P<after>[%‰]|{_CURRENCY})?(?P<close>\))?"
)
# The digits of a number by its decimal sign: with or without equal thousands separators; Indian groups have two digits.
_DIGITS = {
    ".": re.compile(
        rf"(?P<whole>\d+|[1-9]\d{{0,2}}(?P<by>[,'{_SPACES}])\d{{3}}(?:(?P=by)\d{{3}})*|[1-9]\d?(?:,\d\d)+,\d{{3}})?"
        r"(?:\.(?P<part>\d*))?"
    ),
    ",": re.compile(rf"(?P<whole>\d+|[1-9]\d{{0,2}}(?P<by>[.'{_SPACES}])\d{{3}}(?:(?P=by)\d{{3}})*)?(?:,(?P<part>\d+))?"),
}
_NOT_A_DIGIT = re.compile(r"\D")


def parse_number(cell: str, decimal: str = ".") -> float | None:
    """Return the number of a cell, None if it is none or not finite. `20.64%` is 20.64, `$5` is 5 and `(5)` is -5.

    decimal: the decimal sign, "." or ",".
    """
    if decimal == "." and "_" not in cell:
        try:
            value = float(cell)
        except ValueError:
            pass
        else:
            return value if math.isfinite(value) else None
    return _parse_written_number(cell, decimal)


def _parse_written_number(cell: str, decimal: str) -> float | None:
    match = _CELL.fullmatch(cell.strip().translate(_SIGNS))
    digits = _DIGITS[decimal].fullmatch(match["number"]) if match else None
    if not match or not digits or bool(match["open"]) != bool(match["close"]) or (match["sign"] and match["sign_after"]):
        return None
    whole, part = _NOT_A_DIGIT.sub("", digits["whole"] or ""), digits["part"] or ""
    value = float(f"{whole or 0}.{part or 0}{match['exponent'] or ''}")
    is_negative = match["open"] or "-" in (match["sign"], match["sign_after"])
    return (-value if is_negative else value) if math.isfinite(value) else None


def find_unit(cell: str) -> str:
    """Return the per cent or currency sign of a number, "" if it has none or is no number."""
    match = _CELL.fullmatch(cell.strip().translate(_SIGNS))
    return (match["after"] or match["before"] or "") if match else ""


def judge_decimal_sign(columns: Iterable[Sequence[str]], separator: str) -> str:
    """Return the decimal sign with which the most cells are numbers.

    A cell such as 1,234 is judged with the others of its column. separator: that of the columns; where nothing else decides, a
    comma that is not the separator is a decimal comma.
    """
    kept = [[cell for cell in column if "," in cell or "." in cell or "٫" in cell or cell.isdecimal()] for column in columns]
    counts = {sign: sum(parse_number(cell, sign) is not None for column in kept for cell in column) for sign in DECIMAL_SIGNS}
    if counts["."] != counts[","]:
        return max(DECIMAL_SIGNS, key=lambda sign: counts[sign])
    votes = [vote for column in kept if (vote := _judge_ambiguous_column(column, separator))]
    return "," if "," in votes and "." not in votes else "."


def _judge_ambiguous_column(cells: Sequence[str], separator: str) -> str:
    """Return the decimal sign of a column whose marks all stand before three digits; "" if it has no marks."""
    marked = [cell for cell in cells if "," in cell or "." in cell]
    has_plain = len(marked) < len(cells)
    if not marked:
        return ""
    if all("," in cell for cell in marked):
        # Numbers below 1000 have no thousands separator, but a fixed number of decimals.
        return "." if has_plain or separator == "," else ","
    # 950 beside 1.020: as decimals, 1.020 would have been shortened like 950.
    return "," if has_plain and separator != "," and any(cell.endswith("0") and "." in cell for cell in marked) else "."
