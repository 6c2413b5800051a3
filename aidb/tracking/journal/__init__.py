"""The journal: the append-only files that are the truth about a run (docs/spec/run-journal.md).

`writer` appends frames and needs only the standard library and msgspec; `reader` gives them back, points as NumPy
columns; `events` are what is logged beside points; `folder` knows which files a run has.

Not promised: an order between writers beyond their clocks.
"""
