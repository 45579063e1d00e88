"""Report and study pages: tables, figures, picture galleries and the sentences of the verdict."""
