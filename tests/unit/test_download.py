"""Public sets from a server on this computer: whole, broken off and resumed, wrong, absent."""

import io
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path
from typing import Any

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


@pytest.fixture
def asked(server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PublicServer:
    """A server with ``tiny-fan``: the registry knows nothing of ``dev``, its record does."""
    dev, additional = dev_archive(), additional_archive()
    server.files = {"/1/dev_fan.zip": dev, "/2/additional_fan.zip": additional}
    server.has_api = True
    server.publish(1, {"readme.md": b"#", "dev_fan.zip": dev})
    use(server, tmp_path, monkeypatch, dev=None, additional=additional)
    return server


def origin() -> str:
    return (datasets_folder() / "tiny-fan" / "origin.md").read_text()


def paths(server: PublicServer) -> list[str]:
    """What it was asked for, and the list is emptied."""
    result = [path for path, _ in server.asked]
    server.asked.clear()
    return result


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
    assert "Checksum of dev, additional: from the registry.\n" in err
    assert "CC BY 4.0" in origin()
    assert f"- {tiny.address}/1/dev_fan.zip (described at {tiny.address}/1), md5 " in origin()
    assert origin().count(", from the registry\n") == 2
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
    code, _, err = cli("download", "tiny-fan", "--to", tmp_path / ("a" * 300), "--yes")
    assert (code, "cannot be written (File name too long): free space, or choose another folder." in err) == (2, True)
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
    assert (code, err.count("\n")) == (2, 5)
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
    assert err == (
        "No checksum is known of dev_fan.zip (the registry names no place to ask for it), so nothing would show a wrong file: look at "
        f"{server.address}/1, and say --unverified (on the Data page: tick the box) to download it all the same.\n"
    )
    assert "of these, which need --unverified: tiny-fan." in cli("download", "--list")[1].replace("\n", " ")
    assert server.asked == []
    server.breaks_after = 1_200_000
    assert cli("download", "tiny-fan", "--yes", "--unverified")[0] == 2
    assert cli("download", "tiny-fan", "--yes", "--unverified")[0] == 0
    assert [asked for _, asked in server.asked] == [None, None]  # two halves might be of two files


def test_what_the_registry_does_not_know_is_asked_of_the_record(cli: Cli, asked: PublicServer) -> None:
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert code == 0
    size = sum(len(asked.files[path]) for path in ("/1/dev_fan.zip", "/2/additional_fan.zip"))
    assert f"Size: {size / 1e6:,.0f} MB." in err
    named = f"as {asked.address}/api/1 named it for this download"
    assert f"Checksum of dev: {named}.\nChecksum of additional: from the registry.\n" in err
    assert paths(asked) == ["/api/1", "/1/dev_fan.zip", "/2/additional_fan.zip"]
    assert f"md5 {md5(dev_archive()).hexdigest()}, {named}\n" in origin()
    assert origin().count("from the registry") == 1
    assert cli("download", "tiny-fan", "--yes")[0] == 2
    assert paths(asked) == []  # it is there already


def test_another_file_than_the_record_names_is_refused(cli: Cli, asked: PublicServer) -> None:
    asked.files["/1/dev_fan.zip"] = additional_archive()
    code, _, err = cli("download", "tiny-fan", "--yes", "--unverified")  # which is for what has no checksum
    assert (code, "dev_fan.zip from" in err, "its checksum is another one" in err) == (2, True, True)
    assert user_datasets() == []
    assert left(datasets_folder()) == [".downloads/tiny-fan.zips/record.json"]  # what the record said, and no archive


SUM = md5(dev_archive()).hexdigest()


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (None, "cannot be had: the server says 404"),
        (b" ", "lists no files"),
        (b"<html>", "lists no files"),
        (b"\xff", "lists no files"),
        (b"[" * 200_000, "lists no files"),
        ([], "lists no files"),
        ({}, "lists no files"),
        ({"files": None}, "lists no files"),
        ({"files": {"dev_fan.zip": f"md5:{SUM}"}}, "lists no files"),
        ({"files": ["dev_fan.zip", 1]}, "lists no files"),
        (b" " * (1 << 23) + f'{{"files": [{{"key": "dev_fan.zip", "checksum": "{SUM}"}}]}}'.encode(), "lists no files"),
        ({"files": [{"key": ["dev_fan.zip"], "checksum": f"md5:{SUM}"}, {"key": "a"}]}, "names no such file"),
        ({"files": [{"key": "../dev_fan.zip", "checksum": f"md5:{SUM}"}]}, "names no such file"),
        ({"files": [{"key": "DEV_fan.zip", "checksum": f"md5:{SUM}"}]}, "names no such file"),
        ({"files": [{"key": "dev_fan.zip"}]}, "names no md5 of it"),
        ({"files": [{"key": "dev_fan.zip", "checksum": 5}]}, "names no md5 of it"),
        ({"files": [{"key": "dev_fan.zip", "checksum": f"sha256:{SUM}"}]}, "names no md5 of it"),
        ({"files": [{"key": "dev_fan.zip", "checksum": f"md5:{SUM[1:]}"}]}, "names no md5 of it"),
        ({"files": [{"key": "dev_fan.zip", "checksum": f"md5:{SUM}\n"}]}, "names no md5 of it"),
        ({"files": [{"key": "dev_fan.zip", "checksum": f"md5:{SUM[1:]}g"}]}, "names no md5 of it"),
    ],
)
def test_where_the_record_names_no_checksum_either_it_must_be_asked_for(
    cli: Cli, asked: PublicServer, answer: Any, trouble: str
) -> None:
    asked.files["/api/1"] = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    if answer is None:
        del asked.files["/api/1"]
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, err.count("\n")) == (2, 1)
    assert f"No checksum is known of dev_fan.zip ({asked.address}/api/1 {trouble}), so nothing" in err
    assert paths(asked) == ["/api/1"]
    assert left(datasets_folder()) == []
    code, _, err = cli("download", "tiny-fan", "--yes", "--unverified")
    assert (code, f"Checksum of dev: not known ({asked.address}/api/1 {trouble}).\n" in err) == (0, True)
    assert f"md5 not known ({asked.address}/api/1 {trouble})\n" in origin()
    assert paths(asked) == ["/api/1", "/1/dev_fan.zip", "/2/additional_fan.zip"]


def test_a_record_that_cannot_be_reached_is_a_sentence(
    cli: Cli, asked: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve_public() as gone:
        pass
    sets = tmp_path / "sets.toml"
    sets.write_text(sets.read_text().replace(f"{asked.address}/api", f"{gone.address}/api"))
    get_settings.cache_clear()
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, f"dev_fan.zip ({gone.address}/api/1 cannot be reached: try again later), so" in err) == (2, True)
    assert paths(asked) == []
    assert cli("download", "tiny-fan", "--yes", "--unverified")[0] == 0


def listing(entry: dict[str, Any]) -> bytes:
    """A record's answer, with one file."""
    return json.dumps({"files": [entry]}).encode()


@pytest.mark.parametrize("size", [None, True, 0, -5, 1.5, "12", [1], 1 << 70, 10**400])
def test_a_size_that_is_none_is_not_known(cli: Cli, asked: PublicServer, size: Any) -> None:
    asked.files["/api/1"] = listing({"key": "dev_fan.zip", "size": size, "checksum": f"md5:{SUM.upper()}"})
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "Size: over 1 MB." in err) == (0, True)
    assert f"md5 {SUM}, as " in origin()


def test_a_record_of_the_other_form_is_understood(cli: Cli, asked: PublicServer) -> None:
    """Zenodo's of October 2023."""
    asked.files["/api/1"] = listing({"filename": "dev_fan.zip", "filesize": 3_000_000_000, "checksum": SUM})
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "Size: 3.0 GB." in err) == (0, True)
    assert f"md5 {SUM}, as " in origin()


def test_the_disk_must_have_room_for_what_the_record_names(cli: Cli, asked: PublicServer) -> None:
    asked.files["/api/1"] = listing({"key": "dev_fan.zip", "size": 10**17, "checksum": f"md5:{SUM}"})
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "needs about 200,000,000.0 GB more" in err) == (2, True)
    assert paths(asked) == ["/api/1"]


def test_only_the_size_is_asked_where_the_registry_has_the_checksum(
    cli: Cli, asked: PublicServer, tmp_path: Path
) -> None:
    """Of all archives of a record at once, and what the registry says counts."""
    sets = tmp_path / "sets.toml"
    text = re.sub(r", megabytes = [\d.]+", "", sets.read_text()).replace("record = 2", "record = 1")
    sets.write_text(text)
    get_settings.cache_clear()
    asked.files["/1/additional_fan.zip"] = asked.files["/2/additional_fan.zip"]
    asked.publish(1, {"dev_fan.zip": dev_archive(), "additional_fan.zip": b"another"})
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, f"Size: {len(dev_archive()) / 1e6:,.0f} MB." in err) == (0, True)
    assert "Checksum of additional: from the registry.\n" in err
    assert paths(asked) == ["/api/1", "/1/dev_fan.zip", "/1/additional_fan.zip"]


def test_a_download_goes_on_with_the_checksum_that_it_began_with(cli: Cli, asked: PublicServer) -> None:
    asked.breaks_after = 1_200_000
    assert cli("download", "tiny-fan", "--yes")[0] == 2
    (part,) = datasets_folder().rglob("*.part")
    assert broken_downloads() == {"tiny-fan": part.stat().st_size}  # and nothing of what the record said
    asked.publish(1, {"dev_fan.zip": b"another"})
    asked.asked.clear()
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, f"Checksum of dev: as {asked.address}/api/1 named it" in err) == (0, True)
    assert paths(asked) == ["/1/dev_fan.zip", "/2/additional_fan.zip"]
    assert f"md5 {SUM}, as " in origin()


def test_halves_of_two_versions_are_never_one_file(cli: Cli, asked: PublicServer) -> None:
    asked.breaks_after = 1_200_000
    assert cli("download", "tiny-fan", "--yes")[0] == 2
    other = zipped({f"fan/train/normal_id_02_{n:08d}.wav": sound(20 + n) for n in range(4)})
    asked.files["/1/dev_fan.zip"] = other
    asked.publish(1, {"dev_fan.zip": other})
    code, _, err = cli("download", "tiny-fan", "--yes")
    assert (code, "its checksum is another one. Nothing of it is kept" in err) == (2, True)
    assert broken_downloads() == {}
    asked.asked.clear()
    assert cli("download", "tiny-fan", "--yes")[0] == 0
    assert asked.asked[:2] == [("/api/1", None), ("/1/dev_fan.zip", None)]
    assert f"md5 {md5(other).hexdigest()}, as " in origin()


def test_the_record_is_asked_before_the_question_and_nothing_is_stored(
    cli: Cli, asked: PublicServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli("download", "--list")[0] == 0
    assert paths(asked) == []
    monkeypatch.setattr("sys.stdin", io.StringIO())
    code, _, err = cli("download", "tiny-fan")
    said = [
        "Size: ",
        f"Checksum of dev: as {asked.address}/api/1 named it",
        "Download it under",
        "Nothing was downloaded",
    ]
    assert code == 2
    assert [err.index(words) for words in said] == sorted(err.index(words) for words in said)
    assert paths(asked) == ["/api/1"]
    assert left(datasets_folder()) == []
    assert download_set(public_set("tiny-fan")).is_file()  # the library asks as well
    assert paths(asked) == ["/api/1", "/1/dev_fan.zip", "/2/additional_fan.zip"]


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


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a =",
        'releases = "x"',
        '[[releases]]\nname = "a"',
        "address = 1\npage = 1\nreleases = [1]",
        'record_api = "{}"',
        'record_api = "{file.no}"',
        "record_api = 1",
    ],
)
def test_a_registry_that_is_none_is_a_sentence(
    text: str, server: PublicServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = server.registry(tmp_path / "sets.toml", dev=b"x").read_text()
    (tmp_path / "sets.toml").write_text(f"{text}\n{right}" if text.startswith("record_api") else text)
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
            record = re.fullmatch(r"https://zenodo\.org/records/(\d+)/files/[\w-]+\.zip", archive.address)
            assert record
            assert archive.record_api == f"https://zenodo.org/api/records/{record[1]}"
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
    said = " ".join(" ".join(lines).split())
    assert "No checksum is known here of these, so their records are asked for it: dcase2021-fan," in said
    assert "--unverified" not in said
    rows = json.loads(cli("download", "--list", "--json")[1])
    assert [row["name"] for row in rows] == list(sets)
    assert all(row["askable"] for row in rows)


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
