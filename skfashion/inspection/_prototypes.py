"""What stands for a class, a cluster or a neighbourhood."""

from numbers import Integral

import numpy as np
from sklearn.utils import check_consistent_length, check_scalar

from skfashion.inspection._drawing import around_zero, as_drawn, axes_for, columns_of, draw_grid, grid_size
from skfashion.inspection._exemplars import exemplars_of, mean_picture
from skfashion.inspection._labels import labels_of, names_of
from skfashion.inspection._pictures import Images


class PrototypeDisplay:
    """Images that stand for many: means of classes, centroids of clusters, bases of subspaces, means of neighbours.

    It is made by :meth:`from_estimator` or, for the means of classes, by :meth:`from_data`.

    Parameters
    ----------
    prototypes : ndarray of shape (n_prototypes, h, w) or (n_prototypes, h, w, channels)
        The images.

    captions : sequence of str, default=None
        A line below each.

    signed : bool, default=False
        Whether they are directions, with a sign: drawn in red and blue around zero, each on its own scale.

    Attributes
    ----------
    images_ : list of matplotlib.image.AxesImage
        The prototypes.
    captions_ : list of matplotlib.text.Text
        The captions.
    ax_ : matplotlib.axes.Axes
        Where they are drawn.
    figure_ : matplotlib.figure.Figure
        The figure around it.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> from skfashion.baselines import ClusterClassifier
    >>> from skfashion.datasets import make_garments
    >>> from skfashion.inspection import PrototypeDisplay
    >>> garments = make_garments(200, random_state=0)
    >>> clusters = ClusterClassifier(KMeans(12, n_init=1, random_state=0)).fit(garments.data, garments.target)
    >>> display = PrototypeDisplay.from_estimator(clusters, class_names=garments.target_names)
    >>> len(display.captions_)
    12
    """

    def __init__(self, prototypes, captions=None, *, signed=False):
        self.prototypes = prototypes
        self.captions = captions
        self.signed = signed

    @classmethod
    def from_data(cls, X, y, *, class_names=None, image_shape=None, ax=None, n_columns=None, **imshow):
        """Draw the mean image of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features), (n, h, w), (n, c, h, w) or (n, h, w, c)
            The images, of any dtype.

        y : array-like of shape (n_samples,)
            Their labels, or clusters.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        image_shape : tuple of int, default=None
            As in the estimators; None infers it.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        PrototypeDisplay
            What was drawn.
        """
        y = labels_of(y)
        check_consistent_length(X, y)
        classes = np.unique(y)
        images = Images(X, image_shape)
        means = np.array([mean_picture(images.pictures(np.flatnonzero(y == label))) for label in classes])
        return cls(means, names_of(classes.tolist(), class_names)).plot(ax, n_columns=n_columns, **imshow)

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X=None,
        *,
        class_names=None,
        n_prototypes=50,
        image_shape=None,
        ax=None,
        n_columns=None,
        **imshow,
    ):
        """Draw what a fitted estimator goes by.

        Parameters
        ----------
        estimator : estimator, Pipeline or search
            With centroids or means (clusterers, mixtures, ``ClusterClassifier``, ``CentroidSampler``,
            ``NearestCentroid``), with subspaces (``SubspaceClassifier``: a row of directions for each class; PCA and
            its kin), or with neighbours (``KNNClassifier`` and those of scikit-learn). What the last step of a Pipeline
            goes by is brought back to pixels by ``inverse_transform`` of the steps before.

        X : array-like of images, default=None
            The images whose neighbours are averaged; for nothing but neighbours.

        class_names : dict or sequence, default=None
            The name of each label; a sequence counts labels from 0.

        n_prototypes : int, default=50
            How many at most.

        image_shape : tuple of int, default=None
            As in the estimators; None takes what the estimator knows, or infers it.

        ax, n_columns, **imshow
            As in :meth:`plot`.

        Returns
        -------
        PrototypeDisplay
            What was drawn.

        Raises
        ------
        TypeError
            If the estimator has no prototypes, or if a step before it has no way back to pixels.
        """
        check_scalar(n_prototypes, "n_prototypes", Integral, min_val=1)
        found = exemplars_of(estimator, X, class_names, n_prototypes, image_shape)
        n_columns = found.n_columns if n_columns is None else n_columns
        display = cls(found.pictures, found.captions, signed=found.signed)
        return display.plot(ax, n_columns=n_columns, **imshow)

    def plot(self, ax=None, *, n_columns=None, **imshow):
        """Draw the prototypes.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where; None makes a figure.

        n_columns : int, default=None
            Images in a row; None takes ten at most.

        **imshow
            Handed to :meth:`matplotlib.axes.Axes.imshow`.

        Returns
        -------
        PrototypeDisplay
            This display.
        """
        n_columns = columns_of(n_columns, len(self.prototypes), 10)
        pictures, imshow = (around_zero if self.signed else as_drawn)(self.prototypes, imshow)
        with axes_for(self, ax, grid_size(pictures, n_columns, 0 if self.captions is None else 1)) as ax:
            self.images_, self.captions_ = draw_grid(ax, pictures, n_columns, captions=self.captions, **imshow)
        return self
