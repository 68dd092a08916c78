"""The commands of operators about the lists that everybody reads."""

from __future__ import annotations

import click

from qa_pipeline.cli.options import open_results, open_settings, results_option


@click.group()
def index() -> None:
    """The index of calls that lists and figures are read from: rebuild."""


@index.command("rebuild")
@results_option
@click.option("--decided", is_flag=True, help="Also work out anew what counts in every call that people decided about.")
def index_rebuild(results: str | None, decided: bool) -> None:
    """Make the index anew from the tables. It follows them by itself: this is for one that is damaged, or doubted."""
    import time

    from rich.console import Console
    from rich.progress import Progress

    from qa_pipeline.review.opening import rebuild_lists

    settings = open_settings(results=results)
    store = open_results(settings)
    begin = time.monotonic()
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading the tables", total=None)
        calls = rebuild_lists(
            settings,
            store,
            with_decided=decided,
            report=lambda done, total: bar.update(task, description="calls", completed=done, total=total),
        )
    click.echo(f"{calls} call{'s' if calls != 1 else ''} in the index; {time.monotonic() - begin:.1f} s.")


COMMANDS = (index,)
