"""Run the Compare page for some datasets, one after the other, and print the seconds of each as JSON.

In a process of its own: the first dataset warms it up, those after it are new to every cache.
"""

import json
import sys
import time
from pathlib import Path

from streamlit.testing.v1 import AppTest

MAIN = Path(__file__).resolve().parents[2] / "pages" / "main.py"


def main() -> None:
    app = AppTest.from_file(str(MAIN), default_timeout=300)
    app.switch_page("compare.py").run()
    took = {}
    for name in sys.argv[1:]:
        app.selectbox(key="dataset").set_value(name)
        began = time.perf_counter()
        app.run()
        took[name] = time.perf_counter() - began
        assert not app.exception, name
        assert len(app.dataframe) == 1, name
    print(json.dumps(took))


if __name__ == "__main__":
    main()
