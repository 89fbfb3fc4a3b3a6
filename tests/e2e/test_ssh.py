"""The real program at the end of a real SSH line, which drops in the middle; and the same inside tmux."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import VARIABLE, marked, new_mark, wait_until_gone
from ssh_server import SshServer, missing
from terminal import ALTERNATE, Terminal

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    if why := missing("sshd", "ssh", "ssh-keygen"):
        pytest.skip(why)
    try:
        found = SshServer(tmp_path_factory.mktemp("sshd"))
    except OSError as error:
        pytest.skip(f"sshd does not start here: {error}")
    yield found
    found.close()


@pytest.fixture
def mark() -> Iterator[str]:
    """A mark for the processes of one test; what is left of them is ended."""
    value = new_mark()
    yield value
    for pid in marked(value, ""):
        os.kill(pid, signal.SIGKILL)


def remote(mark: str, directory: Path, run: Path) -> str:
    """What the user types at the other end. A login over SSH brings neither our variables nor COLORTERM."""
    variables = {VARIABLE: mark, "PYTHONPATH": str(REPOSITORY), "LANG": "C.UTF-8"}
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    command = f"{shlex.quote(sys.executable)} -m adtui {shlex.quote(str(run))}"
    return f"cd {shlex.quote(str(directory))} && exec env {settings} {command}"


def drop_at_client(line: Terminal, _server: SshServer) -> None:
    line.signal(signal.SIGKILL)


def drop_at_server(_line: Terminal, server: SshServer) -> None:
    server.end_sessions()


@pytest.mark.parametrize(("drop", "moment"), [(drop_at_client, "exporting"), (drop_at_server, "loading")])
def test_a_dropped_ssh_line_leaves_nothing(
    server: SshServer, mark: str, tmp_path: Path, tiny: Path, drop: object, moment: str
) -> None:
    line = Terminal(server.command(remote(mark, tmp_path, tiny)), tmp_path)
    try:
        line.wait("q quit")
        if moment == "exporting":
            line.wait("1 heads · L")
            line.send("E")
            line.wait((tmp_path / "figs").exists)
        line.wait(lambda: len(marked(mark)) == 2)
        drop(line, server)  # type: ignore[operator]
        wait_until_gone(mark)
        assert not list(tmp_path.rglob("*.part"))
    finally:
        line.close()


def test_the_app_quits_over_ssh(server: SshServer, mark: str, tmp_path: Path, tiny: Path) -> None:
    line = Terminal(server.command(remote(mark, tmp_path, tiny)), tmp_path)
    try:
        line.wait("1 heads · L")
        line.send("KKKKHHHH")  # it opens at the head that it finds most telling
        line.wait("1 heads · L0H0")
        line.send("l")
        line.wait("1 heads · L0H1")
        assert b";5;" in line.raw, "SSH passes TERM on, which promises 256 colours"
        assert b"38;2;" not in line.raw, "and not COLORTERM, which would promise millions"
        line.send("q")
        assert line.exit_code() == 0
        assert line.modes[ALTERNATE] is False
        wait_until_gone(mark)
    finally:
        line.close()


@pytest.fixture
def sockets() -> Iterator[Path]:
    """A directory of a short name: a socket's path has about a hundred characters at most."""
    with tempfile.TemporaryDirectory(prefix="tmux-") as directory:
        yield Path(directory)


def test_inside_tmux_the_app_survives_a_dropped_line(
    server: SshServer, mark: str, tmp_path: Path, tiny: Path, sockets: Path
) -> None:
    if why := missing("tmux"):
        pytest.skip(why)
    socket = f"-S {shlex.quote(str(sockets / 's'))}"
    tmux = f"env LANG=C.UTF-8 tmux {socket} -f /dev/null"
    begin = f"{tmux} new-session -s work {shlex.quote(remote(mark, tmp_path, tiny))}"
    line = Terminal(server.command(begin), tmp_path)
    try:
        line.wait("1 heads · L")
        line.send("KKKKHHHH")
        line.wait("1 heads · L0H0")
        line.send("j")
        line.wait("1 heads · L1H0")
        before = marked(mark, "adtui")
        server.end_sessions()
        line.wait(lambda: not line._child.isalive())
        again = Terminal(server.command(f"{tmux} attach -t work"), tmp_path)
        try:
            again.wait("1 heads · L1H0")
            assert marked(mark, "adtui") == before
            again.send("l")
            again.wait("1 heads · L1H1")
            again.send("q")
            again.exit_code()
            wait_until_gone(mark)
        finally:
            again.close()
    finally:
        line.close()
        subprocess.run(["tmux", "-S", str(sockets / "s"), "kill-server"], capture_output=True, check=False)
