"""The command line. Commands are short: they resolve their arguments, call one function, and print.

Exit codes are those of `ExitCode`. Heavy libraries are imported inside the commands that need them, so that help and
completion are fast. Errors that we raise on purpose become clear text in one place.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from recipe_sweep.sweep.cli import (
    cluster_commands,
    data_commands,
    keeping_commands,
    launch_commands,
    report_commands,
    watch_commands,
)
from recipe_sweep.sweep.cli.exit_codes import Commands, ExitCode
from recipe_sweep.sweep.cli.options import Panel
from recipe_sweep.sweep.cli.streams import flush_standard_streams, print_to_any_encoding, say

app = typer.Typer(
    cls=Commands,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Train every point of a design space exactly once, on Ray, and report which designs work best.",
    epilog="Start with:  recipe-sweep launch demo",
)
app.add_typer(launch_commands.app)
app.add_typer(watch_commands.app)
app.add_typer(report_commands.app)
app.add_typer(keeping_commands.app)
app.add_typer(data_commands.app, name="data", rich_help_panel=Panel.PLACES)
app.add_typer(cluster_commands.app, name="cluster", rich_help_panel=Panel.PLACES)


def _show_version(wanted: bool) -> None:
    if wanted:
        from recipe_sweep.sweep.worker.source import code_version

        say(f"recipe-sweep {code_version()}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the release and a hash of its code.")
    ] = False,
) -> None:
    """Take the options of the program itself. Each acts when it is read."""


def main() -> None:
    """Run the command `recipe-sweep`."""
    print_to_any_encoding()
    try:
        app()
    finally:
        if not flush_standard_streams():
            sys.exit(ExitCode.READER_GONE)


if __name__ == "__main__":
    main()
