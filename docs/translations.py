"""What the pages of the review app say, and which languages lack it.

    python -m docs.translations

prints entries to be put into the .po files and filled in: qa_pipeline/web/translations/LANGUAGE/SECTION.po, a file a section.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from qa_pipeline.languages.interface import interface_language
from qa_pipeline.web.render import TEMPLATES
from qa_pipeline.web.translations import FOLDER, page_languages

WEB = TEMPLATES.parent
_KEYWORDS = {"_": None, "gettext": None, "marked": None, "ngettext": (1, 2)}
_OPTIONS = {"extensions": "jinja2.ext.i18n,jinja2.ext.do", "trimmed": "true", "silent": "false", "newstyle_gettext": "true"}
_PLACE = re.compile(r"%\(\w+\)s|{\w*}")
Said = str | tuple[str, str]


def said() -> dict[Said, str]:
    """All texts, each with a place where it stands. Pairs are texts that depend on a count."""
    found: dict[Said, str] = {}
    for path in sorted([*WEB.rglob("*.py"), *TEMPLATES.rglob("*.html")]):
        method = "python" if path.suffix == ".py" else "jinja2"
        for line, message, _, _ in extract_from_file(method, path, keywords=_KEYWORDS, options={} if method == "python" else _OPTIONS):
            found.setdefault(tuple(message[:2]) if isinstance(message, tuple) else message, f"{path.relative_to(WEB)}:{line}")
    return found


def translated(language: str) -> Iterator[tuple[Path, Message]]:
    """Entries of a language's files."""
    for path in sorted((FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                if message.id:
                    yield path, message


def faults(language: str) -> list[str]:
    """What is wrong with a language: texts that it lacks, texts that nobody says any more, two ways of saying it, other placeholders."""
    wanted, has = said(), dict[Said, tuple[str, ...]]()
    told = []
    for path, message in translated(language):
        key: Said = tuple(message.id) if isinstance(message.id, tuple) else message.id
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        if key in has and has[key] != texts:
            told.append(f"{path.name}: {key!r} is translated otherwise in another file")
        has[key] = texts
        if key not in wanted:
            told.append(f"{path.name}: {key!r} is said nowhere")
        if message.fuzzy or not all(texts):
            told.append(f"{path.name}: {key!r} is not translated")
            continue
        told += [f"{path.name}: {key!r} has other placeholders than {text!r}" for text in texts if not _keeps_places(key, text)]
    return [*told, *(f"{place}: {key!r} is missing" for key, place in wanted.items() if key not in has)]


def _keeps_places(key: Said, text: str) -> bool:
    several = key if isinstance(key, tuple) else (key,)
    return any(Counter(_PLACE.findall(one)) == Counter(_PLACE.findall(text)) for one in several)


def missing(language: str) -> Mapping[Said, str]:
    """Texts that a language lacks, with their places."""
    has = {tuple(m.id) if isinstance(m.id, tuple) else m.id for _, m in translated(language)}
    return {key: place for key, place in said().items() if key not in has}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\n") + '"'


def main() -> None:
    """Print what each language lacks."""
    for language in page_languages():
        if language == interface_language():
            continue
        print(f"# --- {language}")
        for key, place in missing(language).items():
            if isinstance(key, tuple):
                print(f'#: {place}\nmsgid {_quoted(key[0])}\nmsgid_plural {_quoted(key[1])}\nmsgstr[0] ""\n')
            else:
                print(f'#: {place}\nmsgid {_quoted(key)}\nmsgstr ""\n')


if __name__ == "__main__":
    main()
