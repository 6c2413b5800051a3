"""Finding and removing what nothing needs any more. How and why it is safe: `docs/design/033-garbage.md`.

`marks` remembers what is needed, `walking` follows recipes, `plan` says what would go, `collecting` does it. What the
roots are is the business of the layers above (`aidb.versioning.garbage`).
"""
