"""Values → a page: the template of a name in the language, zone and theme of whoever looks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from qa_pipeline.call import Outcome
from qa_pipeline.errors import QaError
from qa_pipeline.languages.load import is_language, table
from qa_pipeline.languages.reason_tables import ReasonWords
from qa_pipeline.reading.viewer import Role
from qa_pipeline.report.sureness import FAIRLY_SURE, SURE
from qa_pipeline.web.choosing import NONE, VALUES
from qa_pipeline.web.failure_texts import cure_of_failure, found_in_words, purpose_in_words, stage_in_words
from qa_pipeline.web.refusals import told
from qa_pipeline.web.routing import ways
from qa_pipeline.web.signed import FORM_FIELD, Signed, form_token, typed_in
from qa_pipeline.web.translations import Texts, language_asked, marked, page_languages, texts
from qa_pipeline.web.written import day_text, number_text, percent_text, time_text

TEMPLATES = Path(__file__).with_name("templates")
_ROLES: Mapping[Role, str] = {
    Role.AGENT: marked("agent"),
    Role.REVIEWER: marked("reviewer"),
    Role.SUPERVISOR: marked("supervisor"),
    Role.TRAINER: marked("trainer"),
    Role.OPERATOR: marked("operator"),
}
_PARTIES: Mapping[str, str] = {
    "agent": marked("agent"),
    "customer": marked("customer"),
    "other": marked("recording"),
    "unknown": marked("unknown"),
}
_STATUSES: Mapping[str, str] = {
    "draft": marked("draft: does not count"),
    "stable": marked("counts"),
    "assist": marked("assist only"),
    "trial": marked("trial: does not count"),
}


def texts_for(request: Request, who: Signed | None) -> Texts:
    """Texts in the language of whoever looks; of the browser, where nobody is signed in."""
    return who.texts if who is not None else texts(language_asked(request.headers.get("accept-language")))


def zone_for(request: Request, who: Signed | None) -> ZoneInfo:
    """The zone of whoever looks; that of the settings, where nobody is signed in."""
    return who.zone if who is not None else ZoneInfo(request.app.state.settings.timezone)


def render(request: Request, who: Signed | None, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A page for whoever looks; `who` None: nobody is signed in."""
    shown = texts_for(request, who)
    if isinstance(refused := values.get("refused"), QaError):
        values["refused"] = told(shown, refused, zone_for(request, who))
    token, keep = form_token(request, who)
    field = Markup('<input type="hidden" name="{}" value="{}">').format(FORM_FIELD, token)
    context = {
        "request": request,
        "path": request.url.path,
        "who": who,
        "texts": shown,
        "zone": zone_for(request, who),
        "theme": who.preferences.theme if who is not None else None,
        "csrf": token,
        "csrf_field": lambda: field,
        "ways": ways(request.app, who, request.url.path),
        "style_nonce": request.state.style_nonce,
        "is_demo": request.app.state.is_demo,
        "page_languages": page_languages(),
        "lacks": _lacking(who),
        "sent": (),
    }
    if request.method == "POST" and status >= 400:
        context["sent"] = typed_in(request)
    response = HTMLResponse(environment(shown.language).get_template(template).render(context | values), status_code=status)
    keep(response)
    return response


def _lacking(who: Signed | None) -> str | None:
    """What somebody's account lacks, without which they see no call, whatever page they open: `team` or `agent`."""
    if who is None or who.viewer.roles - {Role.SUPERVISOR, Role.AGENT}:
        return None
    if Role.SUPERVISOR in who.viewer.roles:
        return None if who.viewer.teams else "team"
    return None if who.viewer.agent_ids or not who.viewer.roles else "agent"


@cache
def environment(language: str) -> Environment:
    """Templates in a language. What callers said is text everywhere: all values are escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    spoken = texts(language)
    made.install_gettext_callables(spoken.gettext, spoken.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals["gettext"] = made.globals["_"] = _said_in(spoken)
    made.filters |= {
        "percent": percent,
        "number": number,
        "hundredths": hundredths,
        "language": language_name,
        "day": day,
        "moment": moment,
        "when": when,
        "outcome": outcome,
        "answer": answer,
        "role": role,
        "status": status,
        "called": called,
        "sureness": sureness,
        "party": party,
        "stage": _by_texts(stage_in_words),
        "purpose": _by_texts(purpose_in_words),
        "found": _by_texts(found_in_words),
        "cure": _by_texts(cure_of_failure),
        "as_json": json.dumps,
    }
    return made


def _said_in(spoken: Texts) -> Callable[..., Markup]:
    """What the template library's own `gettext` does, a fifth of a page's time quicker: texts without values are made once."""

    @cache
    def plain(text: str) -> Markup:
        return Markup(spoken.gettext(text)) % {}

    def gettext(text: str, **values: object) -> Markup:
        return Markup(spoken.gettext(text)) % values if values else plain(text)

    return gettext


def redirect(to: str) -> HTMLResponse:
    """On to a page of ours after something was done (303: it is then asked for anew)."""
    return HTMLResponse(status_code=303, headers={"location": to})


@pass_context
def percent(context: Context, value: float | None, digits: int = 0) -> str:
    """0–100 as a percentage; a dash where there is none."""
    return "–" if value is None else percent_text(value, _texts(context).locale, digits)


@pass_context
def number(context: Context, value: float | None) -> str:
    """A number with the marks of the language; a dash where there is none."""
    return "–" if value is None else number_text(value, _texts(context).locale)


@pass_context
def hundredths(context: Context, value: float) -> str:
    """A measure between −1 and 1 with two digits behind the mark of the language."""
    return number_text(value, _texts(context).locale, "0.00;−0.00")


@pass_context
def language_name(context: Context, code: str | None) -> str:
    """What a language is called in that of whoever looks; a dash where it is not known."""
    if not code:
        return "–"
    locale = _texts(context).locale
    return str(locale.languages.get(code, code))


@pass_context
def day(context: Context, value: date | str | None) -> str:
    """A day; a dash where it is not known."""
    if not value:
        return "–"
    return day_text(date.fromisoformat(value) if isinstance(value, str) else value, _texts(context).locale)


@pass_context
def when(context: Context, value: datetime | str | None) -> str:
    """A day and time by the clock of whoever looks; a dash where it is not known."""
    if not value:
        return "–"
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return time_text(at, context["zone"], _texts(context).locale)


def moment(value: int | None) -> str:
    """A moment of a call, in milliseconds, as minutes and seconds; a dash where there is none."""
    if value is None:
        return "–"
    seconds = int(value) // 1000
    hours, rest = divmod(seconds, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


@pass_context
def outcome(context: Context, value: Outcome | str | None) -> str:
    """An outcome in words."""
    return "–" if value is None else _outcomes(_texts(context).language).get(str(value), str(value))


@pass_context
def answer(context: Context, value: str | None) -> str:
    """An answer, or a level, in words, where the language has them; nothing where there is none."""
    return "" if value is None else _answers(_texts(context).language).get(value, value.replace("_", " "))


@pass_context
def party(context: Context, value: str) -> str:
    """Who speaks, in words."""
    return _texts(context).gettext(_PARTIES[value])


@pass_context
def role(context: Context, value: Role) -> str:
    """What somebody does here, in words."""
    return _texts(context).gettext(_ROLES[value])


@pass_context
def status(context: Context, value: str) -> str:
    """How far a criterion is, in words."""
    return _texts(context).gettext(_STATUSES[value])


@pass_context
def called(context: Context, value: str | None, name: str) -> str:
    """A value that calls are chosen or counted by, in words; that they have none, where there is none."""
    spoken = _texts(context)
    if value is None:
        return spoken.gettext(NONE[name]) if name in NONE else "–"
    known = VALUES.get(name, {}).get(value)
    return value if known is None else spoken.gettext(known)


@pass_context
def sureness(context: Context, share: float | None) -> str:
    """How sure a finding is, of its certainty, in words; nothing where it asserts nothing."""
    if share is None:
        return ""
    spoken = _texts(context)
    return spoken.gettext("sure") if share >= SURE else spoken.gettext("fairly sure") if share >= FAIRLY_SURE else spoken.gettext("unsure")


@cache
def _answers(language: str) -> Mapping[str, str]:
    return table(language, ReasonWords).words if is_language(language) else {}


@cache
def _outcomes(language: str) -> Mapping[str, str]:
    _ = texts(language).gettext
    return {
        Outcome.MET.value: _("met"),
        Outcome.NOT_MET.value: _("not met"),
        Outcome.NOT_APPLICABLE.value: _("does not apply"),
        Outcome.UNDETERMINED.value: _("undetermined"),
    }


def _by_texts(in_words: Callable[[Texts, str], str]) -> Callable[[Context, str], str]:
    """What is said in somebody's language, as a filter."""
    return pass_context(lambda context, said: in_words(_texts(context), said))


def _texts(context: Context) -> Texts:
    found: Texts = context["texts"]
    return found
