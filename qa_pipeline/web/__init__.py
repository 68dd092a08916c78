"""The review app: pages over the rooms above. Forms in, pages out; no SQL and no formulas."""
