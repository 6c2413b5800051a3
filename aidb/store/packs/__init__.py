"""Packs: immutable files of many chunks, each with its own index at the end. Byte tables: `docs/spec/pack.md`."""
