"""The texts of the pages in the languages there are: English in code and templates, the others in LANGUAGE/SECTION.po beside this."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

from qa_pipeline.languages.interface import interface_language

FOLDER = Path(__file__).parent
_ASKED = re.compile(r"([a-zA-Z]+)(?:-[\w-]+)?\s*(?:;\s*q=([\d.]+))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The pages' texts in one language."""

    language: str
    catalogue: NullTranslations
    locale: Locale

    def gettext(self, text: str) -> str:
        """A text in the language; the English one where it has none."""
        return self.catalogue.ugettext(text)  # type: ignore[no-any-return, no-untyped-call]

    def ngettext(self, one: str, several: str, count: int) -> str:
        """A text that depends on how many there are."""
        return self.catalogue.ungettext(one, several, count)  # type: ignore[no-any-return, no-untyped-call]


def marked(text: str) -> str:
    """Mark a text for those who translate; it is translated where it is shown."""
    return text


@cache
def page_languages() -> Mapping[str, str]:
    """Codes of the languages that pages are shown in, and what each is called in itself; the one of the code first."""
    codes = [interface_language(), *sorted(path.name for path in FOLDER.iterdir() if any(path.glob("*.po")))]
    return {code: (Locale.parse(code).get_display_name(code) or code).capitalize() for code in codes}


@cache
def texts(language: str) -> Texts:
    """The texts of a language, of all sections."""
    if language not in page_languages():
        language = interface_language()
    found: NullTranslations = NullTranslations()
    for path in sorted((FOLDER / language).glob("*.po")):
        compiled = BytesIO()
        with path.open("rb") as file:
            write_mo(compiled, read_po(file, locale=language))
        compiled.seek(0)
        read = Translations(compiled)
        if isinstance(found, Translations):
            found.merge(read)
        else:
            found = read
    return Texts(language=language, catalogue=found, locale=Locale.parse(language))


def language_asked(header: str | None) -> str:
    """The language that a browser asks for first and that there is (`Accept-Language`, RFC 9110, 12.5.4); else that of the code."""
    asked = [(float(quality or 1), code.lower()) for code, quality in _ASKED.findall(header or "") if _is_number(quality)]
    wanted = sorted(asked, key=lambda one: -one[0])
    return next((code for quality, code in wanted if quality > 0 and code in page_languages()), interface_language())


def _is_number(text: str) -> bool:
    return text.count(".") <= 1 and text != "."
