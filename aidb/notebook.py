"""How aidb's objects look in a notebook: small HTML tables, nothing more.

Every value is escaped: a file may be called `<script>`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def html_table(
    caption: str, headers: Sequence[str], rows: Iterable[Sequence[object]], *, more: str = ""
) -> str:
    """A table with a caption; `more` is a closing line such as "… and 12 more"."""
    head = "".join(f"<th style='text-align:left'>{escape(name)}</th>" for name in headers)
    body = "".join(f"<tr>{_cells(row)}</tr>" for row in rows)
    foot = f"<p>{escape(more)}</p>" if more else ""
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<div><p><b>{escape(caption)}</b></p>{table}{foot}</div>"


def escape(text: str) -> str:
    """`html.escape`, imported when it is needed: it brings a table of all entities."""
    import html

    return html.escape(text)


def _cells(row: Sequence[object]) -> str:
    return "".join(f"<td style='text-align:left'><code>{escape(str(value))}</code></td>" for value in row)


def human_bytes(count: int) -> str:
    """`1536` → `1.5 KiB`."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if abs(size) < 1024 or unit == "TiB":
            break
        size /= 1024
    return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
