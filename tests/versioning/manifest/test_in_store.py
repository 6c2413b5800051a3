"""Manifests in a real store: the store is the reader, its writer the writer."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from aidb.files import Session
from aidb.store import ObjectStore, PackKind
from aidb.versioning.manifest import Manifest, NodeCache, NodeReader, NodeWriter, build, diff, edit
from tests.versioning.manifest.memory import entry, numbered


def test_manifests_live_in_packs_of_metadata(tmp_path: Path) -> None:
    content = numbered(5000)
    with (
        closing(Session(tmp_path / "tmp")) as session,
        ObjectStore.open(tmp_path / "store", session) as store,
    ):
        reader: NodeReader = store
        with store.writer() as writer:
            sink: NodeWriter = writer
            root = build(sink, sorted(content.items()))
        manifest = Manifest(NodeCache(reader), root)
        assert dict(manifest.items()) == content
        path = next(iter(content))
        with store.writer() as writer:
            changed = edit(manifest, writer, [(path, entry(9))])
        assert list(diff(manifest, Manifest(store, changed))) == [(path, content[path], entry(9))]
        assert {pack.kind for pack in store.packs()} == {PackKind.META}
        stored = sum(file.stat().st_size for file in (tmp_path / "store" / "packs").iterdir())
        assert stored < 5000 * 45, "names and sizes shrink to little more than the ids, which cannot"
