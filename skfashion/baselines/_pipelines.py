"""Pipelines of scikit-learn with settings that suit small images."""

from numbers import Real

import numpy as np
from sklearn.decomposition import PCA
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, Normalizer
from sklearn.semi_supervised import LabelSpreading
from sklearn.svm import SVC
from sklearn.utils import check_scalar

from skfashion.baselines._graph import neighbor_kernel
from skfashion.baselines._spectral import SpectralClusterer
from skfashion.preprocessing import HOGTransformer, PixelScaler

# The length of histograms by which the 128 components of garments have a standard deviation of 1 on average.
_EDGES = 20.0


def make_pca_svc(n_components=0.975, *, C=10.0, gamma="scale", random_state=None):
    """Make a pipeline of scaled pixels, square root, PCA and a support vector machine with an RBF kernel.

    The square root of the pixels makes dark details count more.

    Parameters
    ----------
    n_components : int, float or None, default=0.975
        Number of components of :class:`~sklearn.decomposition.PCA`, or the share of the variance to keep (0.975 keeps
        about 300 of 784 for Fashion-MNIST).

    C : float, default=10.0
        Inverse regularisation strength of :class:`~sklearn.svm.SVC`: the larger, the closer the fit to training images.

    gamma : "scale", "auto" or float, default="scale"
        Coefficient of the RBF kernel: the larger, the narrower the kernel.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``brightness``, ``scale``, ``root``, ``pca`` and ``svc``. It is made for pixels: columns of
        another kind need a pipeline without the first step.

    Notes
    -----
    ``benchmarks/results/defaults.json`` holds what the square root, the number of components and C are worth on 10,000
    held-out images of Fashion-MNIST.

    References
    ----------
    C. Cortes and V. Vapnik, `Support-vector networks <https://doi.org/10.1007/BF00994018>`_, 1995.

    Examples
    --------
    >>> from skfashion.baselines import make_pca_svc
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> make_pca_svc(50, random_state=0).fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.6
    True
    """
    return Pipeline(
        [
            *_roots_of_pixels(),
            ("pca", PCA(n_components, random_state=random_state)),
            ("svc", SVC(C=C, gamma=gamma, random_state=0)),  # else its fit moves numpy's generator for nothing
        ]
    )


def make_hog_svc(
    n_components=200, *, pixels_per_cell=4, pixel_weight=0.3, image_shape="auto", C=3.0, gamma=6.0, random_state=None
):
    """Make a pipeline of histograms of oriented gradients, PCA and a support vector machine with an RBF kernel.

    The histograms describe where edges are, and the square roots of the pixels where the image is bright. Both
    are scaled to unit length, image by image, so that one `gamma` suits images of any size.

    Parameters
    ----------
    n_components : int, default=200
        Number of components of :class:`~sklearn.decomposition.PCA`; at most the number of training images, and that of
        edge and pixel features, of which images smaller than 12 x 12 may have fewer than 200.

    pixels_per_cell : int or tuple of int, default=4
        Of :class:`~skfashion.preprocessing.HOGTransformer`: the size of a cell. 4 suits images of about 28 x 28 pixels,
        2 those of 8 x 8; in large images small cells make many features, and PCA slow.

    pixel_weight : float, default=0.3
        Weight of the pixels relative to the HOG features.

    image_shape : tuple of int or "auto", default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the images in rows of X, which
        ``"auto"`` takes for square.

    C : float, default=3.0
        Inverse regularisation strength of :class:`~sklearn.svm.SVC`: the larger, the closer the fit to training images.

    gamma : "scale", "auto" or float, default=6.0
        Coefficient of the RBF kernel: the larger, the narrower the kernel.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``features``, which joins ``edges`` (``hog``, ``unit``) and ``pixels``
        (``brightness``, ``scale``, ``root``, ``unit``), ``pca`` and ``svc``. It takes rows of shape
        (n_samples, n_features).

    See Also
    --------
    make_pca_svc : The same without edges, which is faster.
    make_hog_features : The same without a classifier.

    Notes
    -----
    ``benchmarks/results/defaults.json`` holds what its parts are worth on 10,000 held-out images of Fashion-MNIST.

    References
    ----------
    Navneet Dalal and Bill Triggs, `Histograms of oriented gradients for human detection
    <https://doi.org/10.1109/CVPR.2005.177>`_, 2005.

    Subhransu Maji and Jitendra Malik, `Fast and accurate digit classification
    <https://www2.eecs.berkeley.edu/Pubs/TechRpts/2009/EECS-2009-159.html>`_, 2009.

    Examples
    --------
    >>> from skfashion.baselines import make_hog_svc
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> make_hog_svc(50, random_state=0).fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.7
    True
    """
    return Pipeline(
        [
            ("features", _edges_and_pixels(pixels_per_cell, image_shape, pixel_weight, 1.0)),
            ("pca", PCA(n_components, random_state=random_state)),
            ("svc", SVC(C=C, gamma=gamma, random_state=0)),
        ]
    )


def make_hog_features(n_components=128, *, pixels_per_cell=4, pixel_weight=0.3, image_shape="auto", random_state=None):
    """Make a pipeline of histograms of oriented gradients, pixels and PCA, as features for other estimators.

    It consists of the steps before the classifier of :func:`make_hog_svc`, on a scale that networks can learn from. The
    latent representation of an autoencoder of these features says more about classes, and has better clusters, than
    that of an autoencoder of pixels.

    Parameters
    ----------
    n_components : int, default=128
        Of :class:`~sklearn.decomposition.PCA`; at most as many as there are training images, and as edges and pixels.

    pixels_per_cell : int or tuple of int, default=4
        Of :class:`~skfashion.preprocessing.HOGTransformer`: the size of a cell. 4 suits images of about 28 x 28 pixels,
        2 those of 8 x 8; in large images small cells make many features, and PCA slow.

    pixel_weight : float, default=0.3
        Weight of the pixels relative to the HOG features.

    image_shape : tuple of int or "auto", default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the images in rows of X, which
        ``"auto"`` takes for square.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``features``, as in :func:`make_hog_svc`, and ``pca``. It takes rows of shape
        (n_samples, n_features) and gives (n_samples, n_components); the components of Fashion-MNIST have a standard
        deviation of 1 on average.

    See Also
    --------
    make_hog_clusterer : Clusters of edges alone.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from skfashion.baselines import make_hog_features
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.neural_network import Autoencoder
    >>> X, y = make_garments(1000, random_state=0, return_X_y=True)
    >>> encoder = Autoencoder(8, (64,), batch_size=32, random_state=0)
    >>> knn = make_pipeline(make_hog_features(50, random_state=0), encoder, KNeighborsClassifier())
    >>> knn.fit(X[:800], y[:800]).score(X[800:], y[800:]) > 0.7
    True
    """
    return Pipeline(
        [
            ("features", _edges_and_pixels(pixels_per_cell, image_shape, pixel_weight, _EDGES)),
            ("pca", PCA(n_components, random_state=random_state)),
        ]
    )


def make_hog_clusterer(
    n_clusters=10, *, n_neighbors=10, n_components=64, pixels_per_cell=4, image_shape="auto", random_state=None
):
    """Make a pipeline of histograms of oriented gradients, PCA and spectral clustering.

    Parameters
    ----------
    n_clusters, n_neighbors : int, default=10
        Of :class:`SpectralClusterer`: how many clusters, and how many neighbours each image is linked to.

    n_components : int, default=64
        Of :class:`~sklearn.decomposition.PCA`; at most as many as there are images, and as features.

    pixels_per_cell : int or tuple of int, default=4
        Of :class:`~skfashion.preprocessing.HOGTransformer`: the size of a cell. 4 suits images of about 28 x 28 pixels,
        2 those of 8 x 8.

    image_shape : tuple of int or "auto", default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the images in rows of X, which
        ``"auto"`` takes for square.

    random_state : int, RandomState instance or None, default=None
        Of PCA and of the clusterer.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``hog``, ``pca`` and ``cluster``. It has ``fit_predict``, ``predict`` and ``transform``.

    See Also
    --------
    ClusterClassifier : Names the clusters by labels.

    Examples
    --------
    >>> from skfashion.baselines import make_hog_clusterer
    >>> from sklearn.datasets import load_digits
    >>> from skfashion.metrics import clustering_accuracy_score
    >>> X, y = load_digits(return_X_y=True)
    >>> clusters = make_hog_clusterer(pixels_per_cell=2, random_state=0).fit(X[:1500])
    >>> clustering_accuracy_score(y[1500:], clusters.predict(X[1500:])) > 0.8
    True
    """
    cluster = SpectralClusterer(n_clusters, n_neighbors=n_neighbors, random_state=random_state)
    return Pipeline([*_edges(n_components, pixels_per_cell, image_shape, random_state), ("cluster", cluster)])


def make_hog_spreading(n_components=64, *, pixels_per_cell=4, image_shape="auto", alpha=0.95, random_state=None):
    """Make a pipeline of histograms of oriented gradients, PCA and label spreading, which needs very few labels.

    It is fitted on images with labels, which must be numbers, and on images without, whose label is -1.

    Parameters
    ----------
    n_components : int, default=64
        Of :class:`~sklearn.decomposition.PCA`; at most as many as there are images, and as features.

    pixels_per_cell : int or tuple of int, default=4
        Of :class:`~skfashion.preprocessing.HOGTransformer`: the size of a cell. 4 suits images of about 28 x 28 pixels,
        2 those of 8 x 8.

    image_shape : tuple of int or "auto", default="auto"
        (height, width), (channels, height, width) or (height, width, channels) of the images in rows of X, which
        ``"auto"`` takes for square.

    alpha : float, default=0.95
        Of :class:`~sklearn.semi_supervised.LabelSpreading`: the share of a label that comes from the neighbours rather
        than from the given label. Close to 1, the classes with more neighbours take over.

    random_state : int, RandomState instance or None, default=None
        Of the randomised solver of PCA.

    Returns
    -------
    sklearn.pipeline.Pipeline
        With the steps ``hog``, ``pca`` and ``spread``, whose kernel is :func:`neighbor_kernel`. Labels of training
        images are in ``transduction_`` of the last step.

    See Also
    --------
    skfashion.neural_network.SemiSupervisedClassifier : Slower, and better with a few hundred labels or more.

    References
    ----------
    Dengyong Zhou et al., `Learning with Local and Global Consistency
    <https://papers.nips.cc/paper/2506-learning-with-local-and-global-consistency>`_, 2003.

    Examples
    --------
    >>> import numpy as np
    >>> from skfashion.baselines import make_hog_spreading
    >>> from skfashion.datasets import make_garments
    >>> X, y = make_garments(1200, random_state=0, return_X_y=True)
    >>> few = np.where(np.arange(1000) < 100, y[:1000], -1)
    >>> make_hog_spreading(random_state=0).fit(X[:1000], few).score(X[1000:], y[1000:]) > 0.5
    True
    """
    # A label takes a round for each link on its way: with the default tolerance some might stop short of far images.
    spread = LabelSpreading(kernel=neighbor_kernel, alpha=alpha, tol=1e-9, max_iter=10_000)
    return Pipeline([*_edges(n_components, pixels_per_cell, image_shape, random_state), ("spread", spread)])


def _edges_and_pixels(pixels_per_cell, image_shape, pixel_weight, length):
    """Histograms of a length and, beside them, the roots of pixels of `pixel_weight` times that, image by image."""
    check_scalar(pixel_weight, "pixel_weight", Real, min_val=0)
    edges = [
        ("hog", HOGTransformer(pixels_per_cell=pixels_per_cell, image_shape=image_shape)),
        ("unit", Normalizer()),
    ]
    pixels = [*_roots_of_pixels(), ("unit", Normalizer())]
    return FeatureUnion(
        [("edges", Pipeline(edges)), ("pixels", Pipeline(pixels))],
        transformer_weights={"edges": length, "pixels": length * pixel_weight},
    )


def _edges(n_components, pixels_per_cell, image_shape, random_state):
    """Steps that describe images by their edges, for distances between them."""
    return [
        ("hog", HOGTransformer(pixels_per_cell=pixels_per_cell, image_shape=image_shape)),
        ("pca", PCA(n_components, random_state=random_state)),
    ]


def _roots_of_pixels():
    """Steps that make dark details count more."""
    return [
        ("brightness", PixelScaler()),
        ("scale", MinMaxScaler(clip=True)),  # what is below the darkest training pixel has no root
        ("root", FunctionTransformer(np.sqrt, feature_names_out="one-to-one")),
    ]
