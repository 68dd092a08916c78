"""The command that serves the review app."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qa_pipeline.cli.options import open_results, open_settings, results_option

if TYPE_CHECKING:
    from qa_pipeline.review.desk import Desk


@click.command()
@results_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen at; 0.0.0.0 is all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 is any that is free.")
@click.option("--demo", is_flag=True, help="Make an account of each role with a known passphrase; only over the sample calls.")
def serve(results: str | None, host: str, port: int, demo: bool) -> None:
    """Serve the review app: the pages where reviewers, supervisors, trainers, agents and operators work. Stop it with Ctrl-C.

    As long as nobody can sign in, it prints a one-time link by which the first operator makes an account.
    """
    from qa_pipeline.web.heaps import hold_memory_together

    hold_memory_together()
    from qa_pipeline.review.correcting import apply_due
    from qa_pipeline.review.invitations import note_served
    from qa_pipeline.review.opening import open_desk
    from qa_pipeline.web import serving
    from qa_pipeline.web.app import create_app

    settings = open_settings(results=results)
    store = open_results(settings)
    with serving.listen(host, port) as listening:
        address = serving.address_of(listening)
        desk = open_desk(settings, store, keeps_connections=True)
        apply_due(desk, settings)
        note_served(desk.engine, listening.getsockname()[1])
        if demo:
            _show_demonstration(desk)
        app = create_app(desk, settings, is_demo=demo)
        _show_first_link(desk, address)
        click.echo(f"The review app over {store.root}: {address}")
        serving.serve(app, listening)


def _show_demonstration(desk: Desk) -> None:
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.demonstration import seed_demonstration

    show_rows([{"role": one.role.value, "name": one.name, "passphrase": one.passphrase} for one in seed_demonstration(desk)])


def _show_first_link(desk: Desk, address: str) -> None:
    from qa_pipeline.review.invitations import is_new, make_set_up_link

    if is_new(desk.engine):
        click.echo(
            f"Nobody can sign in yet. Make the first account, an operator's, within a day: {address}/link/{make_set_up_link(desk.engine)}"
        )


COMMANDS = (serve,)
