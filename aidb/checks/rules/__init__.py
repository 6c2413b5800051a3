"""The rules that a check may hold, one module per kind."""
