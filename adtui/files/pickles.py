"""A pickle's tuples, measured without making them.

torch's restricted unpickler runs nothing, but it does make what it is told to make. A tuple that holds ten times the
same tuple, which holds ten times the same …, is a few bytes; used as a key of a dict it is hashed value by value, and
not even Ctrl+C ends that. A million tuples within one another, as a key, overflow the stack and kill the process.
"""

from __future__ import annotations

from .inert import DICT, LIST

#: Values in one tuple, those of tuples within it included, and how deep they nest.
MAX_VALUES = 1_000_000
MAX_DEPTH = 200
#: Opcodes of one pickle; the restricted unpickler takes some seconds for that many.
MAX_STEPS = 4_000_000
#: Different names of Python objects.
MAX_NAMES = 256

#: Opcodes that put a value on the stack → bytes of it that follow, or bytes of the number that says how many follow.
_VALUES = dict.fromkeys(b"N\x88\x89)]}\x8f", 0) | {ord("K"): 1, ord("M"): 2, ord("J"): 4, ord("G"): 8}
_SIZED = {ord("X"): 4, ord("U"): 1, 0x8A: 1}
_GET = {ord("h"): 1, ord("j"): 4}
_PUT = {ord("q"): 1, ord("r"): 4}
_TUPLES = {0x85: 1, 0x86: 2, 0x87: 3}
#: Opcodes that take values from the stack → how many they leave out of it; what is on top then is no tuple.
_CALLS = {ord("R"): 1, 0x81: 1, ord("Q"): 0}
_FILLS = {ord("a"): 1, ord("s"): 2, ord("b"): 1}
_MARK, _TUPLE, _GLOBAL, _PROTO = b"(tc\x80"
_FILL_MANY = b"eu"
_APPENDING, _BUILD, _STORAGE = b"ae", ord("b"), ord("Q")

#: (values, depth, name) of a tuple; of anything else, which is hashed by what it is, or not at all: (1, 0, name). The
#: name is that of what the pickle makes it with.
_Size = tuple[int, int, str]
_ONE: _Size = (1, 0, "")


class HostilePickleError(Exception):
    """The pickle asks for what no program has a reason to save."""


def scan(data: bytes, start: int = 0, uses: dict[str, set[str]] | None = None) -> int:
    """Follow the pickle that begins at `start` as torch's restricted unpickler would, making nothing.

    Args:
        uses: receives what `inert.stand_ins` takes.

    Returns:
        The place after its end; or the place where it is damaged, or needs what that unpickler refuses.

    Raises:
        HostilePickleError: a tuple too large or too deep to be hashed, or far too many opcodes or names.
    """
    uses = {} if uses is None else uses
    stack: list[_Size] = []
    marks: list[list[_Size]] = []
    memo: dict[int, _Size] = {}
    at = start
    try:
        for _ in range(MAX_STEPS):
            opcode = data[at]
            at += 1
            if opcode in _VALUES:
                at += _VALUES[opcode]
                stack.append(_ONE)
            elif opcode in _PUT:
                memo[_number(data, at, _PUT[opcode])] = stack[-1]
                at += _PUT[opcode]
            elif opcode in _GET:
                stack.append(memo[_number(data, at, _GET[opcode])])
                at += _GET[opcode]
            elif opcode in _SIZED:
                at += _SIZED[opcode] + _number(data, at, _SIZED[opcode])
                stack.append(_ONE)
            elif opcode in _TUPLES:
                count = _TUPLES[opcode]
                stack[-count:] = [_joined(stack[-count:])]
            elif opcode == _MARK:
                marks.append(stack)
                stack = []
            elif opcode == _TUPLE:
                items, stack = stack, marks.pop()
                stack.append(_joined(items))
            elif opcode in _FILL_MANY:
                stack = marks.pop()
                _filled(uses, stack[-1], opcode)
            elif opcode in _FILLS:
                del stack[-_FILLS[opcode] :]
                _filled(uses, stack[-1], opcode)
            elif opcode in _CALLS:
                del stack[len(stack) - _CALLS[opcode] :]
                stack[-1] = (1, 0, "" if opcode == _STORAGE else stack[-1][2])
            elif opcode == _GLOBAL:
                name, at = _name(data, at)
                if name not in uses and len(uses) == MAX_NAMES:
                    raise HostilePickleError(f"more than {MAX_NAMES} kinds of Python objects")
                uses.setdefault(name, set())
                stack.append((1, 0, name))
            elif opcode == _PROTO:
                at += 1
            else:
                return at  # the end, or what torch refuses
    except (IndexError, KeyError, ValueError):
        return at  # cut short, or an empty stack: torch stops here, too
    raise HostilePickleError(f"more than {MAX_STEPS} opcodes")


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _joined(items: list[_Size]) -> _Size:
    """The size of a tuple of items."""
    values = 1 + sum(item[0] for item in items)
    depth = 1 + max((item[1] for item in items), default=0)
    if values > MAX_VALUES or depth > MAX_DEPTH:
        raise HostilePickleError("tuples within tuples without end")
    return values, depth, ""


def _name(data: bytes, at: int) -> tuple[str, int]:
    """ "module name" in the two lines from `at` on, and the place after them."""
    end = data.index(b"\n", data.index(b"\n", at) + 1)
    return data[at:end].decode("utf-8", "replace").replace("\n", " "), end + 1


def _filled(uses: dict[str, set[str]], filled: _Size, opcode: int) -> None:
    """Note what an opcode fills an object of a name as."""
    if filled[2] and opcode != _BUILD:
        uses[filled[2]].add(LIST if opcode in _APPENDING else DICT)
