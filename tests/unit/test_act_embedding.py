"""The embedding by auxiliary classes: what makes it what it is, each point with a test that fails without it."""

import json

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from asd_core.datasets import build_catalogue, open_dataset
from asd_core.detectors.act_embedding import ActEmbedding, auxiliary_classes
from asd_core.detectors.common.adacos import SUB_CLUSTERS, adacos_head, fixed_scale, soft_cross_entropy
from asd_core.detectors.common.cosine_bank import directions
from asd_core.detectors.common.exchange import exchange_targets, mixed_up, one_hot, partners, statistics_exchanged
from asd_core.detectors.common.network import seeded, train_network
from asd_core.detectors.common.two_branch import N_BINS, magnitude_stft, settle, two_branch_network, without_mean
from asd_core.detectors.common.windows import at_length, fixed_windows, random_window, usual_length
from asd_core.detectors.controls import ControlRms
from asd_core.features import Array, LogMel, Recording, from_config, map_grid, to_config
from asd_core.sound import Clip, wav_bytes
from asd_core.training import train

pytestmark = pytest.mark.slow
torch.set_num_threads(1)
LENGTH = 8000
SMALL = {"epochs": 3, "batch_size": 8}


def sound(seed: int, machine: int = 0, n: int = LENGTH) -> Array:
    """Noise with decaying strokes of 1 kHz every 1/8 s (machine 0), or of 3 kHz every 1/5 s (machine 1)."""
    rng, t = np.random.default_rng(seed), np.arange(n) / 16000
    every, pitch = ((0.125, 1000.0), (0.2, 3000.0))[machine]
    stroke = np.exp(-40.0 * ((t + rng.random()) % every)) * np.sin(2 * np.pi * pitch * t + rng.random())
    return (0.02 * rng.standard_normal(n) + 0.1 * stroke).astype(np.float16)


def sounds(n: int, *, first: int = 0, machines: int = 2) -> tuple[list[Array], list[str]]:
    """``n`` clips of machines in turn, named 00 and 02."""
    which = [k % machines for k in range(n)]
    return [sound(first + k, m) for k, m in enumerate(which)], [f"0{2 * m}" for m in which]


@pytest.fixture(scope="module")
def trained() -> ActEmbedding:
    return ActEmbedding(**SMALL).fit(*sounds(40), seed=0)


@pytest.fixture(scope="module")
def untrained() -> ActEmbedding:
    return ActEmbedding(**{**SMALL, "epochs": 0}).fit(*sounds(40), seed=0)


@pytest.fixture(scope="module")
def one_machine() -> ActEmbedding:
    """Its strokes have a pitch of their own in each clip, by which its two branches belong together."""
    return ActEmbedding(epochs=10, batch_size=16).fit([of_a_pitch(k) for k in range(100)], ["00"] * 100, seed=0)


def of_a_pitch(seed: int, n: int = 4000) -> Array:
    rng, t = np.random.default_rng(seed), np.arange(n) / 16000
    stroke = np.exp(-40.0 * ((t + rng.random()) % 0.125)) * np.sin(2 * np.pi * rng.uniform(500, 7000) * t)
    return (0.01 * rng.standard_normal(n) + 0.1 * stroke).astype(np.float16)


def settled_network() -> torch.nn.Module:
    with seeded(1):
        net = two_branch_network(LENGTH, torch.ones(16))
    clips = torch.stack([torch.from_numpy(sound(k, k % 2).astype(np.float32)) for k in range(8)])
    settle(net, [clips])
    return net


class TestHead:
    def test_the_centres_never_move(self):
        with seeded(0):
            head, body = adacos_head(2, 8), torch.nn.Linear(4, 8, bias=False)
        before = head.centres.clone()
        points, targets = torch.randn(16, 4), one_hot(torch.arange(16) % 2, 2)
        history = train_network(
            torch.nn.Sequential(body, head),  # whatever of the head could be trained would be
            next_batch=lambda: points,
            loss=lambda x: soft_cross_entropy(head(body(x)), targets),
            validate=lambda: 0.0,
            steps_per_epoch=10,
            epochs=3,
            learning_rate=0.1,
            patience=9,
        )
        assert history["train_loss"][-1] < history["train_loss"][0]
        assert torch.equal(head.centres, before)
        assert list(head.parameters()) == []

    def test_it_is_the_sum_of_the_softmax_over_a_classs_centres(self):
        with seeded(0):
            head = adacos_head(3, 8)
            points = torch.randn(5, 8)
        scale = np.sqrt(2.0) * np.log(16 * 3 - 1)
        assert fixed_scale(3) == pytest.approx(scale)
        p = torch.softmax(scale * normalize(points) @ head.centres.T, dim=1)
        expected = torch.stack([p[:, 16 * c : 16 * (c + 1)].sum(dim=1) for c in range(3)], dim=1)
        assert torch.allclose(head(points).exp(), expected, atol=1e-6)

    def test_a_class_has_room_for_more_than_one_point(self):
        """Sixteen directions far apart are all surely of one class: nothing draws its clips to a point."""
        with seeded(0):
            head = adacos_head(2, 256)
        own = head.centres[:SUB_CLUSTERS]
        assert (head(own)[:, 0] > head(own)[:, 1]).all()
        cosines = own @ own.T - 2.0 * torch.eye(len(own))
        assert len(own) == 16
        assert cosines.max() < 0.5


class TestNetwork:
    def test_nothing_has_a_bias(self):
        with seeded(0):
            net = two_branch_network(LENGTH, torch.ones(16)).eval()
        assert [name for name, _ in net.named_parameters() if not name.endswith("weight")] == []
        assert all(not m.affine for m in net.modules() if isinstance(m, torch.nn.modules.batchnorm._BatchNorm))
        assert torch.equal(net(torch.zeros(2, LENGTH)), torch.zeros(2, 256))  # so silence is the origin

    def test_what_is_steady_is_taken_from_the_stft(self):
        net = settled_network()
        stft = magnitude_stft(torch.from_numpy(sound(3).astype(np.float32))[None])
        steady = 10.0 * torch.rand(1, N_BINS, 1)
        spectrum = torch.rand(1, 1, LENGTH // 2 + 1)
        with torch.no_grad():
            found = [net.branches(spectrum, s)[1] for s in (stft, stft + steady)]
        assert torch.allclose(*found, atol=1e-3 * float(found[0].norm()))

    def test_each_branch_hears_what_the_other_cannot(self):
        """A clip backwards has the same magnitude spectrum, and a steady tone is in the STFT's mean: together both show."""
        net, t = settled_network(), torch.arange(LENGTH) / 16000
        clip = torch.from_numpy(sound(3).astype(np.float32))
        # 64 periods a hop: its magnitude is the same in all frames
        tone = clip + 0.3 * torch.sin(2 * torch.pi * 2000.0 * t)
        changed = torch.stack([clip, clip.flip(0), tone])
        with torch.no_grad():
            of_spectrum, of_stft = net.branches(net.spectrum(changed), magnitude_stft(changed))
            joined = net(changed)

        def moved(embedded: torch.Tensor) -> list[float]:
            points = normalize(embedded)
            return [float(1.0 - points[0] @ points[k]) for k in (1, 2)]

        backwards, with_tone = zip(moved(of_spectrum), moved(of_stft), moved(joined), strict=True)
        assert backwards[0] < 1e-3 * backwards[1]
        assert with_tone[1] < 0.5 * with_tone[0]
        assert min(backwards[2], with_tone[2]) > 1e-3

    def test_settling_sets_the_normalisations_and_no_weight(self):
        with seeded(1):
            fresh = two_branch_network(LENGTH, torch.ones(16))
        net = settled_network()
        assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), net.parameters(), strict=True))
        assert not torch.equal(fresh.of_stft.level.running_var, net.of_stft.level.running_var)
        assert not net.training

    def test_it_is_small_for_ten_seconds(self):
        net = two_branch_network(160000, torch.ones(256))
        assert 2 * sum(p.numel() for p in net.parameters()) < 2.3e6


class TestPairs:
    def test_labels_are_mixed_as_the_waveforms_are(self):
        targets = one_hot(torch.arange(64) % 4, 4)
        with seeded(0):
            waveforms, mixed = mixed_up(targets.clone(), targets)  # a waveform that is its own label
        assert torch.equal(waveforms, mixed)
        assert torch.allclose(mixed.sum(dim=1), torch.ones(64))
        between = (mixed.amax(dim=1) < 1.0).float().mean()
        assert 0.15 < between < 0.6  # half of them, less those whose partner is of their class

    def test_statistics_are_the_partners_and_the_rest_is_the_clips(self):
        with seeded(0):
            stft, partner = torch.rand(6, 5, 40) * torch.rand(6, 5, 1) * 9, torch.arange(6).roll(1)
        new = statistics_exchanged(stft, partner)
        assert torch.allclose(new.mean(dim=2), stft[partner].mean(dim=2), atol=1e-4)
        assert torch.allclose(new.std(dim=2), stft[partner].std(dim=2), atol=1e-4)

        def shape(x: torch.Tensor) -> torch.Tensor:
            return (x - x.mean(dim=2, keepdim=True)) / x.std(dim=2, keepdim=True)

        assert torch.allclose(shape(new), shape(stft), atol=1e-3)

    def test_nothing_but_a_part_of_a_normal_clip_is_put_in(self):
        """Among equal clips an exchange changes nothing: no noise, gain or gap, which a fault may be, makes a class."""
        stft = magnitude_stft(torch.from_numpy(sound(1).astype(np.float32))[None]).expand(4, -1, -1)
        assert torch.allclose(statistics_exchanged(stft, torch.arange(4).roll(1)), stft, atol=1e-4)

    def test_targets_of_an_exchange(self):
        targets = one_hot(torch.tensor([0, 1]), 2)
        found = exchange_targets(targets, torch.tensor([1, 0]), torch.tensor([False, True]))
        assert found.tolist() == [[1, 0, 0, 0, 0, 0], [0, 0, 0, 0.5, 0.5, 0]]

    @pytest.mark.parametrize("n", [2, 3, 32])
    def test_no_clip_is_its_own_partner(self, n):
        with seeded(n):
            for _ in range(20):
                partner, _ = partners(n)
                assert (partner != torch.arange(n)).all()
                assert sorted(partner.tolist()) == list(range(n))


class TestOneMachine:
    def test_it_learns_to_tell_exchanged_clips(self, one_machine):
        """Half the clips are in the first of three classes, the others half in each of the rest: who knows no more than that
        loses log(2)·1.5 = 1.04 nats, give or take 0.014 by which of 640 were exchanged."""
        assert one_machine.diagnostics_["classes"] == 1
        assert np.mean(one_machine.diagnostics_["train_loss"][-4:]) < 1.0

    def test_another_machine_is_far(self, one_machine):
        own = [of_a_pitch(900 + k) for k in range(8)]
        other = [sound(900 + k, 1, 4000) + sound(950 + k, 0, 4000) for k in range(8)]
        assert one_machine.score(other, ["00"] * 8).min() > np.median(one_machine.score(own, ["00"] * 8))


class TestDetector:
    def test_weights_move_and_the_loss_falls(self, trained, untrained):
        moved = [
            (a - b).abs().max() for a, b in zip(trained.net_.parameters(), untrained.net_.parameters(), strict=True)
        ]
        assert min(moved) > 1e-4
        assert trained.diagnostics_["train_loss"][-1] < 0.9 * trained.diagnostics_["train_loss"][0]
        assert json.loads(json.dumps(trained.diagnostics_)) == trained.diagnostics_

    def test_another_machine_is_farther_than_for_its_untrained_twin(self, trained, untrained):
        features, ids = sounds(16, first=500)
        swapped = [{"00": "02", "02": "00"}[i] for i in ids]
        ratios = [
            np.median(detector.score(features, swapped)) / np.median(detector.score(features, ids))
            for detector in (trained, untrained)
        ]
        assert ratios[0] > 2.0 * ratios[1]

    def test_embeddings_of_one_machine_are_no_point(self, trained):
        features, ids = sounds(16, first=700)
        embedded = trained.latent(features[::2], ids[::2])
        assert np.linalg.norm(embedded.std(axis=0)) > 0.01
        assert trained.diagnostics_["embedding_spread"] > 0.01

    def test_a_score_is_the_same_alone(self, trained):
        features, ids = sounds(6, first=600)
        alone = [trained.score([f], [i])[0] for f, i in zip(features, ids, strict=True)]
        assert trained.score(features, ids).tolist() == alone
        assert len(set(alone)) == 6

    def test_the_score_is_the_least_cosine_distance(self, trained):
        clip = sound(650)
        point = trained.latent([clip], ["00"])[0].astype(np.float64)
        bank = trained.bank_["00"].astype(np.float64)
        cosines = bank @ point / np.linalg.norm(bank, axis=1) / np.linalg.norm(point)
        assert trained.score([clip], ["00"])[0] == pytest.approx(1.0 - cosines.max(), rel=1e-4, abs=1e-7)

    def test_a_long_clips_score_is_the_mean_of_its_windows(self, trained):
        one, two = sound(1), sound(2)
        parts = trained.score([one, two], ["00", "00"])
        assert trained.score([np.concatenate([one, two])], ["00"])[0] == pytest.approx(parts.mean())

    @pytest.mark.parametrize("n", [1600, 7999, 8000, 8001, 20001])
    def test_a_map_has_the_log_mels_shape(self, trained, n):
        clip = sound(7, n=n)
        log_mel = LogMel().transform(Clip(clip[None].astype(np.float32), 16000, "0" * 64, "clip"))
        found = trained.explain(clip, "00")
        assert found.shape == log_mel.shape
        assert np.isfinite(found).all()
        assert found.max() > 0

    def test_a_map_shows_where_the_fault_is(self, trained):
        clip = sound(8).astype(np.float32)
        clip[4096:4608] += 0.5 * np.sin(2 * np.pi * 5000.0 * np.arange(512) / 16000)
        found = trained.explain(clip.astype(np.float16), "00")
        band, frame = np.unravel_index(found.argmax(), found.shape)
        assert 7 <= frame <= 10  # hops of 512
        assert 4500 < LogMel().frequencies()[band] < 5500


class TestLengths:
    def test_the_usual_one_is_the_median_on_a_grid(self):
        assert usual_length([np.zeros(n) for n in (5000, 16100, 90000)]) == 16000
        assert usual_length([np.zeros(10)]) == 1600
        assert usual_length([np.zeros(10**6)]) == 192000

    def test_a_short_clip_is_repeated(self):
        assert at_length(np.arange(3.0), 7).tolist() == [0, 1, 2, 0, 1, 2, 0]

    def test_windows_cover_a_long_clip(self):
        clip = np.arange(25.0)
        windows, firsts = fixed_windows(clip, 10)
        assert sorted(set(windows.ravel())) == clip.tolist()
        assert firsts == [0, 8, 15]
        random = random_window(clip, 10, np.random.default_rng(0))
        assert (np.diff(random) == 1).all()


def test_few_clips_stand_for_themselves_and_many_for_sixteen_centres():
    points = np.random.default_rng(0).normal(size=(64, 8)).astype(np.float32)
    assert len(directions(points[:63], 0)) == 63
    centres = directions(points, 0)
    assert centres.shape == (16, 8)
    assert np.allclose(np.linalg.norm(centres, axis=1), 1.0, atol=1e-5)


class TestRecording:
    def test_it_holds_sixteen_bit_samples_exactly_below_a_sixteenth_of_full_scale(self):
        quiet = (np.arange(-2048, 2049) / 32768).astype(np.float32)
        kept = Recording().transform(Clip(quiet[None], 16000, "0" * 64, "clip"))
        assert kept.dtype == np.float16
        assert np.array_equal(kept.astype(np.float32), quiet)

    def test_it_comes_back_from_a_manifest(self):
        assert from_config(to_config(Recording())) == Recording()

    def test_maps_of_it_are_on_a_log_mels_grid(self):
        assert map_grid(Recording()) == LogMel()
        assert map_grid(LogMel(n_mels=64)) == LogMel(n_mels=64)


def test_without_mean_is_zero_on_average():
    assert without_mean(torch.rand(2, 3, 50)).mean(dim=2).abs().max() < 1e-6


class TestClasses:
    """Machine id (DCASE's section) and attributes, where the dataset has such columns."""

    def test_a_class_is_a_machine_in_a_state(self):
        ids = ["00"] * 10 + ["01"] * 10
        states = ["vel=6"] * 5 + ["vel=9"] * 5 + ["vel=6"] * 10
        assert auxiliary_classes(ids, states) == ["00 vel=6"] * 5 + ["00 vel=9"] * 5 + ["01 vel=6"] * 10

    def test_without_attributes_a_class_is_a_machine(self):
        assert auxiliary_classes(["00", "02"], ["", ""]) == ["00", "02"]
        assert auxiliary_classes(["00", "02"], ()) == ["00", "02"]

    def test_rare_states_are_one_class_of_their_machine(self):
        ids = ["00"] * 11 + ["01"] * 5
        states = ["vel=6"] * 5 + ["vel=7"] * 2 + ["vel=8"] * 4 + ["vel=7"] * 5
        assert auxiliary_classes(ids, states) == ["00 vel=6"] * 5 + ["00"] * 6 + ["01 vel=7"] * 5

    def test_and_of_the_largest_where_they_are_still_too_few(self):
        states = ["vel=6"] * 6 + ["vel=7"] * 7 + ["vel=8"] * 2 + ["vel=9"] * 2
        expected = ["00 vel=6"] * 6 + ["00 vel=7"] * 11
        assert auxiliary_classes(["00"] * 17, states) == expected
        assert auxiliary_classes(["00"] * 3, ["a=1", "a=2", "a=3"]) == ["00"] * 3

    def test_one_machine_s_states_are_told_apart(self, one_machine):
        """Without attributes such a machine has one class, and exchanges make others; with them its states lie apart."""
        clips = [sound(k, k % 2) for k in range(40)]
        states = [f"belt={k % 2}" for k in range(40)]
        told = ActEmbedding(**SMALL).fit_in_domains(clips, ["00"] * 40, ["source"] * 40, attributes=states, seed=0)
        untold = ActEmbedding(**SMALL).fit_in_domains(clips, ["00"] * 40, ["source"] * 40, seed=0)
        assert told.diagnostics_["classes"] == 2
        assert untold.diagnostics_["classes"] == one_machine.diagnostics_["classes"] == 1

        def between_states(detector: ActEmbedding) -> float:
            points = detector.latent([sound(100 + k, k % 2) for k in range(10)], ["00"] * 10)
            return float(points[::2].mean(axis=0) @ points[1::2].mean(axis=0))

        assert between_states(told) < between_states(untold) - 0.2

    def test_a_set_without_them_is_learned_as_ever(self, trained):
        clips, ids = sounds(40)
        again = ActEmbedding(**SMALL).fit_in_domains(clips, ids, ["source"] * 40, attributes=[""] * 40, seed=0)
        assert np.array_equal(again.score(clips, ids), trained.score(clips, ids))


def test_training_passes_on_what_dcase_says_of_a_clip(tmp_path, monkeypatch):
    """To the fit, and to each further fit that calibrates."""
    rng, told = np.random.default_rng(0), []
    names = [f"section_00_source_train_normal_{k:04d}_vel_{k % 2}.wav" for k in range(30)]
    names += [f"section_00_source_test_{label}_{k:04d}_vel_3.wav" for label in ("normal", "anomaly") for k in range(2)]
    for name in names:
        path = tmp_path / "fan" / name.split("_")[3] / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(wav_bytes(0.1 * rng.standard_normal(16000).astype(np.float32), 16000))
    fit = ControlRms.fit_in_domains

    def spy(detector, features, machine_ids, domains, **options):
        told.append(list(options["attributes"]))
        return fit(detector, features, machine_ids, domains, **options)

    monkeypatch.setattr(ControlRms, "fit_in_domains", spy)
    train(open_dataset(tmp_path), tmp_path / "out", detectors=["control_rms"], preset="quick")
    assert len(told) >= 2
    assert all(set(states) == {"vel=0", "vel=1"} for states in told)
    assert (
        build_catalogue().columns.intersection(["dcase_attributes"]).empty
    )  # so the demo's classes are its machine ids
