"""What an installed wheel can do where nothing but its dependencies is installed: not one of the extras."""

import importlib
import pickle
import sys
from pathlib import Path

from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import skfashion
from skfashion.neural_network import Autoencoder, MLPClassifier

assert Path(skfashion.__file__).is_relative_to(sys.prefix), skfashion.__file__
for name in skfashion.__all__:
    if name != "__version__":
        package = importlib.import_module(f"skfashion.{name}")
        for public in package.__all__:
            getattr(package, public)

X, y = load_digits(return_X_y=True)
search = GridSearchCV(MLPClassifier((32,), max_epochs=20, random_state=0), {"learning_rate": [0.003, 0.01]}, cv=2)
search.fit(X[:1000], y[:1000])
assert search.score(X[1000:], y[1000:]) > 0.8
copy = pickle.loads(pickle.dumps(search))
assert (copy.predict(X) == search.predict(X)).all()
assert Autoencoder(4, max_epochs=2).fit(X).transform(X).shape == (len(X), 4)
print(f"skfashion {skfashion.__version__}: {search.best_params_}, {search.score(X[1000:], y[1000:]):.1%}")
