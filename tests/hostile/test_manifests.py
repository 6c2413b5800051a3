"""Versions made by an attacker: nothing outside the workspace is touched, and nothing in it without a clean refusal."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import aidb
from aidb.errors import AidbError
from aidb.types import Kind, ObjectId
from tests.faults.tree import File, Tree, link, read_tree, text, write_tree
from tests.hostile.forge import entries_of, forged_inner, forged_leaf, publish, store_file, store_node

HERE: Tree = {"keep.txt": text("mine\n"), "d/file": text("mine too\n")}


@pytest.fixture
def repo(tmp_path: Path) -> Iterator[aidb.Repository]:
    """A repository in tmp_path/place/repo, with a witness beside it."""
    root = tmp_path / "place/repo"
    root.mkdir(parents=True)
    (tmp_path / "place/witness").mkdir()
    (tmp_path / "place/witness/file").write_text("untouched\n")
    with aidb.init(root) as repo:
        write_tree(root, HERE)
        repo.add(["."])
        repo.commit("start")
        yield repo


def everything_else(repo: aidb.Repository) -> Tree:
    """All that surrounds the workspace, and aidb's own configuration."""
    around = read_tree(repo.root.parent.parent, skip=("place",)) | read_tree(
        repo.root.parent / "witness", skip=()
    )
    for name in ("config.toml", "format", ".gitignore"):
        path = repo.folder / name
        around[name] = File(path.read_bytes() if path.exists() else b"")
    return around


def attempts(repo: aidb.Repository, target: Path) -> dict[str, Callable[[], object]]:
    """Everything a victim may do with a branch that somebody else made."""
    return {
        "list": lambda: [*repo.at("evil").walk(), *repo.at("evil").ls()],
        "read": lambda: [repo.at("evil").read(path) for path, _ in repo.at("evil").walk()],
        "diff": lambda: repo.diff("main", "evil"),
        "log": lambda: list(repo.log("evil", paths=["d"])),
        "get": lambda: repo.at("evil").get("", target),
        "merge": lambda: repo.merge("evil"),
        "switch": lambda: repo.switch("evil"),
        "switch --force": lambda: repo.switch("evil", force=True),
        "restore": lambda: repo.restore(["."], source="evil"),
        "reset": lambda: repo.reset("evil", mode="hard"),
    }


def check_refused(repo: aidb.Repository, tmp_path: Path, *, readable: bool = False) -> None:
    """Each attempt ends in an AidbError and changes nothing anywhere.

    `readable`: the version may be looked at and passes fsck, as nothing is wrong with any part of it by itself.
    """
    target = tmp_path / "exported/deep"
    target.mkdir(parents=True)
    around = everything_else(repo)
    for name, attempt in attempts(repo, target).items():
        if name in ("log", "diff") or (readable and name in ("list", "read")):
            _try(attempt)
        else:
            with pytest.raises(AidbError):
                attempt()
        assert everything_else(repo) == around, f"{name} changed something outside"
        assert read_tree(repo.root) == HERE, f"{name} changed the workspace"
        assert read_tree(target) == {}, f"{name} exported something"
        assert list((tmp_path / "exported").iterdir()) == [target]
    assert readable or not repo.fsck().ok
    assert repo.head.branch == "main"


def _try(attempt: Callable[[], object]) -> None:
    with contextlib.suppress(AidbError):
        attempt()


BAD_PATHS = [
    b"../x",
    b"../witness/file",
    b"d/../../witness/file",
    b"..",
    b".",
    b"./x",
    b"/etc/aidb-was-here",
    b".aidb/config.toml",
    b".AIDB/config.toml",
    b".git/hooks/post-checkout",
    b".Git/config",
    b"sub/.git/hooks/post-checkout",
    b"sub/.aidb/config.toml",
    b"a//b",
    b"a/",
    b"",
    b"nul\0byte",
    b"x" * 4097,
    b"/".join([b"deep"] * 1000),
]


@pytest.mark.parametrize("path", BAD_PATHS, ids=lambda path: repr(path[:30]))
def test_bad_paths(repo: aidb.Repository, tmp_path: Path, path: bytes) -> None:
    publish(repo, "evil", store_node(repo, forged_leaf(entries_of(repo, [path]))))
    check_refused(repo, tmp_path)


def test_bad_path_hidden_among_good_ones(repo: aidb.Repository, tmp_path: Path) -> None:
    paths = sorted([b"a", b"b/c", b"d/../../witness/file", b"z"])
    publish(repo, "evil", store_node(repo, forged_leaf(entries_of(repo, paths))), files=4)
    check_refused(repo, tmp_path)


def test_bad_prefix(repo: aidb.Repository, tmp_path: Path) -> None:
    """The folder that all paths of a node share is stored once; it must be checked like the rest."""
    node = forged_leaf(entries_of(repo, [b"../witness/file", b"../witness/other"]))
    publish(repo, "evil", store_node(repo, node), files=2)
    check_refused(repo, tmp_path)


@pytest.mark.parametrize(
    "paths",
    [
        [b"a", b"a"],
        [b"b", b"a"],
        [b"a", b"a/b"],
        [b"a", b"a-b", b"a/b"],
        [b"link", b"link/file"],
    ],
    ids=repr,
)
def test_bad_order_and_clashes(repo: aidb.Repository, tmp_path: Path, paths: list[bytes]) -> None:
    """Twice the same, out of order, or a path that is both a file and a folder."""
    rows = entries_of(repo, paths)
    if paths[0] == b"link":
        rows[0] = (b"link", store_file(repo, link("../witness")))
    publish(repo, "evil", store_node(repo, forged_leaf(rows)), files=len(rows))
    check_refused(repo, tmp_path, readable=paths == sorted(set(paths)))


def test_file_and_folder_in_different_nodes(repo: aidb.Repository, tmp_path: Path) -> None:
    """A link in one leaf, files below it in the next: no leaf is wrong by itself."""
    one = store_node(repo, forged_leaf([(b"link", store_file(repo, link("../witness")))]))
    two = store_node(repo, forged_leaf(entries_of(repo, [b"link/file"])))
    root = store_node(repo, forged_inner(1, [b"link", b"link/file"], [one, two], [1, 1], [10, 5]))
    publish(repo, "evil", root, files=2, size=15)
    check_refused(repo, tmp_path, readable=True)


def test_lying_totals(repo: aidb.Repository, tmp_path: Path) -> None:
    leaf = store_node(repo, forged_leaf(entries_of(repo, [b"a", b"b"])))
    root = store_node(repo, forged_inner(1, [b"a"], [leaf], [10**12], [10**15]))
    publish(repo, "evil", root, files=10**12, size=10**15)
    check_refused(repo, tmp_path)


def test_endless_tree(repo: aidb.Repository, tmp_path: Path) -> None:
    """Sixty levels of nodes with two children each, which are the same node: 2^60 files, if one believed it."""
    node = store_node(repo, forged_leaf(entries_of(repo, [b"a"])))
    count = 1
    for level in range(1, 32):
        count *= 2
        node = store_node(repo, forged_inner(level, [b"a", b"b"], [node, node], [count // 2] * 2, [5] * 2))
    publish(repo, "evil", node, files=count)
    check_refused(repo, tmp_path)


@pytest.mark.parametrize(
    "node",
    [
        b"",
        b"\x00",
        b"not a node",
        b"\x99\x01\x00",
        b"\xc1" * 100,
        b"\xdd\xff\xff\xff\xff",
        b"\x97\x01\x01" + b"\xc4\x00" * 5,
    ],
    ids=repr,
)
def test_nodes_that_are_none(repo: aidb.Repository, tmp_path: Path, node: bytes) -> None:
    publish(repo, "evil", store_node(repo, node))
    check_refused(repo, tmp_path)


def test_root_that_is_not_there(repo: aidb.Repository, tmp_path: Path) -> None:
    publish(repo, "evil", ObjectId(b"\7" * 32))
    check_refused(repo, tmp_path)


USES = ["read", "get", "merge", "switch", "switch --force", "restore", "reset"]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("wrong", ["size", "blob", "recipe", "kind"])
def test_entries_that_lie(repo: aidb.Repository, tmp_path: Path, wrong: str, use: str) -> None:
    """A size, id or recipe that is not the content's: the file does not arrive; the rest of the version may."""
    honest = store_file(repo, text("evil\n"))
    lies = {
        "size": honest._replace(size=10**15),
        "blob": honest._replace(blob=ObjectId(b"\1" * 32)),
        "recipe": honest._replace(recipe=honest.blob),
        "kind": honest._replace(kind=7),  # type: ignore[arg-type]
    }
    publish(repo, "evil", store_node(repo, forged_leaf([(b"a", lies[wrong])])), size=lies[wrong].size)
    target = tmp_path / "exported"
    target.mkdir()
    with pytest.raises(AidbError):
        attempts(repo, target)[use]()
    assert "a" not in read_tree(repo.root)
    assert not (target / "a").exists()


ODD_PATHS = [
    b"with\nnewline",
    b"with\x1b[31mcolour",
    b"not-utf8-\xff\xfe",
    b"-rf",
    b" leading and trailing ",
    b"...",
    b"..hidden",
    b".gitignore",
    b".github/workflows/ci.yml",
    b"x" * 255,
    b"CON",
    b"%s%n",
]


def test_odd_but_good_paths(repo: aidb.Repository, tmp_path: Path) -> None:
    """Strange names are no attack: they come back exactly."""
    rows = sorted(entries_of(repo, ODD_PATHS))
    publish(repo, "odd", store_node(repo, forged_leaf(rows)), files=len(rows), size=5 * len(rows))
    repo.switch("odd")
    assert {bytes(path) for path, _ in rows} == {
        path.encode("utf-8", "surrogateescape") for path in read_tree(repo.root)
    }
    assert repo.status().clean
    assert repo.fsck().ok
    assert repo.at().get("", tmp_path / "copy") == len(rows)


def test_case_clash(repo: aidb.Repository) -> None:
    """Two names that differ in case: both arrive where the file system can hold both, else nothing is lost silently."""
    rows = [(b"NAME", store_file(repo, text("upper\n"))), (b"name", store_file(repo, text("lower\n")))]
    publish(repo, "case", store_node(repo, forged_leaf(rows)), files=2, size=12)
    repo.switch("case")
    files = read_tree(repo.root)
    if len(files) == 2:
        assert files == {"NAME": text("upper\n"), "name": text("lower\n")}
    else:
        assert not repo.status().clean


# ------------------------------------------------------------------------------------------- links in the way


def commit_tree(repo: aidb.Repository, branch: str, tree: Tree) -> None:
    """A branch from main with exactly these files."""
    repo.switch(branch, create=True)
    repo.remove(["."], recursive=True)
    write_tree(repo.root, tree)
    repo.add(["."])
    repo.commit(f"on {branch}")
    repo.switch("main")


def test_from_a_link_to_a_folder_of_the_same_name(repo: aidb.Repository) -> None:
    """The link is removed first, so that the file does not arrive behind it; and back again."""
    commit_tree(repo, "links", {"d": link("../witness"), "keep.txt": text("mine\n")})
    around = everything_else(repo)
    repo.switch("links")
    assert read_tree(repo.root)["d"] == link("../witness")
    repo.switch("main")
    assert read_tree(repo.root) == HERE
    assert everything_else(repo) == around


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_became_a_link(repo: aidb.Repository, force: bool) -> None:
    """The user (or a build) put a link where a tracked folder was: nothing is written or removed behind it."""
    commit_tree(repo, "new", {"d/file": text("new\n"), "d/more": text("more\n"), "keep.txt": text("mine\n")})
    (repo.root / "d/file").unlink()
    (repo.root / "d").rmdir()
    (repo.root / "d").symlink_to(repo.root.parent / "witness")
    around = everything_else(repo)
    for attempt in (
        lambda: repo.switch("new", force=force),
        lambda: repo.restore(["d"]),
        lambda: repo.remove(["d/file"], force=force),
        lambda: repo.merge("new"),
        lambda: repo.reset("new", mode="hard"),
    ):
        _try(attempt)
        assert everything_else(repo) == around
        assert read_tree(repo.root.parent / "witness", skip=()) == {"file": text("untouched\n")}


def test_a_deep_folder_that_became_a_link(repo: aidb.Repository) -> None:
    commit_tree(repo, "deep", {"d/e/f/file": text("deep\n"), "keep.txt": text("mine\n")})
    (repo.root / "d/e").symlink_to(repo.root.parent / "witness")
    around = everything_else(repo)
    for force in (False, True):
        _try(lambda force=force: repo.switch("deep", force=force))  # type: ignore[misc]
        assert everything_else(repo) == around
    assert sorted(path.name for path in (repo.root.parent / "witness").iterdir()) == ["file"]


def test_adding_through_a_link(repo: aidb.Repository) -> None:
    """Files behind a link are not part of the workspace."""
    (repo.root / "way-out").symlink_to(repo.root.parent / "witness")
    with pytest.raises(AidbError):
        repo.add(["way-out/file"])
    repo.add(["."])
    repo.commit("with the link")
    assert repo.at().stat("way-out").kind is Kind.SYMLINK
    assert "way-out/file" not in repo.at()


@pytest.mark.parametrize(
    "path", ["../witness/file", "/etc/passwd", ".aidb/format", ".git/config", "d/../../witness"]
)
def test_paths_given_by_a_person(repo: aidb.Repository, path: str) -> None:
    for attempt in (
        lambda: repo.add([path]),
        lambda: repo.remove([path]),
        lambda: repo.move(["keep.txt"], path),
        lambda: repo.restore([path]),
        lambda: repo.at().read(path),
    ):
        with pytest.raises(AidbError):
            attempt()
    assert read_tree(repo.root) == HERE
