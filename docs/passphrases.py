"""Write the list of passphrases that are easily guessed: those known from every published count of leaked ones, and what people make of them.

    python -m docs.passphrases

People lengthen a short password by saying it twice, by joining two of them, by walking on over the keyboard: so does this. Figures and signs at the end,
capitals and letters written as figures are no difference where the list is asked (review/passphrases.py), and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

WRITTEN = Path(__file__).resolve().parent.parent / "qa_pipeline" / "review" / "common_passphrases.txt"
# Shorter ones are refused for their length, also with a few figures behind.
_SHORTEST = 6


def _read(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_WORDS = _read("""
password passwort passphrase pass letmein welcome admin administrator root user guest login master secret changeme default test testing temp
qwerty qwertz azerty asdfgh zxcvbn qazwsx zaqwsx iloveyou love monkey dragon sunshine princess football baseball basketball soccer hockey shadow
superman batman spiderman pokemon starwars trustno michael jordan jessica jennifer charlie daniel thomas andrew ashley nicole hunter killer buster
tigger pepper ginger summer winter autumn spring january february march april june july august september october november december monday friday
sunday flower cookie cheese chocolate banana orange computer internet google facebook samsung android iphone apple microsoft windows office company
callcenter support service customer agent quality reviewer supervisor trainer operator callcentre freedom whatever angel angels lovely family forever
hello helloworld liverpool arsenal chelsea barcelona madrid london paris berlin warszawa polska stockholm sverige china beijing shanghai
haslo kochamcie kocham misiek kasia polska mateusz agnieszka monika bartek polak lech legia zaq
losenord hejsan hejhej sommar vinter fotboll sverige mamma pappa stjarna blomma
woaini mima zhongguo nihao beijing shanghai laopo laogong baobao aini woaiwojia wodemima
access mustang corvette ferrari porsche mercedes harley yankees cowboys eagles steelers lakers rangers
maggie bailey lucky smokey merlin diamond golden silver purple yellow blue green black white
matrix ninja samurai phoenix falcon tiger eagle wolf lion bear panda dolphin
money rich million dollar bitcoin
jesus jesuschrist heaven blessed faith god
starlight moonlight rainbow butterfly
""")
# Those that are joined with each other, first of all.
_TOP = _WORDS[:64]
_ROWS = (
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qazwsxedcrfvtgbyhnujmikolp",
    "abcdefghijklmnopqrstuvwxyz",
)
_SAID = _read("""
correcthorsebatterystaple tobeornottobe iloveyousomuch iloveyouforever letmeinplease openthedoor opensesame thisismypassword thisispassword
mypasswordis passwordpassword nopassword idontknow iforgotmypassword changethispassword pleasechangeme maytheforcebewithyou onceuponatime
thequickbrownfox thequickbrownfoxjumpsoverthelazydog itwasadarkandstormynight youshallnotpass winteriscoming livelongandprosper
hastalavistababy illbeback elementarymydearwatson houstonwehaveaproblem happybirthday happybirthdaytoyou merrychristmas happynewyear
neverforget neversaynever livelaughlove loveandpeace peaceandlove iloveny ilovemyfamily ilovemymom ilovemydog ilovemycat ilovemywife
ilovemyhusband iloveyoubaby iloveyoumore imissyousomuch justdoit justinbieber onedirection harrypotter lordoftherings gameofthrones
manchesterunited realmadrid fcbarcelona bayernmunchen newyorkcity losangeles sanfrancisco unitedstates
administratoradmin adminadminadmin rootrootroot testtesttest qwertyqwerty asdfasdfasdf zxczxczxc abcabcabcabc
kochamciebardzo jestemnajlepszy haslohaslo mojehaslo tojesthaslo niepamietam kochampolske
mittlosenord hejsanhejsan jagalskardig detarenhemlighet
woainizhongguo woainimama woaibaobao woaininiaiwo nihaoshijie zhongguoren wodemimashi
""")


def known() -> Iterator[str]:
    """All of them, some more than once."""
    yield from _WORDS
    yield from _SAID
    for word in _WORDS:
        yield from (word * 2, word * 3, f"my{word}", f"the{word}", f"i{word}", f"{word}is{word}")
    for first, second in product(_TOP, _TOP):
        yield first + second
    for row in _ROWS:
        for begin in range(len(row) - _SHORTEST + 1):
            for end in range(begin + _SHORTEST, len(row) + 1):
                walk = row[begin:end]
                yield from (walk, walk[::-1], walk * 2, walk + walk[::-1])


if __name__ == "__main__":
    WRITTEN.write_text("\n".join(sorted({one for one in known() if len(one) >= _SHORTEST})) + "\n", "utf-8")
