"""The estimators that the common tests run over, made small enough to be fast."""

from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

# On the CPU at a high learning rate: the common checks want a good fit to some dozens of rows.
ESTIMATORS = [
    MLPClassifier(learning_rate=0.01, batch_size=16, device="cpu"),
    MLPClassifier((16,), learning_rate=0.01, batch_size=16, batch_norm=True, dropout=0.1, device="cpu"),
    CNNClassifier(learning_rate=0.005, batch_size=16, device="cpu"),
    ResNetClassifier(width=4, batch_size=16, max_epochs=30, augmentation=None, device="cpu"),
]
