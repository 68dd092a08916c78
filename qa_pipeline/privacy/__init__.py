"""Callers' data stay where they belong: what of a conversation names or identifies a person, and texts and sound without it."""
