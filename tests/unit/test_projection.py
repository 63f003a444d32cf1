from pathlib import Path

import numpy as np
import pytest

from asd_core.datasets import Dataset
from asd_core.errors import ArtifactError
from asd_core.features import LogMel
from asd_core.space import fit_pca, pooled_vector, read_space, space_attributes


def test_a_clip_projects_to_where_its_row_is(small_models: Path, small_dataset: Dataset) -> None:
    """What an upload goes through ends where training's own row ends."""
    from asd_core.sound import prepare

    for part, width in (("all", 384), ("mean", 128), ("spread", 128), ("peak", 128)):
        space = read_space(small_models, part)
        assert space.vectors.shape == (72, width)
        row = space.about.iloc[5]
        own = pooled_vector(LogMel().transform(prepare(small_dataset.read(row["clip_id"]))), part)
        assert np.allclose(own, space.vectors[5], atol=0.06), part  # rows are stored in 16 bits
        fitted = fit_pca(space.vectors, 2)
        assert np.allclose(fitted.transform(own), fitted.transform(space.vectors[5:6]), atol=0.2), part


def test_parts_are_thirds_of_the_whole(small_models: Path) -> None:
    whole = read_space(small_models, "all").vectors
    thirds = [read_space(small_models, part).vectors for part in ("mean", "spread", "peak")]
    assert np.array_equal(np.hstack(thirds), whole)


def test_a_subset_keeps_the_clips_numbers(small_models: Path) -> None:
    space = read_space(small_models, "mean")
    chosen = space.subset(["test"], "02")
    assert len(chosen.about) == len(chosen.vectors) == 12
    assert set(chosen.about["machine_id"]) == {"02"}
    assert np.array_equal(chosen.vectors, space.vectors[chosen.about.index])
    assert len(space.subset([], None).about) == 0


def test_unknown_and_missing_parts_are_refused(small_models: Path, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="no representation 'colour': choose one of all, mean"):
        read_space(small_models, "colour")
    with pytest.raises(ArtifactError, match="no latent space of vae_kde as it is trained now"):
        read_space(small_models, "vae_kde")
    with pytest.raises(ArtifactError, match="no pooled features"):
        read_space(tmp_path, "all")


def test_components_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(200, 6)) @ rng.normal(size=(6, 6)) + 30.0
    fitted = fit_pca(vectors, 6)
    standard = (vectors - vectors.mean(axis=0)) / vectors.std(axis=0)
    values = np.sort(np.linalg.eigvalsh(np.cov(standard.T)))[::-1]
    assert np.allclose(fitted.explained, values / values.sum())
    assert np.allclose(fitted.transform(vectors).var(axis=0, ddof=1), values)
    assert fitted.axis(0) == f"component 1 ({fitted.explained[0]:.0%} of the variance)"
    wide = fit_pca(vectors[:5], 10)  # fewer clips than dimensions
    assert wide.axes.shape == (5, 6)
    with pytest.raises(ArtifactError, match="needs 3 clips or more and 2 are chosen"):
        fit_pca(vectors[:2])


def test_attributes_are_those_that_differ(small_models: Path) -> None:
    about = read_space(small_models, "all").about
    assert space_attributes(about) == ["label", "machine_id", "split"]
    one = about[(about["machine_id"] == "00") & (about["split"] == "train")]
    assert space_attributes(one) == ["label"]  # always there
