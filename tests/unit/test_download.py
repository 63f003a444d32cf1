"""Public sets from a server on this computer: whole, broken off and resumed, wrong, absent."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from asd_core.cli import output
from asd_core.datasets import datasets_folder, open_dataset, public_sets
from asd_core.datasets.stored_datasets import used_bytes, user_datasets
from asd_core.errors import DatasetError
from asd_core.settings import get_settings
from tests.public_server import PublicServer, additional_archive, dev_archive, serve_public
from tests.unit.conftest import Cli
from tests.unit.download_sets import left, origin, use

pytestmark = pytest.mark.usefixtures("data_dir")


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
