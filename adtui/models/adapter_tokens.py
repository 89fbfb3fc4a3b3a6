"""What an adapter says of its tokens, checked, as a layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..records.layout import NONE, TOKEN_KINDS, Layout
from .adapter_file import AdapterFile


def tokens_of(file: AdapterFile, n: int) -> Layout:
    """The tokens of a context of n transitions, with the one at which the logits are read.

    Raises:
        AdapterError: they are not told as `Adapter.tokens` and `Adapter.read` have it.
    """
    adapter, about = file.adapter, f"{n} transitions"
    found = _listed(file, "tokens", file.call("tokens", lambda: list(adapter.tokens(n)), about), n)
    file.check(n in found.transition, "tokens", f"a token of the query, transition {n}", "none")
    read = file.call("read", lambda: adapter.read(n), about)
    known = isinstance(read, int) and 0 <= read < found.n_tokens
    file.check(known, "read", f"a token from 0 to {found.n_tokens - 1}", f"{read!r:.40}")
    return replace(found, read=read)


def rounds_of(file: AdapterFile, n: int) -> tuple[Layout, ...]:
    """What each round of a compressor reads; see `tokens_of`."""
    rounds = file.call("rounds", lambda: [list(one) for one in file.adapter.rounds(n)], f"{n} transitions")
    return tuple(_listed(file, "rounds", one, n) for one in rounds)


def _listed(file: AdapterFile, method: str, tokens: Sequence[Any], n: int) -> Layout:
    file.check(len(tokens) > 0, method, "a token or more", "none")
    kinds, transitions = [], []
    for token in tokens:
        pair = isinstance(token, Sequence) and not isinstance(token, str) and len(token) == 2
        file.check(pair, method, 'pairs such as ("state", 3)', f"{token!r:.40}")
        kind, transition = token
        file.check(kind in TOKEN_KINDS, method, f"one of {', '.join(TOKEN_KINDS)}", f"{kind!r:.40}")
        known = transition is None or (isinstance(transition, int) and 0 <= transition <= n)
        file.check(known, method, f"a transition from 0 to {n}, or None", f"{transition!r:.40}")
        kinds.append(TOKEN_KINDS.index(kind))
        transitions.append(NONE if transition is None else int(transition))
    return Layout(np.array(kinds, np.int64), np.array(transitions, np.int64), n, len(kinds) - 1)
