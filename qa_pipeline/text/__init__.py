"""Text of any language → `norm`, sounds, which language it is: what all reading of words stands on."""
