"""Where packs lie: one small interface, and the places behind it.

`base` is the interface; `local`, `memory` and `faulty` implement it, and all pass one contract suite
(`tests/store/backends/contract.py`), as any further one must.
"""
