"""The parts of the Feature space page."""
