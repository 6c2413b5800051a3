from __future__ import annotations

import contextlib
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aidb.errors import DamagedObjectError
from aidb.store import recipes
from aidb.store.hashing import hash_bytes
from aidb.store.recipes import Recipe, RecipeBuilder, RecipeTree, decode_recipe, encode_recipe
from aidb.types import Blob, ObjectId
from tests.store.content import made_up_id

ids = st.binary(min_size=32, max_size=32).map(ObjectId)
BLOB = made_up_id(0)


class Chunks(dict[ObjectId, bytes]):
    """A store that is a dict."""

    def put(self, data: bytes) -> ObjectId:
        id_ = hash_bytes(data)
        self[id_] = data
        return id_

    def read(self, id_: ObjectId) -> bytes:
        return self[id_]


def build(chunks: Chunks, sizes: list[int]) -> Blob:
    builder = RecipeBuilder(chunks.put, chunker=1)
    for number, size in enumerate(sizes):
        builder.add(made_up_id(number), size)
    return Blob(BLOB, sum(sizes), builder.finish(BLOB))


@given(st.lists(st.tuples(ids, st.integers(1, 16 << 20)), min_size=1, max_size=50), st.integers(0, 255), ids)
def test_round_trip(parts: list[tuple[ObjectId, int]], chunker: int, blob: ObjectId) -> None:
    sizes = tuple(size for _, size in parts)
    recipe = Recipe(0, chunker, blob, sum(sizes), [id_ for id_, _ in parts], sizes)
    assert decode_recipe(encode_recipe(recipe)) == recipe


@given(st.binary(max_size=300))
def test_hostile_bytes(data: bytes) -> None:
    for candidate in (data, b"aidbrcpe\x01\x00" + data):
        with contextlib.suppress(DamagedObjectError):
            decode_recipe(candidate)


@given(st.data())
def test_damaged_recipes(drawn: st.DataObject) -> None:
    """Whatever is changed, the sizes still add up and the count is what was announced."""
    data = bytearray(encode_recipe(Recipe(0, 1, BLOB, 60, [made_up_id(1), made_up_id(2)], (20, 40))))
    data[drawn.draw(st.integers(0, len(data) - 1))] = drawn.draw(st.integers(0, 255))
    with contextlib.suppress(DamagedObjectError):
        recipe = decode_recipe(data)
        assert sum(recipe.sizes) == recipe.size == 60
        assert len(recipe.ids) == len(recipe.sizes) == 2


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(0, 1, BLOB, 0, [], ()),
        Recipe(0, 1, BLOB, 1, [BLOB], (0,)),
        Recipe(0, 1, BLOB, 7, [BLOB], (8,)),
        Recipe(0, 1, BLOB, 1 << 40, [BLOB], (1 << 40,)),
        Recipe(5, 1, BLOB, 8, [BLOB], (8,)),
    ],
)
def test_recipes_no_writer_writes(recipe: Recipe) -> None:
    with pytest.raises(DamagedObjectError):
        decode_recipe(encode_recipe(recipe))


@given(st.lists(st.integers(1, 100), min_size=1, max_size=120))
def test_levels(sizes: list[int]) -> None:
    """With a fan-out of four: every byte is found in the right chunk, whatever the depth."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "FANOUT", 4)
        patch.setattr(recipes, "MAX_LEVEL", 10)
        chunks = Chunks()
        blob = build(chunks, sizes)
        assert build(Chunks(), sizes) == blob
        tree = RecipeTree(chunks.read, blob)
        leaves = list(tree.leaves())
        found = [(start, id_, size) for leaf in leaves for start, id_, size in parts_of(leaf)]
        starts = list(accumulate(sizes, initial=0))
        assert found == [(starts[number], made_up_id(number), size) for number, size in enumerate(sizes)]
        for start, id_, size in found:
            for offset in (start, start + size - 1):
                leaf = tree.leaf_at(offset)
                assert (start, id_, size) in parts_of(leaf)
        assert blob.recipe is not None
        assert set(tree.nodes(blob.recipe)) == set(chunks)


def parts_of(leaf: recipes.Leaf) -> list[tuple[int, ObjectId, int]]:
    starts = [leaf.start + start for start in leaf.recipe.starts()]
    return list(zip(starts, leaf.recipe.ids, leaf.recipe.sizes, strict=False))


def test_a_large_blob_needs_few_recipes() -> None:
    chunks = Chunks()
    blob = build(chunks, [1 << 20] * 20_000)
    assert len(chunks) == 3
    assert blob.size == 20_000 << 20
    assert max(map(len, chunks.values())) < 1 << 20


def test_a_recipe_of_another_blob() -> None:
    chunks = Chunks()
    blob = build(chunks, [10, 20])
    for wrong in (blob._replace(id=made_up_id(5)), blob._replace(size=31)):
        with pytest.raises(DamagedObjectError, match="another blob"):
            RecipeTree(chunks.read, wrong)


def test_a_recipe_that_lists_itself_or_lies() -> None:
    """A part must be exactly one level lower and as long as its parent says."""
    chunks = Chunks()
    leaf = Recipe(0, 1, BLOB, 30, [made_up_id(1)], (30,))
    same_level = Recipe(1, 1, BLOB, 30, [chunks.put(encode_recipe(leaf))], (30,))
    for child, size in ((leaf, 31), (same_level, 30)):
        child_id = chunks.put(encode_recipe(child))
        root = chunks.put(encode_recipe(Recipe(1, 1, BLOB, size, [child_id], (size,))))
        tree = RecipeTree(chunks.read, Blob(BLOB, size, root))
        with pytest.raises(DamagedObjectError, match="does not fit"):
            list(tree.leaves())
        with pytest.raises(DamagedObjectError, match="does not fit"):
            tree.leaf_at(0)
