"""Documentation that is generated from what is declared and tested."""
