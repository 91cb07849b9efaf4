"""
Keep a model, and run it elsewhere
==================================

A fitted model is saved in a file without code, which a stranger can load, and written as an ONNX file, which runs
without torch and scikit-learn. The second one can be made smaller: is it still the same model?
"""

# %%
# A model to keep
# ---------------
import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import onnxruntime
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skfashion.datasets import fetch_fashion_mnist, make_garments
from skfashion.neural_network import CNNClassifier
from skfashion.persistence import load, read_manifest, save, to_onnx
from skfashion.preprocessing import PixelScaler

try:
    data = fetch_fashion_mnist(n_retries=0)
except OSError as error:
    print(f"There is no Fashion-MNIST here ({error}):\nthese are garments drawn by make_garments.")
    data = make_garments(7_000, random_state=0)
names = np.array(data.target_names)
X, y = data.data[:5_000], names[data.target[:5_000]]
X_test, y_test = data.data[5_000:7_000], names[data.target[5_000:7_000]]
model = make_pipeline(
    PixelScaler(),  # levels from 0 to 255 become brightness in [0, 1]
    FunctionTransformer(np.sqrt),  # dark details count more
    CNNClassifier(batch_size=64, max_epochs=8, random_state=0),
).fit(X, y)
print(f"{model.score(X_test, y_test):.1%} of the garments are classified correctly")

# %%
# A file without code
# -------------------
# Loading it runs no code from the file. The manifest says what it is, and can be read without loading the model.
folder = tempfile.TemporaryDirectory()
path = Path(folder.name) / "model.skf"
save(model, path, metrics={"accuracy": model.score(X_test, y_test)}, data_license="MIT")
manifest = read_manifest(path)
print(f"{path.stat().st_size / 1000:.0f} kB: {', '.join(manifest['classes'])}; measured: {manifest['metrics']}")
same = (load(path).predict_proba(X_test) == model.predict_proba(X_test)).all()
print(f"the loaded model gives the same probabilities, bit for bit: {same}")

# %%
# A file without torch
# --------------------
# The whole Pipeline becomes one graph, which takes the same pixels, with weights of 32, 16 or 8 bits.
probabilities, sizes = {}, {}
for weights in ("float32", "float16", "int8"):
    onnx = Path(folder.name) / f"{weights}.onnx"
    to_onnx(model, onnx, weights=weights)
    session = onnxruntime.InferenceSession(onnx)
    labels, probabilities[weights] = session.run(None, {"X": X_test})
    sizes[weights] = onnx.stat().st_size / 1000
    right = (labels == y_test).mean()
    print(f"{weights}: {sizes[weights]:.0f} kB, {right:.1%} right, the first garment: {labels[0]}")
folder.cleanup()

# %%
# How far apart they are
# ----------------------
expected = model.predict_proba(X_test)
figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained", sharey=True)
for ax, (weights, found) in zip(axes, probabilities.items(), strict=True):
    ax.plot(expected.ravel(), np.abs(found - expected).ravel() + 1e-9, ",", color="tab:blue", alpha=0.6)
    ax.set(yscale="log", xlabel="probability by torch", title=f"{weights}: {sizes[weights]:.0f} kB")
    ax.axhline(1e-5, color="tab:red", linewidth=1)
axes[0].set_ylabel("absolute difference of the ONNX file")
axes[0].text(0.02, 1.3e-5, "1e-5", color="tab:red")
figure.suptitle("The probabilities of an ONNX file, by the number of bits of its weights")
figure.savefig("keep_and_share.png", dpi=110)
print("The picture is in keep_and_share.png.")
