"""Where cells run: joblib's own processes, or a Ray or Dask cluster.

joblib carries the calls, but to Ray they go directly: joblib's back end for it gives no result before all have ended,
and a stopped sweep would have nothing to go on from.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...records.errors import ConfigError

BACKENDS = ("local", "ray", "dask")


def each(backend: str, jobs: int, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """`function(*task)` of every task, as they end.

    Raises:
        ConfigError: the backend's package is not installed.
    """
    if backend == "local" and (jobs == 1 or not tasks):
        yield from (function(*task) for task in tasks)
        return
    if backend == "ray":
        yield from _ray(jobs, function, tasks)
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
    needed = {"ray": "ray", "dask": "dask.distributed"}.get(backend)
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


def _ray(jobs: int, function: Callable[..., Any], tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
    """The cluster at RAY_ADDRESS, as wide as it is, else one of `jobs` processes here."""
    check("ray")
    import ray

    own = not ray.is_initialized()
    if own:
        here = {} if "RAY_ADDRESS" in os.environ else {"num_cpus": jobs, "include_dashboard": False}
        ray.init(log_to_driver=False, logging_level="error", **here)
    waiting: list[Any] = []
    try:
        remote = ray.remote(num_cpus=1)(function)
        waiting = [remote.remote(*task) for task in tasks]
        while waiting:
            ended, waiting = ray.wait(waiting)
            yield from ray.get(ended)
    finally:
        for left in waiting:
            ray.cancel(left, force=True)
        if own:
            ray.shutdown()


@contextlib.contextmanager
def _configured(backend: str, jobs: int) -> Iterator[None]:
    import joblib

    check(backend)
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
