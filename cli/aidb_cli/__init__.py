"""The `aidb` command line: it reads arguments, calls the library and prints.

Nothing else in aidb talks to a terminal.
"""
