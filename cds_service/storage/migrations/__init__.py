"""Alembic's migrations, from each layout of the tables to the next. `trial-cds db upgrade` runs them."""
