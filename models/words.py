"""Words of telephone talk by frequency, for telling a word from a broken one: `python -m models.words` writes qa_pipeline/languages/*/words.txt.

Counted over what this repository holds of English, Polish and Swedish: list examples and phrases of the rubrics, and the training texts of the heads.
Cases are left out, so that what is measured on them stays honest.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from qa_pipeline.languages.load import is_han, language_codes
from qa_pipeline.rubric.load import load_list, load_rubrics
from qa_pipeline.text.fold import fold

ROOT = Path(__file__).resolve().parent.parent
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_SLOT = re.compile(r"\{[^}]*\}")


def main() -> None:
    languages = [code for code in language_codes() if not is_han(code)]
    counts: dict[str, Counter[str]] = {language: Counter() for language in languages}
    for path in sorted((ROOT / "rubrics" / "lists").glob("*.yaml")):
        examples = load_list(path)
        for language in languages:
            for text in (*examples.likes(language), *examples.unlike.get(language, ())):
                counts[language].update(_words(text))
    for rubric in load_rubrics(ROOT / "rubrics").values():
        for criterion in rubric.criteria:
            for language, text in criterion.phrase_texts():
                if language in counts:
                    counts[language].update(_words(_SLOT.sub(" ", text)))
    for path in (ROOT / "models" / "sentiment" / "data.tsv", ROOT / "models" / "roles" / "data.tsv"):
        for line in path.read_text("utf-8").splitlines():
            cells = line.split("\t")
            for language in languages:
                if language in cells:
                    counts[language].update(_words(cells[-1]))
    folder = ROOT / "qa_pipeline" / "languages"
    for language, found in counts.items():
        lines = [f"{word} {count}" for word, count in sorted(found.items(), key=lambda item: (-item[1], item[0])) if count > 1]
        (folder / language / "words.txt").write_text("\n".join(lines) + "\n", "utf-8")
        print(language, len(lines))


def _words(text: str) -> list[str]:
    return [fold(word).replace("'", "") for word in _WORD.findall(text)]


if __name__ == "__main__":
    main()
