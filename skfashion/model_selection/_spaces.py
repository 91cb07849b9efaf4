"""Search spaces, one per family of estimators."""

from scipy.stats import loguniform, randint, uniform

# For RandomizedSearchCV and OptunaSearchCV alike. Rates suit the default schedule; sizes suit images of 28 x 28 pixels.
SEARCH_SPACES = {
    "MLPClassifier": {
        "hidden_layer_sizes": [(128,), (256, 64), (512,), (512, 128), (512, 256, 64)],
        "learning_rate": loguniform(3e-4, 1e-2),
        "dropout": uniform(0.0, 0.5),
        "batch_norm": [False, True],
        "batch_size": [64, 128, 256],
        "label_smoothing": uniform(0.0, 0.1),
    },
    "CNNClassifier": {
        "architecture": ["plain", "slim", "compact", "deep"],
        "learning_rate": loguniform(3e-4, 1e-2),
        "augmentation": [None, "flip", "flip+shift"],
        "batch_size": [64, 128, 256],
        "label_smoothing": uniform(0.0, 0.1),
    },
    "ResNetClassifier": {
        "width": [16, 24, 32],
        "learning_rate": loguniform(0.05, 1.0),
        "weight_decay": loguniform(1e-5, 5e-3),
        "augmentation": ["flip", "flip+shift", "flip+shift+erase"],
        "label_smoothing": uniform(0.0, 0.2),
    },
    "MLPRegressor": {
        "hidden_layer_sizes": [(128,), (256, 64), (512,), (512, 128), (512, 256, 64)],
        "learning_rate": loguniform(3e-4, 1e-2),
        "dropout": uniform(0.0, 0.5),
        "batch_norm": [False, True],
        "batch_size": [64, 128, 256],
        "loss": ["squared_error", "huber"],
    },
    "CNNRegressor": {
        "architecture": ["plain", "slim", "compact", "deep"],
        "learning_rate": loguniform(3e-4, 1e-2),
        "batch_size": [64, 128, 256],
        "loss": ["squared_error", "huber"],
    },
    "ResNetRegressor": {
        "width": [16, 24, 32],
        "learning_rate": loguniform(3e-4, 1e-2),
        "weight_decay": loguniform(1e-4, 1e-1),
        "loss": ["squared_error", "huber"],
    },
    "ConvAutoencoder": {
        "latent_dim": randint(4, 65),
        "n_channels": [8, 16, 32],
        "hidden_layer_sizes": [(), (128,), (256,)],
        "learning_rate": loguniform(1e-3, 2e-2),
        "batch_size": [32, 64, 128],
    },
    "VariationalAutoencoder": {
        "latent_dim": randint(2, 33),
        "beta": loguniform(0.1, 4.0),
        "learning_rate": loguniform(1e-3, 1e-2),
        "batch_size": [64, 128],
    },
    "KNNClassifier": {
        "n_neighbors": randint(1, 16),
        "weights": ["uniform", "distance"],
        "metric": ["cosine", "euclidean"],
    },
    "SubspaceClassifier": {"n_components": randint(1, 97), "center": [False, True]},
}
