"""The arrays that records are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Doubles = NDArray[np.float64]

Ints = NDArray[np.int64]

Bools = NDArray[np.bool_]

Values = NDArray[Any]
"""States or actions: int64 cells and single actions, or float32 vectors."""
