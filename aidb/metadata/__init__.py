"""Answers about runs: which one is best, and why.

Words: the *catalog* is a database built from the journals of runs: derived, deletable, rebuilt by itself. It is
*published* as files that never change; *news* are what journals said since; to *fold* is to publish them. A *segment*
is a file of points of many runs, a *bin* some neighbouring points of a long series, a *curve* a metric as it is drawn.

Not promised: exact integers beyond 2**53. Numbers are float64 here; the journal has them as they were logged.
"""
