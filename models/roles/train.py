"""Train the role head: `python -m models.roles.train`. Reads data.tsv, test.tsv; writes head.json and README figures."""

from __future__ import annotations

from pathlib import Path

from models import training

FOLDER = Path(__file__).parent


def main() -> None:
    """Choose the regularisation, train on all of data.tsv, write the head."""
    encoder = training.load_encoder()
    rows = training.read_rows(FOLDER / "data.tsv")
    sample = training.sample_of(rows, "role", encoder)
    strength = training.choose_strength(sample)
    head = training.fit(sample.vectors, sample.labels, strength).reversed()
    training.write_head(FOLDER / "head.json", head, facts={"sentences": len(rows), "strength": strength})


if __name__ == "__main__":
    main()
