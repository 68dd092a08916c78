"""A trainer's desk: try, explain, compare, publish, mutate, import, calibrate."""
