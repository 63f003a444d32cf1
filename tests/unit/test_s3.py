"""Recordings and results in S3, by a real server of its protocol on this machine."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

pytest.importorskip("moto.server", reason="moto is not installed: no S3 server here")
pytest.importorskip("s3fs", reason="s3fs is not installed: nothing reads s3:// here")

from asd_core.addresses import Address
from asd_core.datasets import open_dataset
from asd_core.errors import AddressError
from asd_core.mirrored import CURRENT, mirrored
from asd_core.settings import get_settings
from tests.s3_server import put_folder, reached_at, s3_server, unsteady
from tests.unit.conftest import Cli

pytestmark = pytest.mark.long

FANS, MODELS = "s3://plant/recordings/slider", "s3://plant/models/slider"


@pytest.fixture(scope="module")
def endpoint(small_folder: Path) -> Iterator[str]:
    """A server that holds the small dataset."""
    with s3_server() as url:
        put_folder(small_folder, FANS)
        yield url


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on another machine: nothing is in its caches."""
    monkeypatch.setenv("ASD_CACHE_DIR", str(tmp_path / "cache"))
    get_settings.cache_clear()


def scores_of(folder: Path, file: str = "scores.parquet") -> pd.DataFrame:
    """What detectors say, without what names the place of the recordings."""
    return pd.read_parquet(folder / file).drop(columns="data_fingerprint")


def test_trained_and_scored_from_s3_as_from_a_folder(
    endpoint: str, small_folder: Path, tmp_path: Path, elsewhere: None, cli: Cli
) -> None:
    detectors = ("--detectors", "pca_kde,control_rms")
    for data, out in ((FANS, MODELS), (small_folder, tmp_path / "slider")):
        assert cli("train", "--data", data, "--out", out, *detectors)[0] == 0
        code, _, err = cli("scores", "--data", data, "--models", out, "--split", "train")
        assert code == 0, err
    get_settings().cache_dir.rename(tmp_path / "gone")
    with mirrored(Address(MODELS)) as folder:
        for file in ("scores.parquet", "scores-train.parquet"):
            pd.testing.assert_frame_equal(
                scores_of(folder, file), scores_of(tmp_path / "slider", file), check_exact=True
            )
        for key in ("pca_kde", "control_rms"):
            weights = f"{key}/weights.safetensors"
            assert (folder / weights).read_bytes() == (tmp_path / "slider" / weights).read_bytes()
        assert json.loads((folder / "dataset.json").read_text())["location"] == FANS
    code, shown, err = cli("evaluate", "--data", FANS, "--models", MODELS, "--json")
    assert code == 0, err
    assert {row["detector"] for row in json.loads(shown)["rows"]} == {"pca_kde", "control_rms"}
    report = "s3://plant/reports/slider.html"
    assert cli("report", "--models", MODELS, "--out", report)[2].endswith(f"{report} written.\n")
    assert b"<html" in Address(report).read_bytes()


@pytest.mark.parametrize("failure", ["500", "cut"])
def test_a_storage_that_fails_is_asked_again(endpoint: str, small_folder: Path, failure: str) -> None:
    asked: Counter[str] = Counter()

    def twice(method: str, path: str) -> str:
        if method != "GET":
            return ""
        asked[path] += 1
        return failure if asked[path] < 3 else ""

    here = open_dataset(small_folder)
    with unsteady(endpoint, twice) as proxy, reached_at(proxy):
        there = open_dataset(FANS)
        assert there.catalogue.equals(here.catalogue)
        clip_id = here.catalogue["clip_id"][0]
        assert there.read(clip_id).sha256 == here.read(clip_id).sha256
    assert len(asked) == 2
    assert set(asked.values()) == {3}


def test_what_storages_refuse_is_one_sentence(
    endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Cli
) -> None:
    monkeypatch.setattr("s3fs.S3FileSystem.retries", 1)

    def said(url: str) -> str:
        code, _, err = cli("inspect", url)
        assert (code, err.count("\n")) == (2, 1), err
        return err

    for url in ("s3://nobody/fans", "s3://plant/fans"):
        assert f"{url} holds nothing: check the bucket and the folder" in said(url)
    with pytest.raises(AddressError, match="s3://nobody/a is not there: check the bucket and the path"):
        Address("s3://nobody/a").write_bytes(b"")
    with unsteady(endpoint, lambda *_: "500") as proxy, reached_at(proxy):
        assert f"{FANS} cannot be reached after several tries" in said(FANS)
    with reached_at(endpoint), monkeypatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.delenv(name)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
        assert f"{FANS} needs credentials, and there are none: set AWS_ACCESS_KEY_ID" in said(FANS)


def test_results_are_seen_whole_or_as_they_were(endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = Address("s3://plant/results/fans")

    def at(machine: str) -> None:
        monkeypatch.setenv("ASD_CACHE_DIR", str(tmp_path / machine))
        get_settings.cache_clear()

    def change(to: str, before: dict[str, str], failure: Exception | None = None) -> None:
        """A command that writes both files, and may fail then."""
        with mirrored(address) as folder:
            assert {p.name: p.read_text() for p in folder.iterdir()} == before
            for file in before:
                (folder / file).write_text(to)
            if failure:
                raise failure

    at("one")
    with mirrored(address) as folder:
        assert (folder.name, list(folder.iterdir())) == ("fans", [])
        (folder / "a").write_text("first")
        (folder / "b").write_text("first")
    write = Address.write_bytes

    def cut(self: Address, data: bytes) -> None:
        if self.name in ("b", CURRENT):
            raise AddressError(f"{self} cannot be reached")
        write(self, data)

    with monkeypatch.context() as patch:
        patch.setattr(Address, "write_bytes", cut)
        with pytest.raises(AddressError):
            change("second", {"a": "first", "b": "first"})
    at("two")
    with mirrored(address) as folder:  # stores nothing, as it changes nothing
        assert {p.name: p.read_text() for p in folder.iterdir()} == {"a": "first", "b": "first"}
    at("one")
    with mirrored(address) as folder:  # goes on with what was made
        assert (folder / "b").read_text() == "second"
        with pytest.raises(AddressError, match="Another command works on"), mirrored(address):
            pass
    at("two")
    with pytest.raises(KeyError):
        change("third", {"a": "second", "b": "second"}, KeyError())
    at("one")
    with mirrored(address) as folder:
        assert (folder / "a").read_text() == "second"
        (folder / "a").write_text("fourth")
    at("two")
    with pytest.raises(AddressError, match=r"was changed elsewhere, and .* holds results"), mirrored(address):
        pass
    assert (
        len({path.partition("/")[0] for path in address.files()}) == 3
    )  # the state that holds, the one before, and its name
