"""``python -m asd_core``: one file per group of commands. Calls the same functions as the pages."""
