"""diff, show and merge of what is inside files."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Shell

LABELS = "id,path,label\n" + "".join(f"{n},img/{n}.png,{'cat' if n % 2 else 'dog'}\n" for n in range(8))


@pytest.fixture
def tables(repo: Shell) -> Shell:
    """A table on main, and another version of it on clean."""
    repo.write(".aidbattributes", "*.csv merge=table key=id\n")
    repo.commit("first", labels_csv=LABELS)
    repo.ok("switch", "-q", "-c", "clean")
    repo.commit(
        "clean",
        labels_csv=LABELS.replace("3,img/3.png,cat", "3,img/3.png,bird").replace("5,img/5.png,cat\n", ""),
    )
    repo.ok("switch", "-q", "main")
    return repo


def test_diff_of_a_table(tables: Shell) -> None:
    assert tables.ok("diff", "main", "clean") == (
        "M  labels.csv  142 B → 127 B\n"
        "1 modified (-15 B)\n"
        "\n"
        "labels.csv  1 row changed, 1 row removed\n"
        "  8 → 7 rows, told apart by id\n"
        "\n"
        "  id  column  before  after\n"
        "  3   label   cat     bird\n"
        "\n"
        "     id  path       label\n"
        "  -  5   img/5.png  cat\n"
        "\n"
        "  id             mean 3.5 → 3.28571, distinct ~8 → ~7\n"
        "  path           distinct ~8 → ~7\n"
        "  label  1 cell  min cat → bird, distinct ~2 → ~3\n"
    )


def test_diff_counts_what_is_inside(tables: Shell) -> None:
    assert tables.ok("diff", "--stat", "main", "clean") == (
        "M  labels.csv  142 B → 127 B  1 row changed, 1 row removed\n1 modified (-15 B)\n"
    )


def test_diff_by_another_key(tables: Shell) -> None:
    answer = json.loads(tables.ok("diff", "--json", "--key", "path", "main", "clean"))
    inside = answer["changes"][0]["inside"]
    assert (inside["kind"], inside["key"], inside["key_guessed"]) == ("table", ["path"], False)
    assert inside["changed"] == [
        {"key": {"path": "img/3.png"}, "before": {"label": "cat"}, "after": {"label": "bird"}}
    ]
    assert inside["removed"] == [{"id": "5", "path": "img/5.png", "label": "cat"}]


def test_diff_of_the_workspace_uses_its_attributes(tables: Shell) -> None:
    tables.write("labels.csv", LABELS.replace("dog", "wolf", 1))
    assert "told apart by id\n" in tables.ok("diff")
    tables.write(".aidbattributes", "*.csv key=path\n")
    assert "told apart by path\n" in tables.ok("diff", "labels.csv")
    assert "told apart by id\n" in tables.ok("diff", "--staged", "clean")
    tables.write(".aidbattributes", "*.csv diff=none\n")
    assert tables.ok("diff", "labels.csv").count("\n") == 2
    tables.write(".aidbattributes", "*.csv diff=text\n")
    assert "+0,img/0.png,wolf\n" in tables.ok("diff", "labels.csv")
    tables.write(".aidbattributes", "*.csv diff=oops\n")
    assert "labels.csv  cannot look inside: .aidbattributes, line 1: diff is one of" in tables.ok(
        "diff", "labels.csv"
    )


def test_show_looks_inside(tables: Shell) -> None:
    assert "labels.csv  1 row changed, 1 row removed\n" in tables.ok("show", "clean")


def test_diff_of_other_formats(repo: Shell) -> None:
    repo.commit("first", config_json='{"lr": 0.1}', a_bin="\0one", bad_parquet="PAR1\0junk", pic_png="\0")
    repo.write("config.json", '{"lr": 0.2, "x": [1]}')
    repo.write("a.bin", "\0two")
    repo.write("bad.parquet", "PAR1\0junk!")
    repo.write("pic.png", b"\1")
    lines = repo.ok("diff").splitlines()
    assert lines[lines.index("") :] == [
        "",
        "a.bin  first difference at byte 1, 0% of the bytes shared",
        "",
        "bad.parquet  cannot look inside: the file too small to be a Parquet file",
        "",
        "config.json  1 value changed, 1 value added",
        "  path  before  after",
        "  lr    0.1     0.2",
        "  x     -       [1]",
        "",
        "pic.png  cannot look inside: it is not a whole image: cannot identify image file",
    ]


def test_diff_of_many_files_looks_into_a_few(repo: Shell) -> None:
    for number in range(30):
        repo.write(f"notes/{number:02}.txt", "one\n")
    repo.ok("add", ".")
    repo.ok("commit", "-qm", "first")
    for number in range(30):
        repo.write(f"notes/{number:02}.txt", "two two\n")
    ran = repo("diff")
    assert ran.out.count("+two two") == 10
    assert ran.err == ("hint: 20 more files could be looked into: name paths, or `aidb diff -p` for all.\n")
    assert repo.ok("diff", "-p").count("+two two") == 30
    assert sum("inside" in change for change in json.loads(repo.ok("diff", "--json"))["changes"]) == 10


def test_long_explanations_are_cut(repo: Shell) -> None:
    repo.commit("first", notes_txt="old\n", t_csv="id,a\n" + "".join(f"{n},x\n" for n in range(40)))
    repo.write("notes.txt", "".join(f"{number}\n" for number in range(200)))
    repo.write("t.csv", "id,a\n" + "".join(f"{n},y\n" for n in range(40)))
    cut = repo.ok("diff")
    assert "+97\n… and 102 more lines\n" in cut
    assert "  4   a       x       y\n  … and 35" in cut
    assert "  … and 35 more changed rows\n" in cut
    assert "+199\n" in repo.ok("diff", "-p")


def test_merge_of_a_table(tables: Shell) -> None:
    tables.commit(
        "mine", labels_csv=LABELS.replace("7,img/7.png,cat", "7,img/7.png,fox") + "9,img/9.png,cow\n"
    )
    ran = tables("merge", "clean")
    assert ran.code == 0
    assert "note: merged inside labels.csv\n" in ran.err
    assert (tables.folder / "labels.csv").read_text() == (
        LABELS.replace("3,img/3.png,cat", "3,img/3.png,bird")
        .replace("5,img/5.png,cat\n", "")
        .replace("7,img/7.png,cat", "7,img/7.png,fox")
        + "9,img/9.png,cow\n"
    )
    assert tables.ok("status", "--json")
    tables.ok("revert", "clean")  # the row comes back, at the end
    assert (tables.folder / "labels.csv").read_text() == (
        LABELS.replace("5,img/5.png,cat\n", "").replace("7,img/7.png,cat", "7,img/7.png,fox")
        + "9,img/9.png,cow\n5,img/5.png,cat\n"
    )


def test_merge_conflicts_name_their_rows(tables: Shell) -> None:
    tables.commit("mine", labels_csv=LABELS.replace("3,img/3.png,cat", "3,img/3.png,fox"))
    ran = tables("merge", "clean")
    assert ran.code == 5
    line = "labels.csv  changed on both sides: id 3 (label)\n"
    assert f"  {line}" in ran.out
    assert line in tables.ok("status")
    tables.ok("undo")
    tables.ok("redo")
    assert line in tables.ok("status")
    tables.ok("merge", "--abort")
    answer = json.loads(tables("merge", "--json", "clean").out)
    assert answer["conflicts"] == [{"path": "labels.csv", "reason": "modified-both", "note": "id 3 (label)"}]
    tables.ok("merge", "--abort")
    tables.ok("merge", "--theirs", "clean")
    assert "3,img/3.png,bird" in (tables.folder / "labels.csv").read_text()


def test_a_stash_is_merged_inside_tables(tables: Shell) -> None:
    tables.write("labels.csv", LABELS.replace("7,img/7.png,cat", "7,img/7.png,fox"))
    tables.ok("add", "labels.csv")
    tables.write("labels.csv", LABELS.replace("7,img/7.png,cat", "7,img/7.png,owl"))
    tables.ok("stash")
    tables.ok("merge", "-q", "clean")
    merged = (tables.folder / "labels.csv").read_text()
    ran = tables("stash", "pop")
    assert (ran.code, "note: merged inside labels.csv\n" in ran.err) == (0, True)
    assert (tables.folder / "labels.csv").read_text() == merged.replace("7.png,cat", "7.png,owl")
    tables.ok("restore", "--force", "labels.csv")
    assert (tables.folder / "labels.csv").read_text() == merged.replace("7.png,cat", "7.png,fox")


def test_a_stash_that_conflicts_names_its_rows(tables: Shell) -> None:
    tables.write("labels.csv", LABELS.replace("3,img/3.png,cat", "3,img/3.png,fox"))
    tables.ok("stash")
    tables.ok("merge", "-q", "clean")
    assert tables("stash", "pop").code == 5
    assert "labels.csv  changed on both sides: id 3 (label)\n" in tables.ok("status")


@pytest.mark.parametrize(
    ("attributes", "code", "said"),
    [
        ("*.csv key=id\n", 5, "labels.csv  changed on both sides\n"),
        ("*.csv merge=table\n", 5, "changed on both sides: its attributes name no key"),
        ("*.txt merge=table key=id\n", 5, "labels.csv  changed on both sides\n"),
        ("*.csv merge=magic\n", 2, ""),
    ],
)
def test_merge_asks_the_attributes_of_ours(tables: Shell, attributes: str, code: int, said: str) -> None:
    tables.write(".aidbattributes", attributes)
    tables.commit("mine", labels_csv=LABELS + "9,img/9.png,cow\n")
    ran = tables("merge", "clean")
    assert (ran.code, said in ran.out) == (code, True)
    if code == 2:
        assert ran.err.startswith(
            "error: .aidbattributes, line 1: merge is one of table, none, not 'magic'\n"
        )
