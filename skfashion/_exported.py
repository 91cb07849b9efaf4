"""Fitted estimators as torch modules, and through them as parts of ONNX graphs.

Torch is imported late: data sets and preprocessing do without it.
"""

from abc import abstractmethod

from sklearn.utils.validation import check_is_fitted


class ModuleExport:
    """Base class of estimators of images that can be expressed as a torch module.

    ``onnx_parser``, ``onnx_shape_calculator`` and ``onnx_converter`` are the methods that skl2onnx looks for on
    estimators of other libraries: with them ``skl2onnx.to_onnx`` converts a Pipeline that contains one of ours.
    """

    @abstractmethod
    def _as_predictor(self):
        """A module that maps images to predictions, and what these are: "classes", "labels" or "numbers"."""

    def as_module(self):
        """Return the fitted estimator as a torch module that maps rows of pixels to the outputs of the estimator.

        Returns
        -------
        torch.nn.Module
            Maps a tensor of rows of shape (n, n_features), uint8 or float32, to the output of ``predict_proba``, of
            ``predict`` of a regressor, or of ``transform``, as float32. Pixels are scaled as by these methods. It is a
            copy on the CPU in evaluation mode; gradients flow through it, and ``torch.export.export`` accepts it with
            a dynamic number of rows.

        Raises
        ------
        sklearn.exceptions.NotFittedError
            If the estimator is not fitted.

        Examples
        --------
        >>> import torch
        >>> from skfashion.datasets import make_garments
        >>> from skfashion.neural_network import MLPClassifier
        >>> X, y = make_garments(500, random_state=0, return_X_y=True)
        >>> mlp = MLPClassifier((32,), batch_size=32, max_epochs=5, random_state=0).fit(X, y)
        >>> module = mlp.as_module()
        >>> probabilities = module(torch.from_numpy(X[:3]))
        >>> bool((probabilities.argmax(1).numpy() == mlp.predict(X[:3])).all())
        True
        """
        check_is_fitted(self)
        from skfashion._fitted_module import FittedModule

        return FittedModule(*self._as_predictor(), self._layout, self._pixels.kind)

    def onnx_parser(self):
        """Return the function by which skl2onnx learns the names and types of the outputs.

        Returns
        -------
        callable
            With the arguments `scope` and `inputs`.
        """
        from skfashion._onnx import parser

        return parser(self)

    def onnx_shape_calculator(self):
        """Return the function by which skl2onnx learns the shapes of the outputs.

        Returns
        -------
        callable
            With the argument `operator`.
        """
        from skfashion._onnx import shape_calculator

        return shape_calculator(self)

    def onnx_converter(self):
        """Return the function by which skl2onnx gets the nodes of the graph.

        Returns
        -------
        callable
            With the arguments `scope`, `operator` and `container`.
        """
        from skfashion._onnx import converter

        return converter(self)
