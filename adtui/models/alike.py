"""What may be left out of a computation, or put together, so that the rest still rounds to the same last bit.

Trials draw actions by logits and compare them by argmax: what is computed otherwise may end otherwise. Nothing but the
last digits depends on it; on other builds of torch than the CPU's of version 2.13 they may differ.
"""

from __future__ import annotations

ALIKE = 4
"""Rows from which on a product's rows round alike, however many: torch's CPU build takes fewer another way."""


def first_alike(read: int, n_tokens: int) -> int:
    """The first of the queries to compute with that of token `read`, for it to round as among all queries.

    torch's attention on CPUs takes 32 queries at a time, and more of them where there are at least 192.
    """
    first = read // 32 * 32 if n_tokens < 192 else read + 1 - ALIKE
    return max(0, first if read + 1 - first >= ALIKE else first - 32)
