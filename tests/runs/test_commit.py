"""The commit of a repository is what git says it is, and nothing that the repository names is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dlcli.runs.commit import commit_of
from dlcli.runs.provenance import provenance


def git(directory: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with two commits, in a folder `tree`."""
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    git(tree, "init", "-q", "-b", "main")
    for text in "ab":
        (tree / "below" / "file").write_text(text)
        git(tree, "add", ".")
        git(tree, "commit", "-q", "-m", text)
    return tree


def test_a_branch(repository: Path) -> None:
    for directory in (repository, repository / "below"):
        assert commit_of(directory) == git(repository, "rev-parse", "HEAD")


def test_packed_references(repository: Path) -> None:
    git(repository, "branch", "other/main")
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "main").exists()
    assert commit_of(repository) == git(repository, "rev-parse", "HEAD")


def test_no_branch(repository: Path) -> None:
    git(repository, "checkout", "-q", "HEAD~1")
    assert commit_of(repository) == git(repository, "rev-parse", "HEAD")


def test_another_working_tree(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"), "HEAD~1")
    assert commit_of(tmp_path / "side") == git(tmp_path / "side", "rev-parse", "HEAD")
    git(repository, "pack-refs", "--all")
    assert commit_of(tmp_path / "side" / "below") == git(tmp_path / "side", "rev-parse", "HEAD")
    assert commit_of(tmp_path / "side") != commit_of(repository)


def test_hashes_of_64_digits(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "a")
    assert commit_of(tmp_path) == git(tmp_path, "rev-parse", "HEAD")


def test_none(tmp_path: Path) -> None:
    assert commit_of(tmp_path) is None
    git(tmp_path, "init", "-q")
    assert commit_of(tmp_path) is None


@pytest.mark.parametrize(
    "head",
    [
        "",
        "\0",
        "x" * 100_000,
        "ref: ../../secret",
        "ref: refs/../../secret",
        "ref: refs/heads/.hidden",
        "ref: /etc/passwd",
        "0" * 39,
        "ref: HEAD",
        "ref: refs/heads/loop",
        "ref: refs/heads/" + "a" * 3000,
    ],
)
def test_a_head_that_leads_nowhere(head: str, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("0" * 40)
    (repository / ".git" / "refs" / "heads" / "loop").write_text("ref: refs/heads/loop")
    (repository / ".git" / "HEAD").write_text(head)
    assert commit_of(repository) is None


def test_pipes_and_links_are_not_read(repository: Path, tmp_path: Path) -> None:
    branch = repository / ".git" / "refs" / "heads" / "main"
    (tmp_path / "secret").write_text("0" * 40)
    branch.unlink()
    os.mkfifo(branch)
    assert commit_of(repository) is None
    branch.unlink()
    branch.symlink_to(tmp_path / "secret")
    assert commit_of(repository) is None


def test_a_repository_of_another_user(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    assert commit_of(repository) is None
    monkeypatch.setenv("SUDO_UID", str(me))
    assert commit_of(repository) is None
    if me:
        return
    monkeypatch.setattr(os, "geteuid", lambda: me)
    assert commit_of(repository) is not None


SETTINGS = """\
[core]
    fsmonitor = "{program}"
    hooksPath = "{hooks}"
    sshCommand = "{program}"
    pager = "{program}"
[alias]
    status = "!{program}"
    rev-parse = "!{program}"
[filter "x"]
    clean = "{program}"
    smudge = "{program}"
    process = "{program}"
[diff]
    external = "{program}"
"""


def test_nothing_that_the_repository_names_is_run(repository: Path, tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path / 'ran'}'\n")
    program.chmod(0o755)
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "fsmonitor-watchman").symlink_to(program)
    (repository / ".git" / "config").write_text(SETTINGS.format(program=program, hooks=hooks))
    (repository / ".gitattributes").write_text("* filter=x diff=x\n")
    (repository / "below" / "file").write_text("changed")
    assert provenance(repository / "config.yaml")["git"] == {"commit": commit_of(repository)}
    assert not (tmp_path / "ran").exists()


def test_no_process_is_started(repository: Path) -> None:
    code = (
        "import sys\n"
        "def hook(event, arguments):\n"
        "    if event in ('subprocess.Popen', 'os.exec', 'os.posix_spawn', 'os.system', 'os.fork', 'os.forkpty'):\n"
        "        raise SystemExit(f'{event} {arguments}')\n"
        "sys.addaudithook(hook)\n"
        "from pathlib import Path\n"
        "from dlcli.runs.provenance import provenance\n"
        "print(provenance(Path('config.yaml'))['git']['commit'])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=repository, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, commit_of(repository)), done.stderr


def test_texts_that_are_no_unicode_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = os.fsdecode(b"caf\xe9.yaml")
    monkeypatch.setattr(sys, "argv", ["dlcli", "train", name])
    said = provenance(tmp_path / name)
    assert said["argv"][-1] == "caf\\xe9.yaml"
    assert str(said["config_file"]).endswith("caf\\xe9.yaml")
