"""Where cells run: joblib's own processes, or its Ray and Dask back ends for a cluster."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..errors import ConfigError

BACKENDS = ("local", "ray", "dask")


def each(backend: str, jobs: int, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """`function(*task)` of every task, as they end.

    Raises:
        ConfigError: the backend's package is not installed.
    """
    if backend == "local" and (jobs == 1 or not tasks):
        yield from (function(*task) for task in tasks)
        return
    import joblib

    with _configured(backend, jobs):
        results = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered", pre_dispatch="all")(
            joblib.delayed(function)(*task) for task in tasks
        )
        try:
            yield from results
        except BaseException:
            if backend == "local":
                _end_workers()
            raise


def check(backend: str) -> None:
    """Refuse a backend whose package is missing before anything is run."""
    needed = {"ray": "ray.util.joblib", "dask": "dask.distributed"}.get(backend)
    if needed is None:
        return
    import importlib

    try:
        importlib.import_module(needed)
    except ImportError:
        raise ConfigError(
            f"--backend {backend}",
            expected=f"the package {backend}",
            found="none",
            action='install it with `pip install "adtui[distributed]"`, or use --backend local',
        ) from None


@contextlib.contextmanager
def _configured(backend: str, jobs: int) -> Iterator[None]:
    import joblib

    check(backend)
    if backend == "ray":
        from ray.util.joblib import register_ray

        register_ray()
    with contextlib.ExitStack() as stack:
        if backend == "dask":
            from dask.distributed import Client

            stack.enter_context(Client(n_workers=jobs, threads_per_worker=1))
        stack.enter_context(joblib.parallel_config("loky" if backend == "local" else backend, n_jobs=jobs))
        yield


def _end_workers() -> None:
    """At once: what they are doing is no longer wanted."""
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=False, kill_workers=True)
