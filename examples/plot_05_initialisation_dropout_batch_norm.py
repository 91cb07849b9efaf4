"""
Initialisation, batch normalisation and dropout
===============================================

A deep perceptron may not learn at all, or may overfit. Three parameters help against that: ``init`` draws initial
weights that neither shrink nor blow up signals on their way through many layers, ``batch_norm`` normalises signals in
every layer, and ``dropout`` reduces overfitting.
"""

# %%
# The images
# ----------
import matplotlib.pyplot as plt
from sklearn.model_selection import train_test_split

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import TrainingCurveDisplay
from skfashion.neural_network import MLPClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(5000, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=3000, test_size=2000, stratify=images.target, random_state=0
)


def trained(hidden_layer_sizes, **parameters):
    mlp = MLPClassifier(hidden_layer_sizes, random_state=0, **parameters)
    return mlp.fit(X_train, y_train, X_val=X_test, y_val=y_test)


def print_table(title, models):
    print(f"\n{title:36}{'accuracy':>10}{'held out':>12}{'loss':>10}{'held out':>10}")
    for name, model in models.items():
        last = model.history_[-1]
        print(
            f"{name:36}{100 * last['train_accuracy']:8.1f} %{100 * last['valid_accuracy']:10.1f} %"
            f"{last['train_loss']:10.2f}{last['valid_loss']:10.2f}"
        )


# %%
# Initial weights of a deep network
# ---------------------------------
# Twenty hidden layers and plain gradient descent. Torch's default weights are small, so signals vanish on their way,
# and a warning says so. He initialisation keeps their scale. Batch normalisation makes up for small weights.
deep = {"optimizer": "sgd", "learning_rate": 0.02, "optimizer_params": {"momentum": 0.9}, "max_epochs": 12}
starts = {
    f"{init}{', batch_norm' if batch_norm else ''}": trained((64,) * 20, init=init, batch_norm=batch_norm, **deep)
    for init in ("pytorch", "xavier_uniform", "he_normal")
    for batch_norm in (False, True)
}
print_table("twenty hidden layers", starts)

# %%
# Overfitting
# -----------
# Two wide layers memorise the training images after some epochs. The held-out loss shows it: where such a network errs,
# it becomes ever more confident. Dropout sets units to zero at random, so that no unit can rely on another.
rates = {
    f"dropout={dropout}": trained((256, 256), dropout=dropout, lr_schedule=None, learning_rate=0.001, max_epochs=40)
    for dropout in (0.0, 0.5)
}
print_table("two wide layers", rates)

# %%
# The picture
# -----------
figure, (left, right) = plt.subplots(1, 2, figsize=(12, 4.2), layout="constrained")
histories = {
    name: [{key: row[key] for key in ("epoch", "train_loss")} for row in model.history_]
    for name, model in starts.items()
}
TrainingCurveDisplay.from_histories(histories, ax=left)
left.set(title="Twenty layers: does it learn at all?")
TrainingCurveDisplay.from_estimator(rates, ax=right)
right.set(title="Two wide layers: do they overfit?")
figure.savefig("initialisation_dropout_batch_norm.png", dpi=110)
print("\nThe picture is in initialisation_dropout_batch_norm.png.")
