"""Pickles written by hand, opcode by opcode, as an attacker would: calls, bombs and impossible tensors."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from random import Random
from typing import Any

from torch._weights_only_unpickler import _get_allowed_globals

from .archives import torch_zip, unzipped
from .originals import originals
from .trap import CANARY, MODULE

_SHELL = f"touch {CANARY}"
#: (module, name, arguments): shells, evaluators, openers, loaders, and the trap itself. Most leave a mark if called.
_TARGETS: tuple[tuple[str, str, tuple[object, ...]], ...] = (
    ("os", "system", (_SHELL,)),
    ("posix", "system", (_SHELL,)),
    ("nt", "system", (_SHELL,)),
    ("subprocess", "Popen", (["touch", CANARY],)),
    ("subprocess", "call", (["touch", CANARY],)),
    ("builtins", "eval", (f"open('{CANARY}', 'w')",)),
    ("builtins", "exec", (f"open('{CANARY}', 'w')",)),
    ("__builtin__", "eval", (f"open('{CANARY}', 'w')",)),
    ("builtins", "open", (CANARY, "w")),
    ("builtins", "__import__", ("antigravity",)),
    ("builtins", "getattr", (1, "real")),
    ("os", "mkdir", (CANARY,)),
    ("pathlib", "Path.touch", (CANARY,)),
    ("shutil", "copyfile", ("/proc/self/status", CANARY)),
    ("runpy", "run_path", (CANARY,)),
    ("pickle", "loads", (b"cos\nsystem\n(X\x05\x00\x00\x00falsetR.",)),
    ("torch", "load", (CANARY,)),
    ("torch.serialization", "load", (CANARY,)),
    ("torch.hub", "load", (CANARY, "x")),
    ("torch", "save", (1, CANARY)),
    ("torch.nn.modules.linear", "Linear", (2, 2)),
    ("torch._utils", "_rebuild_parameter", (1, 2, 3)),
    ("torch.storage", "_load_from_bytes", (b"x",)),
    ("torch", "Tensor.tofile", (CANARY,)),
    ("torch", "_C._jit_pass", ()),
    ("numpy", "load", (CANARY,)),
    ("numpy", "save", (CANARY, 1)),
    ("collections", "OrderedDict", (1,)),
    ("collections", "Counter", ("aab",)),
    ("builtins", "bytearray", (10**9,)),
    ("_codecs", "encode", ("x", "no-such-codec")),
    ("_codecs", "encode", ("x" * 99, "unicode_escape")),
    ("torch", "Size", ((-1,),)),
    ("torch", "device", ("nonsense",)),
    ("torch", "device", ("cuda:99999999999",)),
    (MODULE, "spring", (1,)),
    (MODULE, "Spring", (1,)),
)
_STORAGES = ("DoubleStorage", "ByteStorage", "BoolStorage", "ComplexFloatStorage", "UntypedStorage", "QInt8Storage")
_DTYPES = ("O", "O8", "V1000000000", "V", "M8[ns]", "U100000000", "f4,O", "S0", "f16", "c32", "b", "x", "?", "f8")


def calls(rng: Random) -> bytes:
    """A file that wants something called while it is read."""
    module, name, arguments = rng.choice(_TARGETS)
    payload = _call(rng, module, name, arguments)
    return _file(rng, _placed(rng, payload))


def objects(rng: Random) -> bytes:
    """Objects whose state is set, or that are built by NEWOBJ, INST or OBJ."""
    module, name, arguments = rng.choice((*_TARGETS, (MODULE, "Spring", ()), ("builtins", "object", ())))
    found = _global(rng, module, name)
    state = rng.choice((b"}", b"(tb", b"K\x01", b"]"))
    forms = (
        found + b")\x81" + state + b"b",  # NEWOBJ, BUILD
        found + _value(arguments) + b"R" + state + b"b",  # REDUCE, BUILD
        b"(" + b"".join(_value(item) for item in arguments) + f"i{module}\n{name}\n".encode() + state + b"b",  # INST
        b"(" + found + b"".join(_value(item) for item in arguments) + b"o",  # OBJ
        found + b")}\x92",  # NEWOBJ_EX
        found,
        b"\x82\x01",  # EXT1
    )
    return _file(rng, _placed(rng, rng.choice(forms)))


def bombs(rng: Random) -> bytes:
    """Depth, width and size out of proportion."""
    levels = rng.choice((30, 300, 5000, 100_000))
    deep = rng.choice((levels, 1_000_000))
    kinds = (
        b"]" * levels + b"a" * (levels - 1),
        b"(" * levels,
        b"}" + b"K\x01}" * (levels - 1) + b"s" * (levels - 1),
        b")" + b"\x85" * deep,  # tuples in tuples
        _shared(rng.choice((30, 60)), b"l" if rng.random() < 0.5 else b"t"),
        _shared(30, b"t"),
        b"}" + _shared(30, b"t") + b"K\x01s",  # as a key: hashing it never ends
        b"})" + b"\x85" * deep + b"K\x01s",  # and a deep one as a key
        _named("collections", "OrderedDict") + b")R" + _shared(30, b"t") + b"K\x01s",
        _named("torch", "Size") + b"(" + _shared(30, b"t") + b"tR",
        b"\x8a\xff" + b"\x7f" * 255,  # LONG1
        b"X" + struct.pack("<I", 2**32 - 1) + b"abc",
        b"X" + struct.pack("<I", 3) + b"\xff\xff\xff",
        b"r" + struct.pack("<I", 2**32 - 1),  # a memo slot far away
        _value(1) + b"r" + struct.pack("<I", 2**32 - 1),
        b"h\x09",
        b"]q\x00h\x00a",  # a list within itself
        b"}q\x00K\x01h\x00s",
        b"}q\x00(h\x00tq\x01K\x01h\x01s",
        rng.choice((b"", b"0000", b"\x8b\xff\xff\xff\x7f", b"I" + b"9" * 10_000 + b"\n", b"\x96" + b"\xff" * 8)),
    )
    return _file(rng, _placed(rng, rng.choice(kinds)))


def _shared(levels: int, kind: bytes) -> bytes:
    """A container of ten times the same container of ten times the same …: few bytes, 10^levels values."""
    start = b"]" if kind == b"a" else b")"
    ends = (b"q%c" % i + b"h%c" % i * 9 + (kind if kind == b"t" else b"e") for i in range(levels))
    return (b"(" if kind == b"t" else b"](") * levels + start + b"".join(ends)


def storages(rng: Random) -> bytes:
    """Tensors whose offset, size or stride lies outside their storage, and storages of impossible size."""
    entries = unzipped(originals().checkpoints[0])
    good = {
        "type": "FloatStorage",
        "entry": "0",
        "device": "cpu",
        "count": 64,
        "offset": 0,
        "size": (8, 8),
        "stride": (8, 1),
        "grad": False,
    }
    wild = (0, 1, 2, 8, 65, 10**6, 2**31, 2**40, 2**62, 2**63, -1, 1.5, None, "8")
    changes = {
        "type": rng.choice(_STORAGES),
        "entry": rng.choice(("999", "../data.pkl", "", "data.pkl", 5, None)),
        "device": rng.choice(("cuda:0", "meta", "nonsense", "cpu:99", "mps", "", 5)),
        "count": rng.choice(wild),
        "offset": rng.choice(wild),
        "size": tuple(rng.choice(wild[:9]) for _ in range(rng.choice((0, 1, 2, 3, 70)))),
        "stride": tuple(rng.choice((*wild[:9], -1)) for _ in range(rng.choice((0, 1, 2, 2, 2, 3)))),
        "grad": rng.choice((True, None, 5)),
    }
    for name in rng.sample(list(changes), rng.choice((1, 1, 2, 3))):
        good[name] = changes[name]
    storage = b"(" + _value("storage") + _named("torch", str(good["type"]))
    storage += b"".join(_value(good[name]) for name in ("entry", "device", "count")) + b"tQ"
    places = b"".join(_value(good[name]) for name in ("offset", "size", "stride"))
    hooks = _named("collections", "OrderedDict") + b")R"
    if rng.random() < 0.15:  # as torch did long ago
        tensor = _named("torch", "Tensor") + b")\x81(" + storage + places + b"tb"
    else:
        rebuild = _named("torch._utils", "_rebuild_tensor_v2")
        tensor = rebuild + b"(" + storage + places + _value(good["grad"]) + hooks + b"tR"
    weight = rng.choice(("w", "pos_embedding", "pred_action.weight"))
    model = b"}" + _value(weight) + tensor + b"s"
    entries["archive/data.pkl"] = b"\x80\x02}" + _value("model") + model + b"s."
    return torch_zip(entries)


def allowed(rng: Random) -> bytes:
    """Calls of what torch itself lets in, with arguments that it does not expect."""
    names = sorted(name for name in _get_allowed_globals() if name.isascii())
    module, _, name = rng.choice(names).rpartition(".")
    found = _named(module, name)
    arguments = tuple(rng.choice(_ARGUMENTS) for _ in range(rng.choice((0, 1, 1, 2, 3, 5))))
    form = rng.randrange(4)
    if form == 0:
        made = found + b")\x81" + _value(rng.choice(_ARGUMENTS)) + b"b"
    elif form == 1:
        made = found + _value(arguments) + b"\x81"
    else:
        made = found + _value(arguments) + b"R" + (_value(rng.choice(_ARGUMENTS)) + b"b" if form == 3 else b"")
    return _file(rng, _placed(rng, made))


_ARGUMENTS: tuple[Any, ...] = (
    0,
    1,
    -1,
    5,
    10**9,
    2**40,
    2**63,
    1.5,
    None,
    True,
    "x",
    "cpu",
    (),
    (2, 2),
    (-1,),
    (10**6, 10**6),
    {},
    {"a": 1},
    [1],
)


def numbers(rng: Random) -> bytes:
    """NumPy numbers, which are let in, of kinds and with bytes that are not numbers."""
    dtype = _named("numpy", "dtype") + b"(" + _value(rng.choice(_DTYPES)) + b"\x89\x88tR"
    if rng.random() < 0.3:
        states: tuple[Any, ...] = (
            (3, "<", None, None, None, -1, -1, 0),
            (4, "|", (("f0", 1),), ("f0",), {"f0": 1}, 8, 1, 16),
            (3, "|", None, ("a", "b"), {}, 2**31 - 1, 1, 27),
            (99, "<", None, None, None, -5, -5, 255),
            (3,),
            "state",
        )
        dtype += _value(rng.choice(states)) + b"b"
    data = rng.choice((b"1", b"12345678", b"12345678", b"1" * 16, b"1" * 100, "text", 5, None))
    module = rng.choice(("numpy.core.multiarray", "numpy._core.multiarray"))
    scalar = _named(module, "scalar") + b"(" + dtype + _value(data) + b"tR"
    return _file(rng, _placed(rng, scalar if rng.random() < 0.8 else dtype))


def opcodes(rng: Random) -> bytes:
    """A good checkpoint whose pickle is damaged within a sound archive."""
    entries = unzipped(rng.choice(originals().checkpoints[:-1]))
    data = bytearray(entries["archive/data.pkl"])
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        at = rng.randrange(len(data))
        change = rng.randrange(4)
        if change == 0:
            data[at] = rng.randrange(256)
        elif change == 1:
            data[at] ^= 1 << rng.randrange(8)
        elif change == 2:
            del data[at : at + rng.choice((1, 2, 20))]
        else:
            data[at:at] = rng.choice(
                (b".", b"0", b"2", b"(", b"t", b"}", b"s", b"N", b"R", b"K\x05", bytes(data[at : at + 30]))
            )
    entries["archive/data.pkl"] = bytes(data)
    return torch_zip(entries)


FAMILIES: dict[str, Callable[[Random], bytes]] = {
    "pickle-calls": calls,
    "pickle-objects": objects,
    "pickle-bombs": bombs,
    "pickle-allowed": allowed,
    "pickle-storages": storages,
    "pickle-numbers": numbers,
    "pickle-opcodes": opcodes,
}


def _file(rng: Random, program: bytes) -> bytes:
    """The pickle in torch's zip, in its older format, or alone."""
    program = (b"\x80\x02" if rng.random() < 0.8 else b"\x80\x04") + program + b"."
    form = rng.randrange(4)
    if form < 2:
        return torch_zip({**unzipped(originals().checkpoints[0]), "archive/data.pkl": program})
    if form == 2:
        head = (0x1950A86A20F9469CFC6C, 1001, {"protocol_version": 1001, "little_endian": True, "type_sizes": {}})
        return b"".join(pickle.dumps(part, 2) for part in head) + program + pickle.dumps([], 2)
    return program


def _placed(rng: Random, payload: bytes) -> bytes:
    """The payload as the whole content, or where a checkpoint has its step, config, model or a weight."""
    place = rng.choice(("", "step", "config", "model", "optimizer", "setting", "weight", "key"))
    if not place:
        return payload
    if place == "setting":
        return b"}" + _value("config") + b"}" + _value("env") + payload + b"ss"
    if place == "weight":
        return b"}" + _value("model") + b"}" + _value("w") + payload + b"ss"
    if place == "key":
        return b"}" + _value("config") + b"}" + payload + _value(1) + b"ss"
    return b"}" + _value(place) + payload + b"s"


def _call(rng: Random, module: str, name: str, arguments: tuple[object, ...]) -> bytes:
    return _global(rng, module, name) + _value(arguments) + b"R"


def _global(rng: Random, module: str, name: str) -> bytes:
    if rng.random() < 0.25:
        return _short(module) + _short(name) + b"\x93"  # STACK_GLOBAL
    return _named(module, name)


def _named(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def _short(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _value(value: object) -> bytes:
    """A plain value as opcodes, without protocol and end."""
    return pickle.dumps(value, 2)[2:-1]
