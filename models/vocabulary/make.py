"""Words of Chinese by frequency, for telling whether characters make sense where they stand: `python -m models.vocabulary.make DICT` writes
qa_pipeline/languages/zh/vocabulary.txt from jieba's dictionary (README.md beside this file says where it is from and under which licence).
"""

from __future__ import annotations

import sys
from pathlib import Path

TARGET = Path(__file__).resolve().parents[2] / "qa_pipeline" / "languages" / "zh" / "vocabulary.txt"
# Chosen: what is rarer is hardly said in a call, and every word more can hide something misheard.
_LEAST_COUNT, _LONGEST = 100, 4


def main() -> None:
    rows = [line.split(" ") for line in Path(sys.argv[1]).read_text("utf-8").splitlines()]
    kept = [(word, int(count)) for word, count, *_ in rows if len(word) <= _LONGEST and int(count) >= _LEAST_COUNT]
    TARGET.write_text("".join(f"{word} {count}\n" for word, count in sorted(kept, key=lambda item: (-item[1], item[0]))), "utf-8")
    print(f"{len(kept)} words in {TARGET}")


if __name__ == "__main__":
    main()
