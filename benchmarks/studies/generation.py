"""Autoencoders for drawing clothes, on 5,000 random images: sixteen attempts, and clusters of pixels and codes.

The losses of the report cannot be those of reconstructed garments: its SGD stays at a squared error of 0.25 and an
absolute one of 0.50, which is the error of an untrained sigmoid (0.5 everywhere) on pixels that are all
0, and its Adam reaches 6.6e-39 and 0, which only targets of exactly 0 allow. So each attempt stands here twice: on
garments, and on the same number of black images. Widths, and the dropout and batches of attempts 7 to 9, 13 and 14, are
not published. Curves show the loss that each trains with: squared or absolute error per pixel, and for the variational
autoencoder the negative ELBO per image.

Decoders of the attempts start as those of the report do, with small random biases in their last layer
(``start_at_mean=False``). From the mean image, where decoders start here by default, there is almost nothing left to
learn of black images.
"""

from sklearn.cluster import KMeans
from sklearn.pipeline import make_pipeline

from benchmarks.studies import Row
from skfashion.baselines import KNNClassifier
from skfashion.neural_network import Autoencoder, VariationalAutoencoder

TITLE = "Autoencoders that draw clothes"
QUESTION = """
Can a plain autoencoder draw new clothes, and which loss, optimizer and width suit it?
"""
ANSWER = """
The published losses cannot tell, since they are not those of garments: where the report has 0.2505 and 0.5006, the same
settings give {attempt 4, black images|train_loss} and {attempt 5, black images|train_loss} on black images, but
{attempt 4, garments|train_loss} and {attempt 5, garments|train_loss} on garments. A plain autoencoder reconstructs
better (a squared error of {ours: 32 latent dimensions, He initialisation, one cycle|squared_error} per pixel), but only
the latent space of a variational one ({ours: variational, 50 epochs|squared_error}) is made to be sampled.
Longer training overfits 5,000 images: the error on test images of the same network is
{attempt 3, garments|squared_error} after 50 epochs and {attempt 16, garments|squared_error} after 2,500.
"""
LEAD = "0-samples"
SEEDS = 3

N_IMAGES = 5000
PLAIN = {
    "lr_schedule": None,
    "init": "pytorch",
    "start_at_mean": False,  # as in any code that does not set the biases of the last layer
    "batch_size": 64,
    "learning_rate": 0.001,
    "max_epochs": 50,
}
BLACK = {"data": "black", "n_train": N_IMAGES, "compared": "train_loss"}
GARMENTS = {
    "n_train": N_IMAGES,
    "pictures": ("reconstructions", "samples"),
    "compared": "squared_error",
}
CLUSTERS = {"n_train": N_IMAGES, "compared": "wcss"}


def small(**settings):
    return Autoencoder(32, (128,), **{**PLAIN, **settings})


def big(**settings):
    return Autoencoder(32, (512, 256, 128), **{**PLAIN, **settings})


# Attempt: its network and the average training loss of its last epoch.
ATTEMPTS = {
    1: (small(max_epochs=20), 2.37871e-06),
    2: (small(), 2.34342e-08),
    3: (big(), 6.17225e-06),
    4: (big(optimizer="sgd"), 0.250532582),
    5: (big(optimizer="sgd", loss="absolute_error"), 0.500615772),
    6: (big(optimizer="sgd", loss="absolute_error", learning_rate=0.01), 0.497479243),
    7: (big(dropout=0.1), 9.60991e-06),
    8: (big(dropout=0.3), 0.001051621),
    9: (big(dropout=0.5), 0.004554313),
    10: (big(learning_rate=0.01), 6.58817e-39),
    11: (big(learning_rate=0.1), 0.0),
    12: (big(learning_rate=0.0001), 0.011077632),
    13: (big(batch_size=32), 5.20533e-06),
    14: (big(batch_size=128), 1.15236e-05),
    15: (big(max_epochs=500), 4.668e-07),
    16: (big(max_epochs=2500), 2.10916e-07),
}

CALLED_KNN = (
    "kNN finds no clusters; the WCSS that the report gives for it is that of k-means on pixels from 0 to 255. The row "
    "of kNN shows the classes that it predicts."
)
CODES = (
    "Codes have a scale of their own, so that their WCSS is not comparable. A silhouette near 0 says that the "
    "codes of the report form no clusters; those of a network that was trained on garments do."
)
HOW_BLACK = (
    "SGD stays where it begins, and Adam comes as close to 0 as it gets: how close depends on the widths and batches, "
    "which are not published."
)
STILL_BLACK = (
    "From the second epoch on the loss is 0 here; how close to 0 Adam comes depends on the widths, which are not "
    "published. Attempt 16 is the run of attempt 15, continued."
)
NOT_GARMENTS = "The published loss is not one of garments: see the row of the same attempt on black images."

LONGER = (15, 16)  # drawn by themselves, for the sake of the others' epochs


def attempts(numbers, images, note, how):
    return [
        Row(f"attempt {number}, {images}", network, train_loss=loss, note=note, **how)
        for number, (network, loss) in ATTEMPTS.items()
        if number in numbers
    ]


GROUPS = {
    "A variational autoencoder, on garments": [
        Row("ours: variational, 50 epochs", VariationalAutoencoder(max_epochs=50, batch_size=64), **GARMENTS),
    ],
    "On garments": [
        Row(
            "ours: 32 latent dimensions, He initialisation, one cycle",
            Autoencoder(32, (512, 256), max_epochs=50),
            **GARMENTS,
        ),
        *attempts(range(1, 15), "garments", NOT_GARMENTS, GARMENTS),
    ],
    "On garments, ten and fifty times as long": attempts(LONGER, "garments", NOT_GARMENTS, GARMENTS),
    "On black images": attempts(range(1, 15), "black images", HOW_BLACK, BLACK),
    "On black images, ten and fifty times as long": attempts(LONGER, "black images", STILL_BLACK, BLACK),
    "Clusters": [
        Row("k-means on pixels", KMeans(10, n_init=10), wcss=1.04e10, silhouette=0.137913, note=CALLED_KNN, **CLUSTERS),
        Row("kNN", KNNClassifier(5), wcss=1.04e10, silhouette=0.137913, note=CALLED_KNN, **CLUSTERS),
        Row(
            "k-means on the codes of attempt 3",
            make_pipeline(big(), KMeans(10, n_init=10)),
            wcss=63621.27,
            silhouette=0.031618,
            note=CODES,
            **CLUSTERS,
        ),
    ],
}
