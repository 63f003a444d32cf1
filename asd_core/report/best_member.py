"""Does a fusion earn its place? One sentence, from the paired comparison with its best member."""

from collections.abc import Mapping

from asd_core.artifacts import Manifest
from asd_core.detectors import detector_class
from asd_core.detectors.fusion import Fusion
from asd_core.evaluation import Draws, paired_difference


def fusion_gain(draws: Draws, manifests: Mapping[str, Manifest]) -> str:
    """Whether the fusion is better than its best member beyond the paired 95% interval; empty where that cannot be said.

    The best member is the one of highest mean AUC on the same clips, of those compared: the hardest to beat.

    Args:
        manifests: of the detectors of ``draws``: the fusion's names its members.
    """
    key = Fusion.info.key
    if key not in draws.detectors or key not in manifests:
        return ""
    members = manifests[key].config.get("members", [])
    ranked = draws.ranked()
    there = [member for member in ranked if member in members]
    if key not in ranked or not there:
        return ""
    best, title = detector_class(there[0]).info.title, Fusion.info.title
    pair = paired_difference(draws, key, there[0])
    if pair.low > 0:
        verdict = f"{title} is better than its best member, {best}"
    elif pair.high < 0:
        verdict = f"{title} is worse than its best member, {best}, which alone would do"
    else:
        verdict = f"{title} is not clearly better than its best member, {best}"
    missing = len(members) - len(there)
    of = f" (of the {len(there)} of its {len(members)} members that are compared)" if missing else ""
    return f"{verdict}{of}: {draws.called('AUC')} {pair.difference:+.3f} (95% paired interval {pair.low:+.3f} to {pair.high:+.3f})."
