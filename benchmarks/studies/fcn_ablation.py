"""One fully connected network, and what its settings are worth: 15 rows, a tuned network, and that one on digits."""

from benchmarks.studies import Row
from skfashion.neural_network import MLPClassifier

TITLE = "What the settings of a fully connected network are worth"
QUESTION = """
One fully connected network, fifteen settings: how much do the optimizer, its learning rate, dropout, the initialisation
and batch normalisation matter?
"""
ANSWER = """
The learning rate decides: Adam reaches {adam, 0.001|accuracy} % at 0.001 and only guesses at 0.1
({adam, 0.1|accuracy} %).
Dropout, initialisation and batch normalisation move the baseline of {baseline: sgd, 0.1|accuracy} % by no more than
another seed does. A wider network with one cycle of the rate, label smoothing and flipped images reaches
{ours: 1024-512-128, adam, one cycle, batch normalisation, dropout, label smoothing, flips|accuracy} %.
"""
LEAD = "published"
SEEDS = 3

# The report gives no size of batches; the rate is constant.
SGD = {"optimizer": "sgd", "learning_rate": 0.1, "lr_schedule": None, "max_epochs": 15, "batch_size": 128}


def fcn(**settings):
    return MLPClassifier((500, 50), **{**SGD, **settings})


# The report trains it until its rate of 0.0001 has done its work and does not say how long that was.
TUNED = MLPClassifier(
    (700, 200, 50),
    optimizer="rmsprop",
    learning_rate=0.0001,
    lr_schedule=None,
    dropout=0.15,
    init="he_uniform",
    max_epochs=50,
)

# Chosen on 10,000 held-out training images.
OURS = MLPClassifier(
    (1024, 512, 128), batch_norm=True, dropout=0.3, label_smoothing=0.1, augmentation="flip", max_epochs=50
)

SAME_FIT = "The same fit as the baseline, for which the report gives two numbers."
TWO_RUNS = (
    "No further off than the two runs of one setting in the report, sgd at 0.1, are from each other: 87.64 and 85.07."
)
RMSPROP = (
    "We found no cause. Seeds do not explain it, nor does the framework: Keras itself gives our result with batches of "
    "128, and with its default of 32 one a point nearer to the report (`benchmarks/results/keras.json`)."
)
DIVERGES = "Training diverges at this rate: where it ends is a matter of chance."

GROUPS = {
    "Optimizers and their rates": [
        Row("baseline: sgd, 0.1", fcn(), 87.64),
        Row("sgd, 0.1, in the study of rates", fcn(), 85.07, note=SAME_FIT),
        Row("adam, 0.1", fcn(optimizer="adam"), 11.35, note=DIVERGES),
        Row("rmsprop, 0.1", fcn(optimizer="rmsprop"), 11.62, note=DIVERGES),
        Row("sgd, 0.01", fcn(learning_rate=0.01), 82.40, note=TWO_RUNS),
        Row("adam, 0.01", fcn(optimizer="adam", learning_rate=0.01), 87.74),
        Row("rmsprop, 0.01", fcn(optimizer="rmsprop", learning_rate=0.01), 85.05, note=TWO_RUNS),
        Row("sgd, 0.001", fcn(learning_rate=0.001), 67.22, note=TWO_RUNS),
        Row("adam, 0.001", fcn(optimizer="adam", learning_rate=0.001), 88.78),
        Row("rmsprop, 0.001", fcn(optimizer="rmsprop", learning_rate=0.001), 85.77, note=RMSPROP),
    ],
    "Dropout, initialisation, normalisation": [
        Row("dropout 0.5", fcn(dropout=0.5), 86.66),
        Row("init normal, sd 0.1", fcn(init="normal"), 86.71, note=TWO_RUNS),
        Row("init Xavier normal", fcn(init="xavier_normal"), 87.56, note=TWO_RUNS),
        Row("init He uniform", fcn(init="he_uniform"), 87.16),
        Row("batch normalisation", fcn(batch_norm=True), 86.00, note=TWO_RUNS),
    ],
    "The tuned network": [
        Row("tuned: 700-200-50, rmsprop, 0.0001, dropout 0.15, He uniform", TUNED, 90.11),
        Row("ours: 1024-512-128, adam, one cycle, batch normalisation, dropout, label smoothing, flips", OURS),
    ],
    "On digits": [
        Row("tuned, on MNIST digits", TUNED, 98.18, data="mnist"),
    ],
    "An earlier exercise": [
        Row(
            "SVD classifier, the best of an earlier exercise",
            None,
            91.28,
            note="Nothing but its name is given. SubspaceClassifier, which classifies by singular vectors, and "
            "make_pca_svc, should SVC be meant, are in the table of classifiers.",
        ),
    ],
}
