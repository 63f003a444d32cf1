from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import COLUMNS, Dataset, demo_dataset, open_dataset
from asd_core.disk_cache import DiskCache
from asd_core.errors import DatasetError
from asd_core.settings import Settings
from tests.conftest import write_wav

NOISE = np.random.default_rng(0).normal(0, 0.1, 16000)


def folder(root: Path, *names: str) -> Dataset:
    for name in names:
        write_wav(root / name, NOISE)
    return open_dataset(root)


def test_dcase_2020(tmp_path: Path) -> None:
    found = folder(
        tmp_path / "dev_data" / "slider",
        "train/normal_id_00_00000000.wav",
        "test/normal_id_00_00000000.wav",
        "test/anomaly_id_02_00000001.wav",
        "test/id_01_00000000.wav",
        "train/notes.wav",
    )
    rows = found.catalogue.set_index("clip_id")
    assert list(found.catalogue.columns) == list(COLUMNS)
    assert rows.loc["test/anomaly_id_02_00000001.wav"].tolist() == ["slider", "02", "test", "anomaly", "source"]
    assert rows.loc["test/id_01_00000000.wav", ["split", "label"]].tolist() == ["eval", "unlabelled"]
    assert "train/notes.wav" not in rows.index


def test_dcase_2020_from_a_folder_above(tmp_path: Path) -> None:
    folder(tmp_path / "dev_data" / "slider", "train/normal_id_00_00000000.wav")
    assert open_dataset(tmp_path).catalogue["machine_type"].tolist() == ["slider"]


def test_plain_folders_get_a_test_set(tmp_path: Path) -> None:
    found = folder(tmp_path, *[f"normal/{i}.wav" for i in range(10)], "broken/a.flac", "broken/b.wav", "anomaly/c.wav")
    counts = found.catalogue.groupby(["split", "label"]).size().to_dict()
    assert counts == {("train", "normal"): 8, ("test", "normal"): 2, ("test", "anomaly"): 3}
    again = open_dataset(tmp_path)
    assert again.catalogue.equals(found.catalogue)


@pytest.mark.real
def test_raw_mimii_loads_as_plain_folders(real_slider: Path) -> None:
    mimii = real_slider.parents[2] / "mimii" / "0_dB_slider" / "slider"
    found = open_dataset(mimii)
    assert sorted(found.catalogue["machine_id"].unique()) == ["00", "02"]
    clip = found.read(found.catalogue["clip_id"].iloc[0])
    assert (clip.n_channels, clip.sample_rate, clip.duration) == (8, 16000, 10.0)


@pytest.mark.real
def test_real_dcase_counts(real_slider: Path) -> None:
    rows = open_dataset(real_slider).catalogue
    assert len(rows[(rows["split"] == "train") & (rows["machine_id"] == "00")]) == 75
    assert set(rows["machine_id"]) == {"00", "02", "04", "06"}


def test_the_innermost_folder_counts_in_plain_folders(tmp_path: Path) -> None:
    found = folder(tmp_path, "anomaly/id_01/id_02/normal/1.wav", "normal/id_02/anomaly/2.wav")
    rows = found.catalogue.set_index("clip_id")[["machine_id", "label"]]
    assert rows.loc["anomaly/id_01/id_02/normal/1.wav"].tolist() == ["02", "normal"]
    assert rows.loc["normal/id_02/anomaly/2.wav"].tolist() == ["02", "anomaly"]


def test_bad_folders_say_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not a folder"):
        open_dataset(tmp_path / "missing")
    with pytest.raises(DatasetError, match="known layout"):
        open_dataset(tmp_path)


def test_only_catalogued_clips_can_be_read(tmp_path: Path) -> None:
    found = folder(tmp_path / "a", "normal/1.wav")
    write_wav(tmp_path / "secret.wav", NOISE)
    with pytest.raises(DatasetError, match="not a clip"):
        found.read("../secret.wav")


def test_demo_clips_are_cached_and_equal(tmp_path: Path) -> None:
    demo = demo_dataset(Settings(cache_dir=tmp_path))
    clip_id = demo.catalogue["clip_id"].iloc[0]
    first, second = demo.read(clip_id), demo.read(clip_id)
    assert len(list(tmp_path.rglob("*.wav"))) == 1
    assert first.sha256 == second.sha256 == demo_dataset(Settings(cache_dir=tmp_path / "other")).read(clip_id).sha256
    assert np.array_equal(first.samples, second.samples)


def test_demo_catalogue_is_what_the_generator_writes() -> None:
    from asd_core.datasets import build_catalogue

    committed = demo_dataset().catalogue
    assert committed["clip_id"].tolist() == build_catalogue()["clip_id"].tolist()
    assert committed["seed"].tolist() == build_catalogue()["seed"].tolist()
    counts = committed.groupby(["machine_id", "split", "label"]).size().unstack(fill_value=0)
    assert (counts.xs("train", level="split")["normal"] == 300).all()
    assert (counts.xs("test", level="split") == 60).all().all()


def test_cache_keeps_to_its_limit(tmp_path: Path) -> None:
    cache = DiskCache(tmp_path / "cache", limit_bytes=10_000)
    for index in range(100):
        cache.put(f"{index}.wav", bytes(1000))
    cache.prune()
    assert sum(p.stat().st_size for p in (tmp_path / "cache").iterdir()) <= 10_000
    assert cache.get("99.wav") is not None
    assert cache.get("0.wav") is None


def test_a_cache_that_cannot_be_written_is_not_an_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    demo = demo_dataset(Settings(cache_dir=blocked))
    assert demo.read(demo.catalogue["clip_id"].iloc[0]).duration == pytest.approx(10.0)


def test_machines_of_two_types_are_two_machines(tmp_path: Path) -> None:
    names = ["train/normal_id_00_00000000.wav", "test/anomaly_id_00_00000000.wav"]
    found = folder(tmp_path, *[f"{kind}/{name}" for kind in ("fan", "slider") for name in names])
    rows = found.catalogue.set_index("clip_id")
    assert rows.loc["fan/train/normal_id_00_00000000.wav"].tolist() == ["fan", "fan/00", "train", "normal", "source"]
    assert sorted(rows["machine_id"].unique()) == ["fan/00", "slider/00"]
    assert len(found.rows(machine_id="slider/00")) == 2
    part = replace(found, catalogue=found.rows(machine_type="fan"))
    assert set(part.catalogue["machine_id"]) == {"fan/00"}, "a part of a dataset names its machines as the whole does"


def test_a_machine_type_may_change_a_fingerprint(tmp_path: Path) -> None:
    found = folder(tmp_path, "fan/train/normal_id_00_00000000.wav", "slider/train/normal_id_00_00000000.wav")
    other = replace(found, catalogue=found.catalogue.assign(machine_type="fan", machine_id="00"))
    assert other.fingerprint("train") != found.fingerprint("train")


@pytest.mark.parametrize(
    ("names", "machines"),
    [
        (["fan/normal/1.wav", "slider/normal/1.wav", "slider/broken/1.wav"], {"fan/00", "slider/00"}),
        (["Fan/id_00/normal/1.wav", "Slider/id_00/abnormal/1.wav"], {"Fan/00", "Slider/00"}),
        (["fan/train/id_00/normal/1.wav", "slider/test/id_00/normal/1.wav"], {"fan/00", "slider/00"}),
        (["normal/1.wav", "anomaly/bearing/1.wav", "anomaly/belt/1.wav"], {"00"}),
        (["train/normal/1.wav", "test/normal/1.wav", "test/anomaly/1.wav"], {"00"}),
        (["id_00/normal/1.wav", "id_02/normal/1.wav"], {"00", "02"}),
    ],
)
def test_plain_folders_of_machines(tmp_path: Path, names: list[str], machines: set[str]) -> None:
    assert set(folder(tmp_path, *names).catalogue["machine_id"]) == machines


@pytest.mark.parametrize("count", range(1, 12))
def test_every_machine_has_clips_to_train_and_to_test(tmp_path: Path, count: int) -> None:
    names = [f"id_{i:02}/normal/{n}.wav" for i in range(6) for n in range(count)]
    rows = folder(tmp_path, *names).catalogue
    assert len(rows) == 6 * count
    for _, own in rows.groupby("machine_id"):
        assert (own["split"] == "test").sum() == (max(1, count // 5) if count > 1 else 0)
        assert (own["split"] == "train").sum() == (count - max(1, count // 5) if count > 1 else 1)


def test_a_single_machine_is_split_as_it_was(tmp_path: Path) -> None:
    rows = folder(tmp_path, *[f"normal/{n}.wav" for n in range(23)]).catalogue
    by_hash = sorted(rows["clip_id"], key=lambda clip_id: sha256(clip_id.encode()).digest())
    assert set(rows[rows["split"] == "test"]["clip_id"]) == set(by_hash[:4])


def test_the_catalogue_is_not_searched_at_every_clip(tmp_path: Path) -> None:
    """In bulk that would take the square of the number of clips."""
    names = [f"train/normal_id_00_{number:08d}.wav" for number in range(4)]
    dataset = folder(tmp_path / "slider", *names)
    looks = []

    class Watched:
        def __getitem__(self, name: str) -> object:
            looks.append(name)
            return dataset.catalogue[name]

    watched = replace(dataset, catalogue=Watched())
    assert [watched.read(name).name for name in names] == [Path(name).name for name in names]
    assert looks.count("clip_id") <= 1


def test_clips_of_equal_file_names_are_read_under_names_that_differ(tmp_path: Path) -> None:
    for folder in ("normal", "abnormal"):
        (tmp_path / folder).mkdir()
        write_wav(tmp_path / folder / "00000001.wav", NOISE)
    write_wav(tmp_path / "normal" / "00000002.wav", NOISE)
    dataset = open_dataset(str(tmp_path))
    assert {dataset.read(clip_id).name for clip_id in dataset.catalogue["clip_id"]} == {
        "normal/00000001.wav",
        "abnormal/00000001.wav",
        "00000002.wav",
    }
