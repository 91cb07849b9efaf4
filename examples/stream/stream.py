"""Train on images that are larger than memory, a part at a time: ``partial_fit`` in a loop of one's own.

>>> files = [(np.load("images_0.npy", mmap_mode="r"), np.load("labels_0.npy")), ...]
>>> model = fit_stream(MLPClassifier(lr_schedule=None, random_state=0), files, X_val, y_val, max_epochs=20)
"""

from copy import deepcopy

import numpy as np

PIECE = 64  # images that are read in one go
CHUNK = 256  # pieces from all over the files that are in memory, and shuffled, together


def fit_stream(model, files, X_val, y_val, *, max_epochs, patience=5, seed=0):
    """Fit a classifier on pairs of images and labels, such as memory maps; return it as it was when it was best."""
    rng = np.random.default_rng(seed)
    classes = np.unique(np.concatenate([np.unique(labels) for _, labels in files]))
    pieces = [
        (images[start : start + PIECE], labels[start : start + PIECE])  # nothing is read yet
        for images, labels in files
        for start in range(0, len(images), PIECE)
    ]
    highest, n_chunks = model.learning_rate, -(-len(pieces) // CHUNK)
    best, best_score, best_epoch = model, -np.inf, 0
    for epoch in range(max_epochs):
        order = rng.permutation(len(pieces))
        for number in range(n_chunks):
            chunk = [pieces[k] for k in order[number * CHUNK : (number + 1) * CHUNK]]
            X, y = (np.concatenate(parts) for parts in zip(*chunk, strict=True))
            done = (epoch + (number + 0.5) / n_chunks) / max_epochs
            model.set_params(learning_rate=highest * one_cycle(done))
            model.partial_fit(X, y, classes=classes)  # in batches, in random order
        score = model.score(X_val, y_val)
        if score > best_score:
            best, best_score, best_epoch = deepcopy(model), score, epoch
        elif epoch - best_epoch >= patience:
            break
    return best.set_params(learning_rate=highest)


def one_cycle(done):
    """The share of the highest learning rate when this share of the training is done, as ``fit`` has it by default."""
    return 0.04 + 0.96 * done / 0.2 if done < 0.2 else (1 - done) / 0.8
