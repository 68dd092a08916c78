"""One batch of calls: plan, listen, score, record; nights, watch mode, scoring again, corrections."""
