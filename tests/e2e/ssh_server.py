"""An OpenSSH server of our own on loopback: its own host key, its own configuration, login by a key made here."""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from terminal import LONGEST

PATHS = os.pathsep.join((os.environ.get("PATH", ""), "/usr/sbin", "/sbin", "/usr/local/sbin"))
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {directory}/host
PidFile none
AuthorizedKeysFile {directory}/user.pub
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
PrintMotd no
"""


def missing(*programs: str) -> str | None:
    """Why a test that needs these programs cannot run, or None."""
    absent = [name for name in programs if shutil.which(name, path=PATHS) is None]
    return f"not installed: {', '.join(absent)} (Debian: openssh-server, openssh-client, tmux)" if absent else None


class SshServer:
    """Runs until `close`.

    Raises:
        OSError: it does not start; with its last words.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        for name in ("host", "user"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(directory / name)]
            subprocess.run(command, check=True, capture_output=True)
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd locks its unprivileged half in
        while not self._listens():
            self.close()
            last_words = (directory / "log").read_text().strip()[-300:]
            if "Address already in use" not in last_words:
                raise OSError(last_words)

    def _listens(self) -> bool:
        """Start it on a free port, which somebody else may take before it does: its own log tells."""
        self.port = free_port()
        config = self._directory / "sshd_config"
        config.write_text(CONFIG.format(port=self.port, directory=self._directory))
        program = shutil.which("sshd", path=PATHS) or "sshd"
        log = self._directory / "log"
        self._log = log.open("wb")
        self._process = subprocess.Popen([program, "-D", "-e", "-f", str(config)], stderr=self._log)
        end = time.monotonic() + LONGEST
        while time.monotonic() < end and self._process.poll() is None:
            if b"Server listening on" in log.read_bytes():
                return True
            time.sleep(0.02)
        return False

    def command(self, remote: str) -> list[str]:
        """The client's command line that runs `remote` on a terminal at the other end."""
        options = {
            "IdentityFile": self._directory / "user",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": self._directory / "known",
            "LogLevel": "ERROR",
        }
        settings = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        who = f"{getpass.getuser()}@127.0.0.1"
        return ["ssh", "-tt", "-F", "none", "-p", str(self.port), *settings, who, remote]

    def end_sessions(self) -> None:
        """Kill what serves the clients, not the server itself: the line drops at its far end."""
        for pid in descendants(self._process.pid):
            if "sshd" in Path(f"/proc/{pid}/comm").read_text():
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """End the server and its sessions."""
        if self._process.poll() is None:
            self.end_sessions()
            self._process.kill()
        self._process.wait()
        self._log.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Children of a process, and theirs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found += [child, *descendants(child)]
    return found
