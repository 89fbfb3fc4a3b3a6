"""config.yaml and training settings that are no settings."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from .originals import originals
from .trap import CANARY, MODULE

#: What one setting may be set to.
_VALUES = (
    "",
    "null",
    "~",
    "yes",
    "NaN",
    ".nan",
    ".inf",
    "-.inf",
    "1e999",
    "-1",
    "0",
    "1.5",
    "2e1",
    "'9'",
    "9" * 30,
    "-" + "9" * 400,
    "9" * 5000,
    "1e" + "9" * 400,
    "0x" + "f" * 5000,
    "0b1",
    "0o17",
    "0777",
    "1_0",
    "_",
    "190:20:30",
    ":".join(["59"] * 3000),
    "2147483648",
    "1000000000",
    "100000",
    "9223372036854775808",
    "2024-01-01",
    "2024-13-45T99:99:99Z",
    "2001-12-14t21:59:43.10-05:00",
    "!!binary aGVsbG8=",
    "!!binary ====",
    "!!float abc",
    "!!int ''",
    "!!int '1:2:x'",
    "!!bool maybe",
    "!!timestamp never",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "!!pairs [a]",
    "!unknown {a: 1}",
    "!<tag:example.org,2000:thing> x",
    "[1, [2, [3]]]",
    "{a: {b: {c: 1}}}",
    "[]",
    "{}",
    "'two\\nlines'",
    '"\\x1b[2J\\u2028\\0"',
    '"\\ud800"',
    "|\n  text\n  more",
    ">-\n  folded",
    "../../../../etc/passwd",
    "~nobody-of-that-name/x",
    "/dev/zero",
    "x" * 50_000,
    "'\\0'",
    '"a\\0b"',
    "&self [*self]",
    "*nowhere",
    "&a &b x",
    "- a",
    "? x",
    "%s",
    "@at",
    "`tick`",
    "<<",
    "=",
)
#: Python tags that would call, import or make something.
_TAGS = (
    f"!!python/object/apply:os.system ['touch {CANARY}']",
    f"!!python/object/apply:subprocess.Popen [['touch', {CANARY}]]",
    f"!!python/object/apply:subprocess.check_output {{args: [['touch', '{CANARY}']]}}",
    f"!!python/object/apply:builtins.eval [\"open('{CANARY}', 'w')\"]",
    f"!!python/object/apply:builtins.exec [\"open('{CANARY}', 'w')\"]",
    f"!!python/object/new:{MODULE}.Spring [1]",
    f"!!python/object:{MODULE}.Spring {{a: 1}}",
    f"!!python/object/apply:{MODULE}.spring [1]",
    f"!!python/object/new:type {{args: [x, !!python/tuple [], {{}}], state: !!python/name:{MODULE}.spring}}",
    f"!!python/object/new:builtins.map [!!python/name:{MODULE}.spring , [1]]",
    "!!python/module:antigravity",
    "!!python/name:os.system",
    "!!python/name:no.such.name",
    "!!python/tuple [1, 2]",
    "!!python/tuple {a: 1}",
    "!!python/int 'abc'",
    "!!python/long 5",
    "!!python/complex 1+j",
    "!!python/bytes aGVsbG8=",
    "!!python/unicode text",
    "!!python/dict [1]",
    "!!python/list {a: 1}",
    "!!python/none x",
    "!!python/object/apply:torch.device [[cuda, 0]]",
    "!!python/object/apply:torch.device {type: cuda}",
    "!!python/object/apply:pathlib.PosixPath [/, etc, passwd]",
    "!!python/object/apply:pathlib.PosixPath [[a], {b: 1}]",
    "!!python/object/apply:numpy.core.multiarray.scalar [!!python/object/apply:numpy.dtype [f8], !!binary AAAA]",
    "!!python/object/apply:",
    "!!python/",
)


def settings(rng: Random) -> bytes:
    """One to three settings of the wrong kind."""
    return _with_values(rng, _VALUES, rng.choice((1, 1, 1, 2, 3)))


def tags(rng: Random) -> bytes:
    """Tags that ask for Python."""
    return _with_values(rng, _TAGS, rng.choice((1, 1, 2)))


def bombs(rng: Random) -> bytes:
    """Depth, width and length out of proportion."""
    levels = rng.choice((10, 60, 1000, 20_000))
    lines = rng.choice((100, 3000, 30_000))
    kinds = (
        "a: " + "[" * levels + "]" * levels,
        "a: " + "{a: " * levels + "1" + "}" * levels,
        "\n".join(" " * i + "a:" for i in range(min(levels, 1000))),
        "- " * levels + "1",
        "a: " + "!!python/tuple [" * min(levels, 1000) + "]" * min(levels, 1000),
        _laughs(25, 10),
        _laughs(6, 30),
        _merges(25),
        "a: &x [*x, *x]\n",
        "&x a: &y {*x : *y, <<: *y}\n",
        "".join(f"k{i}: {i}\n" for i in range(lines)),
        "a: [" + "1, " * lines + "]",
        "a: '" + "x" * (25 * lines) + "'",
        "# " + "comment " * lines + "\nenv: darkroom",
        "? " * levels + "a",
        "a: &" + "x" * lines + " 1",
        "!" + "x" * lines + " a",
        "%YAML 1.1\n" * min(lines, 3000) + "---\na: 1",
        "--- a\n" * min(lines, 3000),
        "x" * 2**20 + "y",
    )
    text = rng.choice(kinds)
    return (rng.choice(originals().yaml) if rng.random() < 0.3 else b"") + text.encode()


def texts(rng: Random) -> bytes:
    """Other encodings, other line ends, tabs, marks, several documents, repeated names."""
    data = rng.choice(originals().yaml)
    text = data.decode()
    lines = text.splitlines()
    at = rng.randrange(len(lines))
    forms = (
        b"\xef\xbb\xbf" + data,
        b"\xef\xbb\xbf" * 2 + data,
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        text.encode("utf-32"),
        text.encode("utf-7"),
        text.replace("darkroom", "därkroom").encode("latin-1"),
        text.replace("\n", "\r\n").encode(),
        text.replace("\n", "\r").encode(),
        text.replace("\n", "\u2028").encode(),
        text.replace(": ", ":\t").encode(),
        text.replace("\n", "\n\t").encode(),
        text.replace(":", "=").encode(),
        data + data,
        data + b"---\n" + data,
        b"---\n" + data + b"...\n",
        b"%YAML 9.9\n---\n" + data,
        b"%TAG ! tag:yaml.org,2002:python/\n---\n" + data,
        b"%TAG !! tag:example.org:\n---\n" + data,
        "\n".join([*lines[:at], lines[at] + "\0", *lines[at:]]).encode(),
        "\n".join(
            [*lines[:at], rng.choice(("}", "]", "'", '"', "- x", ":", "? ", "!", "&", "*", "|")), *lines[at:]]
        ).encode(),
        "\n".join([*lines[:at], f"{rng.choice(_KEYS)}: 1", *lines[at:]]).encode(),
        "\n".join(rng.sample(lines, len(lines))).encode(),
        b"",
        b"\n\n# nothing\n",
        b"null",
        b"text",
        b"[1, 2]",
        rng.randbytes(rng.choice((1, 50, 3000))),
    )
    return rng.choice(forms)


_KEYS = (
    "1",
    "null",
    "[a, b]",
    "{a: b}",
    "? [x, y]\n",
    "'two\\nlines'",
    '"\\x1b[31m"',
    '"\\n\\n"',
    "<<",
    "!!python/name:os.system x",
    "enviroment",
    "tf_n_haed",
    "x" * 3000,
    "*a",
    "é",
    "!!binary aGk=",
    "true",
)
FAMILIES: dict[str, Callable[[Random], bytes]] = {
    "settings": settings,
    "tags": tags,
    "bombs": bombs,
    "texts": texts,
}


def _with_values(rng: Random, values: tuple[str, ...], count: int) -> bytes:
    lines = rng.choice(originals().yaml).decode().splitlines()
    settable = [i for i, line in enumerate(lines) if line[:1].isalpha() and not line.endswith("device")]
    for at in rng.sample(settable, count):
        lines[at] = f"{lines[at].partition(':')[0]}: {rng.choice(values)}"
    if rng.random() < 0.25:
        lines = ["alg: null" if line.startswith("alg:") else line for line in lines]  # rollouts, then
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")


def _laughs(levels: int, each: int) -> str:
    lines = ["l0: &l0 [lol]"]
    for i in range(1, levels):
        lines.append(f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * each)}]")
    return "\n".join(lines)


def _merges(levels: int) -> str:
    lines = ["m0: &m0 {a: 1}"]
    for i in range(1, levels):
        lines.append(f"m{i}: &m{i}\n  <<: [{', '.join([f'*m{i - 1}'] * 8)}]\n  k{i}: 1")
    return "\n".join(lines)
