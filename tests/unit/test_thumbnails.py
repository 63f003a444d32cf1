import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from asd_core.artifacts import read_pooled
from asd_core.datasets import Dataset
from asd_core.settings import get_settings
from asd_core.space import HEIGHT, WIDTH, compute_thumbnails, sheet_columns, sheet_path, thumbnails


@pytest.fixture
def data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASD_DATA_DIR", str(tmp_path))
    get_settings.cache_clear()
    return tmp_path


def test_a_tone_and_a_knock_are_where_they_belong() -> None:
    log_mel = np.full((128, 313), -80.0, dtype=np.float32)
    log_mel[8] = 0.0  # a low tone
    log_mel[:, 160] = 10.0  # one frame
    picture = thumbnails.shrink(log_mel)
    assert picture.shape == (HEIGHT, WIDTH)
    rows, columns = picture[:, 0], picture[0]
    assert rows.argmax() == HEIGHT - 1 - int(8 / 128 * HEIGHT)  # low frequencies below
    assert columns.argmax() == int(160 / 313 * WIDTH)
    assert columns.max() == 10.0  # a knock is not averaged away


def test_a_clip_shorter_than_the_picture_is_stretched() -> None:
    log_mel = np.tile(np.arange(10, dtype=np.float32), (128, 1))
    picture = thumbnails.shrink(log_mel)
    assert picture.shape == (HEIGHT, WIDTH)
    assert np.array_equal(picture[0], np.repeat(np.arange(10), WIDTH // 10))


def test_pictures_lie_row_by_row_on_the_sheet() -> None:
    n = 23
    pictures = np.linspace(-80, 0, n, dtype=np.float32)[:, None, None] * np.ones((1, HEIGHT, WIDTH), np.float32)
    pictures[7] = np.nan  # could not be read
    sheet = thumbnails.sheet(pictures)
    across = sheet_columns(n)
    found = [sheet[i // across * HEIGHT, i % across * WIDTH] for i in range(n)]
    assert found[7] == 0
    del found[7]
    assert found == sorted(found)
    assert found[-1] == 255
    assert abs(sheet.shape[0] - sheet.shape[1]) < 2 * WIDTH
    back = np.asarray(Image.open(io.BytesIO(thumbnails.encode(sheet))).convert("L"))
    assert back.shape == sheet.shape
    assert np.abs(back.astype(int) - sheet).mean() < 8


def test_the_sheet_of_a_dataset_is_drawn_and_named_after_its_clips(
    small_dataset: Dataset, small_models: Path, data_dir: Path
) -> None:
    clips = read_pooled(small_models, ("clip_id", "sha256"))
    gone = pd.concat([clips.iloc[:5], clips.iloc[:1].assign(clip_id="train/normal_id_00_00009999.wav")])
    reported: list[str] = []
    path = compute_thumbnails(small_dataset, gone, notify=reported.append)
    assert path.parent == data_dir / "user" / "thumbnails"
    assert len(reported) == 1
    assert "00009999" in reported[0]
    sheet = np.asarray(Image.open(path).convert("L"))
    across = sheet_columns(6)
    cut = [
        sheet[i // across * HEIGHT :, i % across * WIDTH :][:HEIGHT, :WIDTH].astype(float)
        for i in range(6)
    ]  # fmt: skip
    assert cut[5].max() < 20  # the lost clip stays black
    assert all(picture.std() > 20 for picture in cut[:5])
    assert sheet_path(Path(small_dataset.location), gone) == path
    assert sheet_path(Path(small_dataset.location), gone.iloc[::-1]) != path


def test_the_demos_sheet_is_of_the_demos_clips() -> None:
    folder = get_settings().models_dir / "demo"
    clips = read_pooled(folder, ("clip_id", "sha256"))
    path = sheet_path(Path("demo"), clips)
    assert path.is_file()
    across = sheet_columns(len(clips))
    assert Image.open(path).size == (across * WIDTH, -(-len(clips) // across) * HEIGHT)
