"""The estimators that the common tests run over, made small enough to be fast."""

from skfashion.neural_network import CNNClassifier, MLPClassifier, ResNetClassifier

# As they are without arguments, and with other settings. On the CPU, so that they are the same everywhere.
ESTIMATORS = [
    MLPClassifier(device="cpu"),
    MLPClassifier((16,), learning_rate=0.01, batch_size=16, batch_norm=True, dropout=0.1, device="cpu"),
    CNNClassifier(device="cpu"),
    ResNetClassifier(device="cpu"),
    ResNetClassifier(width=4, batch_size=16, max_epochs=30, device="cpu"),
]
