"""Processes that are forked from one that has imported everything: dozens of them start in seconds, and what is killed at a
random moment is killed at its work, not while it imports."""

import multiprocessing

# One for all tests of a worker: Python has one such process, which is what the first to use it makes of it.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.preloaded"])
