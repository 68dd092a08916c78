"""Conversation × Rubric → Score. Pure."""
