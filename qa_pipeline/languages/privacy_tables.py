"""privacy.yaml: how a language says what must be kept from others: numbers that belong to a person, addresses, e-mail, plates."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from qa_pipeline.languages.patterns import NEVER, Pattern, Pieces, Words
from qa_pipeline.languages.tables import Table, Texts


class Privacy(Table):
    """What tells personal data in speech. Patterns read the text folded (Han characters: simplified), numbers as they were said.

    `cues`: a kind of privacy/kinds.py → words that say that what is near them is of it. `no_person`: words that say that a number is something else (an
    order, a price); `expiry`: words that ask or say until when a card is valid, which is no number of a person; `counted`: what follows a number of things. `tail`: words for the last digits of a number, or for a short one, which then counts too.
    `corrections`: what stands between the pieces of a number that is put right on the way, and light words there that numbers.yaml does not have;
    `corrections_besides`: further words where a plate is put right, which the reader has not learnt as such.
    `misheard_digits`: digit → words that recognisers write for it, read so only between digits. `check_sign`: words for a sign that ends a number of a person in a digit's stead. `countries`: whose telephone numbers are tried, by ISO
    code; `national_ids`: modules of python-stdnum that check ids of persons (cn.ric).

    `letters`: letter → words by which it is spelled. `spelled_as`: words between a letter and its example (as in).
    `at`, `dot`, `joiner`: how the signs of an address on the net are said; `domains`: last parts, behind a dot; `hosts`: well-known ones, which need none; `before_mail`: words at which such an
    address begins at the latest. `plates`: whole plates as their signs alone (ab12cde); `postcodes` likewise.

    `streets`: addresses known by their own words, over the text with numbers in digits. `address_stop`: where an answer to a question for one ends.
    `lives`: words right behind which an address is told (i live at); `street_words`: words of which an address has one.
    `months`: names of months, as in a date of birth; `years`: years by their own words. `date_words`: what stands between its parts; `articles`: right before it.

    `called`: patterns with a group `name`: how somebody who is not speaking is named or spoken to (Mr …, 王先生). `own`: the same of how the
    agent says their own name, beside names.yaml. `family`: the same of a customer's firm that is called as its family is (Gibson and Daughters). `first_names`, `last_names`: folded; written in Han characters, further surnames. `name_follows`: what
    stands right before a name that has no capital. `name_ends`: what stands right behind one that no pause ends. `name_endings`: endings of forms of names, each with what the plain form ends in after a `>`. `spelt_out`: Han characters: how a character of a name is explained, behind it.
    `asked_name`: questions that ask for a name, beside names.yaml (account holder?); `familiar`: characters before a surname among friends; `told_name`: what stands right before a name that is told as such (my name is); `told_surname`: in Han characters, before a surname, whatever follows.
    `surname_told`: patterns with a group `name`, Han characters too: a surname alone by the words around it, whatever lists say of it.
    `related`: patterns with a group `name`: how people are named by whose they are, without capitals. `letter_marks`: what stands between spelled letters of a name (with an accent);
    `letter_beside`: a pattern with a group `letters`: letters of a name told right behind it; `heard_apart`, with a group `letter`: behind a surname heard as two words (väster gren med enkelt v). Of names in Han characters: `sign_told`, with groups `word` and `sign`: a sign told by a word;
    `sign_parts`: by its parts; `sign_strokes`: by its strokes; with a group `sign`, `sign_composed`: what it is made of, `sign_asked`: how one is asked for. `doors`: flats and lots by their number, over the text with numbers in digits.
    `asked_place`: questions for a part of an address (which floor), `no_place`: answers to them that are none; `place_answer`: with a group `place`, in Han characters, what such an answer is.
    `localities`: with a group `place`: streets and villages told with a number and no word for them, over the text with numbers in digits; with a group `street` too, only where lists know a
    form of it: `street_forms`, endings as in `name_endings`; `firm_before`: what stands before one that an agent says their firm is at; `shop_before`: before one where a shop or an office is, whoever says so. `vehicles`: words for cars: letters and digits near them may be a plate.
    `letters_together`: two letters that are told at once where a name is spelled (sz).
    `known_before`, `known_behind`: what stands right before or behind a name that is known to all, or a firm's; `no_address`, `no_birth`: what is none, as a whole;
    `nobodys`: what is nobody's with what is beside it: a time of a day with its weekday, a flight.
    `tyres`: words for tyres, near which a number may be the size of one; `amounts`: written in Han characters, what amounts have and numbers of persons do not.
    `firm_follows`: words right behind which agents who have said their name say their firm (from, at).
    """

    FILE: ClassVar[str] = "privacy.yaml"
    pieces: Pieces = Field(default={}, validate_default=True)
    cues: dict[str, Pattern] = Field(default_factory=dict)
    no_person: Pattern = NEVER
    expiry: Pattern = NEVER
    counted: Pattern = NEVER
    tail: Pattern = NEVER
    corrections: Words = ()
    corrections_besides: Words = ()
    misheard_digits: dict[int, Words] = Field(default_factory=dict)
    check_sign: Pattern = NEVER
    countries: Texts = ()
    national_ids: Texts = ()
    letters: dict[str, Words] = Field(default_factory=dict)
    spelled_as: Words = ()
    at: Pattern = NEVER
    dot: Pattern = NEVER
    joiner: Pattern = NEVER
    domains: Words = ()
    hosts: Words = ()
    before_mail: Words = ()
    plates: tuple[Pattern, ...] = ()
    postcodes: Pattern = NEVER
    streets: tuple[Pattern, ...] = ()
    address_stop: Pattern = NEVER
    lives: Pattern = NEVER
    street_words: Pattern = NEVER
    months: Pattern = NEVER
    years: Pattern = NEVER
    date_words: Words = ()
    articles: Words = ()
    called: tuple[Pattern, ...] = ()
    own: tuple[Pattern, ...] = ()
    family: Pattern = NEVER
    name_follows: Pattern = NEVER
    name_ends: Pattern = NEVER
    asked_name: Pattern = NEVER
    told_name: Pattern = NEVER
    told_surname: Pattern = NEVER
    familiar: Words = ()
    spelt_out: Pattern = NEVER
    surname_told: Pattern = NEVER
    firm_follows: Pattern = NEVER
    related: tuple[Pattern, ...] = ()
    letter_marks: Pattern = NEVER
    letter_beside: Pattern = NEVER
    heard_apart: Pattern = NEVER
    sign_told: Pattern = NEVER
    sign_parts: Pattern = NEVER
    sign_strokes: Pattern = NEVER
    sign_composed: Pattern = NEVER
    sign_asked: Pattern = NEVER
    doors: Pattern = NEVER
    asked_place: Pattern = NEVER
    no_place: Pattern = NEVER
    place_answer: Pattern = NEVER
    localities: tuple[Pattern, ...] = ()
    street_forms: Texts = ()
    firm_before: Pattern = NEVER
    shop_before: Pattern = NEVER
    vehicles: Pattern = NEVER
    tyres: Pattern = NEVER
    amounts: Pattern = NEVER
    letters_together: Words = ()
    known_before: Pattern = NEVER
    known_behind: Pattern = NEVER
    no_address: Pattern = NEVER
    no_birth: Pattern = NEVER
    nobodys: Pattern = NEVER
    first_names: Words = ()
    last_names: Words = ()
    name_endings: Texts = ()
