"""The story: version a dataset, clean it on a branch, merge, settle a conflict, travel back, check everything,
train on two branches."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from demo import model
from demo.cleaning import Findings, examine
from demo.damage import flipped_byte
from demo.data import add_shifted, read_digits, write_digits, write_tables
from demo.stage import Stage
from demo.sweep import Sweep

_BRANCHES = ("main", "shifted")
"""What the sweep compares."""


def play(stage: Stage) -> None:
    """The whole tour, in the stage's folder."""
    chapters: list[Callable[[Stage], None]] = [
        _begin,
        _first_version,
        _first_model,
        _clean_on_a_branch,
        _meanwhile_on_main,
        _conflict,
        _travel_back,
        _safety,
        _what_it_costs,
        _sweep,
    ]
    for chapter in chapters:
        chapter(stage)


def _begin(stage: Stage) -> None:
    stage.chapter("A folder becomes a repository")
    images = write_digits(stage.folder / "digits")
    tables = write_tables(stage.folder / "tables")
    stage.did(
        f"wrote {images:,} handwritten digits as PNG files, and {len(tables)} tables as CSV and Parquet"
    )
    stage.say("One command; everything aidb keeps goes into .aidb, your files stay as they are.")
    stage.run("aidb init")
    stage.say("What is here that is in no version yet?")
    stage.run("aidb status")


def _first_version(stage: Stage) -> None:
    stage.chapter("The first version")
    stage.say("Stage it all, and record it. The words are Git's.")
    stage.run("aidb add .")
    stage.run('aidb commit -m "Digits and tables as scikit-learn ships them"')
    stage.say("A tag is a name that stays.")
    stage.run("aidb tag v1")
    stage.run("aidb ls v1:digits")


def _first_model(stage: Stage) -> None:
    stage.chapter("A model beside its data")
    _write_parameters(stage, 0.1)
    _train(stage)
    stage.run("aidb add model")
    stage.run('aidb commit -m "First model"')
    stage.run("aidb cat HEAD:model/metrics.json")


def _clean_on_a_branch(stage: Stage) -> None:
    stage.chapter("Clean the data on a branch")
    stage.say("A branch costs nothing, and main does not see what happens on it.")
    stage.run("aidb switch -c clean")
    findings = examine(read_digits(stage.folder / "digits/train"))
    _apply(stage, findings)
    stage.say("What changed? Nothing but the files that did was read again.")
    stage.run("aidb status")
    stage.run("aidb add digits")
    stage.say("A file that was moved is recognised by its content.")
    stage.run("aidb diff --staged")
    stage.run('aidb commit -m "Relabel and remove digits that their neighbours contradict"')
    _train(stage)
    stage.run('aidb commit -am "Retrain on the clean digits"')


def _apply(stage: Stage, findings: Findings) -> None:
    train = stage.folder / "digits/train"
    for path, label in findings.mislabelled.items():
        path.rename(train / str(label) / path.name)
    for path in findings.doubtful + findings.duplicates:
        path.unlink()
    stage.did(
        f"held each image against its nearest neighbours: moved {len(findings.mislabelled)} to another digit, "
        f"removed {len(findings.doubtful)} that are doubtful and {len(findings.duplicates)} near-duplicates"
    )


def _meanwhile_on_main(stage: Stage) -> None:
    stage.chapter("Meanwhile, on main")
    stage.say("Back on main the removed images are here again.")
    stage.run("aidb switch main")
    _rename_column(stage.folder / "tables/wine.csv")
    stage.did("renamed the column of tables/wine.csv that has a slash in its name")
    stage.run("aidb diff --stat")
    stage.run('aidb commit -am "wine: a column name without a slash"')
    stage.say("Two lines of work: what has clean that main has not?")
    stage.run("aidb log --oneline main..clean")
    stage.run("aidb diff --stat main...clean -- digits")
    stage.say("Merge. The two sides touched different files, so there is nothing to ask.")
    stage.run("aidb merge clean")
    stage.run("aidb log --oneline --graph --all")


def _rename_column(path: Path) -> None:
    head, _, rows = path.read_text().partition("\n")
    path.write_text(f"{head.replace('od280/od315', 'od280_od315')}\n{rows}")


def _conflict(stage: Stage) -> None:
    stage.chapter("A conflict, and its end")
    stage.run("aidb switch -c tune")
    _write_parameters(stage, 0.01)
    stage.run('aidb commit -am "A weaker ridge"')
    stage.run("aidb switch main")
    _write_parameters(stage, 1.0)
    stage.run('aidb commit -am "A stronger ridge"')
    stage.say("Both sides changed one file. Nothing is guessed: aidb says which, and how to go on.")
    stage.run("aidb merge tune", ends_with=5)
    stage.run("aidb status")
    stage.say(
        "Take theirs (--ours takes main's, `aidb merge --both tune` would keep both), and record the merge."
    )
    stage.run("aidb restore --theirs model/params.json")
    stage.run('aidb commit -m "Merge tune: the weaker ridge"')


def _travel_back(stage: Stage) -> None:
    stage.chapter("Travel back")
    stage.say("The whole folder as it was at v1, and home again.")
    stage.run("aidb switch --detach v1")
    stage.run("ls")
    stage.run("aidb switch main")
    stage.say("Or only one thing, while the folder stays as it is: print it, or copy it out.")
    stage.run("aidb cat clean~2:model/metrics.json")
    stage.run("aidb get v1:digits/train/5 fives-of-v1")
    stage.run("aidb log --oneline -- digits/train/5")


def _safety(stage: Stage) -> None:
    stage.chapter("Nothing is lost")
    (stage.folder / "tables/wine.csv").write_text("oops\n")
    stage.did("overwrote tables/wine.csv by mistake, and did not commit it")
    stage.say("A command that would destroy work which is in no version refuses, and says what to do.")
    stage.run("aidb switch --detach v1", ends_with=4)
    stage.say("Throw it away then, because we say so.")
    stage.run("aidb restore --force tables/wine.csv")
    stage.say("Every byte is checked against its hash when it is read. Let us flip one in the store:")
    with flipped_byte(stage.folder / ".aidb/store/packs"):
        stage.run("aidb fsck", ends_with=7)
    stage.say("... and put it back:")
    stage.run("aidb fsck")


def _what_it_costs(stage: Stage) -> None:
    stage.chapter("What it all takes")
    stage.say("Both models have the same body, versions share their files: equal bytes are stored once.")
    stage.run("aidb du")
    stage.say("The history is a Git repository: any tool that reads Git reads it.")
    stage.run("git --git-dir .aidb/git log --graph --oneline --all")
    stage.say("Git checks it too, and has nothing to say.")
    stage.run("git --git-dir .aidb/git fsck --strict")


def _sweep(stage: Stage) -> None:
    stage.chapter("Which data is better? A sweep")
    stage.say(
        "On a branch, every training digit is there five times: as it is, and shifted by a pixel to each side."
    )
    stage.run("aidb switch -c shifted")
    written = add_shifted(stage.folder / "digits/train")
    stage.did(f"wrote {written:,} shifted digits")
    stage.run("aidb add digits")
    stage.run('aidb commit -m "Every training digit, and four that are shifted"')
    stage.run("aidb switch main")
    stage.say(
        "Train a small network on both branches, with three learning rates and four seeds each. The script reads the "
        "digits with run.use(), logs with run.log(), and saves its best weights with run.save_checkpoint()."
    )
    sweep = Sweep(_BRANCHES)
    began = stage.seconds
    outcomes = sweep.run(stage.folder)
    stage.did(f"trained {len(outcomes)} networks in {stage.seconds - began:.0f} seconds")
    best = outcomes[-1]
    rival = max(
        (one for one in outcomes if one.setting.data != best.setting.data), key=lambda one: one.accuracy
    )
    stage.say("Which data won? Each line is the mean over four seeds, with its spread.")
    stage.run(
        "aidb runs -f 'params.lr > 0' -g params.data -g params.lr -c metrics.test/accuracy.max "
        "-s -metrics.test/accuracy.max"
    )
    stage.say(f"The best network learned from {best.setting.data}. Beside the best of the other branch:")
    stage.run(f"aidb runs compare {best.run} {rival.run}")
    stage.say("Its weights are in a version like any other, and aidb knows what they came from.")
    stage.run(f"aidb ls runs/{best.run}:checkpoints")
    stage.run(f"aidb lineage {best.run}")


def _write_parameters(stage: Stage, ridge: float) -> None:
    home = stage.folder / "model"
    home.mkdir(exist_ok=True)
    (home / "params.json").write_text(json.dumps({"ridge": ridge}) + "\n")
    stage.did(f"wrote model/params.json: ridge {ridge}")


def _train(stage: Stage) -> None:
    trained = model.train(stage.folder / "digits", stage.folder / "model")
    stage.did(
        f"trained: {trained.accuracy:.1%} of the test digits right, a model of {trained.bytes / 1e6:.1f} MB"
    )
