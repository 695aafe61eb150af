"""A pipeline as one ONNX graph: speaker identification in onnxruntime, without gruc and scikit-learn.

Needs `pip install skl2onnx onnxruntime`. Run with `python examples/pipeline_to_onnx.py`.
"""

import gruc
import numpy as np
from gruc.datasets import load_japanese_vowels
from gruc.preprocessing import SequenceScaler
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

try:
    import onnxruntime
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType
except ModuleNotFoundError as error:
    raise SystemExit(f"{error}. This example needs: pip install skl2onnx onnxruntime") from None

X, y = load_japanese_vowels(subset="train", return_X_y=True)
X_test, y_test = load_japanese_vowels(subset="test", return_X_y=True)

# the graph takes one array: pad each utterance with NaN
n_steps = max(len(x) for x in X_test)
padded = np.full((len(X_test), n_steps, 12), np.nan, np.float32)
for i, x in enumerate(X_test):
    padded[i, : len(x)] = x

network = gruc.GRUClassifier(random_state=0)
random_features = gruc.GRUTransformer(
    gruc.GRUClassifier((200,), pooling="mean"), trained=False, random_state=0
)
pipelines = {
    "a trained network": make_pipeline(SequenceScaler(), network),
    "random features and logistic regression": make_pipeline(
        random_features, StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)
    ),
}

gruc.register_skl2onnx()
for name, pipeline in pipelines.items():
    pipeline.fit(X, y)
    graph = skl2onnx.convert_sklearn(
        pipeline,
        initial_types=[("X", FloatTensorType([None, None, 12]))],  # any number of utterances and steps
        options={"zipmap": False},  # probabilities as an array
    )
    session = onnxruntime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    labels, probabilities = session.run(["label", "probabilities"], {"X": padded})
    difference = np.abs(probabilities - pipeline.predict_proba(X_test)).max()
    print(f"{name}: {len(graph.graph.node)} nodes, {graph.ByteSize() // 1024} KiB")
    print(f"  largest difference from predict_proba: {difference:.1e}")
    print(f"  same labels: {np.mean(labels == pipeline.predict(X_test)):.3f}")
    print(f"  accuracy on test utterances: {np.mean(labels == y_test):.3f}")
