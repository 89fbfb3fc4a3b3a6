"""`adtui doctor` prints its findings and a test pattern, or the same as JSON."""

from __future__ import annotations

import json

import pytest

from adtui.cli import diagnosis
from adtui.cli.main import main


@pytest.fixture(autouse=True)
def no_torch_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe imports torch in another process: two seconds that these tests do not need."""
    monkeypatch.setattr(diagnosis, "devices", lambda: [diagnosis.Finding("devices", "cpu")])


def test_text_in_a_locale_without_utf8(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("LC_ALL", "C")
    assert main(["doctor"]) == 0
    out = capsys.readouterr().out
    for part in ("Python", "torch ", "devices", "Test pattern (ascii)", "adtui can work here"):
        assert part in out
    assert ":::" in out
    assert out.isascii()


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["usable"] is True
    assert report["colors"] == "ascii"
    assert {"what", "found", "advice", "fatal"} == set(report["checks"][0])


def test_what_makes_adtui_unusable_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = [diagnosis.Finding("torch", "cannot be imported", "install it", fatal=True)]
    monkeypatch.setattr(diagnosis, "devices", lambda: broken)
    assert main(["doctor"]) == 1
    out = capsys.readouterr().out
    assert "x torch" in out
    assert "cannot work" in out
