"""How numbers are written inside sentences."""

from __future__ import annotations


def brief(value: float, digits: int = 2) -> str:
    """A number to `digits` significant digits, without an exponent where people would write none: 168 → "170"."""
    text = f"{value:.{digits}g}"
    return f"{float(text):.0f}" if "e+" in text and abs(value) < 1e9 else text


def p_value(value: float) -> str:
    """ "0.032"; below one in ten thousand only that."""
    return f"{value:.2g}" if value >= 1e-4 else "< 0.0001"
