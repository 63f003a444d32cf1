"""How much memory a server takes while one session opens many different clips: ``python -m benchmarks.clip_memory``.

The app runs in this process (Streamlit's AppTest), so files that a browser would fetch are not held.
"""

import argparse
import gc
from pathlib import Path

from streamlit.testing.v1 import AppTest

from asd_core.datasets import demo_dataset
from asd_core.settings import PROJECT_ROOT


def resident_mb() -> float:
    """Memory of this process that is in RAM (Linux)."""
    line = next(r for r in Path("/proc/self/status").read_text().splitlines() if r.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=240)
    parser.add_argument("--every", type=int, default=40, help="clips between two lines")
    parser.add_argument("--detectors", nargs="+", default=["pca_kde", "cnn_ae", "gwrp_gaussian"])
    parser.add_argument("--look", default="Why", help="the view that is open below the player")
    options = parser.parse_args()
    rows = demo_dataset().rows(machine_id="00")
    app = AppTest.from_file(str(PROJECT_ROOT / "pages" / "main.py"), default_timeout=120)
    app.query_params.update({"split": "any", "look": options.look})
    app.query_params["detectors"] = options.detectors
    app.run()
    others = [row for i in ("02", "04", "06") for row in demo_dataset().rows(machine_id=i)["clip_id"]]
    ids = [*rows["clip_id"], *others][: options.clips]
    print(f"{'clips':>5} {'resident, MB':>13}")
    for number, clip_id in enumerate(ids):
        if number % options.every == 0:
            gc.collect()
            print(f"{number:>5} {resident_mb():>13.0f}", flush=True)
        machine_id = clip_id.split("_id_")[1][:2]
        if app.selectbox(key="machine").value != machine_id:
            app.selectbox(key="machine").set_value(machine_id).run()
        app.selectbox(key="clip").set_value(clip_id).run()
        assert not app.exception, app.exception
    gc.collect()
    print(f"{len(ids):>5} {resident_mb():>13.0f}", flush=True)


if __name__ == "__main__":
    main()
