"""What reproduces a run is recorded, and no secret is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from aidb.repository import Repository
from aidb.tracking.capture.secrets import harmless, looks_secret, without_passwords
from tests.tracking.reading import lines, only_run, program


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_the_whole_of_it(repo: Repository) -> None:
    code = repo.root / "code"
    code.mkdir()
    git(code, "init", "-q", "-b", "main")
    script = "import aidb\nwith aidb.start_run('e'): pass\n"
    (code / "train.py").write_text(script)
    (code / "uv.lock").write_text("version = 1\n")
    (code / ".gitignore").write_text("ignored.py\n")
    git(code, "add", "-A")
    git(code, "commit", "-q", "-m", "first")
    git(code, "remote", "add", "origin", "https://me:hunter2@example.org/code.git")
    (code / "train.py").write_text(script + "# changed\n")
    for name in ("new.py", "ignored.py", ".env", "weights.bin"):
        (code / name).write_text(name)
    runner = "import runpy, sys; sys.argv = ['train.py', '--lr=1', '--api-key', 'hunter2']; runpy.run_path('train.py')"
    process = program(
        runner, code, MY_TOKEN="hunter2", OMP_NUM_THREADS="3", TORCH_AUTH_TOKEN="hunter2", PRIVATE="hunter2"
    )
    assert process.communicate(timeout=60) == ("", "")
    folder = only_run(repo.root)
    found = {line["about"]: line for line in lines(folder, "captured")}
    assert set(found) == {"command", "code", "host", "environment", "hardware", "packages"}
    assert found["command"]["values"]["arguments"] == ["--lr=1", "--api-key", "***"]
    values = found["code"]["values"]
    assert values["commit"] == git(code, "rev-parse", "HEAD")
    assert values["branch"] == "main"
    assert values["remote"] == "https://me:***@example.org/code.git"
    kept = {
        file["about"]["role"]: (folder / "files" / file["name"]).read_text()
        for file in found["code"]["files"]
    }
    assert "+# changed" in kept["diff"]
    assert kept["untracked"] == "new.py"
    assert len(found["code"]["files"]) == 2
    assert found["environment"]["values"]["OMP_NUM_THREADS"] == "3"
    assert "msgspec" in found["packages"]["values"]
    assert found["packages"]["files"][0]["about"]["path"] == "uv.lock"
    assert found["hardware"]["values"]["cores"] > 0
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"hunter2" not in everything.replace(b"'hunter2'", b"")  # the program text given to `python -c`


@pytest.mark.parametrize(
    "name",
    ["HF_TOKEN", "--api-key", "apiKey", "db.password", "AWS_SECRET_ACCESS_KEY", "auth", "--wandb_api_key"],
)
def test_what_looks_secret(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["--lr", "TOKENIZERS_PARALLELISM", "--keys", "monkey", "author", "n_tokens"])
def test_what_does_not(name: str) -> None:
    assert not looks_secret(name)


def test_a_command_line_without_secrets() -> None:
    line = ["train.py", "--token=abc", "--password", "p", "--verbose", "postgres://u:pw@h/db"]
    assert list(harmless(line)) == [
        "train.py",
        "--token=***",
        "--password",
        "***",
        "--verbose",
        "postgres://u:***@h/db",
    ]
    assert without_passwords("http://h/a:b") == "http://h/a:b"
