"""The common wordings of answers: what people really say when they agree, refuse or judge."""

from __future__ import annotations

import pytest

from qa_pipeline.call import Role
from qa_pipeline.conversation.written import conversation
from qa_pipeline.languages.load import language_codes, table
from qa_pipeline.languages.scoring_tables import AnswerWords
from qa_pipeline.phrases.search import compile_phrase
from qa_pipeline.scoring.answers import find_answer, polarity_of
from qa_pipeline.scoring.matching import Search

TOGETHER = (("willing", "unwilling"), ("yes", "no"), ("satisfied", "average", "dissatisfied"))


def answer_to(text: str, language: str, names: tuple[str, ...]) -> str | None:
    """The answer, of those that are asked about together, that a customer's words hold."""
    heard = conversation(f"0:00 customer: {text}", language=language)
    return find_answer(Search(heard, {}, {}), {name: {} for name in names}, list(heard.by_role(Role.CUSTOMER)))[0]


@pytest.mark.parametrize(
    ("language", "answer", "text"),
    [
        ("pl", "willing", "Tak, proszę."),
        ("pl", "willing", "No dobrze, byle szybko."),
        ("pl", "willing", "Tak, mam chwilę."),
        ("pl", "willing", "No słucham pana."),
        ("pl", "willing", "Dobra."),
        ("pl", "willing", "Chwilę mam."),
        ("pl", "willing", "Spoko."),
        ("pl", "willing", "Śmiało."),
        ("pl", "unwilling", "Nie, teraz nie mogę."),
        ("pl", "unwilling", "Prowadzę samochód."),
        ("pl", "unwilling", "Raczej nie."),
        ("pl", "unwilling", "Jestem zajęta."),
        ("pl", "unwilling", "Mam teraz spotkanie."),
        ("pl", "unwilling", "Nie teraz."),
        ("pl", "unwilling", "Kieruję."),
        ("pl", "yes", "Tak."),
        ("pl", "yes", "Owszem."),
        ("pl", "yes", "No tak."),
        ("pl", "yes", "Pewnie."),
        ("pl", "yes", "Był."),
        ("pl", "no", "Nie."),
        ("pl", "no", "Nie, nie dostałam."),
        ("pl", "no", "Jeszcze nie."),
        ("pl", "no", "Skąd."),
        ("pl", "satisfied", "Jestem bardzo zadowolona."),
        ("pl", "satisfied", "Wszystko było super."),
        ("pl", "satisfied", "Dobrze, polecam."),
        ("pl", "satisfied", "Zadowolony jestem."),
        ("pl", "average", "Tak sobie."),
        ("pl", "average", "Może być."),
        ("pl", "average", "Ujdzie."),
        ("pl", "average", "Bez szału."),
        ("pl", "dissatisfied", "Nie jestem zadowolony."),
        ("pl", "dissatisfied", "Jestem rozczarowana."),
        ("pl", "dissatisfied", "Bardzo słabo."),
        ("pl", "dissatisfied", "Porażka."),
        ("pl", "dissatisfied", "Nie podobało mi się."),
        ("pl", "dissatisfied", "Nie, nie jestem wcale zadowolona."),
        ("sv", "willing", "Ja, det går bra."),
        ("sv", "willing", "Absolut, kör på."),
        ("sv", "willing", "Jodå."),
        ("sv", "willing", "Jag har tid."),
        ("sv", "willing", "Javisst."),
        ("sv", "willing", "Ja, varsågod."),
        ("sv", "willing", "Det är lugnt."),
        ("sv", "unwilling", "Nej, jag kör bil."),
        ("sv", "unwilling", "Jag är upptagen."),
        ("sv", "unwilling", "Ring senare."),
        ("sv", "unwilling", "Nja, det passar dåligt."),
        ("sv", "unwilling", "Jag är på jobbet."),
        ("sv", "unwilling", "Jag har lite bråttom."),
        ("sv", "unwilling", "Det passar inte så bra."),
        ("sv", "yes", "Ja."),
        ("sv", "yes", "Det stämmer."),
        ("sv", "yes", "Ja, det har jag."),
        ("sv", "yes", "Precis."),
        ("sv", "no", "Nej."),
        ("sv", "no", "Det har jag inte."),
        ("sv", "no", "Tyvärr inte."),
        ("sv", "no", "Nej, det fick jag inte."),
        ("sv", "no", "Inte än."),
        ("sv", "satisfied", "Jag är mycket nöjd."),
        ("sv", "satisfied", "Det var toppen."),
        ("sv", "satisfied", "Inget att klaga på."),
        ("sv", "satisfied", "Perfekt."),
        ("sv", "average", "Sådär."),
        ("sv", "average", "Varken bra eller dåligt."),
        ("sv", "average", "Medel."),
        ("sv", "average", "Det får godkänt."),
        ("sv", "dissatisfied", "Jag är missnöjd."),
        ("sv", "dissatisfied", "Dåligt."),
        ("sv", "dissatisfied", "Uselt."),
        ("sv", "dissatisfied", "Det var inte bra."),
        ("sv", "dissatisfied", "Katastrof."),
        ("en", "willing", "Yes, go ahead."),
        ("en", "willing", "Yeah, fine."),
        ("en", "willing", "Okay then."),
        ("en", "willing", "Fire away."),
        ("en", "willing", "Not at all, go on."),
        ("en", "willing", "By all means."),
        ("en", "willing", "Yep."),
        ("en", "willing", "No problem."),
        ("en", "unwilling", "No, I'm driving."),
        ("en", "unwilling", "Not really."),
        ("en", "unwilling", "Can you call back later?"),
        ("en", "unwilling", "Not now."),
        ("en", "unwilling", "I haven't got time."),
        ("en", "unwilling", "I'd rather not."),
        ("en", "unwilling", "No thanks."),
        ("en", "yes", "Yes."),
        ("en", "yes", "I did, yes."),
        ("en", "yes", "Of course."),
        ("en", "yes", "Yeah."),
        ("en", "yes", "Exactly."),
        ("en", "no", "No."),
        ("en", "no", "Not really."),
        ("en", "no", "I don't think so."),
        ("en", "no", "Nobody told me."),
        ("en", "no", "Nope."),
        ("en", "satisfied", "Very satisfied."),
        ("en", "satisfied", "Excellent."),
        ("en", "satisfied", "No complaints."),
        ("en", "satisfied", "Pretty good."),
        ("en", "satisfied", "Can't fault it."),
        ("en", "average", "Average."),
        ("en", "average", "So-so."),
        ("en", "average", "Nothing special."),
        ("en", "average", "All right, I suppose."),
        ("en", "average", "Fair enough, I guess."),
        ("en", "dissatisfied", "Not satisfied."),
        ("en", "dissatisfied", "Terrible."),
        ("en", "dissatisfied", "Not happy at all."),
        ("en", "dissatisfied", "It was awful."),
        ("en", "dissatisfied", "Really bad."),
        ("en", "dissatisfied", "Unhappy, to be honest."),
        ("pl", "willing", "No niech będzie."),
        ("pl", "willing", "Ależ oczywiście."),
        ("pl", "willing", "Ok, co tam?"),
        ("pl", "willing", "Dobrze, proszę pytać."),
        ("pl", "unwilling", "Oj, jadę właśnie autem."),
        ("pl", "unwilling", "Jestem u lekarza."),
        ("pl", "unwilling", "Może jutro?"),
        ("pl", "unwilling", "Dziękuję, nie."),
        ("pl", "yes", "No, dostałem."),
        ("pl", "yes", "Ano."),
        ("pl", "yes", "Myślę, że tak."),
        ("pl", "no", "A skądże."),
        ("pl", "no", "Nikogo nie było."),
        ("pl", "no", "Właśnie nie."),
        ("pl", "satisfied", "Naprawdę w porządku."),
        ("pl", "satisfied", "Na piątkę."),
        ("pl", "satisfied", "Bardzo fajnie."),
        ("pl", "average", "No, tak średnio."),
        ("pl", "average", "W miarę."),
        ("pl", "average", "Mogło być gorzej."),
        ("pl", "dissatisfied", "No nie bardzo mi się podobało."),
        ("pl", "dissatisfied", "Jestem zawiedziony."),
        ("pl", "dissatisfied", "Nigdy więcej."),
        ("sv", "willing", "Ja men det kan jag."),
        ("sv", "willing", "Jag har en stund."),
        ("sv", "willing", "Det är okej."),
        ("sv", "willing", "Ja tack."),
        ("sv", "unwilling", "Jag håller på att laga mat."),
        ("sv", "unwilling", "Tyvärr, jag har ett möte."),
        ("sv", "unwilling", "Kan vi ta det imorgon?"),
        ("sv", "unwilling", "Nej, inte intresserad."),
        ("sv", "yes", "Jo, det gjorde de."),
        ("sv", "yes", "Det gjorde jag."),
        ("sv", "yes", "Jovars."),
        ("sv", "no", "Nej det gjorde de inte."),
        ("sv", "no", "Inte som jag minns."),
        ("sv", "no", "Nej, tyvärr."),
        ("sv", "satisfied", "Det funkade jättebra."),
        ("sv", "satisfied", "Över förväntan."),
        ("sv", "satisfied", "Bra, tack."),
        ("sv", "average", "Det var okej."),
        ("sv", "average", "Sådär faktiskt."),
        ("sv", "average", "Godkänt."),
        ("sv", "dissatisfied", "Riktigt dåligt."),
        ("sv", "dissatisfied", "Hemskt."),
        ("sv", "dissatisfied", "Mycket besviken."),
        ("en", "willing", "Yeah, what's it about?"),
        ("en", "willing", "I can spare five minutes."),
        ("en", "willing", "Sure thing."),
        ("en", "willing", "I suppose so."),
        ("en", "unwilling", "I'm just about to board a train."),
        ("en", "unwilling", "I'm with a customer."),
        ("en", "unwilling", "I'm in the middle of dinner."),
        ("en", "unwilling", "I don't want to."),
        ("en", "yes", "Yes indeed."),
        ("en", "yes", "I think so."),
        ("en", "yes", "Absolutely."),
        ("en", "no", "Not as far as I know."),
        ("en", "no", "They didn't."),
        ("en", "no", "Nothing."),
        ("en", "satisfied", "I'm very pleased."),
        ("en", "satisfied", "Top notch."),
        ("en", "satisfied", "Happy enough, yes."),
        ("en", "average", "Meh."),
        ("en", "average", "Middle of the road."),
        ("en", "average", "I've had better."),
        ("en", "dissatisfied", "Pretty bad."),
        ("en", "dissatisfied", "I wasn't impressed."),
        ("en", "dissatisfied", "Very unhappy."),
        ("pl", "willing", "Tak, słucham pana uważnie."),
        ("pl", "willing", "Proszę, ale krótko."),
        ("pl", "willing", "Dobrze, mam kilka minut."),
        ("pl", "unwilling", "Niestety jestem teraz zajęty."),
        ("pl", "unwilling", "Właśnie wchodzę na spotkanie."),
        ("pl", "unwilling", "Nie mam czasu na takie rzeczy."),
        ("pl", "satisfied", "Oceniam bardzo dobrze."),
        ("pl", "satisfied", "Wszystko świetnie."),
        ("pl", "average", "Tak średnio bym powiedział."),
        ("pl", "dissatisfied", "Nie, jestem niezadowolony."),
        ("pl", "dissatisfied", "Nie polecam nikomu."),
        ("sv", "willing", "Ja, det går fint nu."),
        ("sv", "willing", "Visst kan jag det."),
        ("sv", "unwilling", "Nej tyvärr, jag jobbar."),
        ("sv", "unwilling", "Jag kör bil just nu."),
        ("sv", "satisfied", "Jag är jättenöjd med allt."),
        ("sv", "average", "Det var väl helt okej."),
        ("sv", "dissatisfied", "Nej, jag är missnöjd."),
        ("sv", "dissatisfied", "Inte speciellt bra."),
        ("en", "willing", "Yes, that's fine."),
        ("en", "willing", "Sure, what do you need?"),
        ("en", "unwilling", "No, sorry, I'm at the office."),
        ("en", "unwilling", "I'm a bit busy."),
        ("en", "satisfied", "Absolutely brilliant service."),
        ("en", "satisfied", "All good, thanks."),
        ("en", "average", "It was fairly average."),
        ("en", "average", "It was OK."),
        ("en", "dissatisfied", "To be honest, I was really disappointed."),
        ("en", "dissatisfied", "It was dreadful."),
    ],
)
def test_what_people_say_is_understood(language: str, answer: str, text: str) -> None:
    assert answer_to(text, language, next(names for names in TOGETHER if answer in names)) == answer


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Hello?"),
        ("en", "Who is speaking?"),
        ("pl", "Halo?"),
        ("pl", "A kto mówi?"),
        ("sv", "Hallå?"),
        ("sv", "Vem är det som ringer?"),
        ("zh", "喂？"),
    ],
)
def test_what_is_no_answer_gives_none(language: str, text: str) -> None:
    assert [answer_to(text, language, names) for names in TOGETHER] == [None, None, None]


def test_every_wording_can_be_compiled() -> None:
    for language in language_codes():
        for texts in table(language, AnswerWords).answers.values():
            assert all(compile_phrase(text, language) for text in texts)


@pytest.mark.parametrize(
    ("second", "asked_again", "answer"), [("Fine, yes.", True, "given"), ("Fine, yes.", False, "given"), ("Perhaps.", True, "unclear")]
)
def test_an_unclear_reply_gives_way_to_what_is_said_after_the_question_was_put_again(second: str, asked_again: bool, answer: str) -> None:
    heard = conversation(
        f"0:00 agent: Do you consent?\n0:02 customer: Perhaps.\n0:04 agent: Do you consent?\n0:06 customer: {second}", language="en"
    )
    answers = {"given": {"en": ["yes"]}, "unclear": {"en": ["perhaps"]}}
    found = find_answer(Search(heard, {}, {}), answers, list(heard.by_role(Role.CUSTOMER)), again=frozenset({0, 2} if asked_again else ()))
    assert found[0] == answer


@pytest.mark.parametrize(
    ("language", "question", "reply", "answer"),
    [
        ("zh", "您哪天得空进店？要不我给您排一个？", "明天再说吧，八点。", "willing"),
        ("zh", "您现在方便吗？", "明天再说吧，八点。", "unwilling"),
        ("en", "What day would suit you?", "Try tomorrow at nine.", "willing"),
        ("en", "Shall I book it?", "Try tomorrow at nine.", "unwilling"),
    ],
)
def test_another_time_is_an_agreement_to_who_asks_when(language: str, question: str, reply: str, answer: str) -> None:
    heard = conversation(f"0:00 agent: {question}", f"0:03 customer: {reply}", language=language)
    found = find_answer(Search(heard, {}, {}), {"willing": {}, "unwilling": {}}, list(heard.by_role(Role.CUSTOMER)))
    assert found[0] == answer


def test_the_last_question_says_what_a_bare_yes_means_whatever_is_told_behind_it() -> None:
    heard = conversation("0:00 agent: Nie przeszkadzam?", "0:02 agent: Bo słyszę, że pan coś wierci.", language="pl")
    assert polarity_of(Search(heard, {}, {}), heard.utterances) == "adverse"
