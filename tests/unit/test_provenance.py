"""Every kind of file says where it comes from, and nothing else is taken for one that does."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoints import make_run

from adtui.cli.main import main
from adtui.compression.trials.prepare import prepare
from adtui.engine.opening import open_session
from adtui.files.provenance import read_provenance
from adtui.records.errors import ReportError
from adtui.records.look import Look
from adtui.records.version import __version__
from adtui.reports.document import dumps
from adtui.reports.export import export_head
from adtui.reports.figures.png import encode
from adtui.reports.floor import export_film

KINDS = ("png", "pdf", "svg", "gif", "npz", "analyze.json", "map.json", "evaluate.json", "compress.json")
MADE = {"png": "export", "pdf": "export", "svg": "export", "gif": "map", "npz": "extract"}
FEW = ("--device", "cpu", "--samples", "1")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("runs") / "tiny", "pre", n_transit=12)


@pytest.fixture(scope="module")
def files(run: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """One of each of KINDS, all of the same run."""
    directory = tmp_path_factory.mktemp("files")
    session = open_session(run, samples=1, device="cpu")
    list(session.measure_all())
    [png] = export_head(session.exhibit(), directory, sample=0, layer=0, head=1)
    vectors = {}
    for form in ("pdf", "svg"):
        exhibit = session.exhibit(look=Look(form))
        [vectors[form]] = export_head(exhibit, directory, sample=0, layer=0, head=1)
    moment = session.walks.moment(_asked())
    film = list(export_film([moment], directory / "film.gif", "é", provenance=session.provenance("map").text))
    assert main(["extract", str(run), "--output", str(directory / "arrays.npz"), *FEW]) == 0
    found = {"png": png, **vectors, "gif": directory / "film.gif", "npz": directory / "arrays.npz"}
    assert film[-1] == found["gif"]
    about = prepare(run, device="cpu", streams=1, episodes=3).about
    found["compress.json"] = directory / "compress.json"
    found["compress.json"].write_text(dumps({"schema": "adtui.compress/1", "about": about}))
    commands = {
        "analyze": ["--no-knock-outs", *FEW],
        "map": FEW,
        "evaluate": ["--device", "cpu", "--episodes", "1", "--streams", "1"],
    }
    for name, options in commands.items():
        found[f"{name}.json"] = directory / f"{name}.json"
        found[f"{name}.json"].write_text(_printed([name, str(run), "--json", *options]))
    return found


def _asked() -> Any:
    from adtui.records.map_messages import GetMoment

    return GetMoment(0, 0, 0, None, 5)


def _printed(arguments: list[str]) -> str:
    import contextlib

    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert main(arguments) == 0
    return printed.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_names_its_checkpoint(files: dict[str, Path], run: Path, kind: str) -> None:
    found = read_provenance(files[kind])
    [source] = found["runs"]
    [checkpoint] = run.glob("*.pt")
    assert source["digest"] == hashlib.sha256(checkpoint.read_bytes()).hexdigest()
    assert (source["run"], source["checkpoint"]) == ("tiny", checkpoint.name)
    assert source["settings"]["n_transit"] == {"value": 12, "source": "checkpoint"}
    assert found["adtui"] == __version__
    assert found["made"] == MADE.get(kind, kind.split(".")[0])
    assert ("mark" in found["contexts"]) == (kind not in ("evaluate.json", "compress.json"))
    assert str(run) not in json.dumps(found)


def test_the_command_says_it_in_words_and_as_json(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["provenance", str(files["gif"])]) == 0
    text = capsys.readouterr().out
    assert text.startswith(f"made by     adtui {__version__}, map\nrun         tiny\n")
    assert "settings    env darkroom (checkpoint)\n            alg" in text
    assert main(["provenance", str(files["png"]), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == read_provenance(files["png"])


@pytest.mark.parametrize("kind", ["png", "pdf", "svg", "gif", "npz", "analyze.json"])
def test_a_file_cut_anywhere_is_refused_in_one_line(
    files: dict[str, Path], tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, cut = files[kind].read_bytes().rstrip(), tmp_path / "cut"
    for length in (0, 3, 9, 20, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(ReportError):
            read_provenance(cut)
        assert main(["provenance", str(cut)]) == 2
    assert capsys.readouterr().err.count("\n") == 7


def test_a_changed_text_of_a_figure_is_refused(files: dict[str, Path], tmp_path: Path) -> None:
    damaged = tmp_path / "figure.png"
    damaged.write_bytes(files["png"].read_bytes().replace(b'"tiny"', b'"Tiny"'))
    with pytest.raises(ReportError, match="a text whose checksum is wrong"):
        read_provenance(damaged)


def _png(text: str = "") -> bytes:
    return encode(np.zeros((2, 2, 4), np.uint8), 100.0, "a title", text)


def _npz(**arrays: Any) -> bytes:
    out = io.BytesIO()
    np.savez(out, **arrays)
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("provenance.npy", bytes(1 << 24))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "found an empty file"),
        (b"%PDF-1.4", "found one that ends early"),
        (b"%PDF-1.4\n%%EOF", "found none"),
        (b"<?xml><a/>", "XML that is no SVG"),
        (b"<?xml><svg></svg>", "found none"),
        (b"%!PS-Adobe", "found another kind of file"),
        (b"GIF89a" + bytes(7) + b"\x3b", "found none"),
        (b"GIF89a" + bytes(7) + b"\x00", "a block of no known kind"),
        (_png(), "found none"),
        (_png("{"), "JSON that cannot be read"),
        (_png("[]"), "found another"),
        (_png('{"adtui": "1"}'), "found another"),
        (_npz(attn=np.zeros(3)), "found none"),
        (_npz(provenance=np.zeros(3)), "a provenance that is no text"),
        (_npz(provenance=np.array({"adtui": 1}, dtype=object)), "an archive that cannot be read"),
        (_bomb(), "an archive that cannot be read"),
        (b"[1]", "found none"),
        (b"[" * 100_000, "JSON that cannot be read"),
        (b'{"about": 1}', "found none"),
        (b'{"about": {"provenance": 3}}', "found another"),
    ],
)
def test_what_says_nothing_is_told_in_one_line(
    content: bytes, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert main(["provenance", str(path)]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1


def test_nothing_in_a_file_steers_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = {
        "run": "\x1b[2J",
        "checkpoint": "a\nb",
        "digest": None,
        "step": 1,
        "family": "",
        "settings": {"\x07": "\r"},
    }
    told = {"adtui": "\x1b]0;x\x07", "made": "", "runs": [source], "contexts": "", "options": {}}
    path = tmp_path / "file.json"
    path.write_text(json.dumps({"provenance": told}))
    assert main(["provenance", str(path)]) == 0
    out = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\r"} & set(out)
    assert "SHA-256     not known" in out


def test_a_checkpoint_that_has_changed_since_has_no_digest(tmp_path: Path) -> None:
    run = make_run(tmp_path / "tiny", "pre", n_transit=12)
    session = open_session(run, samples=1, device="cpu")
    [checkpoint] = run.glob("*.pt")
    content = checkpoint.read_bytes()
    assert session.provenance("map").sources[0].digest == hashlib.sha256(content).hexdigest()
    checkpoint.write_bytes(content + b"\0")
    assert session.provenance("map").sources[0].digest is None
    checkpoint.unlink()
    assert session.provenance("map").sources[0].digest is None
