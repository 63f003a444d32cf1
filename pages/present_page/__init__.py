"""The presentation: a file per step. It tells the other pages in order, with the functions that they draw with."""
