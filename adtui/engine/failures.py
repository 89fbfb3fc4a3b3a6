"""An exception as the reply that tells the app of it."""

from __future__ import annotations

import traceback

from ..records.errors import AdtuiError, EngineError
from ..records.messages import Failed


class Relayed(Exception):  # noqa: N818  (it carries a failure, told by another process)
    """Another process has failed at a request and said why.

    Args:
        reply: what it said.
    """

    def __init__(self, reply: Failed) -> None:
        super().__init__(str(reply.error))
        self.reply = reply


def failure(request_id: int, error: Exception) -> Failed:
    """What the app is told of an exception.

    A mistake of the user is one line. Memory that ran out has its own advice. Anything else is a bug or a device fault:
    the app shows it with its traceback and offers a restart.
    """
    if isinstance(error, Relayed):
        return error.reply
    if isinstance(error, AdtuiError):
        return Failed(request_id, error, "user")
    detail = "".join(traceback.format_exception(error))
    if isinstance(error, MemoryError) or "out of memory" in str(error).lower():
        return Failed(request_id, _out_of_memory(error), "memory", detail)
    return Failed(request_id, _bug(error), "bug", detail)


def _bug(error: Exception) -> EngineError:
    return EngineError(
        "engine",
        expected="to answer the request",
        found=f"{type(error).__name__}: {error}",
        action="start again, and report it with the log",
    )


def _out_of_memory(error: Exception) -> EngineError:
    return EngineError(
        "engine",
        expected="enough memory on the device",
        found=str(error) or type(error).__name__,
        action="use a shorter --context, fewer --samples, or --device cpu",
    )
