"""YAML is read inertly, and every fault in settings becomes one line that names the key."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import Field

from adtui.files.settings import Settings, load_settings
from adtui.files.yaml import load_yaml
from adtui.records.errors import ConfigError

Write = Callable[[str | bytes], Path]


class Optimiser(Settings):
    lr: float = Field(default=1e-3, gt=0, description="step size")


class Training(Settings):
    steps: int
    norm: str = "pre"
    optimiser: Optimiser = Optimiser()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str | bytes) -> Path:
        path = tmp_path / "config.yaml"
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        return path

    return write


def fault(path: Path, *parts: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(path, Training)
    message = str(caught.value)
    assert "\n" not in message
    for part in (str(path), *parts):
        assert part in message
    return message


def test_plain_values_survive(write: Write) -> None:
    values = {"a": 1, "b": [1.5, None, True], "c": {"d": "text"}}
    assert load_yaml(write(yaml.safe_dump(values))) == values


def test_empty_file_is_no_settings(write: Write) -> None:
    assert load_yaml(write("")) == {}


def test_exponent_without_a_point_is_a_number(write: Write) -> None:
    assert load_yaml(write("lr: 1e-3\nquoted: '1e-3'")) == {"lr": 1e-3, "quoted": "1e-3"}


def test_merge_keys_give_way_to_own_keys(write: Write) -> None:
    assert load_yaml(write("base: &b {x: 1, y: 2}\nown:\n  <<: *b\n  y: 3"))["own"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!python/object/apply:torch.device [cpu]", "cpu"),
        ("!!python/object/apply:torch.device [cuda, 0]", "cuda:0"),
        ("!!python/tuple [1, 2]", [1, 2]),
        ("!!python/object/apply:pathlib.PosixPath [/, data, runs]", "/data/runs"),
        ("!!python/object:some.Thing {x: 1}", {"x": 1}),
        ("!!python/name:os.system ''", ""),
        ("!!python/unicode 'x'", "x"),
        ("2024-01-02", "2024-01-02"),
    ],
)
def test_python_tags_are_read_as_plain_values(write: Write, text: str, value: object) -> None:
    assert load_yaml(write(f"key: {text}")) == {"key": value}


def test_a_tagged_call_is_never_made(write: Write, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    load_yaml(write(f'key: !!python/object/apply:os.system ["touch {trap}"]'))
    assert not trap.exists()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: [1, 2", "line"),
        ("a: b: c", "line 1"),
        ("- 1\n- 2", "a list"),
        (b"a: \xff", "UTF-8"),
        (b"\x00\x01", "not allowed"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested"),
        ("a: &a [*a]", "levels"),
    ],
)
def test_bad_yaml_is_one_line(write: Write, text: str | bytes, found: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_yaml(write(text))
    assert found in str(caught.value)
    assert "config.yaml" in str(caught.value)


def test_alias_bomb_is_refused(write: Write) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 8)}]" for i in range(1, 20)]
    with pytest.raises(ConfigError, match="aliases count in full"):
        load_yaml(write("\n".join(lines)))


def test_a_huge_file_is_refused(write: Write) -> None:
    with pytest.raises(ConfigError, match="at most 256 KB"):
        load_yaml(write("#" * (1 << 18) + "\na: 1"))


FULL = (1 << 18) - 20
LAUGHS = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
LAUGHS += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]  # 9**10 of them
MERGES = ["a0: &a0 {" + ", ".join(f"k{i}: 1" for i in range(300)) + "}"]
MERGES += [f"m{i}: {{<<: [{', '.join(['*a0'] * 20)}]}}" for i in range(100)]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join(LAUGHS),
        "\n".join(MERGES),
        "a: " + "[" * FULL,
        "a: " + "{a: " * (FULL // 4),
        "- " * (FULL // 2),
        "? " * (FULL // 2),
        "a:\n" + "- 1\n" * (FULL // 4),
        "a: [" + "1," * (FULL // 2) + "]",
        "\n".join(f"k{i}: 1" for i in range(25_000)),
        "a: " + "1:" * (FULL // 2) + "1",
        "a: " + "1:" * 400 + "1.5",
        "a: 0x" + "f" * FULL,
        "a: " + "9" * FULL,
        "a: " + "9" * FULL + "e5",
        "a: *" + "x" * FULL,
        "x" * FULL + ": 1",
    ],
    ids=lambda text: text[:12],
)
def test_bombs_end_soon(write: Write, text: str) -> None:
    begun = time.process_time()
    try:
        values = load_yaml(write(text))
    except ConfigError as error:
        assert len(str(error)) < 5_000  # noqa: PT017  (either outcome is right)
    else:
        assert len(repr(values)) <= len(text) + 20
    assert time.process_time() - begun < 20  # seconds of its own work: others may keep it waiting


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('!!int ""', ""),
        ('!!python/int ""', ""),
        ('!!float "_"', "_"),
        ('!!bool "x"', "x"),
        ("1:30", 90),
        ("0x" + "f" * 20, 16**20 - 1),
        ("9" * 100, 10**100 - 1),
        ("9" * 101, "9" * 101),
    ],
)
def test_numbers_that_are_none_stay_text(write: Write, text: str, value: object) -> None:
    assert load_yaml(write(f"key: {text}")) == {"key": value}


def test_the_largest_plain_file_opens(write: Write) -> None:
    values = {f"key{i}": i for i in range(9_000)}
    assert load_yaml(write(yaml.safe_dump(values))) == values
    nested: object = 1
    for _ in range(39):
        nested = [nested]
    assert load_yaml(write(f"a: {nested}")) == {"a": nested}


def test_a_message_holds_no_escape_codes_and_no_novel(write: Write) -> None:
    for text in ('"\\e[2J\\x07": 1', '"\\u202e": 1', 'steps: "' + "x" * 9_999 + '"', "x" * 9_999 + ": 1"):
        message = fault(write(text))
        assert message.isprintable()
        assert len(message) < 5_000


def test_a_number_that_python_does_not_print(write: Write) -> None:
    with pytest.raises(ConfigError, match="an int that is too large"):
        load_settings({"steps": 1, "norm": 10**5000}, Training)


def test_missing_file_and_directory(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="found nothing"):
        load_yaml(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match="a directory"):
        load_yaml(tmp_path)


def test_settings_from_file_and_from_values(write: Write) -> None:
    settings = load_settings(write("steps: 10\noptimiser: {lr: 3e-4}"), Training)
    assert settings == load_settings({"steps": 10, "optimiser": {"lr": 3e-4}}, Training)
    assert settings.optimiser.lr == 3e-4


def test_unknown_keys_suggest_the_nearest_name(write: Write) -> None:
    fault(write("step: 10"), "step", "unknown", "did you mean steps?")
    fault(write("steps: 10\noptimiser: {lrr: 1}"), "optimiser.lrr", "did you mean lr?")


def test_faults_name_key_expected_found_and_meaning(write: Write) -> None:
    fault(write("norm: pre"), "steps", "found none", "add steps")
    fault(write("steps: many"), "steps", "a valid integer", "'many'")
    fault(write("steps: 1\noptimiser: {lr: -1}"), "optimiser.lr", "greater than 0", "found -1", "step size")
    fault(write("steps: many\noptimiser: {lr: -1}"), "1 more")


def test_a_key_set_twice_is_refused(write: Write) -> None:
    fault(write("steps: 1\nsteps: 2"), "steps", "another in line 2")


@given(st.text(st.sampled_from("ab:-[]{}&*!#'\"|>%@,. \n\t0\x00é"), max_size=60))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_any_text_is_plain_values_or_one_line(write: Write, text: str) -> None:
    try:
        assert isinstance(load_yaml(write(text)), dict)
    except ConfigError as error:
        assert "\n" not in str(error)  # noqa: PT017  (either outcome is right)
