"""The tools that are measured, one class each behind `Tool`.

Git is there twice: as people have it, and set up as its manual recommends for speed with data that is still there
after a power cut. The others are set up in that way as far as they can be; `Tool.note` says how. None is asked to do
less than aidb without the note saying so.
"""

from __future__ import annotations

from benchmarks.peers.aidb import Aidb
from benchmarks.peers.base import Programs, Tool
from benchmarks.peers.borg import Borg
from benchmarks.peers.dvc import Dvc
from benchmarks.peers.git import Git, GitTuned
from benchmarks.peers.git_lfs import GitLfs
from benchmarks.peers.oxen import Oxen
from benchmarks.peers.plain import PlainCopy, PlainPython
from benchmarks.peers.restic import Restic

TOOLS: tuple[type[Tool], ...] = (Aidb, Git, GitTuned, GitLfs, Dvc, Restic, Borg, Oxen, PlainPython, PlainCopy)

__all__ = ["TOOLS", "Programs", "Tool"]
