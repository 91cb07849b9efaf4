"""Model cards: what a model is, how good it is, and what it is for, as a folder to publish beside it."""

from pathlib import Path

from sklearn.base import is_classifier
from sklearn.utils import estimator_html_repr
from sklearn.utils.validation import check_is_fitted

from skfashion._nested import steps_of, unwrapped
from skfashion.inspection._labels import names_of
from skfashion.persistence import _card_pictures as pictures
from skfashion.persistence import _card_text as text
from skfashion.persistence._card_evaluation import evaluate, is_autoencoder, is_conditional
from skfashion.persistence._facts import image_shape
from skfashion.persistence._files import whole_file

_CARD, _HTML = "README.md", "estimator.html"
_CURVE, _CONFUSION, _RECONSTRUCTIONS = "training_curve.png", "confusion_matrix.png", "reconstructions.png"


def model_card(
    estimator,
    folder,
    X_test=None,
    y_test=None,
    *,
    title=None,
    class_names=None,
    data=None,
    test_data=None,
    intended_use=None,
    limitations=None,
    ethical_considerations=None,
    authors=None,
    license=None,  # noqa: A002 the field of the Hub
    how_to_load=None,
    overwrite=False,
):
    """Write a model card: what a fitted model is, how good it is, and what it is for.

    The card is a ``README.md`` with the metadata that the Hugging Face Hub reads, beside the pictures that it shows and
    scikit-learn's diagram of the estimator, ``estimator.html``. What only people know is taken from the arguments;
    where there is no text, the card says "Not stated."

    Parameters
    ----------
    estimator : estimator, Pipeline or search
        Fitted. The card describes its last step, or the best estimator of a search.

    folder : str or path
        Where to write the card; created if it does not exist.

    X_test : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c), default=None
        Images that no part of the training has seen, as the estimator takes them. None leaves out all metrics.

    y_test : array-like of shape (n_samples,), (n_samples, n_outputs) or that of X_test, default=None
        Their labels or targets; for a clusterer the classes with which its clusters are compared. For an outlier
        detector -1 for outliers and 1 for all others, for an autoencoder the images without noise; both may be left
        out.

    title : str, default=None
        The heading; None takes the name of the class.

    class_names : dict or sequence, default=None
        The name of each label; a sequence counts labels from 0. For several labels per image, the names of the columns.

    data, test_data : str, default=None
        What the training images, and the test images, are: where they come from, how many, how they were chosen.

    intended_use, limitations, ethical_considerations : str, default=None
        What the model is for and for whom, where it fails or must not be used, and whom it may harm.

    authors : str, default=None
        Who made the model, and how to reach them.

    license : str, default=None
        The identifier of a license, such as ``"mit"``.

    how_to_load : str, default=None
        How to load the model; None explains the files of this library.

    overwrite : bool, default=False
        Whether to replace the files of an older card.

    Returns
    -------
    pathlib.Path
        The path of the ``README.md``.

    Raises
    ------
    NotFittedError
        If the estimator is not fitted.
    FileExistsError
        If the folder holds a file of this name, and `overwrite` is False.
    TypeError
        If a text is not a str.
    ValueError
        If the test images, or their targets, do not suit the estimator.

    Notes
    -----
    Intervals hold with 95 % confidence: Wilson's for shares of images, by the bootstrap for most other metrics. Metrics
    of clusters have none. They express how precisely this many test images determine a metric, not how it varies
    between trainings.

    All texts are Markdown. Each file is written as a whole or not at all, the card last.

    References
    ----------
    M. Mitchell et al., `Model Cards for Model Reporting <https://arxiv.org/abs/1810.03993>`_, 2019.

    Examples
    --------
    >>> import tempfile
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import MLPClassifier
    >>> from skfashion.persistence import model_card
    >>> X, y = make_garments(400, random_state=0, return_X_y=True)
    >>> mlp = MLPClassifier((16,), max_epochs=3, random_state=0).fit(X[:300], y[:300])
    >>> folder = tempfile.TemporaryDirectory()
    >>> card = model_card(mlp, folder.name, X[300:], y[300:], data="300 drawn garments.", license="mit")
    >>> sorted(path.name for path in card.parent.iterdir())
    ['README.md', 'confusion_matrix.png', 'estimator.html', 'training_curve.png']
    >>> "300 drawn garments." in card.read_text(encoding="utf-8")
    True
    >>> folder.cleanup()
    """
    said = {
        "title": title,
        "data": data,
        "test_data": test_data,
        "intended_use": intended_use,
        "limitations": limitations,
        "ethical_considerations": ethical_considerations,
        "authors": authors,
        "license": license,
        "how_to_load": how_to_load,
    }
    _check_texts(said)
    estimator = unwrapped(estimator)
    check_is_fitted(estimator)
    if X_test is None and y_test is not None:
        raise ValueError("y_test was given without X_test.")
    folder = Path(folder)
    _check_free(folder, overwrite)

    files = {_HTML: estimator_html_repr(estimator).encode()}
    evaluation = None if X_test is None else evaluate(estimator, X_test, y_test)
    names = _class_names(estimator, class_names)
    sections = [
        text.section("Model", text.description(estimator)),
        text.section("Parameters", text.parameters(estimator), level=3),
        *([text.section("Classes", text.list_of_classes(names), level=3)] if names else []),
        *(text.section(name, said[key]) for name, key in (("Intended use", "intended_use"), ("Training data", "data"))),
        *_training(estimator, files),
        *_evaluation(estimator, X_test, y_test, evaluation, names, test_data, files),
        text.section("Limitations", limitations),
        text.section("Ethical considerations", ethical_considerations),
        text.section("How to load", text.how_to_load(how_to_load)),
        text.section("Authors", authors),
        text.section("License", license),
        text.section("Versions", text.list_of_versions()),
    ]
    heading = f"# {title or type(steps_of(estimator)[-1]).__name__}"
    card = "\n\n".join([text.metadata(estimator, license), heading, *sections]) + "\n"
    _write(folder, {**files, _CARD: card.encode()})
    return folder / _CARD


def _check_texts(said):
    for name, value in said.items():
        if value is not None and not isinstance(value, str):
            raise TypeError(f"{name} must be a str or None. Got {value!r} instead.")


def _check_free(folder, overwrite):
    taken = [name for name in (_CARD, _HTML, _CURVE, _CONFUSION, _RECONSTRUCTIONS) if (folder / name).exists()]
    if taken and not overwrite:
        raise FileExistsError(f"{folder} holds {', '.join(taken)} already: overwrite=True replaces them.")


def _class_names(estimator, class_names):
    """The names of the classes in their order; nothing if there are none."""
    if not is_classifier(estimator):
        if class_names is not None:
            raise ValueError(f"class_names was given, but {type(estimator).__name__} is not a classifier.")
        return []
    if isinstance(estimator.classes_, list):  # of several targets
        if class_names is not None:
            raise ValueError(f"class_names was given, but {type(estimator).__name__} has classes for each target.")
        return []
    return names_of(estimator.classes_.tolist(), class_names)


def _training(estimator, files):
    """The section of the training, if the model has been trained in epochs."""
    curve = pictures.training_curve(steps_of(estimator)[-1])
    if curve is None:
        return
    files[_CURVE] = curve
    yield text.section("Training", text.picture(_CURVE, "Training over the epochs"))


def _evaluation(estimator, X_test, y_test, evaluation, names, test_data, files):
    """The sections of the evaluation; they say so if there was none."""
    yield text.section("Evaluation data", test_data)
    if evaluation is None:
        yield text.section("Metrics", "Not measured.")
        return
    yield text.section("Metrics", text.metrics(estimator, evaluation))
    if evaluation.classes:
        yield text.section("Classes one by one", text.metrics_of_classes(evaluation, names), level=3)
    if evaluation.confusion is not None:
        yield text.section("Most confused pairs", text.confused_pairs(evaluation.confused, names), level=3)
        if len(names) <= pictures.MAX_CLASSES:
            files[_CONFUSION] = pictures.confusion_matrix(evaluation.confusion, names)
            yield text.section("Confusion matrix", text.picture(_CONFUSION, "Test images by class"), level=3)
    if is_autoencoder(estimator) and pictures.can_be_drawn(image_shape(steps_of(estimator))):
        classes = y_test if is_conditional(estimator) else None
        files[_RECONSTRUCTIONS] = pictures.reconstructions(estimator, X_test, classes)
        caption = "Test images above their reconstructions"
        yield text.section("Reconstructions", text.picture(_RECONSTRUCTIONS, caption), level=3)


def _write(folder, files):
    """Write files one after the other."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with whole_file(folder / name) as file:
            file.write(content)
