"""Questions to what is stored, each asked by a Viewer: one call, pages of a list, figures, SQL. The only reader of the tables for people."""
