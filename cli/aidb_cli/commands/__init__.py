"""One module per command. Each holds the function that runs it and `COMMAND`, which declares it to the shell.

A command reads its arguments, calls the library and shows the answer through `context.out`. It does not catch errors,
and it imports at the top only what costs nothing.
"""
