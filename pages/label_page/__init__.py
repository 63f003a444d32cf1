"""The parts of the Label page."""

CHOSEN_TO_LABEL = "label_queue"  # in the session: clip ids that another page wants to be labelled
