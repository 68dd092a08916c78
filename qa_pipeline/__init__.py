"""Speech-analytics QA for recorded calls: recordings in, scored calls out."""
