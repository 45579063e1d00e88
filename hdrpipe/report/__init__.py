"""Pages, tables, figures and pictures for people."""
