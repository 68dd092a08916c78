"""The commands of agents, about calls of their own: to say that they have read a scorecard, or that they do not agree."""

from __future__ import annotations

import click

from qa_pipeline.cli.deciding import decide_and_tell, deciding_options


@click.command()
@click.argument("call_id")
@deciding_options
def acknowledge(call_id: str, results: str | None, as_name: str | None) -> None:
    """Say that you have read the scorecard of CALL_ID."""
    from qa_pipeline.review.decisions import Acknowledgement

    decide_and_tell(call_id, Acknowledgement(), criterion=None, reason=None, results=results, as_name=as_name)


@click.command()
@click.argument("call_id")
@click.argument("criterion", required=False)
@click.option("--reason", required=True, metavar="TEXT", help="What is wrong; the supervisor reads it.")
@deciding_options
def dispute(call_id: str, criterion: str | None, reason: str, results: str | None, as_name: str | None) -> None:
    """Say that you do not agree with CRITERION of CALL_ID, or with the whole score. It waits until a supervisor decides."""
    from qa_pipeline.review.decisions import Dispute

    decide_and_tell(call_id, Dispute(), criterion=criterion, reason=reason, results=results, as_name=as_name)


COMMANDS = (acknowledge, dispute)
