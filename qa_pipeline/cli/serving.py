"""The command that serves the review app."""

from __future__ import annotations

import click

from qa_pipeline.cli.options import open_results, open_settings, results_option


@click.command()
@results_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to listen at; 0.0.0.0 is all of them.")
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="Port; 0 is any that is free.")
def serve(results: str | None, host: str, port: int) -> None:
    """Serve the review app: the pages where reviewers, supervisors, trainers, agents and operators work. Stop it with Ctrl-C."""
    from qa_pipeline.review.opening import open_desk
    from qa_pipeline.web import serving
    from qa_pipeline.web.app import create_app

    settings = open_settings(results=results)
    store = open_results(settings)
    listening = serving.listen(host, port)
    app = create_app(open_desk(settings, store), settings)
    click.echo(f"The review app over {store.root}: {serving.address_of(listening)}")
    serving.serve(app, listening)


COMMANDS = (serve,)
