"""Tables: Parquet, CSV, TSV and JSON lines, compared and merged by rows and columns. DuckDB does the work.

Words: a *key* is the columns that tell rows apart; without one, rows are compared by their whole content. A *bucket* is
the rows whose key (or content) has the same hash, cut to some bits: buckets whose rows add up to the same on both sides
are left alone, so that only rows near a change are ever joined.

Not promised: a difference between files made to have rows of equal hashes; that the order of rows is looked at.
"""
