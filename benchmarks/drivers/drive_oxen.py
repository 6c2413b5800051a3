"""One step of the benchmark with Oxen, run by the Python that has it, in the folder of the repository."""

from __future__ import annotations

import sys

import oxen
from oxen.user import config_user


def main(verb: str, version: str = "") -> None:
    if verb == "create":
        config_user("Bench", "bench@example.invalid")
    repository = oxen.Repo(".")
    match verb:
        case "create":
            repository.init()
        case "save":
            repository.add("data")
            repository.commit(version)
        case "status":
            print(repository.status())
        case "mark":  # Oxen makes a branch only by going to it
            repository.checkout(version, create=True)
            repository.checkout("main")
        case "switch":
            repository.checkout(version)
        case "restore":
            repository.restore("data")
        case _:
            sys.exit(f"unknown step: {verb}")


if __name__ == "__main__":
    main(*sys.argv[1:])
