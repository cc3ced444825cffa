"""LitServe with the fp32 graph that afina exported, and batches as its documentation has them.

python benchmarks/_serving_litserve.py RUN PORT
"""

import sys
from pathlib import Path

import litserve
import numpy as np
import onnxruntime
from tokenizers import Tokenizer

RUN = Path(sys.argv[1])
LABELS = ("negative", "positive")


class SentimentAPI(litserve.LitAPI):
    """Decode, batch, predict, unbatch, encode."""

    def setup(self, device: str) -> None:
        """Load tokenizer and graph."""
        self.tokenizer = Tokenizer.from_file(str(RUN / "onnx" / "tokenizer.json"))
        self.tokenizer.enable_truncation(512)
        self.tokenizer.enable_padding()
        self.session = onnxruntime.InferenceSession(
            str(RUN / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"]
        )

    def decode_request(self, request: dict) -> str:
        """The text."""
        return request["text"]

    def batch(self, inputs: list) -> list:
        """Texts stay a list."""
        return inputs

    def predict(self, texts: list) -> np.ndarray:
        """Probabilities, (n_texts, n_labels)."""
        encodings = self.tokenizer.encode_batch(texts)
        feed = {
            "input_ids": np.array([each.ids for each in encodings], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in encodings], dtype=np.int64),
        }
        (logits,) = self.session.run(None, feed)
        exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
        return exponentials / exponentials.sum(axis=1, keepdims=True)

    def unbatch(self, output: np.ndarray) -> list:
        """One row each."""
        return list(output)

    def encode_response(self, output: np.ndarray) -> list:
        """Labels with their scores."""
        return [{"label": label, "score": float(score)} for label, score in zip(LABELS, output, strict=False)]


if __name__ == "__main__":
    api = SentimentAPI(max_batch_size=32, batch_timeout=0.005, api_path="/classify")
    server = litserve.LitServer(api, accelerator="cpu", timeout=60)
    server.run(host="127.0.0.1", port=int(sys.argv[2]), generate_client_file=False, log_level="warning")
