"""Small programs that one step runs in a process of its own: another Python's packages, or a plain loop."""
