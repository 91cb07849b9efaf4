"""The closed table of classes whose objects can be saved: looked up by name, never imported by what a file says."""

import importlib
from functools import cache

from skfashion._layout import Layout
from skfashion._pixels import PixelScale
from skfashion._private_sklearn_state import (
    AdamOptimizer,
    MetadataRequest,
    MethodMetadataRequest,
    SGDOptimizer,
    _CalibratedClassifier,
    _PassthroughScorer,
    _SigmoidCalibration,
    _TemperatureScaling,
)
from skfashion.baselines import (
    CentroidSampler,
    ClusterClassifier,
    KNNClassifier,
    NeighborSampler,
    SpectralClusterer,
    SubspaceClassifier,
)
from skfashion.baselines._float_search import FloatSearch
from skfashion.baselines._members import NearestMember, NearestRow
from skfashion.baselines._nearest import IntegerSearch
from skfashion.model_selection import OptunaSearchCV, VectorizedGridSearchCV, VectorizedHalvingGridSearchCV
from skfashion.modules import batch_norm, conv, dense, dropout, flatten, global_pool, pool
from skfashion.neural_network import (
    Autoencoder,
    AutoencoderOutlierDetector,
    CNNClassifier,
    CNNRegressor,
    ConvAutoencoder,
    EncoderClassifier,
    MLPClassifier,
    MLPRegressor,
    ResNetClassifier,
    ResNetRegressor,
    SelfSupervisedOutlierDetector,
    SemiSupervisedClassifier,
    VariationalAutoencoder,
)
from skfashion.neural_network._normal import NormalDistribution
from skfashion.preprocessing import HOGTransformer, ImageReader, PixelScaler
from skfashion.training._classification import ClassificationTask, MultilabelTask
from skfashion.training._reconstruction import ReconstructionTask
from skfashion.training._regression import RegressionTask

ESTIMATORS = (
    *(MLPClassifier, CNNClassifier, ResNetClassifier, EncoderClassifier),
    *(MLPRegressor, CNNRegressor, ResNetRegressor),
    *(Autoencoder, ConvAutoencoder, VariationalAutoencoder),
    *(AutoencoderOutlierDetector, SelfSupervisedOutlierDetector),
    SemiSupervisedClassifier,
    *(KNNClassifier, SubspaceClassifier, ClusterClassifier, SpectralClusterer),
    *(NeighborSampler, CentroidSampler),
    *(OptunaSearchCV, VectorizedGridSearchCV, VectorizedHalvingGridSearchCV),
    *(HOGTransformer, ImageReader, PixelScaler),
)

# What they consist of. The name of a class is what files know it by: whoever renames one keeps its name here.
_PARTS = (
    *(ClassificationTask, MultilabelTask, RegressionTask, ReconstructionTask),
    *(Layout, PixelScale, NormalDistribution),
    *(batch_norm, conv, dense, dropout, flatten, global_pool, pool),
    *(IntegerSearch, FloatSearch, NearestMember, NearestRow),
)

# Of scikit-learn: what is plain numpy once it is fitted, and compiled code that is given arrays only after a check (see
# _shape_checks). Left out is what holds functions or objects of compiled code, or counts that compiled code writes by:
# gradient boosting, Gaussian processes and their kernels, splines, trees of clusters, encoders of categories and texts.
SKLEARN = {
    "sklearn.calibration": ("CalibratedClassifierCV",),
    "sklearn.cluster": (
        *("AffinityPropagation", "AgglomerativeClustering", "DBSCAN", "KMeans", "MeanShift", "MiniBatchKMeans"),
        "SpectralClustering",
    ),
    "sklearn.compose": ("ColumnTransformer", "TransformedTargetRegressor"),
    "sklearn.covariance": ("EllipticEnvelope", "EmpiricalCovariance", "LedoitWolf", "MinCovDet", "OAS"),
    "sklearn.decomposition": ("FactorAnalysis", "FastICA", "IncrementalPCA", "PCA", "TruncatedSVD"),
    "sklearn.discriminant_analysis": ("LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"),
    "sklearn.dummy": ("DummyClassifier", "DummyRegressor"),
    "sklearn.ensemble": (
        *("AdaBoostClassifier", "BaggingClassifier", "BaggingRegressor", "ExtraTreesClassifier", "ExtraTreesRegressor"),
        *("RandomForestClassifier", "RandomForestRegressor", "StackingClassifier", "StackingRegressor"),
        *("VotingClassifier", "VotingRegressor"),
    ),
    "sklearn.feature_selection": ("SelectFromModel", "SelectKBest", "SelectPercentile", "VarianceThreshold"),
    "sklearn.frozen": ("FrozenEstimator",),
    "sklearn.impute": ("SimpleImputer",),
    "sklearn.isotonic": ("IsotonicRegression",),
    "sklearn.kernel_approximation": ("Nystroem", "RBFSampler"),
    "sklearn.kernel_ridge": ("KernelRidge",),
    "sklearn.linear_model": (
        *("BayesianRidge", "ElasticNet", "HuberRegressor", "Lasso", "LinearRegression", "LogisticRegression"),
        *("LogisticRegressionCV", "Perceptron", "Ridge", "RidgeCV", "RidgeClassifier", "RidgeClassifierCV"),
        *("SGDClassifier", "SGDOneClassSVM", "SGDRegressor"),
    ),
    "sklearn.mixture": ("BayesianGaussianMixture", "GaussianMixture"),
    "sklearn.model_selection": (
        *("FixedThresholdClassifier", "GridSearchCV", "GroupKFold", "HalvingGridSearchCV", "HalvingRandomSearchCV"),
        *("KFold", "LeaveOneOut", "PredefinedSplit", "RandomizedSearchCV", "RepeatedKFold", "RepeatedStratifiedKFold"),
        *("ShuffleSplit", "StratifiedGroupKFold", "StratifiedKFold", "StratifiedShuffleSplit", "TimeSeriesSplit"),
    ),
    "sklearn.multiclass": ("OneVsOneClassifier", "OneVsRestClassifier", "OutputCodeClassifier"),
    "sklearn.multioutput": ("ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "RegressorChain"),
    "sklearn.naive_bayes": ("BernoulliNB", "ComplementNB", "GaussianNB", "MultinomialNB"),
    "sklearn.neighbors": (
        *("KNeighborsClassifier", "KNeighborsRegressor", "LocalOutlierFactor", "NearestCentroid", "NearestNeighbors"),
    ),
    "sklearn.neural_network": ("MLPClassifier", "MLPRegressor"),
    "sklearn.pipeline": ("FeatureUnion", "Pipeline"),
    "sklearn.preprocessing": (
        *("Binarizer", "FunctionTransformer", "LabelBinarizer", "LabelEncoder", "MaxAbsScaler", "MinMaxScaler"),
        *("Normalizer", "PowerTransformer", "QuantileTransformer", "RobustScaler", "StandardScaler"),
    ),
    "sklearn.random_projection": ("GaussianRandomProjection",),
    "sklearn.semi_supervised": ("LabelPropagation", "LabelSpreading"),
    "sklearn.svm": ("LinearSVC", "LinearSVR", "NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR"),
    "sklearn.tree": ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor"),
}

_OF_SKLEARN = {
    f"sklearn.{each.__name__}": each
    for each in (
        *(AdamOptimizer, SGDOptimizer, _PassthroughScorer),
        *(MetadataRequest, MethodMetadataRequest),
        *(_CalibratedClassifier, _SigmoidCalibration, _TemperatureScaling),
    )
}

# Whose objects hold rows that they were fitted on, which may be private.
HOLD_TRAINING_ROWS = {
    *("KNNClassifier", "NeighborSampler", "CentroidSampler", "IntegerSearch", "FloatSearch", "NearestRow"),
    *("KNeighborsClassifier", "KNeighborsRegressor", "LocalOutlierFactor", "NearestNeighbors"),
    *("LabelPropagation", "LabelSpreading"),
    *("Nystroem", "KernelRidge", "NuSVC", "NuSVR", "OneClassSVM", "SVC", "SVR", "AffinityPropagation", "DBSCAN"),
    "IsotonicRegression",
}


@cache
def class_of_name(name):
    """The class of a name in the table, or None."""
    house = {f"skfashion.{each.__name__}": each for each in (*ESTIMATORS, *_PARTS)}
    if name in house:
        return house[name]
    if name in _OF_SKLEARN:
        return _OF_SKLEARN[name]
    module, _, last = name.rpartition(".")
    if last not in SKLEARN.get(module, ()):
        return None
    if last.startswith("Halving"):
        importlib.import_module("sklearn.experimental.enable_halving_search_cv")
    return getattr(importlib.import_module(module), last)


@cache
def name_of_class(kind):
    """The name of a class in the table, or None."""
    package = ".".join(kind.__module__.split(".")[:2])
    candidates = [f"skfashion.{kind.__name__}", f"{package}.{kind.__name__}"]
    candidates += [name for name, private in _OF_SKLEARN.items() if private is kind]
    return next((name for name in candidates if class_of_name(name) is kind), None)
