"""
Seven optimizers
================

Which optimizer is best? A well-known comparison tries seven of them on Fashion-MNIST at the learning rates that Keras
ships, and ranks them. Here, that is a loop over a parameter. A second loop, over learning rates, shows how much such a
ranking says about the optimizers, and how much about the rates.
"""

# %%
# The images
# ----------
# 5,120 of them are 40 full batches of 128. At a constant learning rate, a small last batch would end each epoch with a
# noisy step.
import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import train_test_split

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.inspection import TrainingCurveDisplay
from skfashion.neural_network import MLPClassifier

try:
    images = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    images = make_garments(7200, random_state=0)

X_train, X_test, y_train, y_test = train_test_split(
    images.data, images.target, train_size=5120, test_size=2000, stratify=images.target, random_state=0
)

# %%
# At the rates that Keras ships
# -----------------------------
# 0.01 for stochastic gradient descent and 0.001 for all others, constant: there is no schedule.
optimizers = ["sgd", "rmsprop", "adagrad", "adadelta", "adam", "adamax", "nadam"]
shipped = {optimizer: 0.01 if optimizer == "sgd" else 0.001 for optimizer in optimizers}
rates = [0.0003, 0.001, 0.003, 0.01, 0.1, 1.0]


def trained(optimizer, learning_rate):
    mlp = MLPClassifier(
        optimizer=optimizer, learning_rate=learning_rate, lr_schedule=None, max_epochs=10, random_state=0
    )
    return mlp.fit(X_train, y_train, X_val=X_test, y_val=y_test)


models = {optimizer: trained(optimizer, shipped[optimizer]) for optimizer in optimizers}

# %%
# At other rates
# --------------
# A training that diverges raises a ``ValueError``, and is left out. As the accuracy may fluctuate at a constant
# learning rate, the mean of the last three epochs is taken.
accuracy = np.full((len(optimizers), len(rates)), np.nan)
for row, optimizer in enumerate(optimizers):
    for column, rate in enumerate(rates):
        try:
            model = models[optimizer] if rate == shipped[optimizer] else trained(optimizer, rate)
        except ValueError:
            continue
        accuracy[row, column] = 100 * np.mean([epoch["valid_accuracy"] for epoch in model.history_[-3:]])

print(f"{'':10}{'at the shipped rate':>20}{f'best of {len(rates)} rates':>20}{'at rate':>9}")
for row, optimizer in enumerate(optimizers):
    at_shipped = accuracy[row, rates.index(shipped[optimizer])]
    best = np.nanargmax(accuracy[row])
    print(f"{optimizer:10}{at_shipped:18.1f} %{accuracy[row, best]:18.1f} %{rates[best]:9g}")
at_shipped = [accuracy[row, rates.index(shipped[optimizer])] for row, optimizer in enumerate(optimizers)]
at_best = np.nanmax(accuracy, axis=1)
print(f"The best and the worst are {np.ptp(at_shipped):.1f} points apart at the shipped rates,")
print(f"and {np.ptp(at_best):.1f} points if each has the best of {len(rates)} rates.")

# %%
# The picture
# -----------
# The training loss, and the accuracy on the held-out images.


def only(part, metric):
    """The histories of one quantity."""
    names = ("epoch", "duration", f"{part}_{metric}")
    return {name: [{key: row[key] for key in names} for row in model.history_] for name, model in models.items()}


figure, (left, middle, right) = plt.subplots(1, 3, figsize=(12, 4.2), layout="constrained")
curves = TrainingCurveDisplay.from_histories(only("train", "loss"), ax=left)
TrainingCurveDisplay.from_histories(
    only("valid", "accuracy"), metric="accuracy", against="seconds", ax=middle, line_kw={"linestyle": "-"}
)
left.set(title="At the rates that Keras ships")
middle.set(title="Held-out images, over seconds")
for axes in (left, middle):
    axes.get_legend().remove()
for row, optimizer in enumerate(optimizers):
    color = curves.lines_[optimizer, "train_loss"].get_color()
    right.plot(rates, accuracy[row], color=color, label=optimizer)
    right.plot(shipped[optimizer], at_shipped[row], "o", color=color)
right.set_xscale("log")
right.set_xticks([0.001, 0.01, 0.1, 1], [0.001, 0.01, 0.1, 1])
right.minorticks_off()
right.set(xlabel="learning rate; a dot is what Keras ships", ylabel="held-out accuracy in percent")
right.set(title="The rate matters more than the method")
right.grid(alpha=0.3)
right.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
figure.savefig("optimizers.png", dpi=110)
print("The picture is in optimizers.png.")
