"""What has arrived of a public set is unpacked whole or not at all, where the disk has room."""

import io
import re
import shutil
import zipfile
from pathlib import Path

import pytest

from asd_core.datasets import broken_downloads, datasets_folder, download_set, forget_download, public_set
from asd_core.errors import DatasetError
from asd_core.files import appearing, locked
from asd_core.settings import get_settings
from tests.public_server import PublicServer, dev_archive, sound, zipped
from tests.unit.download_sets import left, use

pytestmark = pytest.mark.usefixtures("data_dir")


def test_archives_are_unpacked_as_those_of_the_browser(
    server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No path leads out, no bomb goes off, and what is wrong leaves no dataset."""
    evil = zipped({"../out.wav": sound(1), "/etc/out.wav": sound(1), "fan/train/normal_id_00_00000000.wav": sound(2)})
    server.files["/1/dev_fan.zip"] = evil
    use(server, tmp_path, monkeypatch, dev=evil)
    notes: list[str] = []
    place = download_set(public_set("tiny-fan"), notify=notes.append)
    assert "its path leads out of the dataset" in " ".join(notes)
    assert [p.name for p in tmp_path.rglob("*.wav")] == ["normal_id_00_00000000.wav"]
    shutil.rmtree(place.parent)
    count = int(shutil.disk_usage(tmp_path).free // 0xFFFFFFFE) + 2
    bomb = bytearray(zipped({f"fan/train/normal_id_00_{n:08d}.wav": b"x" for n in range(count)}))
    position = bomb.index(b"PK\x01\x02")
    for _ in range(count):
        bomb[position + 24 : position + 28] = (0xFFFFFFFE).to_bytes(4, "little")  # what it says it holds
        position = bomb.find(b"PK\x01\x02", position + 4)
    server.files["/1/dev_fan.zip"] = bytes(bomb)
    use(server, tmp_path, monkeypatch, dev=bytes(bomb))
    with pytest.raises(DatasetError, match=r"dev_fan\.zip holds no recording \(unpacked, it exceeds"):
        download_set(public_set("tiny-fan"))
    assert [name for name in left(datasets_folder()) if not name.startswith(".downloads")] == []


def test_recordings_of_one_path_do_not_overwrite_each_other(
    server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("fan/train/normal_id_00_00000000.wav", sound(1))
        for seed in (1, 2):
            with pytest.warns(UserWarning, match="Duplicate"):
                archive.writestr("fan/train/normal_id_00_00000000.wav", sound(seed))
    server.files["/1/dev_fan.zip"] = content.getvalue()
    use(server, tmp_path, monkeypatch, dev=content.getvalue())
    notes: list[str] = []
    place = download_set(public_set("tiny-fan"), notify=notes.append)
    assert [path.stem for path in sorted(place.parent.rglob("*.wav"))] == [
        "normal_id_00_00000000-2",
        "normal_id_00_00000000",
    ]
    assert "the same file was given twice, and is stored once" in " ".join(notes)


def test_a_set_that_the_disk_has_no_room_for_is_not_begun(
    server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = server.registry(tmp_path / "sets.toml", dev=dev_archive(), additional=None)  # of which no size is known
    path.write_text(re.sub(r"megabytes = [\d.]+", "megabytes = 1e12", path.read_text()))
    monkeypatch.setenv("ASD_PUBLIC_SETS", str(path))
    get_settings.cache_clear()
    with pytest.raises(DatasetError, match=r"needs about 2,000,000,000\.0 GB more, and .* GB are free in"):
        download_set(public_set("tiny-fan"), unverified=True)
    assert server.asked == []


def test_an_archive_that_the_disk_has_no_room_for_is_not_begun(tiny: PublicServer) -> None:
    tiny.claims = shutil.disk_usage("/").total * 1000
    with pytest.raises(DatasetError, match=r"dev_fan\.zip needs [\d,.]+ GB more, and .* GB are free in"):
        download_set(public_set("tiny-fan"))
    assert left(datasets_folder()) == []


def test_what_has_arrived_of_a_set_is_known_and_can_be_deleted(tiny: PublicServer) -> None:
    assert broken_downloads() == {}
    tiny.breaks_after = 1_200_000
    with pytest.raises(DatasetError, match="broke off"):
        download_set(public_set("tiny-fan"))
    (part,) = datasets_folder().rglob("*.part")
    assert broken_downloads() == {"tiny-fan": part.stat().st_size}
    with locked(part.parents[1] / "tiny-fan"), pytest.raises(DatasetError, match="tiny-fan is being downloaded: stop"):
        forget_download("tiny-fan")
    assert part.is_file()
    forget_download("tiny-fan")
    assert (left(datasets_folder()), broken_downloads()) == ([], {})
    with pytest.raises(DatasetError, match=r"What has arrived of tiny-fan cannot be deleted \(No such file"):
        forget_download("tiny-fan")


def test_a_folder_appears_whole_or_not(tmp_path: Path) -> None:
    def fails() -> None:
        with appearing(tmp_path / "a") as folder:
            (folder / "half").write_text("x")
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert list(tmp_path.iterdir()) == []
    (tmp_path / ".unfinished-a").mkdir()
    (tmp_path / ".unfinished-a" / "old").write_text("of a process that was killed")
    with appearing(tmp_path / "a") as folder:
        (folder / "whole").write_text("x")
        assert not (tmp_path / "a").exists()
    assert left(tmp_path) == ["a/whole"]
