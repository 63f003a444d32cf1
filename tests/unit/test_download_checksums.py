"""Checksums and sizes of public sets: from the registry, from the record, or asked for."""

import io
import json
import re
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

from asd_core.datasets import broken_downloads, datasets_folder, download_set, public_set
from asd_core.datasets.stored_datasets import user_datasets
from asd_core.settings import get_settings
from tests.public_server import PublicServer, additional_archive, dev_archive, serve_public, sound, zipped
from tests.unit.conftest import Cli
from tests.unit.download_sets import left, origin, paths, use

pytestmark = pytest.mark.usefixtures("data_dir")


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
