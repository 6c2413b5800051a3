"""`aidb completion`"""

from __future__ import annotations

from typing import Annotated, Literal

from aidb_cli.context import Context
from aidb_cli.syntax import Argument, Command


def completion(
    context: Context,
    shell: Annotated[Literal["bash", "zsh", "fish"], Argument("Your shell.", metavar="bash|zsh|fish")],
) -> None:
    """Print the completion script of your shell.

    It completes commands, options, branches, tags and paths. Load it in the file your shell reads at start, as
    the examples show.
    """
    from typer.completion import get_completion_script  # type: ignore[attr-defined]

    from aidb_cli.reading import COMPLETION

    context.out.line(get_completion_script(prog_name="aidb", complete_var=COMPLETION, shell=shell))


COMMAND = Command(
    completion,
    examples=(
        ("aidb completion bash >> ~/.bashrc", "for bash"),
        ("aidb completion zsh >> ~/.zshrc", "for zsh, after compinit"),
        ("aidb completion fish > ~/.config/fish/completions/aidb.fish", "for fish"),
    ),
    json=False,
)
