"""The commands of operators about other programs: tokens by which they ask, webhooks by which they are told."""

from __future__ import annotations

import click

from qa_pipeline.cli.deciding import deciding_options, open_desk_as

# As review/tokens.py and review/webhooks.py have them; the help is shown without loading them.
_SCOPE = click.Choice(["calls", "words", "decide", "figures", "rubrics", "runs"])
_EVENT = click.Choice(["call.critical_failed", "call.disputed", "call.dispute_decided", "run.finished"])
_account_option = click.option("--account", required=True, metavar="NAME", help="In whose name; it sees what they see, and no more.")


@click.group()
def tokens() -> None:
    """Tokens by which other programs use the API: add, list, revoke."""


@tokens.command("add")
@click.argument("name")
@_account_option
@click.option("--scope", "scopes", type=_SCOPE, multiple=True, required=True, help="What it is for; may be given several times.")
@click.option("--days", type=click.IntRange(min=1), help="How long it holds; by default until it is revoked.")
@deciding_options
def tokens_add(name: str, account: str, scopes: tuple[str, ...], days: int | None, results: str | None, as_name: str | None) -> None:
    """Make a token for the program NAME. It is shown once."""
    from qa_pipeline.review.tokens import May, make_token

    _, desk, viewer = open_desk_as(results, as_name)
    _, secret = make_token(desk.engine, viewer, name, account=account, may=map(May, scopes), days=days)
    click.echo(secret)
    click.echo("Keep it now: it is not shown again.", err=True)


@tokens.command("list")
@deciding_options
def tokens_list(results: str | None, as_name: str | None) -> None:
    """List all tokens by their first letters."""
    from datetime import UTC, datetime

    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.tokens import list_tokens

    _, desk, viewer = open_desk_as(results, as_name)
    now = datetime.now(UTC)
    show_rows(
        [
            {
                "token": one.token,
                "name": one.name,
                "begins": one.beginning,
                "account": one.account,
                "scopes": ", ".join(sorted(one.may)),
                "used": one.used_on or "never",
                "holds": "yes" if one.holds(now) else "no",
            }
            for one in list_tokens(desk.engine, viewer)
        ]
    )


@tokens.command("revoke")
@click.argument("token", type=int)
@deciding_options
def tokens_revoke(token: int, results: str | None, as_name: str | None) -> None:
    """Let the TOKEN of this number open nothing any more."""
    from qa_pipeline.review.tokens import revoke_token

    _, desk, viewer = open_desk_as(results, as_name)
    revoke_token(desk.engine, viewer, token)
    click.echo(f"Token {token} opens nothing any more.")


@click.group()
def webhooks() -> None:
    """Addresses that are told of critical failures, disputes and finished runs: add, list, end, messages, again, deliver."""


@webhooks.command("add")
@click.argument("url")
@_account_option
@click.option("--event", "events", type=_EVENT, multiple=True, required=True, help="Of what; may be given several times.")
@deciding_options
def webhooks_add(url: str, account: str, events: tuple[str, ...], results: str | None, as_name: str | None) -> None:
    """Tell URL of events from now on. The secret that messages are signed with is shown once."""
    from qa_pipeline.review.webhooks import Event, add_webhook

    _, desk, viewer = open_desk_as(results, as_name)
    _, secret = add_webhook(desk.engine, viewer, url, account=account, events=map(Event, events))
    click.echo(secret)
    click.echo("Give it to whoever receives the messages: it is not shown again.", err=True)


@webhooks.command("list")
@deciding_options
def webhooks_list(results: str | None, as_name: str | None) -> None:
    """List all webhooks."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.webhooks import list_webhooks

    _, desk, viewer = open_desk_as(results, as_name)
    show_rows(
        [
            {
                "webhook": one.webhook,
                "url": one.url,
                "account": one.account,
                "events": ", ".join(sorted(one.events)),
                "ended": f"{one.ended_at:%Y-%m-%d}" if one.ended_at else "",
            }
            for one in list_webhooks(desk.engine, viewer)
        ]
    )


@webhooks.command("end")
@click.argument("webhook", type=int)
@deciding_options
def webhooks_end(webhook: int, results: str | None, as_name: str | None) -> None:
    """Tell the WEBHOOK of this number nothing any more; what waits for it is given up."""
    from qa_pipeline.review.webhooks import end_webhook

    _, desk, viewer = open_desk_as(results, as_name)
    end_webhook(desk.engine, viewer, webhook)
    click.echo(f"Webhook {webhook} is told nothing any more.")


@webhooks.command("messages")
@click.option("--dead", is_flag=True, help="Only those that were given up.")
@deciding_options
def webhooks_messages(dead: bool, results: str | None, as_name: str | None) -> None:
    """List messages, and what became of them."""
    from qa_pipeline.report.terminal import show_rows
    from qa_pipeline.review.webhooks import list_messages

    _, desk, viewer = open_desk_as(results, as_name)
    show_rows(
        [
            {
                "message": one.message,
                "event": one.event.value,
                "call": one.call_id or "",
                "to": one.url,
                "made": f"{one.created_at:%Y-%m-%d %H:%M}",
                "tries": one.tries,
                "last try": one.answer or "",
                "state": "delivered" if one.delivered_at else "given up" if one.dead_at else "waits",
            }
            for one in list_messages(desk.engine, viewer, is_dead=True if dead else None)
        ]
    )


@webhooks.command("again")
@click.argument("message")
@deciding_options
def webhooks_again(message: str, results: str | None, as_name: str | None) -> None:
    """Try a MESSAGE that was given up once more."""
    from qa_pipeline.review.webhooks import send_again

    _, desk, viewer = open_desk_as(results, as_name)
    send_again(desk.engine, viewer, message)
    click.echo("It is sent with the next round.")


@webhooks.command("deliver")
@deciding_options
def webhooks_deliver(results: str | None, as_name: str | None) -> None:
    """Look what is to be told, and send what is due. `qa-pipeline serve` does the same by itself; without it, a timer can."""
    from qa_pipeline.review.deliver import deliver
    from qa_pipeline.review.webhooks import collect

    settings, desk, _ = open_desk_as(results, as_name)
    made, done = collect(desk), deliver(desk.engine, settings)
    click.echo(f"New: {made}. Sent: {done.sent}, to be tried again: {done.failed}, given up: {done.dead}.")


COMMANDS = (tokens, webhooks)
