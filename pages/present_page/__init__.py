"""The presentation: a file a step. It tells the other pages in order, with the functions that they draw with."""
