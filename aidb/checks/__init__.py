"""What keeps a broken dataset off a branch: checks that a version brings along, and hooks of this place.

    # .aidbchecks.toml, versioned with the data
    [[check]]
    name = "labels"
    branches = ["main"]
    paths = ["labels/*.csv"]
    schema = {id = "int64", label = "string"}
    unique = ["id"]

Words: a *check* says where it applies (events, branches, paths) and what must hold there (its *rules*); a *program* is
a rule that somebody else's code decides; a *finding* is one thing that does not hold; a *hook* is a program in
`.aidb/hooks`. Rules look at the paths that changed. They always run; programs of a version only once they are
*trusted*.

Not promised: that a check which was written today holds for files that no version changed since (`aidb checks run REV`
looks at all of them), or anything about what is written with plain `git` in `.aidb/git`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.checks.checks import Checks
    from aidb.checks.file import Check
    from aidb.checks.proposed import Proposed
    from aidb.checks.verify import Checkup, verify

__all__ = ["Check", "Checks", "Checkup", "Proposed", "verify"]

_HOME = {"Check": "file", "Checks": "checks", "Checkup": "verify", "Proposed": "proposed", "verify": "verify"}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
