"""Public sets from a server on this computer: whole, broken off and resumed, wrong, absent."""

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from asd_core.cli import output
from asd_core.datasets import (
    broken_downloads,
    datasets_folder,
    download_set,
    forget_download,
    open_dataset,
    public_set,
    public_sets,
)
from asd_core.datasets.stored_datasets import used_bytes, user_datasets
from asd_core.errors import DatasetError
from asd_core.files import appearing, locked
from asd_core.settings import get_settings
from tests.public_server import PublicServer, additional_archive, dev_archive, serve_public, sound, zipped
from tests.unit.conftest import Cli

pytestmark = pytest.mark.usefixtures("data_dir")


@pytest.fixture
def server() -> Iterator[PublicServer]:
    with serve_public() as running:
        yield running


def use(server: PublicServer, path: Path, monkeypatch: pytest.MonkeyPatch, **parts: bytes | None) -> None:
    """Make the set ``tiny-fan`` of these parts the only one there is."""
    monkeypatch.setenv("ASD_PUBLIC_SETS", str(server.registry(path / "sets.toml", **parts)))
    get_settings.cache_clear()


@pytest.fixture
def tiny(server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicServer:
    """A server with both parts of ``tiny-fan``."""
    dev, additional = dev_archive(), additional_archive()
    server.files = {"/1/dev_fan.zip": dev, "/2/additional_fan.zip": additional}
    use(server, tmp_path, monkeypatch, dev=dev, additional=additional)
    return server


def left(folder: Path) -> list[str]:
    """Files below a folder but for locks."""
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file() and p.suffix != ".lock")


def test_a_set_becomes_a_dataset(cli: Cli, tiny: PublicServer) -> None:
    code, _, err = cli("download", "Tiny-Fan", "--yes")
    assert code == 0
    assert re.search(r"Licence: CC BY 4\.0\. Size: \d MB\.", err)
    assert f"Described, with the licence's text, at {tiny.address}/1" in err
    assert "1 file is not used (dev_fan.zip/fan/readme.txt): no sound file." in err
    place = datasets_folder() / "tiny-fan" / "dataset.toml"
    assert user_datasets() == [place]
    dataset = open_dataset(place)
    assert dataset.title == "Tiny, fan"
    found = dataset.catalogue.groupby(["machine_type", "machine_id", "split", "label"]).size()
    assert found.to_dict() == {
        ("fan", "00", "test", "anomaly"): 1,
        ("fan", "00", "test", "normal"): 1,
        ("fan", "00", "train", "normal"): 2,
        ("fan", "01", "train", "normal"): 1,
    }
    assert dataset.read("dev/fan/train/normal_id_00_00000000.wav").duration == 20.0
    origin = (place.parent / "origin.md").read_text()
    assert "CC BY 4.0" in origin
    assert tiny.address in origin
    assert [name for name in left(datasets_folder()) if "zip" in name] == []
    assert used_bytes() == 0  # uploads have a quota; what is downloaded has the disk
    assert [path for path, _ in tiny.asked] == ["/1/dev_fan.zip", "/2/additional_fan.zip"]
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "is there already" in err) == (2, True)
    assert len(tiny.asked) == 2


def test_one_part_into_a_folder(cli: Cli, tiny: PublicServer, tmp_path: Path) -> None:
    code, _, err = cli("download", "tiny-fan", "--part", "additional", "--to", tmp_path / "sets", "--yes")
    place = tmp_path / "sets" / "tiny-fan" / "dataset.toml"
    assert (code, f"--data {place}" in err) == (0, True)
    assert open_dataset(place).catalogue["machine_id"].tolist() == ["01"]
    assert user_datasets() == []
    code, _, err = cli("download", "tiny-fan", "--part", "more", "--yes")
    assert (code, err) == (2, "Tiny, fan has no part more; it has dev, additional.\n")


def test_what_broke_off_goes_on_where_it_was(cli: Cli, tiny: PublicServer) -> None:
    tiny.breaks_after = 1_200_000
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert code == 2
    assert re.search(r"dev_fan\.zip broke off after \d\.\d MB: start it again, and it goes on from there\.", err)
    assert user_datasets() == []
    (part,) = datasets_folder().rglob("*.part")
    kept = part.stat().st_size
    assert 900_000 <= kept <= 1_200_000
    assert cli("download", "tiny-fan", "--yes")[0] == 0
    assert tiny.asked == [
        ("/1/dev_fan.zip", None),
        ("/1/dev_fan.zip", f"bytes={kept}-"),
        ("/2/additional_fan.zip", None),
    ]
    assert len(open_dataset(datasets_folder() / "tiny-fan" / "dataset.toml").catalogue) == 5


def test_a_server_that_cannot_resume_sends_it_anew(cli: Cli, tiny: PublicServer) -> None:
    tiny.ranges, tiny.breaks_after = False, 1_200_000
    assert cli("download", "tiny-fan", "--yes")[0] == 2
    assert cli("download", "tiny-fan", "--yes")[0] == 0
    assert tiny.asked[1][1] is not None
    assert len(open_dataset(datasets_folder() / "tiny-fan" / "dataset.toml").catalogue) == 5


def test_a_file_that_had_arrived_whole_is_not_asked_for_again(cli: Cli, tiny: PublicServer) -> None:
    """The process may have been killed between its last byte and its name."""
    tiny.breaks_after = 1_200_000
    cli("download", "tiny-fan", "--yes")
    (part,) = datasets_folder().rglob("*.part")
    part.write_bytes(tiny.files["/1/dev_fan.zip"])
    assert cli("download", "tiny-fan", "--yes")[0] == 0
    assert tiny.asked[1] == ("/1/dev_fan.zip", f"bytes={len(tiny.files['/1/dev_fan.zip'])}-")


def test_a_wrong_file_is_refused_and_nothing_of_it_is_kept(cli: Cli, tiny: PublicServer) -> None:
    tiny.files["/1/dev_fan.zip"] = additional_archive()
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, err.count("\n")) == (2, 4)
    assert "is not the published file: its checksum is another one. Nothing of it is kept" in err
    assert left(datasets_folder()) == []
    tiny.files["/1/dev_fan.zip"] = dev_archive()
    assert cli("download", "tiny-fan", "--yes")[0] == 0


def test_without_network_or_file_there_is_a_sentence(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve_public() as gone:
        use(gone, tmp_path, monkeypatch, dev=dev_archive())
        code, _, err = cli("download", "tiny-fan", "--yes")
        assert (code, "cannot be had (the server says 404)" in err) == (2, True)
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "cannot be reached: is this computer on the network?" in err) == (2, True)
    assert "Traceback" not in err
    assert left(datasets_folder()) == []


def test_without_a_checksum_it_must_be_asked_for(
    cli: Cli, server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files = {"/1/dev_fan.zip": dev_archive()}
    use(server, tmp_path, monkeypatch, dev=None)
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert code == 2
    assert "Size: unknown." in err
    assert "No checksum is known here of dev_fan.zip" in err
    assert server.asked == []
    server.breaks_after = 1_200_000
    assert cli("download", "tiny-fan", "--yes", "--unverified")[0] == 2
    assert cli("download", "tiny-fan", "--yes", "--unverified")[0] == 0
    assert [asked for _, asked in server.asked] == [None, None]  # two halves might be of two files


def test_nothing_is_asked_of_the_network_before_it_is_confirmed(
    cli: Cli, tiny: PublicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = cli("download", "tiny-fan")
    assert (code, "Nothing was downloaded: licence and size were not accepted" in err) == (2, True)
    assert cli("download", "--list")[0] == 0
    code, _, err = cli("download", "tiny-fam", "--yes")
    assert (code, err) == (2, "There is no public set tiny-fam: did you mean tiny-fan?\n")
    assert tiny.asked == []


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


@pytest.mark.parametrize(
    "text", ["", "a =", 'releases = "x"', '[[releases]]\nname = "a"', "address = 1\npage = 1\nreleases = [1]"]
)
def test_a_registry_that_is_none_is_a_sentence(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sets.toml").write_text(text)
    monkeypatch.setenv("ASD_PUBLIC_SETS", str(tmp_path / "sets.toml"))
    get_settings.cache_clear()
    with pytest.raises(DatasetError, match=r"sets\.toml is no registry of public sets"):
        public_sets()


def test_a_registry_names_no_path(server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = server.registry(tmp_path / "sets.toml", dev=b"x")
    path.write_text(path.read_text().replace("dev_{machine}.zip", "../{machine}.zip"))
    monkeypatch.setenv("ASD_PUBLIC_SETS", str(path))
    get_settings.cache_clear()
    with pytest.raises(DatasetError, match=r"\.\./fan\.zip is no plain name"):
        public_sets()


def test_the_programs_own_registry(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    sets = public_sets()
    assert {name.split("-")[0] for name in sets} == {*(f"dcase{year}" for year in range(2020, 2026)), "mimii"}
    for one in sets.values():
        assert re.fullmatch(r"[a-z0-9-]+", one.name)
        assert one.licence
        assert len(set(one.parts)) == len(one.parts)
        for archive in one.archives:
            assert re.fullmatch(r"https://zenodo\.org/records/\d+/files/[\w-]+\.zip", archive.address)
            assert re.fullmatch(r"([0-9a-f]{32})?", archive.md5)
    slider = sets["dcase2020-slider"]
    assert [a.md5 for a in slider.archives] == [
        "da24a757719f0d94d5aa2d646bbfdc86",
        "f84f186f4295fc23754abcdd1b0580a7",
        "0193c769073840332ce3aad84b1ccaa2",
    ]
    assert [a.part for a in slider.archives] == ["dev", "additional", "eval"]
    sums = [a.md5 for one in sets.values() for a in one.archives if a.md5]
    assert len(sums) == len(set(sums)) == 18 + 21 + 12
    assert not sets["dcase2021-slider"].verified
    assert sets["mimii-6db-fan"].size == "10.2 GB"
    assert sets["dcase2020-slider"].size == "over 1.0 GB"
    console = Console(width=80, file=io.StringIO())
    monkeypatch.setattr(output, "console", console)
    assert cli("download")[0] == 0
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert max(map(len, lines)) <= 80
    assert sum(line.split()[:1] == [name] for line in lines for name in sets) == len(sets)
    licences = "|".join({one.licence.replace(" ", "\u00a0") for one in sets.values()})
    assert sum(bool(re.search(rf" ({licences}) *$", line)) for line in lines) == len(sets)  # a line a set
    rows = json.loads(cli("download", "--list", "--json")[1])
    assert [row["name"] for row in rows] == list(sets)


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
