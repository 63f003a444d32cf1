"""Networks that were trained by others on other sounds: which there are, where their files lie, and what they give of a clip.

Nothing is fetched: a file is brought by a person, and is read only when its checksum is the one that was agreed on.
"""
