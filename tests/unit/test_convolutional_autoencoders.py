"""The CNN autoencoders: the skip network copies its input, the masked one does not."""

import numpy as np
import pytest
import torch
from torch import nn

from asd_core.detectors.cnn_ae import CnnAe
from asd_core.detectors.cnn_ae_masked import CnnAeMasked, complementary_masks, random_masks
from asd_core.detectors.cnn_ae_skip import CnnAeSkip
from asd_core.detectors.common.conv_autoencoder import last_layer, skip_network
from asd_core.detectors.common.copy_test import copy_test
from tests.unit.network_clips import clip, clips

pytestmark = pytest.mark.slow


class TestCopyTest:
    @pytest.mark.parametrize(("share", "expected"), [(1.0, 0.0), (0.0, 1.0), (0.5, 0.25)])
    def test_it_is_the_share_of_the_faults_energy_that_is_left(self, share, expected):
        spectrograms = [np.random.default_rng(k).normal(size=(128, 150)).astype(np.float32) for k in range(2)]
        ratios = copy_test(lambda rebuilt: share * rebuilt - rebuilt, spectrograms)
        assert set(ratios) == {"tone", "knock"}
        assert list(ratios.values()) == pytest.approx([expected, expected], abs=1e-4)

    def test_skips_copy_where_the_plain_and_the_masked_network_refuse(self):
        settings = {"epochs": 18, "batch_size": 8, "width": 20, "learning_rate": 3e-3, "patience": 99}
        left = {
            cls: cls.create(**settings).fit(*clips(24)).diagnostics_["copy_test"]
            for cls in (CnnAe, CnnAeSkip, CnnAeMasked)
        }
        for fault in ("tone", "knock"):
            assert left[CnnAeSkip][fault] < 0.3
            assert left[CnnAeMasked][fault] > 0.6
            assert left[CnnAe][fault] > 0.8


class TestSkipNetwork:
    def test_each_merge_is_a_1x1_convolution_of_the_stack(self):
        net = skip_network([4, 6, 8, 10], 0.0)
        merges = [m for m in net.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]
        assert [(m.in_channels, m.out_channels) for m in merges] == [(16, 8), (12, 6), (8, 4)]

    def test_the_skips_carry_the_input_around_the_latent(self):
        net = skip_network([4, 6, 8, 10], 0.0).eval()
        for layer in net.down[3:]:  # nothing passes the latent
            nn.init.zeros_(layer.weight)
        assert not torch.allclose(net(torch.randn(1, 1, 128, 128)), net(torch.randn(1, 1, 128, 128)))

    @pytest.mark.parametrize("width", [128, 144, 320])
    def test_widths_of_whole_sixteens_come_out_as_they_went_in(self, width):
        assert skip_network([4, 4, 4, 4], 0.0)(torch.zeros(1, 1, 128, width)).shape == (1, 1, 128, width)


class TestLastLayer:
    @pytest.mark.parametrize("width", [62, 158])
    def test_scoring_s_shortcut_is_the_transposed_convolution(self, width):
        layer, plain = last_layer(6), nn.ConvTranspose2d(6, 1, 5, stride=2, output_padding=1)
        plain.load_state_dict(layer.state_dict())
        points = torch.randn(3, 6, 62, width).contiguous(memory_format=torch.channels_last)
        with torch.inference_mode():
            assert torch.allclose(layer(points), plain(points), atol=1e-5)
        assert torch.equal(layer(points), plain(points))  # training is as it was


class TestMasks:
    def test_every_point_is_hidden_once_with_its_frame_and_once_with_its_patch(self):
        masks = complementary_masks(128, 144)
        assert np.array_equal(masks[:2].sum(axis=0), np.ones((128, 144)))
        assert np.array_equal(masks[2:].sum(axis=0), np.ones((128, 144)))
        assert np.array_equal(masks[0].all(axis=0), masks[0].any(axis=0))
        assert not masks[2].all(axis=0).any()

    def test_training_hides_the_chosen_share_in_patches_and_in_time_bands(self):
        torch.manual_seed(0)
        masks = random_masks(400, 128, 128, 0.3)[:, 0]
        assert masks.shape == (400, 128, 128)
        assert masks.float().mean() == pytest.approx(0.3, abs=0.03)
        bands = (masks == masks[:, :1]).all(dim=(1, 2))
        assert 0.35 < bands.float().mean() < 0.65

    def test_a_point_is_never_predicted_from_itself(self):
        """Whatever a hidden patch holds, its prediction is the same: the gradient through the mask is zero."""
        detector = CnnAeMasked(epochs=0).fit(*clips(12))
        spectrogram = detector.standardise(clip(3))
        changed = spectrogram.copy()
        changed[64:80, 72:80] += 9.0  # one whole patch
        for spectrum in (spectrogram, changed):
            assert spectrum.shape == (128, 150)
        before, masks = detector.masked_residuals(spectrogram)
        after, _ = detector.masked_residuals(changed)
        hidden = masks[:, 64:80, 72:80]
        moved = (after - before)[:, 64:80, 72:80][hidden]
        assert np.allclose(moved, -9.0, atol=1e-5)  # the residual moves by the change, the prediction not at all

    def test_only_hidden_points_count_in_the_loss(self):
        detector = CnnAeMasked(epochs=0).fit(*clips(12))
        batch = torch.randn(2, 1, 128, 128)
        hidden = torch.zeros_like(batch, dtype=torch.bool)
        hidden[:, :, :16, :8] = True
        with torch.no_grad():
            expected = (detector.net_(batch * ~hidden) - batch)[hidden].square().mean()
            assert torch.allclose(detector.masked_error(batch, hidden), expected)
