"""How large the tensors of the checkpoints are, and how many of them change: known without loading NumPy."""

TENSOR = 4 << 20
CHANGED = 0.2
LAYER = 2 << 20
"""Bytes of one layer of the model that is trained on."""
