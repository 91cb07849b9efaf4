"""Measurements of fitted models: one function per kind of model, and the pictures that an autoencoder makes."""

import numpy as np
from sklearn.base import clone, is_classifier, is_clusterer
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import cross_val_predict

from benchmarks.arrays import packed
from skfashion.metrics import accuracy_interval, silhouette_interval, wcss_score

N_PAIRED = 2000  # test images whose errors are stored, enough for a paired test


def measured(model, images, *, as_clusters=False, pictures=()):
    """Measure a fitted model on the images: numbers by their names, its history, and `pictures`.

    A classifier is measured by its accuracy, or `as_clusters` by how tight the classes are that it predicts.
    """
    best = getattr(model, "best_estimator_", model)
    if is_clusterer(best) or as_clusters:
        numbers = clusters(best, images)
    elif is_classifier(best):
        numbers = classes(best, images)
    else:
        numbers = reconstructions(best, images)
    drawn = {name: PICTURES[name](best, images) for name in pictures}
    return {**searched(model), **numbers, **trained(best), **({"pictures": drawn} if drawn else {})}


def classes(model, images):
    """Accuracy in percent, its interval, and the log-loss in nats where there are probabilities."""
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(images.X_test)
        predicted = model.classes_[probabilities.argmax(axis=1)]
        loss = {"loss": round(log_loss(images.y_test, probabilities.clip(1e-7, 1)), 4)}
    else:
        predicted, loss = model.predict(images.X_test), {}
    accuracy, low, high = accuracy_interval(images.y_test, predicted)
    return {
        "accuracy": round(100 * accuracy, 2),
        "interval": [round(100 * low, 2), round(100 * high, 2)],
        **loss,
        "confusion_matrix": confusion_matrix(images.y_test, predicted).tolist(),
        "right": packed(predicted == images.y_test),
    }


def reconstructions(model, images):
    """The MSE per pixel of the test images, and of a variational autoencoder its negative ELBO."""
    errors = {"squared_error": -model.score_samples(images.X_test)}
    if hasattr(model, "elbo"):
        errors["negative_elbo"] = -model.elbo(images.X_test, random_state=0)
    return {
        **{name: significant(values.mean(dtype=np.float64)) for name, values in errors.items()},
        "errors": {name: packed(values[:N_PAIRED].astype(np.float32)) for name, values in errors.items()},
    }


def clusters(model, images):
    """WCSS and silhouette of the training images, on the scale of what was clustered.

    The class of an image that a classifier predicts is its cluster; it is fitted on other images than this one.
    """
    X, labels = images.X, getattr(model, "labels_", None)
    if is_classifier(model):
        labels = cross_val_predict(clone(model), images.X, images.y)
    elif hasattr(model, "steps"):
        X, labels = model[:-1].transform(images.X), model[-1].labels_
    X = X.astype(np.float64)
    silhouette = silhouette_interval(X, labels, sample_size=len(X), random_state=0)
    return {"wcss": significant(wcss_score(X, labels)), "silhouette": significant(silhouette.estimate)}


def trained(model):
    """Training of a network: epochs, parameters, and the history by columns."""
    net = model[-1] if hasattr(model, "steps") else model
    if not hasattr(net, "history_"):
        return {}
    history = {name: [significant(epoch[name]) for epoch in net.history_] for name in net.history_[0]}
    return {
        "train_loss": history["train_loss"][-1],
        "epochs": net.n_epochs_,
        "parameters": sum(parameter.numel() for parameter in net.module_.parameters()),
        "history": history,
    }


def searched(model):
    """Results of a search: its best setting, and the score of each trial; None if it was pruned."""
    if not hasattr(model, "cv_results_"):
        return {}
    scores = zip(model.cv_results_["params"], model.cv_results_["mean_test_score"], strict=True)
    percent = {"cv_accuracy": round(100 * model.best_score_, 2)} if is_classifier(model) else {}
    return {
        **percent,
        "best_params": plain(model.best_params_),
        "trials": [
            {"params": plain(params), "score": significant(score) if np.isfinite(score) else None}
            for params, score in scores
        ],
    }


def plain(params):
    """Settings as JSON holds them: what it does not know by its text."""
    shown = {name: value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
    return {name: significant(value) if _is_plain(value) else repr(value) for name, value in shown.items()}


def _is_plain(value):
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in value)
    return value is None or isinstance(value, (bool, int, float, str))


def significant(value):
    """A float to five digits; other values as they are."""
    return float(f"{value:.5g}") if isinstance(value, (float, np.floating)) else value


def _as_bytes(images):
    return packed(np.rint(255 * np.clip(images, 0, 1)).astype(np.uint8))


def _reconstructed(model, images):
    """The first test image of each class, and its reconstruction."""
    first = [int(np.flatnonzero(images.y_test == label)[0]) for label in np.unique(images.y_test)]
    return {
        "images": packed(images.X_test[first]),
        "reconstructions": _as_bytes(model.reconstruct(images.X_test[first])),
    }


def _sampled(model, images):
    return {"images": _as_bytes(model.sample(20, random_state=0))}


def _walked(model, images):
    """Latent traversal along each dimension, through the mean of the codes of training images."""
    codes, steps = model.transform(images.X[:2000]), np.linspace(-3, 3, 7)
    center, spread = codes.mean(axis=0), codes.std(axis=0)
    walks = [model.inverse_transform(center + np.outer(steps, axis)) for axis in np.diag(spread)]
    return {"images": _as_bytes(np.reshape(walks, (len(center), len(steps), 28, 28))), "steps": steps.tolist()}


def _projected(model, images):
    """Codes of test images in the plane, by PCA and by t-SNE."""
    codes, labels = model.transform(images.X_test[:1000]).astype(np.float64), images.y_test[:1000]
    methods = {"pca": PCA(2, random_state=0), "tsne": TSNE(random_state=0, perplexity=min(30, len(codes) / 4))}
    points = {name: packed(method.fit_transform(codes).astype(np.float32)) for name, method in methods.items()}
    return {**points, "labels": packed(labels.astype(np.uint8))}


# Computed here and not by the displays of the same names, so that a fit needs no matplotlib.
PICTURES = {"reconstructions": _reconstructed, "samples": _sampled, "walk": _walked, "latent_space": _projected}
