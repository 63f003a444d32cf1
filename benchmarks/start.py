"""How long a fresh server takes to its first page."""

from benchmarks.browser import APP, APPS, Figure, figure, first_page

# What must be seen, one after the other: the player with its pictures and the verdict (by stored scores), then all that takes
# the denoiser and the networks: the denoised sound, what its thresholds promise, and the place that the map shows.
READY = ".asd-player[data-ready=true]"
DRAWN = [READY, ".st-key-verdict strong"]
COMPLETE = [
    "text=Threshold: set by",
    "text=Most unusual:",
    f"{READY} [data-part=versions]:not([hidden])",
    ".asd-scores tbody td >> nth=30",
]


def start(browser: str, n: int = 5) -> dict[str, Figure]:
    """From the start of a server to its first page, against an empty app's title in the same browser run: once the clip
    and the verdict on it are drawn (from stored scores), and once denoiser and detectors have loaded and run."""
    drawn, complete = [], []
    for _ in range(n):
        (base,) = first_page(browser, APPS / "empty.py", [["h1"]])
        first, last = first_page(browser, APP, [DRAWN, COMPLETE])
        drawn.append(first / base)
        complete.append(last / base)
    return {"start_vs_empty_app": figure(drawn), "start_complete_vs_empty_app": figure(complete)}
