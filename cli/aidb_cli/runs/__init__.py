"""What `aidb runs` does, an action or two per module."""
