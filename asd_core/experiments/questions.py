"""What the named experiments ask, and how their figures are read."""

from dataclasses import dataclass


@dataclass(frozen=True)
class About:
    """What an experiment is, for people."""

    title: str
    question: str
    report: str  # the result of the report that this project grew from; "" where it has none
    note: str  # how to read the figures
    x_title: str
    log_x: bool


ABOUT: dict[str, About] = {
    "denoising": About(
        "Denoising strength",
        "Does denoising help detection?",
        "that denoising did not help",
        "Stationary spectral gating of training and test clips alike, or of test clips alone: those detectors learned "
        "from undenoised sound. f-AnoGAN, the CNN autoencoders, IDNN and the embedding are trained with the quick preset at every strength. Fusion keeps the members "
        "that undenoised training chose.",
        "denoising strength",
        False,
    ),
    "mels": About(
        "Number of mel bands",
        "How many mel bands does the CNN autoencoder need?",
        "",
        "Where there are 32 bands each is drawn twice, because four convolutions need 61 rows. The lowest of 256 lie "
        "closer together than FFT bins (16 Hz), so neighbours say much the same.",
        "mel bands",
        True,
    ),
    "batch_size": About(
        "Batch size",
        "Does the batch size of the CNN autoencoder matter?",
        "",
        "Every epoch shows the same number of crops, so larger batches mean fewer steps.",
        "crops in a step",
        True,
    ),
    "components": About(
        "PCA components",
        "Is it the curse of dimensionality that holds PCA + KDE back?",
        "that PCA + KDE failed by the curse of dimensionality",
        "The bandwidth is chosen by cross-validated likelihood of normal clips, by Scott's rule, or fixed at one "
        "standard deviation of the whitened components.",
        "principal components",
        True,
    ),
    "bandwidth": About(
        "Kernel bandwidth",
        "How much hangs on the bandwidth of PCA + KDE?",
        "",
        "Multiples of the bandwidth that cross-validated likelihood chooses.",
        "multiple of the likelihood's bandwidth",
        True,
    ),
    "skips": About(
        "Skip connections",
        "Is a lower reconstruction error better detection?",
        "that skip connections bring the training loss to 1e-5 and detect nothing",
        "Each point is a training of its own with its learning rate decayed over its epochs; the weights of the best "
        "held-out loss are kept, and nothing stops it early. The masked network's loss is on hidden points alone.",
        "epochs",
        True,
    ),
    "dbscan": About(
        "DBSCAN tuned with test labels",
        "Does DBSCAN tuned with test labels carry over?",
        "0.85 accuracy on its development set, tuned with the test labels, which did not carry over",
        "**An oracle: eps and min_samples are chosen by AUC on test labels**, and evaluated on other test clips. Nothing "
        "of it enters any other table. The rule without labels: eps at the knee, min_samples of twice the dimension.",
        "eps, in standard deviations of the whitened components",
        True,
    ),
    "clips": About(
        "Number of normal clips",
        "From how many clips of a machine is a detector worth having?",
        "",
        "A fifth of a machine's clips is held out, as in training, and the rest is fitted on. Larger draws contain the smaller ones. "
        "Networks have one draw, the others three; f-AnoGAN, the CNN autoencoders, IDNN and the embedding are trained with the quick preset. Stored are "
        "ranks within a machine id: AUC and pAUC need no more.",
        "normal clips of each machine id",
        True,
    ),
}
