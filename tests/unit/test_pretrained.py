"""Pretrained models: which file is read, what is refused and in which words, and what a model gives of a clip."""

import hashlib
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from asd_core.cli.app import main
from asd_core.errors import ArtifactError, ClipError, PretrainedError
from asd_core.features import (
    Level,
    PretrainedEmbedding,
    Representation,
    add_model,
    chosen_embedding,
    convert_model,
    extract,
    from_config,
    pretrained_model,
    pretrained_models,
    state_of,
    to_config,
)
from asd_core.features.pretrained import aisfx, embedding, runtime
from asd_core.features.pretrained.registry import REGISTRY
from asd_core.settings import get_settings
from asd_core.sound import Clip
from tests import tiny_model
from tests.tiny_model import RATE, SIZE, entry, expected, onnx_bytes, registered, sha256, torchscript_bytes

BYTES = {"onnx": onnx_bytes(), "torchscript": torchscript_bytes()}


def clip(seconds: float = 1.0, rate: int = RATE, seed: int = 0) -> Clip:
    samples = np.random.default_rng(seed).normal(0, 0.1, (1, round(seconds * rate))).astype(np.float32)
    return Clip(samples, rate, "0" * 64, "clip.wav")


@pytest.fixture
def models(tmp_path: Path) -> Iterator[Path]:
    """A model of each format whose checksum is registered, one of which none is known, and a louder one cut into pieces."""
    known = [entry(form, form, sha256=sha256(data)) for form, data in BYTES.items()]
    others = [
        entry("unknown", "onnx"),
        entry("loud", "onnx", gain=100.0, seconds=0.5, sha256=sha256(BYTES["onnx"])),
        entry("wide", "onnx", size=9, sha256=sha256(BYTES["onnx"])),
    ]
    with registered(tmp_path, *known, *others) as folder:
        for name, data in {**BYTES, "loud": BYTES["onnx"], "wide": BYTES["onnx"]}.items():
            (tmp_path / "given").write_bytes(data)
            add_model(pretrained_model(name), tmp_path / "given")
        runtime.load.cache_clear()
        yield folder


@pytest.mark.parametrize("name", ["onnx", "torchscript"])
@pytest.mark.parametrize("layer", ["last", "middle"])
def test_a_layer_is_what_the_model_computes(models: Path, name: str, layer: str) -> None:
    sound = clip()
    found = chosen_embedding(name, layer).transform(sound)
    wanted = expected(sound.samples[0])
    np.testing.assert_allclose(found, np.sqrt(wanted) if layer == "middle" else wanted, atol=1e-5)
    assert found.shape == (len(wanted), SIZE)
    assert found.dtype == np.float32


def test_a_long_clip_is_cut_and_louder_samples_are_given(models: Path) -> None:
    sound = clip(1.2)
    found = chosen_embedding("loud").transform(sound)
    size = RATE // 2
    cut = [sound.samples[0][start : start + size] for start in (0, size, len(sound.samples[0]) - size)]
    np.testing.assert_allclose(found, np.concatenate([100.0 * expected(piece) for piece in cut]), rtol=1e-4, atol=1e-4)


def test_a_short_clip_is_repeated_to_the_length_that_the_model_takes(models: Path) -> None:
    sound = clip(0.3)
    repeated = np.concatenate([sound.samples[0]] * 2)[: RATE // 2]
    found = chosen_embedding("loud").transform(sound)
    np.testing.assert_allclose(found, 100.0 * expected(repeated), rtol=1e-4, atol=1e-4)


def test_a_refusal_costs_the_representation_and_not_the_clip(models: Path) -> None:
    refusing, sound = chosen_embedding("onnx"), clip(0.001)
    refused: dict[Representation, str] = {}
    found = extract(sound, [refusing, Level()], refused)
    assert list(found) == [Level()]
    assert "cannot be put into Onnx" in refused[refusing]
    with pytest.raises(PretrainedError):
        extract(sound, [refusing, Level()])


def test_embeddings_of_changed_code_are_not_served(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("aisfx.py", "runtime.py"):
        code = shutil.copytree(Path(embedding.__file__).parent, tmp_path / name)
        assert embedding.code_version(code) == embedding.code_version()
        embedding.code_version.cache_clear()
        (code / name).write_text((code / name).read_text("utf-8") + "\n", "utf-8")
        assert embedding.code_version(code) != embedding.code_version()
    representation, computed = chosen_embedding("onnx"), []
    representation.transform(clip())
    plain = runtime.embed
    monkeypatch.setattr(runtime, "embed", lambda *given: computed.append(1) or plain(*given))
    representation.transform(clip())
    assert not computed
    monkeypatch.setattr(embedding, "code_version", lambda: embedding.hashlib.sha256(b"changed").hexdigest())
    representation.transform(clip())
    assert computed


def test_a_clip_of_another_rate_is_resampled_once_and_refused_unprepared(models: Path) -> None:
    representation, sound = chosen_embedding("onnx"), clip(rate=16000)
    assert representation.sample_rate == RATE
    found = extract(sound, [representation])[representation]
    assert len(found) == 1 + (RATE - tiny_model.TAPS) // tiny_model.HOP
    with pytest.raises(ClipError, match="16000 Hz where one at 8000 Hz"):
        representation.transform(sound)


@pytest.mark.parametrize("name", ["onnx", "torchscript"])
def test_a_changed_file_is_refused_before_it_is_loaded(
    models: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (path,) = [p for p in (models / name).iterdir() if p.stem == "model"]
    path.write_bytes(path.read_bytes() + b" ")
    for library in ("torch.jit.load", "onnxruntime.InferenceSession"):
        monkeypatch.setattr(library, lambda *_, **__: pytest.fail("loaded"))
    with pytest.raises(PretrainedError, match=r"is not the file of \w+ that is registered \(its sha256 is") as error:
        chosen_embedding(name).transform(clip())
    assert f"asd_core pretrained add {name} FILE" in str(error.value)
    with pytest.raises(PretrainedError, match="is not the file"):
        add_model(pretrained_model(name), path, unverified=True)  # a wrong file is none that nothing is known of


def test_a_file_that_nothing_is_known_of_needs_the_word(models: Path, tmp_path: Path) -> None:
    unknown = pretrained_model("unknown")
    assert state_of(unknown) == "missing"
    (tmp_path / "given").write_bytes(BYTES["onnx"])
    with pytest.raises(PretrainedError, match=r"No checksum is known of Unknown.*--unverified"):
        add_model(unknown, tmp_path / "given")
    (models / "unknown").mkdir()
    (models / "unknown" / "model.onnx").write_bytes(BYTES["onnx"])  # put there by hand, it is not taken either
    assert state_of(unknown) == "there, not accepted"
    with pytest.raises(PretrainedError, match="No checksum is known"):
        chosen_embedding("unknown").transform(clip())
    add_model(unknown, tmp_path / "given", unverified=True)
    assert state_of(unknown) == "there, unverified"
    assert chosen_embedding("unknown").sha256 == sha256(BYTES["onnx"])
    chosen_embedding("unknown").transform(clip())
    (models / "unknown" / "model.onnx").write_bytes(BYTES["onnx"] + b" ")  # from then on it is that very file
    runtime.load.cache_clear()
    with pytest.raises(PretrainedError, match="is not the file"):
        chosen_embedding("unknown").transform(clip(seed=1))


def test_what_is_missing_is_said_with_what_to_do(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (models / "torchscript" / "model.pt").unlink()
    with pytest.raises(PretrainedError, match=r"is not here .*bring it with asd_core pretrained add torchscript FILE"):
        chosen_embedding("torchscript").transform(clip())
    with pytest.raises(PretrainedError, match=r"no layer 'top'; its file gives: last, middle"):
        chosen_embedding("onnx", "top").transform(clip())
    with pytest.raises(PretrainedError, match=r"shape \(1, 32, 6\); \(1, times, 9\) is expected"):
        chosen_embedding("wide").transform(clip(1.03))
    with pytest.raises(PretrainedError, match=r"clip.wav cannot be put into Onnx \(0.0 s at a time\)"):
        chosen_embedding("onnx").transform(clip(0.001))
    with pytest.raises(PretrainedError, match="no pretrained model 'none'; known: onnx, torchscript"):
        chosen_embedding("none").transform(clip(rate=44100))
    runtime.load.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PretrainedError, match=r"needs the package onnxruntime.*: pip install"):
        chosen_embedding("onnx").transform(clip(seed=1))


def test_the_install_command_names_the_tested_version() -> None:
    root = Path(__file__).parents[2]
    pinned = runtime.INSTALL.split('"')[1]
    assert pinned in (root / "requirements-dev.txt").read_text("utf-8").splitlines()
    assert f'pretrained = ["{pinned}"]' in (root / "pyproject.toml").read_text("utf-8")


def test_a_trained_detector_takes_the_file_that_it_was_trained_with(models: Path) -> None:
    representation = chosen_embedding("onnx")
    assert from_config(json.loads(json.dumps(to_config(representation)))) == representation
    with pytest.raises(PretrainedError, match="trained with another file of Onnx"):
        replace(representation, sha256="0" * 64).transform(clip())
    with pytest.raises(PretrainedError, match="takes 8000 Hz, and this detector was trained with 16000 Hz"):
        replace(representation, sample_rate=16000).transform(clip(rate=16000))
    with pytest.raises(ArtifactError, match="does not know"):
        from_config({**to_config(representation), "path": "/etc/passwd"})


def test_the_same_samples_are_computed_once(models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    representation, sound = chosen_embedding("onnx"), clip()
    first = representation.transform(sound)
    other = representation.transform(sound.with_samples(0.5 * sound.samples))  # same name, same hash of the source
    assert not np.allclose(other, first)
    monkeypatch.setattr(runtime, "embed", lambda *_: pytest.fail("computed again"))
    np.testing.assert_array_equal(representation.transform(sound), first)
    kept_files = list((get_settings().cache_dir / "embeddings").iterdir())
    assert len(kept_files) == 2, "in one folder, whose limit all models share"
    for kept in kept_files:
        kept.write_bytes(b"damaged")
    monkeypatch.undo()
    np.testing.assert_array_equal(representation.transform(sound), first)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("models = 3", "no registry"),
        (entry("../up", "onnx"), "no plain name"),
        (entry("a", "pickle"), "format 'pickle'"),
        (entry("a", "onnx", path="/tmp/x"), "says path"),
    ],
)
def test_bad_registries_are_refused(tmp_path: Path, text: str, reason: str) -> None:
    with registered(tmp_path, text), pytest.raises(PretrainedError, match=reason):
        pretrained_models()


def test_the_delivered_registry_says_what_is_known() -> None:
    known = pretrained_models()
    assert {"beats", "eat", "ced", "dasheng", "panns", "aisfx"} <= set(known)
    for one in known.values():
        assert one.licence
        assert one.level
        assert one.page.startswith("https://")
        assert len(one.sha256) in (0, 64)
    assert "unverified" in REGISTRY.read_text("utf-8")


# --- the commands


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["asd_core", "pretrained", *arguments])
    code = main()
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_commands(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(monkeypatch, capsys, "list", "--json")
    assert code == 0
    assert {row["name"]: row["state"] for row in json.loads(out)}["unknown"] == "missing"
    (tmp_path / "given").write_bytes(BYTES["onnx"])
    code, _, error = run(monkeypatch, capsys, "add", "unknown", str(tmp_path / "given"))
    assert (code, error.count("\n")) == (2, 1)
    code, _, error = run(monkeypatch, capsys, "add", "unknown", str(tmp_path / "given"), "--unverified")
    assert code == 0
    assert "Licence: none" in error
    code, _, error = run(monkeypatch, capsys, "convert", "onnx")
    assert code == 2
    assert "is not converted: export it to onnx" in error


# --- aiSFX's network


@pytest.mark.slow
def test_a_checkpoint_that_holds_code_is_not_run(tmp_path: Path) -> None:
    """Also where its checksum were right: torch builds nothing but weights of it."""
    import torch

    class Evil:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch.__get__(tmp_path / "ran"), ()  # type: ignore[return-value]

    buffer = io.BytesIO()
    torch.save(({"embedding_net.conv_block1.conv1.weight": Evil()}, {}), buffer)
    published = replace(pretrained_model("aisfx"), source_sha256=sha256(buffer.getvalue()))
    with zipfile.ZipFile(tmp_path / "aisfx.whl", "w") as wheel:
        wheel.writestr(published.source, buffer.getvalue())
    with pytest.raises(PretrainedError, match=r"cannot be converted: .*Unsupported global: .*getattr"):
        convert_model(published, tmp_path / "aisfx.whl")
    assert not (tmp_path / "ran").exists()
    with pytest.raises(PretrainedError, match="does not hold the published checkpoint"):
        convert_model(pretrained_model("aisfx"), tmp_path / "aisfx.whl")


@pytest.mark.slow
def test_the_published_checkpoint_is_converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has the registered checksum, and the network that loads it gives what the published code gave of a fixed sound."""
    pytest.importorskip("aisfx", exc_type=ImportError, reason="its package is not installed: make installs it")
    monkeypatch.setenv("ASD_PRETRAINED_DIR", str(tmp_path))
    monkeypatch.setenv("ASD_CACHE_DIR", str(tmp_path / "cache"))
    get_settings.cache_clear()
    place = convert_model(pretrained_model("aisfx"))
    assert hashlib.sha256(place.read_bytes()).hexdigest() == pretrained_model("aisfx").sha256
    found = chosen_embedding("aisfx").transform(tone())
    assert found.shape == (1, 512)
    np.testing.assert_allclose(found[0, :5], TONE_BY_THE_PUBLISHED_CODE, rtol=3e-3)


def tone() -> Clip:
    """One second of 1 kHz at 44.1 kHz."""
    return Clip(
        0.1 * np.sin(2 * np.pi * 1000 * np.arange(44100) / 44100)[None].astype(np.float32), 44100, "0" * 64, "tone"
    )


# EmbeddingNet of the package aisfx 0.1.2 on librosa's spectrogram with its parameters (htk, norm 1, log10(1 + 1e4 x) / 9.4578).
TONE_BY_THE_PUBLISHED_CODE = [1.68328, 0.73064, 1.18784, 0.36731, 0.76113]


@pytest.mark.long  # librosa compiles what it needs
def test_the_spectrogram_is_librosas_with_the_published_parameters() -> None:
    import librosa

    samples = tone().samples[0] + np.random.default_rng(0).normal(0, 0.01, 44100).astype(np.float32)
    mel = librosa.feature.melspectrogram(
        y=samples,
        sr=44100,
        n_fft=2048,
        hop_length=1024,
        n_mels=96,
        htk=True,
        norm=1.0,
        power=2.0,
        window=np.hanning(2048),
    )
    found = aisfx.mel_spectrogram(samples)
    wanted = np.log10(1.0 + 1e4 * mel.T) / aisfx.LARGEST
    assert found.shape == wanted.shape == (44, 96)
    np.testing.assert_allclose(found, wanted, atol=2e-3)  # its triangles are straight in Hz


def test_pieces_overlap_by_half_and_end_with_the_clip() -> None:
    frames = np.arange(431, dtype=np.float32)[:, None] * np.ones((1, 96), dtype=np.float32)
    cut = aisfx.pieces(frames)
    assert [int(piece[0, 0]) for piece in cut] == [0, 50, 100, 150, 200, 250, 300, 331]
    assert cut[-1][-1, 0] == 430
    assert aisfx.pieces(frames[:30]).shape == (1, 100, 96)
    assert len(aisfx.pieces(frames[:100])) == 1


def test_the_untrained_network_needs_no_file_and_repeats_itself(tmp_path: Path) -> None:
    with registered(tmp_path, REGISTRY.read_text("utf-8")):
        representation = chosen_embedding("untrained")
        first = representation.transform(tone())
        runtime.load.cache_clear()
        sound = tone()
        np.testing.assert_array_equal(
            runtime.embed(pretrained_model("untrained"), sound.samples[0], "block4", "", "x"), first
        )
        assert first.shape == (1, 512)
        assert np.isfinite(first).all()
        assert np.ptp(first) > 0
        assert chosen_embedding("untrained", "block2").transform(sound).shape == (1, 128)


def test_a_default_setting_is_of_the_registry() -> None:
    chosen = chosen_embedding()
    assert chosen == PretrainedEmbedding(sha256=pretrained_model("aisfx").sha256)
