"""What a saved model needs of the state of scikit-learn's estimators beyond their public API.

Last tried with scikit-learn 1.9.0 and 1.9.1.

Imported from here:

- `AdamOptimizer`, `SGDOptimizer`: where the training of scikit-learn's own networks goes on
- `BaseDecisionTree`: what all trees are, alone and in forests
- `MetadataRequest`, `MethodMetadataRequest`: what ``set_fit_request`` and its like have set
- `_PassthroughScorer`: how a search scores by the estimator's own method
- `_CalibratedClassifier`, `_SigmoidCalibration`, `_TemperatureScaling`: the parts of a CalibratedClassifierCV
- `Tree`: the nodes of a decision tree, an object of compiled code

Reached through objects, where they are used:

- `_dual_coef_`, `_intercept_`, `_n_support`, `_probA`, `_probB`, `_sparse`: what support vector machines hand to libsvm
- `_fit_X`, `_fit_method`, `_tree`, `_y`: the rows among which neighbours are searched, how, the index that speeds it
  up, and the indices of their classes
- `_loss_function_`: the compiled loss of a linear model, which every training makes anew
- `_metadata_request`: what ``set_fit_request`` has set, and whose it is
- `_counts`, `_n_threads`: what k-means goes on from, and how many threads it uses
- `_n_features_out`, `_sklearn_version`: whose values, if absurd, could make it endless to show an estimator
"""

from sklearn.calibration import _CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling
from sklearn.metrics._scorer import _PassthroughScorer
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer
from sklearn.tree import BaseDecisionTree
from sklearn.tree._tree import Tree
from sklearn.utils._metadata_requests import MetadataRequest, MethodMetadataRequest

__all__ = [
    "AdamOptimizer",
    "BaseDecisionTree",
    "MetadataRequest",
    "MethodMetadataRequest",
    "SGDOptimizer",
    "Tree",
    "_CalibratedClassifier",
    "_PassthroughScorer",
    "_SigmoidCalibration",
    "_TemperatureScaling",
]
