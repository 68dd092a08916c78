"""How good is it: what the pipeline makes of a folder against the truth beside its recordings (docs/evaluation.md)."""
