"""`python -m demo.training [FOLDER]`: training that is killed, goes on, and ends as if nothing had happened.

The digits are committed to a repository and read from the tag `v1` while the files themselves are already gone. One
run goes through; a second one is killed (SIGKILL) in the middle of an epoch and started again: its losses are the same
to the last bit. Needs PyTorch besides what `make demo` installs.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aidb
from aidb.data import IterableDataset, Loader, Sample
from demo.data import write_digits

_EVERY = 10
"""Steps from one checkpoint to the next."""


def prepare(folder: Path) -> None:
    """Commit the digits as `v1`, and take the files away: what is trained on is the version."""
    repository = aidb.init(folder)
    write_digits(folder / "digits")
    repository.add(["digits"])
    repository.commit("Digits")
    repository.tags.create("v1")
    shutil.rmtree(folder / "digits")


def decode(sample: Sample) -> tuple[Any, int]:
    """An image as 64 numbers, and the digit that it shows, which its folder tells."""
    import numpy as np
    import torch
    from PIL import Image

    pixels = np.asarray(Image.open(io.BytesIO(sample.data)), dtype=np.float32)[::4, ::4]
    return torch.from_numpy(pixels.ravel() / 255), int(sample.path.split("/")[-2])


def train(folder: Path, home: Path, epochs: int) -> None:
    """Train from where the checkpoint in `home` is, or from the beginning, and write each loss to `home/losses`."""
    training = _Training(aidb.open(folder), home)
    with (home / "losses").open("a") as log:
        for loss in training.steps(epochs):
            log.write(f"{loss!r}\n")
            log.flush()
            if training.step % _EVERY == 0:
                training.save()


class _Training:
    """A model, its optimiser, and how far they have come: everything a checkpoint has to hold."""

    def __init__(self, repository: aidb.Repository, home: Path) -> None:
        import torch
        from torch import nn

        torch.manual_seed(0)
        torch.set_num_threads(1)
        data = IterableDataset(repository.at("v1"), "digits/train", decode=decode, seed=7, batch_size=32)
        self.loader: Loader[Any] = Loader(data, workers=2)
        self.model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
        self.optimiser = torch.optim.Adam(self.model.parameters(), lr=1e-3)
        self.step = 0
        self._home = home
        self._file = home / "checkpoint.pt"
        if self._file.exists():
            self._load()

    def steps(self, epochs: int) -> Iterator[float]:
        """Train to the end of the last epoch; the loss of each step."""
        from torch.nn import functional

        for _ in range(self.loader.epoch, epochs):
            for pixels, labels in self.loader:
                loss = functional.cross_entropy(self.model(pixels), labels)
                self.optimiser.zero_grad()
                loss.backward()
                self.optimiser.step()
                self.step += 1
                yield loss.item()

    def save(self) -> None:
        """Write the checkpoint aside, then give it its name: a kill leaves the old one or the new one."""
        import torch

        state = {
            "step": self.step,
            "data": self.loader.state_dict(),
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        aside = self._file.with_suffix(".new")
        torch.save(state, aside)
        os.replace(aside, self._file)

    def _load(self) -> None:
        import torch

        state = torch.load(self._file)
        self.step = state["step"]
        self.loader.load_state_dict(state["data"])
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        losses = (self._home / "losses").read_text().splitlines()[: self.step]
        (self._home / "losses").write_text("".join(f"{loss}\n" for loss in losses))


def run(folder: Path, name: str, epochs: int, *, kill_after: int | None = None) -> list[str]:
    """Train in a process of its own, which is killed once it has written `kill_after` losses; what it has written."""
    home = folder / "runs" / name
    home.mkdir(parents=True, exist_ok=True)
    losses = home / "losses"
    command = [sys.executable, "-m", "demo.training", str(folder), "--run", name, f"--epochs={epochs}"]
    complaints = None if kill_after is None else subprocess.DEVNULL  # of the workers, whose parent is gone
    with subprocess.Popen(command, stderr=complaints, cwd=Path(__file__).parents[1]) as process:
        while kill_after is not None and process.poll() is None:
            if losses.exists() and losses.read_text().count("\n") >= kill_after:
                process.send_signal(signal.SIGKILL)
                break
            time.sleep(0.002)
    expected = 0 if kill_after is None else -signal.SIGKILL
    if process.returncode != expected:
        raise SystemExit(f"the run {name} ended with {process.returncode}, not {expected}")
    return losses.read_text().splitlines()


def play(folder: Path, epochs: int) -> bool:
    """The whole story; whether both runs have the same losses."""
    prepare(folder)
    print(f"1,797 digits are committed in {folder}; their files are gone, and training reads the tag v1.")
    through = run(folder, "through", epochs)
    print(
        f"One run went through: {len(through)} steps, loss {float(through[0]):.4f} → {float(through[-1]):.4f}."
    )
    killed = run(folder, "killed", epochs, kill_after=len(through) // 2 + _EVERY // 2)
    state = _where(folder / "runs" / "killed" / "checkpoint.pt")
    print(f"Another was killed after {len(killed)} steps; its last checkpoint is of {json.dumps(state)}.")
    resumed = run(folder, "killed", epochs)
    same = resumed == through
    print(
        f"It went on from there to step {len(resumed)}: every loss is {'the same' if same else 'NOT the same'}."
    )
    return same


def _where(checkpoint: Path) -> dict[str, Any]:
    import torch

    state = torch.load(checkpoint)
    data = state["data"]
    return {
        "step": state["step"],
        "epoch": data["epoch"],
        "sample": data["position"],
        "commit": data["of"]["commit"][:10],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m demo.training", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, help="where to play it: new or empty (default: a new one)"
    )
    parser.add_argument("--run", metavar="NAME", help="only train, as the run NAME, in a folder made before")
    parser.add_argument("--epochs", type=int, default=3)
    given = parser.parse_args()
    if given.run:
        train(given.folder, given.folder / "runs" / given.run, given.epochs)
        return 0
    folder = given.folder or Path(tempfile.mkdtemp(prefix="aidb-training-"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        print(f"{folder} is not empty; name a new folder, and nothing of yours is touched.", file=sys.stderr)
        return 2
    return 0 if play(folder.resolve(), given.epochs) else 1


if __name__ == "__main__":
    sys.exit(main())
