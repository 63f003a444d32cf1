"""``python -m asd_core``: one file a group of commands. Calls the same functions as the pages."""
