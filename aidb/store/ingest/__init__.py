"""From files on disk to blobs: the hottest loop of aidb.

`pipeline` reads and cuts in the caller's thread and stores in others; `whole` does files that fit a read, `stream` the
larger ones. Where there are very many, `reader_pool` has helper processes read the small ones. Memory is bounded by the
number of batches and windows in flight.
"""
