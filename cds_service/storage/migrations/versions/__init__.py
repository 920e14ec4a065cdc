"""One file a revision. Each stands by itself: it must not import the tables, which move on."""
