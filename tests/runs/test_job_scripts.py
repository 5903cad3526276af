"""Scripts for other machines: their text, and what a shell makes of odd words in them."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from designer.errors import DesignerError
from designer.runs.job_scripts import JOB_KINDS, Job, read_gpus, read_time, script

ODD = "/home/me/my run's $(touch x) \"`é` #1"

JOB = Job(
    folder=Path("/home/me/runs/lenet5 first"),
    kind="run",
    command=("resume",),
    options=("--data", "/data/my pictures", "--processes", "2"),
    downloads=("mnist",),
    host="me@example.org",
    gpus=2,
    gpu_kind="A100",
    seconds=12 * 3600 + 61,
    install="netdesigner==0.1.0",
    script="lenet5.txt",
)
STUDY = Job(folder=Path("/home/me/studies/batch"), kind="study", command=("study", "run"))
STUDY = msgspec.structs.replace(STUDY, python="/opt/python", host="cluster")


@pytest.mark.parametrize("kind", JOB_KINDS)
@pytest.mark.parametrize("job", [JOB, STUDY], ids=["run", "study"])
def test_the_text_of_each_kind(kind, job, golden):
    golden(f"jobs/{job.kind}{JOB_KINDS[kind].suffix}", script(kind, job))


def test_slurm_without_a_host_takes_the_folder_where_it_is(golden):
    job = msgspec.structs.replace(JOB, host="", downloads=(), gpu_kind="", seconds=None)
    golden("jobs/shared.sbatch", script("slurm", job))


@pytest.fixture
def machine(tmp_path):
    """Return a function that runs a script where programs only note their words, and these."""
    programs, home, noted = tmp_path / "programs", tmp_path / "home", tmp_path / "noted"
    programs.mkdir()
    home.mkdir()
    # A Python that notes its words, and python3, which makes an environment with such a Python.
    note = f'#!/bin/sh\nfor word in "$@"; do printf "%s\\n" "$word"; done >> {noted}\n'
    (tmp_path / "python").write_text(note)
    (tmp_path / "python").chmod(0o755)
    (programs / "python3").write_text(
        f'#!/bin/sh\n{note.splitlines()[1]}\nmkdir -p "$3/bin"\ncp {tmp_path}/python "$3/bin/"\n'
    )
    (programs / "python3").chmod(0o755)

    def run(text, *, shell="bash"):
        noted.write_text("")
        done = subprocess.run(
            [shell, "-c", text],
            env={"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
            cwd=home,
        )
        return done.returncode, noted.read_text().splitlines()

    return run


def odd(tmp_path, **changes):
    job = Job(folder=Path(ODD), kind="run", command=("resume",), options=("--data", ODD))
    return msgspec.structs.replace(job, **changes)


def test_a_cluster_gets_every_word_as_it_is(tmp_path, machine):
    job = odd(tmp_path, python=str(tmp_path / "python"))
    status, words = machine(script("slurm", job))
    assert (status, words) == (0, ["-P", "-m", "designer", "resume", ODD, "--data", ODD])


def test_the_program_is_installed_if_it_is_missing(tmp_path, machine):
    yaml = pytest.importorskip("yaml")
    job = odd(tmp_path, install="./a wheel.whl", downloads=("mnist",))
    found = yaml.safe_load(script("skypilot", job))
    assert found["file_mounts"] == {f"~/{job.there}": ODD}
    home = tmp_path / "home"
    environment = str(home / "netdesigner-jobs" / "venv")
    download = ["-P", "-m", "designer", "data", "mnist", "--download"]
    status, words = machine(found["setup"])
    install = ["-m", "pip", "install", "./a wheel.whl"]
    assert (status, words) == (0, ["-m", "venv", environment, *install, *download])
    status, words = machine(found["setup"])  # it is there now
    assert (status, words) == (0, ["-c", "import designer", *download])
    status, words = machine(found["run"])
    there = str(home / job.there)
    assert (status, words) == (0, ["-P", "-m", "designer", "resume", there, "--data", ODD])


@pytest.mark.skipif(shutil.which("timeout") is None, reason="needs timeout, of GNU coreutils")
def test_the_end_of_the_time_is_no_error(tmp_path, machine):
    yaml = pytest.importorskip("yaml")
    sleeping = tmp_path / "sleeping"
    sleeping.write_text("#!/bin/sh\nexec sleep 60\n")
    sleeping.chmod(0o755)
    job = odd(tmp_path, python=str(sleeping), seconds=1)
    assert machine(yaml.safe_load(script("skypilot", job))["run"])[0] == 0
    failing = tmp_path / "failing"
    failing.write_text("#!/bin/sh\nexit 3\n")
    failing.chmod(0o755)
    job = msgspec.structs.replace(job, python=str(failing))
    assert machine(yaml.safe_load(script("skypilot", job))["run"])[0] == 3


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="needs shellcheck")
@pytest.mark.parametrize("kind", ["ssh", "slurm"])
def test_shellcheck_finds_nothing(kind, tmp_path):
    for number, job in enumerate((JOB, STUDY, odd(tmp_path, host="me@example.org"))):
        file = tmp_path / f"{number}.sh"
        file.write_text(script(kind, job))
        # $HOME is meant for the other machine, and the file for the machine here.
        done = subprocess.run(
            ["shellcheck", "--exclude=SC2016", file], capture_output=True, text=True, check=False
        )
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("kind", "changes", "sentence"),
    [
        ("ssh", {}, "--for ssh needs --host USER@HOST"),
        ("ssh", {"host": "-oProxyCommand=x"}, "received '-oProxyCommand=x'"),
        ("ssh", {"host": "a b"}, "--host takes USER@HOST"),
        ("skypilot", {"gpus": 2}, "write --gpus NAME:2"),
        ("slurm", {"folder": Path("/a\nrm -rf x")}, "has a line break"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, kind, changes, sentence):
    with pytest.raises(DesignerError, match=sentence):
        script(kind, odd(tmp_path, **changes))


def test_names_are_plain_and_differ():
    paths = ("/a/My Run", "/b/My Run", "/a/日本", "/a/1")
    names = [odd(None, folder=Path(path)).name for path in paths]
    assert names[0].startswith("my-run-") and names[2].startswith("run-")
    assert names[3].startswith("run-1-")
    assert len(set(names)) == 4
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for name in names)


def test_times_and_gpus_are_read():
    assert read_time("12:01:01") == 43_261
    assert read_time("0:00:30") == 30
    assert (read_gpus("2"), read_gpus("A100-80GB:4")) == ((2, ""), (4, "A100-80GB"))
    for read, text in [(read_time, "12"), (read_time, "0:0:0"), (read_time, "0:00:00"),
                       (read_gpus, "0"), (read_gpus, "many")]:  # fmt: skip
        with pytest.raises(DesignerError, match=f"received '{text}'"):
            read(text)
