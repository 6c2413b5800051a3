"""aidb beside its peers: the same seeded data, the same steps, one run, one table.

    python -m benchmarks --quick            a few minutes, small data: checks the machinery
    python -m benchmarks                    every row at full size
    python -m benchmarks --only small       one workload

Words: a *workload* is seeded data; a *tool* is aidb, a peer, or the plain limit (what `cp` or a short Python loop
needs for the same bytes); a *row* is one timed step; a *target* is what aidb must reach, or aims at, in a row.

The process that measures stays small on purpose: the kernel counts a parent's memory into the peak of the
child it starts, so data is made and checked in processes of their own (`benchmarks.workloads`, `benchmarks.verify`).
"""
