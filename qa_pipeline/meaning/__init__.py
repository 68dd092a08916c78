"""Text → vectors, probabilities, sentiment."""
