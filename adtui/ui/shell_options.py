"""A request's fields as a command's options."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields
from typing import Any

from ..records.messages import Request

COMMON = frozenset(field.name for field in fields(Request))


def options_of(request: Request, leave_out: Collection[str], **instead: Any) -> list[str]:
    """The options that differ from what is taken without them; names with hyphens, `--no-` before what is false.

    Args:
        leave_out: fields that are no options.
        instead: values that count in place of a field's None.
    """
    words = []
    for field in fields(request):
        value = getattr(request, field.name)
        value = instead.get(field.name) if value is None else value
        if field.name in (*COMMON, *leave_out) or value == field.default:
            continue
        option = field.name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{'' if value else 'no-'}{option}")
        else:
            words += [f"--{option}", str(value)]
    return words
