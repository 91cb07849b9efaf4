"""Models whose files are kept with the tests: what one release has saved, all later ones load.

``python tests/stored_models.py`` writes the files of the present format version where there are none. Those that are
there are never written again.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skfashion.baselines import KNNClassifier
from skfashion.modules import conv, dense, pool
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
)
from skfashion.persistence import save
from skfashion.persistence._archive import VERSION

FOLDER = Path(__file__).parent / "persistence" / "stored"

# Images of 8 x 8 pixels that any machine makes alike.
X = ((np.arange(40)[:, None] * 37 + np.arange(64)[None] * (np.arange(40)[:, None] % 7 + 1) * 11) % 256).astype(np.uint8)
Y = np.arange(40) % 3

SMALL = {"batch_size": 8, "max_epochs": 2, "random_state": 0, "device": "cpu"}

MODELS = {
    "mlp": MLPClassifier((4,), **SMALL),
    "regressor": MLPRegressor((4,), **SMALL),
    "cnn": make_pipeline(StandardScaler(), CNNClassifier((conv(2), pool(2), dense(4)), **SMALL)),
    "search": GridSearchCV(
        make_pipeline(PCA(5, random_state=0), MLPClassifier((4,), **SMALL)), {"pca__whiten": [True]}, cv=2
    ),
    "encoder": EncoderClassifier(Autoencoder(4, (16,), activation="silu", **SMALL), (4,), **SMALL),
    "outliers": AutoencoderOutlierDetector(Autoencoder(4, (16,), activation="silu", **SMALL), random_state=0),
    "neighbors": KNNClassifier(3, device="cpu"),
    "forest": RandomForestClassifier(2, max_depth=3, random_state=0),
}


def answers(model):
    """What a model answers, as JSON holds it."""
    names = ("predict", "predict_proba", "transform", "score_samples")
    return {name: np.asarray(getattr(model, name)(X)).tolist() for name in names if hasattr(model, name)}


def folder_of(version):
    return FOLDER / f"format-{version}"


if __name__ == "__main__":
    folder_of(VERSION).mkdir(exist_ok=True)
    for name, model in MODELS.items():
        path = folder_of(VERSION) / f"{name}.skf"
        if not path.exists():
            save(model.fit(X, Y), path)
            path.with_suffix(".json").write_text(json.dumps(answers(model)))
