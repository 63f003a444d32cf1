"""Run the Compare page for some datasets, one after the other, and print the seconds of each, and the megabytes that the
process has had at most, as JSON.

In a process of its own: the first dataset warms it up, those after it are new to every cache.
"""

import json
import resource
import sys
import time
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from pages.shared.warm_up import until_warm

MAIN = Path(__file__).resolve().parents[2] / "pages" / "main.py"


def main() -> None:
    st.set_option("client.showErrorDetails", "full")  # an exception in full, not as visitors are shown it
    until_warm()  # what a fresh server imports beside its first page
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.switch_page("compare.py").run()
    opened = {}
    for name in sys.argv[1:]:
        app.selectbox(key="dataset").set_value(name)
        began = time.perf_counter()
        app.run()
        seconds = time.perf_counter() - began
        if app.exception:
            text = " ".join(app.exception[0].message.split())
            sys.exit(f"The Compare page of {name} shows an exception: {text}")
        if len(app.dataframe) != 1:
            sys.exit(f"The Compare page of {name} has no table: {[one.value for one in (*app.error, *app.info)]}")
        opened[name] = seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(opened))


if __name__ == "__main__":
    main()
