"""Colours of attention, from none to most: even in lightness, so that they are read in grey and by the colour-blind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .look import DUSK, EMBER

RGB = tuple[int, int, int]
Scale = Callable[[int], tuple[RGB, ...]]


def ember(levels: int) -> tuple[RGB, ...]:
    """Black, violet, red, orange, pale yellow, with lightness rising evenly in OKLab (Ottosson 2020).

    Where a colour lies outside sRGB its chroma is reduced, never its lightness.
    """
    t = np.linspace(0.0, 1.0, levels)
    lightness = 0.10 + 0.87 * t
    hue = np.radians(np.interp(t, (0.0, 0.3, 0.55, 0.8, 1.0), (285.0, 315.0, 382.0, 422.0, 468.0)))
    chroma = np.interp(t, (0.0, 0.15, 0.45, 0.75, 1.0), (0.03, 0.12, 0.19, 0.16, 0.09))
    return _rgb(lightness, chroma, hue)


def _rgb(lightness: np.ndarray, chroma: np.ndarray, hue: np.ndarray) -> tuple[RGB, ...]:
    """OKLCh, (K,) each, hue in radians → sRGB; chroma is reduced where that has no such colour."""
    for _ in range(40):
        rgb = _oklab_to_linear(lightness, chroma * np.cos(hue), chroma * np.sin(hue))
        outside = ((rgb < -1e-4) | (rgb > 1.0001)).any(axis=1)
        chroma = np.where(outside, chroma * 0.95, chroma)
    rgb = np.clip(rgb, 0.0, 1.0)
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return triples(np.rint(encoded * 255))


def dusk(levels: int) -> tuple[RGB, ...]:
    """Black, blue, grey, yellow: what red-green colour blindness leaves apart, with lightness rising as in `ember`."""
    t = np.linspace(0.0, 1.0, levels)
    blueness = np.interp(t, (0.0, 0.2, 0.55, 0.85, 1.0), (0.03, 0.12, 0.0, -0.15, -0.08))
    hue = np.radians(np.where(blueness >= 0, 262.0, 102.0))
    return _rgb(0.10 + 0.87 * t, np.abs(blueness), hue)


def triples(rows: np.ndarray) -> tuple[RGB, ...]:
    """(K, 3) → K colours."""
    return tuple((int(r), int(g), int(b)) for r, g, b in rows)


def _oklab_to_linear(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """OKLab -> linear sRGB, (K,) each -> (K, 3); the matrices are Ottosson's."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return np.stack(
        [
            4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
            -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
            -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
        ],
        axis=1,
    )


BY_NAME: dict[str, Scale] = {EMBER: ember, DUSK: dusk}
"""The scales of colour."""
