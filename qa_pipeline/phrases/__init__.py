"""Phrases of rubrics found in what was said: grammar, lexicon, screens, alignment."""
