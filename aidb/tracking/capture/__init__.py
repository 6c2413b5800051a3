"""What reproduces a run: its command, code, packages, host and hardware, as they are when it starts.

Secrets are never recorded: environment variables come from a list of those that are known to matter, arguments whose
names look like secrets lose their values, and of untracked files only sources are kept.
"""
