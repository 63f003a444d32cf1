"""f-AnoGAN: what a generator of normal sound cannot draw, by an encoder instead of a search.

Stage 1 trains generator G and critic C as a Wasserstein GAN with gradient penalty. Stage 2 freezes both and trains an
encoder E so that G(E(x)) looks like x, to the eye and to the critic ("izi_f").
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from asd_core.detectors.base import DetectorInfo, parameter
from asd_core.detectors.common.crops import fixed_crops, merge_crops, random_crops
from asd_core.detectors.common.network import NetworkDetector, Normals, backward, channels_last, to_tensor
from asd_core.errors import TrainingError
from asd_core.features import Array
from asd_core.lazy import Tensor, nn, torch
from asd_core.progress import Progress, report_losses, stage

CROP = 128  # frames: 4 s
HOP = 64
SIZE = 64  # rows and columns of an image: each point is the mean of 2 x 2 of the log-mel's
CHANNELS = (16, 32, 64, 64)  # DCGAN's pyramid on a base of 16, its last doubling left out to keep the file small
N_LATENT = 128
INPUT_SCALE = 3.0  # three standard deviations are 1: the range of the images that the penalty of 10 was tuned on


def generator() -> nn.Sequential:
    """z ``(n, 128)`` -> images ``(n, 1, 64, 64)``. The output is linear: standardised levels have no bounds."""
    widths = CHANNELS[::-1]
    layers: list[nn.Module] = [nn.Linear(N_LATENT, widths[0] * 16, bias=False), nn.Unflatten(1, (widths[0], 4, 4))]
    for a, b in zip(widths, (*widths[1:], 1), strict=True):
        layers += [nn.BatchNorm2d(a), nn.ReLU(), nn.ConvTranspose2d(a, b, 4, stride=2, padding=1, bias=b == 1)]
    return nn.Sequential(*layers)


def critic() -> nn.ModuleDict:
    """Images -> features f ``(n, 1024)`` -> one number.

    The penalty is on each sample's own gradient, so nothing may mix the samples of a batch (no BatchNorm) or change
    between two passes (no Dropout): LayerNorm, over channels, rows and columns, with a gain for each channel, as
    ``GroupNorm`` of one group is.
    """
    layers: list[nn.Module] = []
    for a, b in zip((1, *CHANNELS[:-1]), CHANNELS, strict=True):
        layers.append(nn.Conv2d(a, b, 4, stride=2, padding=1))
        if a != 1:  # the first layer has none, as in DCGAN: the level of the input is a feature
            layers.append(nn.GroupNorm(1, b))
        layers.append(nn.LeakyReLU(0.2))
    features = nn.Sequential(*layers, nn.Flatten())
    return nn.ModuleDict({"features": features, "head": nn.Linear(CHANNELS[-1] * 16, 1)})


def encoder() -> nn.Sequential:
    """Images -> z, bounded by tanh to where the prior has its mass: outside it the generator was never trained."""
    layers: list[nn.Module] = []
    for a, b in zip((1, *CHANNELS[:-1]), CHANNELS, strict=True):
        layers += [nn.Conv2d(a, b, 4, stride=2, padding=1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(CHANNELS[-1] * 16, N_LATENT), nn.Tanh())


def gradient_norms(value: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """Norm of the critic's gradient for each sample on its own, ``(n,)``, differentiable."""
    points = at.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(value(points).sum(), points, create_graph=True)
    # The sum's gradient is each sample's own, because no sample touches another in the critic.
    return (gradient.flatten(1).square().sum(dim=1) + 1e-12).sqrt()


def between(real: Tensor, fake: Tensor) -> Tensor:
    """Random points on the lines between real and fake samples (Gulrajani et al., 2017)."""
    mix = torch.rand(len(real), *[1] * (real.dim() - 1))
    return mix * real + (1.0 - mix) * fake


@dataclass
class FAnoGan(NetworkDetector):
    """A DCGAN-sized pair and its encoder, on 64x64 images of four seconds."""

    epochs: int = parameter(250, low=0, high=10000, help="Stage 1: passes of the critic over the training clips.")
    encoder_epochs: int = parameter(80, low=0, high=10000, help="Stage 2: passes of the encoder over the clips.")
    batch_size: int = parameter(64, low=4, high=512, help="Crops in a step.")
    critic_steps: int = parameter(5, low=1, high=20, help="Steps of the critic for each of the generator.")
    penalty: float = parameter(10.0, low=0.0, high=100.0, help="Weight of the gradient penalty.")
    learning_rate: float = parameter(1e-4, low=1e-6, high=1e-2, help="Stage 1: Adam's rate, betas 0 and 0.9.")
    encoder_rate: float = parameter(5e-5, low=1e-6, high=1e-2, help="Stage 2: RMSProp's rate.")
    kappa: float = parameter(1.0, low=0.0, high=100.0, help="Weight of the critic's features against the image.")

    map_shows: ClassVar[str] = "the reconstruction error"
    info: ClassVar[DetectorInfo] = DetectorInfo(
        key="f_anogan",
        title="f-AnoGAN",
        origin="report",
        scope="machine type",
        paper="Schlegl et al., f-AnoGAN: fast unsupervised anomaly detection with generative adversarial networks, "
        "Medical Image Analysis 2019; Gulrajani et al., Improved training of Wasserstein GANs, NeurIPS 2017.",
        decides="Rebuilds stretches of four seconds with a network that can draw normal sound alone; what it cannot rebuild counts.",
        catches="Catches coarse changes; misses details, since its short training learns outlines.",
        how_it_scores="Mean squared difference of each crop x and G(E(x)), plus kappa times that of their critic "
        "features, averaged over overlapping crops of four seconds.",
        when_not_to_use="With little time or data: a GAN wants tens of thousands of steps and this schedule has "
        "hundreds, so G draws the outline of normal sound and no detail. Look at the diversity in its diagnostics: near 0, "
        "it has collapsed.",
        presets={
            "quick": {"epochs": 10, "encoder_epochs": 6},
            "paper": {"epochs": 8000, "encoder_epochs": 1000},
        },
    )

    def build(self) -> nn.Module:
        return channels_last(nn.ModuleDict({"generator": generator(), "critic": critic(), "encoder": encoder()}))

    def part(self, name: str) -> nn.Module:
        """A network of the three, or a part of one."""
        return self.net_.get_submodule(name)

    def images(self, crops: Array) -> Tensor:
        """Crops ``(n, 128, 128) -> (n, 1, 64, 64)``, 2 x 2 points averaged, scaled to about [-1, 1]."""
        n = len(crops)
        return to_tensor(crops.reshape(n, 1, SIZE, 2, SIZE, 2).mean(axis=(3, 5)) / INPUT_SCALE)

    def value(self, images: Tensor) -> Tensor:
        """The critic's output, ``(n, 1)``: higher = more like normal sound."""
        value: Tensor = self.part("critic.head")(self.part("critic.features")(images))
        return value

    def residuals(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """MSE of images and of the critic's features between x and G(E(x)), each ``(n,)``."""
        drawn = self.part("generator")(self.part("encoder")(images))
        features = self.part("critic.features")
        image = (images - drawn).square().flatten(1).mean(dim=1)
        feature = (features(images) - features(drawn)).square().mean(dim=1)
        return image, feature

    def learn(self, normals: Normals, *, seed: int, progress: Progress) -> None:
        rng = np.random.default_rng(seed)
        train = normals.train
        held_out = self.images(np.concatenate([fixed_crops(s, CROP, CROP) for s in normals.held_out]))

        def next_batch() -> Tensor:
            return self.images(random_crops(train, self.batch_size, CROP, rng))

        began = time.monotonic()
        passes = max(1, round(len(train) / self.batch_size))
        gan = self.train_gan(
            next_batch,
            max(1, round(self.epochs * passes / self.critic_steps)) if self.epochs else 0,
            stage(progress, 0.0, 0.85, "generator and critic"),
        )
        steps = self.encoder_epochs * passes if self.epochs else 0
        inverse = self.train_encoder(next_batch, held_out, steps, stage(progress, 0.85, 1.0, "encoder"))
        self.net_.eval()
        self.diagnostics_ = {**gan, **inverse, **self.check(held_out), "seconds": round(time.monotonic() - began, 2)}

    def train_gan(self, next_batch: Callable[[], Tensor], steps: int, progress: Progress) -> dict[str, Any]:
        """Stage 1, ``steps`` of the generator: WGAN-GP. Curves of the Wasserstein estimate and the gradient norms."""
        draw, critic = self.part("generator"), self.part("critic")
        options: dict[str, Any] = {"lr": self.learning_rate, "betas": (0.0, 0.9)}
        draw_optimiser = torch.optim.Adam(draw.parameters(), **options)
        critic_optimiser = torch.optim.Adam(critic.parameters(), **options)
        self.net_.train()
        distances, norms = [], []
        for step in range(steps):
            for _ in range(self.critic_steps):
                real = next_batch()
                with torch.no_grad():
                    fake = draw(torch.randn(len(real), N_LATENT))
                distance = self.value(real).mean() - self.value(fake).mean()
                gradient = gradient_norms(self.value, between(real, fake))
                critic_optimiser.zero_grad()
                backward(self.penalty * (gradient - 1.0).square().mean() - distance)
                critic_optimiser.step()
            draw_optimiser.zero_grad()
            backward(-self.value(draw(torch.randn(self.batch_size, N_LATENT))).mean())
            draw_optimiser.step()
            distances.append(float(distance.detach()))
            norms.append(float(gradient.detach().mean()))
            if not np.isfinite(distances[-1]):
                raise TrainingError(f"The critic's loss is not a number in step {step + 1}: lower the learning rate.")
            report_losses(distances, [])
            progress((step + 1) / steps, f"step {step + 1} of {steps}, distance {distances[-1]:.3f}")
        return {"wasserstein": curve(distances), "critic_gradient_norm": curve(norms), "generator_steps": steps}

    def train_encoder(
        self, next_batch: Callable[[], Tensor], held_out: Tensor, steps: int, progress: Progress
    ) -> dict[str, Any]:
        """Stage 2, izi_f: only the encoder learns; generator and critic are frozen, in eval mode.

        The result is the encoder of the lowest loss on ``held_out`` normal images, measured every tenth step.
        """
        self.net_.eval()
        self.part("generator").requires_grad_(False)
        self.part("critic").requires_grad_(False)
        encoder = self.part("encoder")
        optimiser = torch.optim.RMSprop(encoder.parameters(), lr=self.encoder_rate)
        train_loss: list[float] = []
        validation_loss: list[float] = []
        best_step, best_weights = 0, None
        for step in range(steps):
            encoder.train()
            image, feature = self.residuals(next_batch())
            loss = image.mean() + self.kappa * feature.mean()
            optimiser.zero_grad()
            backward(loss)
            optimiser.step()
            train_loss.append(float(loss.detach()))
            if step % 10 == 9 or step == steps - 1:
                encoder.eval()
                with torch.inference_mode():
                    image, feature = self.residuals(held_out)
                validation = float(image.mean() + self.kappa * feature.mean())
                if not np.isfinite(validation):
                    raise TrainingError(f"The encoder's loss is not a number in step {step + 1}: lower its rate.")
                if validation < min(validation_loss, default=float("inf")):
                    best_step, best_weights = step + 1, {k: v.clone() for k, v in encoder.state_dict().items()}
                validation_loss.append(validation)
                report_losses(train_loss[9::10], validation_loss)
                progress((step + 1) / steps, f"step {step + 1} of {steps}, loss {validation:.4f}")
        if best_weights is not None:
            encoder.load_state_dict(best_weights)
        encoder.eval()
        self.net_.requires_grad_(True)
        curves = {"train_loss": curve(train_loss), "validation_loss": curve(validation_loss)}
        return {**curves, "encoder_best_step": best_step}

    def check(self, images: Tensor) -> dict[str, Any]:
        """Diagnostics of the training, on held-out normal images.

        ``diversity``: the spread of generated samples about their mean over that of real ones; 0 is mode collapse.
        """
        with torch.no_grad():
            z = torch.randn(len(images), N_LATENT)
            drawn = self.part("generator")(z)
            error = float(self.residuals(images)[0].mean())
            random_error = float((images - drawn).square().mean())
            mean_error = float((images - images.mean(dim=0)).square().mean())
            diversity = float(drawn.std(dim=0).mean() / images.std(dim=0).mean())
            z_distance = float((self.part("encoder")(drawn) - z).square().mean())
        norms = gradient_norms(self.value, between(images, drawn)).detach()
        return {
            "held_out_gradient_norm": round(float(norms.mean()), 4),
            "error_encoded": round(error, 5),
            "error_random_z": round(random_error, 5),
            "error_mean_image": round(mean_error, 5),
            "diversity": round(diversity, 4),
            "z_distance": round(z_distance, 4),
        }

    def score_clip(self, log_mel: Array, machine_id: str) -> float:
        image, feature = self.residuals(self.images(fixed_crops(self.standardise(log_mel), CROP, HOP)))
        return float((image + self.kappa * feature).double().mean())

    def embedding(self, spectrogram: Array) -> Tensor:
        """z = E(x), averaged over a clip's crops: ``(N_LATENT,)``."""
        z: Tensor = self.part("encoder")(self.images(fixed_crops(spectrogram, CROP, HOP))).mean(dim=0)
        return z

    def explain(self, features: Array, machine_id: str) -> Array | None:
        """The image's part: squared difference of x and G(E(x)) at every point (critic features have no place)."""
        images = self.images(fixed_crops(self.standardise(features), CROP, HOP))
        with torch.inference_mode():
            errors = (images - self.part("generator")(self.part("encoder")(images))).square()[:, 0].numpy()
        return merge_crops(errors.repeat(2, axis=1).repeat(2, axis=2), features.shape[1], CROP, HOP)


def curve(values: Sequence[float], n: int = 60) -> list[float]:
    """At most ``n`` points of a long curve: each the mean of its part."""
    return [round(float(np.mean(part)), 5) for part in np.array_split(values, min(n, len(values)))] if values else []
