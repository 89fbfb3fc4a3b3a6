"""Laws of pictures: every pixel is the maximum of its part of the matrix, at every size and in every window."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from references import gpt2
from test_attention import random_sample, tiny_model

from adtui.attention import capture as attention
from adtui.attention import pooling, views
from adtui.attention.capture import Heads, capture
from adtui.attention.pooling import Pictures, Pooled, edges, pool
from adtui.engine.jobs import Engine
from adtui.engine.opening import open_session
from adtui.records.attention import Attention, Window
from adtui.records.layout import TOKENS, TRANSITIONS, Layout
from adtui.records.messages import Done, GetSheet, GetView, OpenRun, Reply, SheetReady, ViewReady
from adtui.records.place import Frame, Place

N = 150
SMALL_BASE = 24


@pytest.fixture
def small_base(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrices of more than 24 positions are large."""
    monkeypatch.setattr(pooling, "BASE", SMALL_BASE)
    monkeypatch.setattr(pooling, "ROWS_AT_ONCE", 16)


class Counted:
    """Rows of a matrix, and how many of them were read."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix
        self.read = 0

    def __call__(self, first: int, last: int) -> np.ndarray:
        self.read += last - first
        return self.matrix[first:last].copy()


def random_matrix(n: int, causal: bool, seed: int = 0) -> np.ndarray:
    """Weights, many of them equal and many 0; hidden ones are 0 too."""
    rng = np.random.default_rng(seed)
    weights = rng.choice(np.array([0, 0, 0.25, *rng.random(7)], np.float32), (n, n))
    return np.tril(weights) if causal else weights


def check(picture: Pooled, matrix: np.ndarray, causal: bool, close: float = 0.0) -> None:
    """Every pixel against the matrix itself."""
    pooled, row_edges, col_edges, peak = picture
    assert pooled.shape == (len(row_edges) - 1, len(col_edges) - 1)
    assert (np.diff(row_edges) > 0).all()
    assert (np.diff(col_edges) > 0).all()
    visible = np.where(np.triu(np.ones(matrix.shape, bool), 1) & causal, np.nan, matrix)
    for r, c in np.ndindex(*pooled.shape):
        rows, cols = slice(row_edges[r], row_edges[r + 1]), slice(col_edges[c], col_edges[c + 1])
        part = visible[rows, cols]
        if np.isnan(part).all():
            assert np.isnan(pooled[r, c])
            assert tuple(peak[r, c]) == (-1, -1)
        else:
            query, key = peak[r, c]
            assert rows.start <= query < rows.stop
            assert cols.start <= key < cols.stop
            assert abs(pooled[r, c] - np.nanmax(part)) <= close
            assert abs(visible[query, key] - pooled[r, c]) <= close


@st.composite
def windows(draw: st.DrawFn, n: int) -> Window:
    ends = [sorted(draw(st.lists(st.integers(0, n), min_size=2, max_size=2, unique=True))) for _ in range(2)]
    return (*ends[0], *ends[1])  # type: ignore[return-value]


@settings(max_examples=60, deadline=None)
@given(window=windows(N), shape=st.tuples(st.integers(1, 40), st.integers(1, 40)), causal=st.booleans())
def test_every_window_at_every_size_has_exact_maxima(window: Window, shape: tuple[int, int], causal: bool) -> None:
    matrix = random_matrix(N, causal)
    pooled, row_edges, col_edges, peak = _with_small_base(
        lambda: Pictures().picture("m", Counted(matrix), N, *shape, causal=causal, window=window)
    )
    check((pooled, row_edges, col_edges, peak), matrix, causal)
    assert pooled.shape[0] <= shape[0]
    assert pooled.shape[1] <= shape[1]
    # It grows by less than a block of the base on each side, and only where a pixel is larger than that.
    grown = np.array([window[0] - row_edges[0], row_edges[-1] - window[1]])
    grown = np.append(grown, [window[2] - col_edges[0], col_edges[-1] - window[3]])
    block = -(-N // SMALL_BASE)
    assert (grown >= 0).all()
    assert grown.max() < block
    smallest = min((window[1] - window[0]) / shape[0], (window[3] - window[2]) / shape[1])
    assert smallest >= N / SMALL_BASE or not grown.any()


def _with_small_base(work: Callable[[], Pooled]) -> Pooled:
    """Hypothesis runs one test many times: no fixture of a function."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pooling, "BASE", SMALL_BASE)
        patch.setattr(pooling, "ROWS_AT_ONCE", 16)
        return work()


@pytest.mark.parametrize("shape", [(40, 40), (13, 40), (40, 7), (11, 9), (1, 1), (100, 100)])
@pytest.mark.parametrize("causal", [True, False])
def test_pooled_maxima_are_the_maxima(shape: tuple[int, int], causal: bool) -> None:
    n = 40
    matrix = random_matrix(n, causal, seed=4)
    row_edges, col_edges = edges(n, shape[0]), edges(n, shape[1])
    pooled, peak = pool(Counted(matrix), row_edges, col_edges, causal=causal)
    assert pooled.shape == (min(n, shape[0]), min(n, shape[1]))
    check((pooled, row_edges, col_edges, peak), matrix, causal)


@pytest.mark.usefixtures("small_base")
@pytest.mark.parametrize("causal", [True, False])
def test_a_large_matrix_is_read_once(causal: bool) -> None:
    rows, pictures = Counted(random_matrix(N, causal)), Pictures()
    pictures.picture("m", rows, N, 10, 10, causal=causal)
    assert rows.read == N
    for shape, window in [((24, 24), None), ((3, 7), None), ((10, 10), (10, 90, 30, 110)), ((5, 5), (0, 70, 80, 150))]:
        pictures.picture("m", rows, N, *shape, causal=causal, window=window)
    assert rows.read == N
    pictures.picture("m", rows, N, 20, 20, causal=causal, window=(30, 50, 0, 20))
    assert rows.read == N + 20, "single weights: the rows of the window"


@pytest.mark.usefixtures("small_base")
def test_the_matrices_looked_at_last_are_kept() -> None:
    pictures, rows = Pictures(kept=2), [Counted(random_matrix(N, True, seed)) for seed in range(3)]
    for name in (0, 1, 0, 2, 0):
        picture = pictures.picture(name, rows[name], N, 9, 9, causal=True)
        check(picture, rows[name].matrix, True)
    assert [one.read for one in rows] == [N, N, N]
    pictures.picture(1, rows[1], N, 9, 9, causal=True)
    assert rows[1].read == 2 * N


@pytest.mark.usefixtures("small_base")
def test_a_pass_that_was_stopped_goes_on_where_it_was() -> None:
    class Enough(Exception):  # noqa: N818
        pass

    calls: list[int] = []

    def stop_at_third() -> None:
        calls.append(1)
        if len(calls) == 3:
            raise Enough

    rows, pictures = Counted(random_matrix(N, True)), Pictures()
    with pytest.raises(Enough):
        pictures.picture("m", rows, N, 9, 9, causal=True, check=stop_at_third)
    assert 0 < rows.read < N
    check(pictures.picture("m", rows, N, 9, 9, causal=True, check=stop_at_third), rows.matrix, True)
    assert rows.read == N


def test_a_base_takes_eight_bytes_a_block() -> None:
    base = pooling.Base(3000, causal=True)
    assert base.top.nbytes + base.place.nbytes == 8 * 1024 * 1024


@pytest.mark.usefixtures("small_base")
@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("head", [None, 1])
@pytest.mark.parametrize("unit", [TOKENS, TRANSITIONS])
def test_views_of_a_model_have_exact_maxima_in_windows_too(causal: bool, head: int | None, unit: str) -> None:
    """`close`: the products of a few rows and those of all are rounded differently."""
    torch.manual_seed(0)
    layout = Layout.separate(0, 40)
    n = layout.n_tokens
    q, k = (2 * torch.randn(2, n, 8) for _ in range(2))
    heads = Heads((q,), (k,), causal, layout)
    captured = attention.Capture(_attention(n), heads)
    size = layout.view(unit).n_tokens
    matrix = heads.rows(0, head, 0, size, unit)
    pictures = Pictures()
    for window in (None, (0, size, 0, size), (20, 39, 3, 33), (5, 6, 0, 1)):
        for shape in ((9, 7), (50, 50)):
            view = views.view(captured, Place(0, 0, head, -1, unit), Frame(*shape, window), pictures=pictures)
            check((view.pooled, view.row_edges, view.col_edges, view.peak), matrix, causal, close=1e-6)
            np.testing.assert_allclose(view.query_row, matrix[view.place.query], atol=1e-6)
            span = (view.row_edges[-1] - view.row_edges[0], view.col_edges[-1] - view.col_edges[0])
            assert view.exact == (view.pooled.shape == span)
            assert view.shows_ranks == (view.exact and span[1] == size)


def _attention(n: int) -> Attention:
    some, means = np.ones((1, 2, n), np.float32), np.ones((1, 2, n))
    return Attention(some, means, means, some, np.ones(5, np.float32))


@pytest.mark.usefixtures("small_base")
def test_a_second_view_of_a_head_does_not_pass_over_its_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = open_session(gpt2.make_run(tmp_path / "runs" / "g", n_transit=30), samples=1)
    read: list[int] = []
    rows = Heads.rows

    def counted(self: Heads, layer: int, head: int | None, first: int, last: int, unit: str = TOKENS) -> np.ndarray:
        read.append(last - first)
        return rows(self, layer, head, first, last, unit)

    list(session.sheet(0, Frame(6, 6)))  # a pass over every head
    monkeypatch.setattr(Heads, "rows", counted)
    for head in (0, 1):
        session.view(Place(0, 0, head, -1), Frame(20, 20))
        session.view(Place(0, 0, head, -1), Frame(10, 12))
        session.view(Place(0, 0, head, -1), Frame(5, 5, (0, 20, 3, 27)))
    assert set(read) == {1}, "nothing but the query row of each view"


@pytest.fixture
def opened(tiny_run: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Engine, list[Reply]]:
    """An engine for which the tiny run is large, and what it sends."""
    monkeypatch.setattr(pooling, "BASE", 10)
    sent: list[Reply] = []
    engine = Engine(sent.append)
    engine.handle(OpenRun(1, str(tiny_run), samples=1))
    while engine.jobs:
        engine.advance()
    sent.clear()
    return engine, sent


def test_the_engine_leaves_a_view_for_a_newer_one_and_goes_on_later(opened: tuple[Engine, list[Reply]]) -> None:
    engine, sent = opened
    engine.newest_view = 3
    engine.handle(GetView(2, Place(0, 0, 0, -1), Frame(5, 5)))
    assert not sent
    engine.handle(GetView(3, Place(0, 0, 0, -1), Frame(5, 5)))
    assert [type(reply) for reply in sent] == [ViewReady]


def test_heads_can_be_looked_at_while_thumbnails_are_made(opened: tuple[Engine, list[Reply]]) -> None:
    engine, sent = opened
    engine.handle(GetSheet(2, 0, Frame(5, 5)))
    engine.handle(GetSheet(3, 0, Frame(6, 6)))
    engine.advance()
    engine.handle(GetView(4, Place(0, 1, 0, -1), Frame(5, 5)))
    while engine.jobs:
        engine.advance()
    assert [(type(reply), reply.id) for reply in sent[1:]] == [(ViewReady, 4), (SheetReady, 3), (Done, 3)]
    sheet = next(reply.sheet for reply in sent if isinstance(reply, SheetReady))
    assert np.isfinite(sheet.thumbnails[..., 5, 0]).all()


def test_small_matrices_need_no_base() -> None:
    model, sample = tiny_model(), random_sample(20)
    pictures = Pictures()
    view = views.view(capture(model, sample), Place(0, 0, 0, -1), Frame(9, 9), pictures=pictures)
    assert view.pooled.shape == (9, 9)
    assert not pictures._bases
