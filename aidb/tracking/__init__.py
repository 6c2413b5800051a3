"""Runs: what a training process records of itself, and where.

Words: a *run* is one execution that logs; its *journal* is a folder `.aidb/runs/<run>/` with one append-only file for
each process that writes (a *writer*); a *point* is one logged value of a metric at a step; a *key set* is the metrics
that were logged together.

What is logged was written when the call returned: a killed process loses none of it, a power cut at most the last
second. Ranks and hosts share a run without locks, because each has a file of its own.

Not promised: answers to questions about many runs, which the catalog gives. Nothing here knows it.
"""
