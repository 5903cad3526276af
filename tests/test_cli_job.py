"""The command job: what it refuses, and a run that is trained over ssh by this machine itself."""

import getpass
import os
import shutil
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from designer.cli import main
from designer.design import files
from designer.recipe.reading import changed
from designer.runs.events import EventWriter
from designer.runs.folder import RunFolder
from tests.engine.samples import TINY, create, tiny_recipe, write_data

SECONDS = 120  # until a test gives up waiting
ROOT = Path(__file__).parents[1]
SSHD = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin")
NEEDED = {"sshd": SSHD, "ssh-keygen": shutil.which("ssh-keygen"), "rsync": shutil.which("rsync")}


@pytest.fixture
def recipe(tmp_path):
    return tiny_recipe(write_data(tmp_path / "squares.npz"), epochs=1)


def refused(capsys, *words):
    assert main(["job", *map(str, words)]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    return told.err


def test_what_is_not_there_is_refused(tmp_path, recipe, capsys):
    run = create(tmp_path / "run", recipe)
    words = (run.path, "--for", "ssh", "--host", "me@there")
    assert f"are {tmp_path / 'squares.npz'} on this machine" in refused(capsys, *words)
    weights = tmp_path / "weights.pt"
    weights.touch()
    digits = changed(recipe, {"data.source": "mnist10k", "initial_weights": str(weights)})
    other = create(tmp_path / "other", digits)
    message = refused(capsys, other.path, "--for", "ssh", "--host", "me@there")
    assert "starts from the weights" in message
    assert main(["job", str(run.path), "--for", "slurm"]) == 0  # a disk that is shared
    assert f"resume {run.path}\n" in capsys.readouterr().out


def test_a_run_keeps_its_number_of_processes(tmp_path, recipe, capsys):
    run = create(tmp_path / "run", changed(recipe, {"data.source": "mnist10k"}))
    words = (run.path, "--for", "slurm", "--gpus")
    assert "A batch of 8 cannot be divided among 3 processes" in refused(capsys, *words, 3)
    assert main(["job", *map(str, words), "2"]) == 0
    assert "--gpus-per-node=2" in (text := capsys.readouterr().out)
    assert text.endswith("--processes 2\n")
    run.last.parent.mkdir(exist_ok=True)
    run.last.write_bytes(b"state")
    with EventWriter(run.events) as events:
        events.write("start", step=0, epochs=2, steps_per_epoch=8, processes=2)
    assert "was begun with 2 processes" in refused(capsys, *words, 4)


def test_a_run_that_has_ended_is_refused(tmp_path, recipe, capsys):
    run = create(tmp_path / "run", recipe)
    run.result_file.write_text('{"status":"finished","epochs":1,"steps":1,"seconds":1}')
    assert "is complete (finished)" in refused(capsys, run.path, "--for", "slurm")
    assert "--for takes one of slurm" in refused(capsys, run.path, "--for", "cloud")
    assert "There is no run folder" in refused(capsys, tmp_path / "absent", "--for", "slurm")


def test_a_study_is_run(tmp_path, recipe, capsys):
    study = tmp_path / "studies" / "batch"
    study.mkdir(parents=True)
    (study / "study.json").write_text("{}")
    (study / "base_recipe.json").write_bytes(recipe.to_json())
    words = ["job", "batch", "--runs", str(tmp_path), "--for", "ssh", "--host", "me@there"]
    assert main(words) == 0
    told = capsys.readouterr()
    assert "designer study run" in told.out
    assert "must be at this path on the other machine, too" in told.err
    assert "--data is for runs" in refused(capsys, *words[1:], "--data", "/data")


@pytest.fixture
def there(tmp_path, monkeypatch):
    """Start a server for ssh, whose home folder is a new one, and let ssh know it as ``there``."""
    if missing := [name for name, path in NEEDED.items() if path is None]:
        pytest.skip(f"needs {' and '.join(missing)}")
    folder, home = tmp_path / "ssh", tmp_path / "home there"
    folder.mkdir()
    home.mkdir()
    for key in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / key], check=True
        )
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]
    script = folder / "command"
    script.write_text(
        f'#!/bin/sh\nexport HOME=\'{home}\'\ncd "$HOME"\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    script.chmod(0o755)
    (folder / "sshd_config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nPidFile none\n"
        f"AuthorizedKeysFile {folder}/user.pub\nStrictModes no\nUsePAM no\n"
        f"PermitRootLogin yes\nForceCommand {script}\n"
    )
    (folder / "ssh_config").write_text(
        f"Host there\n  HostName 127.0.0.1\n  Port {port}\n  User {getpass.getuser()}\n"
        f"  IdentityFile {folder}/user\n  IdentitiesOnly yes\n  StrictHostKeyChecking no\n"
        f"  UserKnownHostsFile /dev/null\n  LogLevel ERROR\n"
    )
    ssh = shutil.which("ssh")
    (folder / "bin").mkdir()
    (folder / "bin" / "ssh").write_text(f'#!/bin/sh\nexec {ssh} -F {folder}/ssh_config "$@"\n')
    (folder / "bin" / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with subprocess.Popen(
        [SSHD, "-D", "-e", "-f", folder / "sshd_config"], stderr=subprocess.PIPE, text=True
    ) as server:
        line = server.stderr.readline()
        if "listening" not in line:
            server.kill()
            pytest.skip(f"sshd does not start here: {line.strip()}")
        yield home
        server.terminate()


@pytest.mark.slow
def test_a_run_is_trained_over_ssh_until_ctrl_c_and_brought_back(tmp_path, recipe, there, capsys):
    (tmp_path / "recipe.json").write_bytes(recipe.to_json())
    files.save(TINY, tmp_path / "tiny.json")
    folder = tmp_path / "my run's $1"
    words = [str(tmp_path / "tiny.json"), "--recipe", str(tmp_path / "recipe.json")]
    assert main(["train", *words, "--epochs", "100000", "--run", str(folder), "--folder-only"]) == 0
    assert "netdesigner job" in capsys.readouterr().out
    run = RunFolder.open(folder)
    assert run.state() == "new"
    python = tmp_path / "python"  # with the program of this checkout
    python.write_text(f'#!/bin/sh\nexport PYTHONPATH="{ROOT}"\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    words = ["job", str(folder), "--for", "ssh", "--host", "there", "--python", str(python)]
    elsewhere = shutil.copy(tmp_path / "squares.npz", tmp_path / "moved pictures.npz")
    script = tmp_path / "job.sh"
    # Data that are not there: the sentence arrives, and nothing else has changed.
    assert main([*words, "--data", "/absent.npz", "--to", str(script)]) == 0
    assert f"Start it with: sh {script}" in capsys.readouterr().out
    done = subprocess.run(["sh", script], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "/absent.npz" in done.stdout + done.stderr
    assert run.state() == "new"
    assert main([*words, "--data", str(elsewhere), "--to", str(script)]) == 0
    status, told = typed(script, until="epoch   2")
    assert status == 0, told
    assert "Resume it with" in told
    assert run.state() == "stopped" and run.last.is_file() and run.best.is_file()
    (copy,) = (there / "netdesigner-jobs").iterdir()
    assert (copy / "result.json").read_bytes() == run.result_file.read_bytes()


def typed(script, *, until):
    """Run a script in a terminal, and press Ctrl+C once a text has been written."""
    import pty  # not on Windows

    master, terminal = pty.openpty()
    with subprocess.Popen([script], stdin=terminal, stdout=terminal, stderr=terminal) as child:
        os.close(terminal)
        (guard := threading.Timer(SECONDS, child.kill)).start()
        told, pressed = "", False
        with suppress(OSError):  # which is the end on Linux
            while data := os.read(master, 10_000):
                told += data.decode()
                if until in told and not pressed:
                    pressed = True
                    os.write(master, b"\x03")
    guard.cancel()
    os.close(master)
    return child.returncode, told
