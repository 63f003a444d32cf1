"""Recordings at addresses are understood, read and stamped as those in a folder. ``memory://`` is a storage like the others."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest
from pandas.testing import assert_frame_equal

from asd_core.addresses import Address, place_of
from asd_core.datasets import DatasetFile, open_dataset, read_dataset_file, survey, write_dataset_file
from asd_core.errors import AddressError, ClipError, DatasetError
from tests.unit.conftest import Cli


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    storage = fsspec.filesystem("memory")
    yield storage
    storage.store.clear()
    storage.pseudo_dirs[:] = [""]


def put(folder: Path, url: str) -> str:
    """A folder's files at an address."""
    for file in folder.rglob("*"):
        if file.is_file():
            (Address(url) / file.relative_to(folder).as_posix()).write_bytes(file.read_bytes())
    return url


def test_a_tree_is_understood_as_in_a_folder(factory: Path, tmp_path: Path, memory: object) -> None:
    for name, content in (
        ("fan/train/notes.txt", b"x"),
        ("__MACOSX/a.wav", b"x"),
        ("fan/attributes_00.csv", b"file_name,d1p,d1v\nfan/train/normal_id_00_00000001.wav,speed,3\n"),
    ):
        (tmp_path / "plant" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "plant" / name).write_bytes(content)
    for file in factory.rglob("*.wav"):
        copy = tmp_path / "plant" / file.relative_to(factory)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    local, remote = survey(tmp_path / "plant"), survey(place_of(put(tmp_path / "plant", "memory://bucket/plant")))
    assert len(local.catalogue) == 48
    assert local.catalogue["speed"].tolist().count("3") == 1
    assert_frame_equal(local.catalogue, remote.catalogue)
    assert (local.groups, local.questions, local.unused) == (remote.groups, remote.questions, remote.unused)
    there, here = open_dataset("memory://bucket/plant/"), open_dataset(tmp_path / "plant")
    assert (there.name, there.title, there.location) == ("plant", here.title, "memory://bucket/plant")
    clip_id = here.catalogue["clip_id"][0]
    assert there.read(clip_id).sha256 == here.read(clip_id).sha256


def test_what_is_no_bucket_stays_a_path_and_file_addresses_are_paths(factory: Path) -> None:
    assert place_of("C:/recordings") == Path("C:/recordings")
    assert place_of(f"file://{factory}/with%20space") == factory / "with space"
    assert open_dataset(f"file://{factory}").location == str(factory)
    assert str(Address("S3://Bucket/fans/")) == "s3://Bucket/fans"


def test_a_table_names_recordings_at_an_address(factory: Path, tmp_path: Path, memory: object) -> None:
    put(factory, "memory://bucket/plant")
    lines = [f"{p.relative_to(factory).as_posix()},{p.name.split('_')[0]}" for p in sorted(factory.rglob("*.wav"))]
    Address("memory://bucket/plant/clips.csv").write_bytes("\n".join(["path,label", *lines]).encode())
    beside = open_dataset("memory://bucket/plant/clips.csv")
    whole = [f"memory://bucket/plant/{line}" for line in lines]
    table = tmp_path / "clips.csv"
    table.write_text("\n".join(["path,label", *whole, "memory://bucket/plant/gone.wav,normal"]))
    here = open_dataset(table)
    assert beside.location == "memory://bucket/plant/clips.csv"
    assert_frame_equal(beside.catalogue, here.catalogue)
    assert (len(here.catalogue), here.root) == (48, Address("memory://bucket/plant"))
    assert any("gone.wav" in note and "not there" in note for note in here.notes)
    assert here.read(here.catalogue["clip_id"][0]).sample_rate == 16000
    table.write_text("\n".join(["path,label", *whole, "fan/1.wav,normal"]))
    with pytest.raises(DatasetError, match=r"clips.csv names recordings at addresses and others \(fan/1.wav\)"):
        open_dataset(table)
    table.write_text("\n".join(["path,label", *whole, "other://bucket/1.wav,normal"]))
    with pytest.raises(DatasetError, match="several buckets"):
        open_dataset(table)


def test_a_dataset_file_names_an_address(factory: Path, tmp_path: Path, memory: object) -> None:
    folder = place_of(put(factory, "memory://bucket/plant"))
    file = DatasetFile(folder, [], ["fan"], "Fans")
    write_dataset_file(tmp_path / "dataset.toml", file)
    assert read_dataset_file(tmp_path / "dataset.toml") == file
    assert set(open_dataset(tmp_path / "dataset.toml").catalogue["machine_type"]) == {"fan"}


def test_stamps_come_from_one_listing(
    factory: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(factory / "fan", "memory://bucket/fan")
    calls = []
    find = type(memory).find
    monkeypatch.setattr(type(memory), "find", lambda self, *a, **k: calls.append(a) or find(self, *a, **k))
    monkeypatch.setattr(type(memory), "cat_file", lambda *_, **__: pytest.fail("a recording was read"))
    before = open_dataset("memory://bucket/fan")
    prints = {split: before.fingerprint(split) for split in ("train", "test")}
    assert len(calls) == 1
    Address("memory://bucket/fan/train/normal_id_00_00000000.wav").write_bytes(b"other")
    after = open_dataset("memory://bucket/fan")
    assert after.fingerprint("test") == prints["test"]
    assert after.fingerprint("train") != prints["train"] == before.fingerprint("train")


def test_what_is_too_large_is_not_fetched_and_what_is_gone_is_named(
    factory: Path, memory: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(factory / "fan", "memory://bucket/fan")
    dataset = open_dataset("memory://bucket/fan")
    Address("memory://bucket/fan/train/normal_id_00_00000000.wav").delete()
    with pytest.raises(ClipError, match=r"memory://bucket/fan/train/normal_id_00_00000000.wav is not there any more"):
        dataset.read("train/normal_id_00_00000000.wav")
    dataset.source.listing["train/normal_id_00_00000001.wav"].__dict__["size"] = 10**9  # type: ignore[attr-defined]
    with pytest.raises(ClipError, match="has 1000 MB; the limit is 200 MB"):
        dataset.source("train/normal_id_00_00000001.wav")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("memory://bucket/empty", "memory://bucket/empty holds nothing: check the bucket"),
        (
            "nowhere://bucket/fans",
            "nowhere://bucket/fans is of a kind that is not known: use s3://, gs:// or a folder.",
        ),
        ("gs://bucket/fans", "gs://bucket/fans is read by a package that is missing"),
    ],
)
def test_what_cannot_be_opened_is_one_sentence(url: str, said: str, memory: object, cli: Cli) -> None:
    code, _, err = cli("inspect", url)
    assert code == 2
    assert said in err
    assert "Traceback" not in err


def test_trouble_with_the_storage_ends_the_reading(
    factory: Path, memory: fsspec.AbstractFileSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Detectors that learned only from what was read before the connection went would be others, and nobody would know."""
    put(factory / "fan", "memory://bucket/fan")
    dataset = open_dataset("memory://bucket/fan")

    def cut(*_: object, **__: object) -> bytes:
        raise OSError("connection reset by peer")

    monkeypatch.setattr(type(memory), "cat_file", cut)
    with pytest.raises(AddressError, match=r"cannot be reached after several tries \(connection reset by peer\)"):
        dataset.read("train/normal_id_00_00000000.wav")
