"""A language is a folder of data."""
