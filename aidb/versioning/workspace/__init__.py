"""The working tree: one module per verb, on an index that knows what is staged and how files looked when last seen.

    workspace = Workspace(repository)
    add(workspace, ["images"])
    commit(workspace, "First images")
    switch(workspace, "clean")
    status(workspace).clean

Words: what is *staged* is a whole manifest, the one a commit made now would hold; the *base* is the commit the
workspace was last brought to; a *row* is what the index remembers of a file's `lstat`.

Not promised: anything about programs that write the same files at the same moment, beyond noticing it.

Names are loaded when first used: `status` of a clean tree loads neither NumPy nor pygit2 nor the manifest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aidb.lazy import lazy_names

if TYPE_CHECKING:
    from aidb.versioning.stashes import Stashed
    from aidb.versioning.workspace.beside_git import gitignore_lines, ignore_in_git
    from aidb.versioning.workspace.operations import Operations
    from aidb.versioning.workspace.stash import Stash
    from aidb.versioning.workspace.taking_back import TakenBack
    from aidb.versioning.workspace.verbs.add import AddResult, add
    from aidb.versioning.workspace.verbs.bisect import Bisect, Step
    from aidb.versioning.workspace.verbs.cherry_pick import Picked, cherry_pick
    from aidb.versioning.workspace.verbs.commit import commit
    from aidb.versioning.workspace.verbs.diff import diff
    from aidb.versioning.workspace.verbs.export import export
    from aidb.versioning.workspace.verbs.merge import Merged, abort_merge, merge
    from aidb.versioning.workspace.verbs.move import move
    from aidb.versioning.workspace.verbs.remove import remove
    from aidb.versioning.workspace.verbs.reset import reset
    from aidb.versioning.workspace.verbs.restore import restore
    from aidb.versioning.workspace.verbs.revert import revert
    from aidb.versioning.workspace.verbs.status import ConflictedPath, Status, status
    from aidb.versioning.workspace.verbs.switch import Switched, switch, switch_to_new, sync
    from aidb.versioning.workspace.verbs.unstash import Unstashed
    from aidb.versioning.workspace.workspace import Workspace

__all__ = [
    "AddResult",
    "Bisect",
    "ConflictedPath",
    "Merged",
    "Operations",
    "Picked",
    "Stash",
    "Stashed",
    "Status",
    "Step",
    "Switched",
    "TakenBack",
    "Unstashed",
    "Workspace",
    "abort_merge",
    "add",
    "cherry_pick",
    "commit",
    "diff",
    "export",
    "gitignore_lines",
    "ignore_in_git",
    "merge",
    "move",
    "remove",
    "reset",
    "restore",
    "revert",
    "status",
    "switch",
    "switch_to_new",
    "sync",
]

_HOME = {
    "AddResult": "verbs.add",
    "Bisect": "verbs.bisect",
    "ConflictedPath": "verbs.status",
    "Merged": "verbs.merge",
    "Operations": "operations",
    "Picked": "verbs.cherry_pick",
    "Stash": "stash",
    "Stashed": "stash",
    "Status": "verbs.status",
    "Step": "verbs.bisect",
    "Switched": "verbs.switch",
    "TakenBack": "taking_back",
    "Unstashed": "verbs.unstash",
    "Workspace": "workspace",
    "abort_merge": "verbs.merge",
    "add": "verbs.add",
    "cherry_pick": "verbs.cherry_pick",
    "commit": "verbs.commit",
    "diff": "verbs.diff",
    "export": "verbs.export",
    "gitignore_lines": "beside_git",
    "ignore_in_git": "beside_git",
    "merge": "verbs.merge",
    "move": "verbs.move",
    "remove": "verbs.remove",
    "reset": "verbs.reset",
    "restore": "verbs.restore",
    "revert": "verbs.revert",
    "status": "verbs.status",
    "switch": "verbs.switch",
    "switch_to_new": "verbs.switch",
    "sync": "verbs.switch",
}

__getattr__, __dir__ = lazy_names(__name__, _HOME)
