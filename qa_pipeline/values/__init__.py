"""Values said in speech: numbers, telephone numbers, times, names."""
