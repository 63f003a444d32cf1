"""What several pages use: the sidebar, the clip picker, cached calls of the library, messages."""
