"""A fine-tuned model as ONNX: its graph, the same in 8-bit integers, and how far both are from PyTorch.

Needs torch and the extra `export`; what answers with the result (`onnx_backend`, `loading`) needs neither.
"""

from afina.inference.exporting.differences import MOST_IN_FP32, largest_differences
from afina.inference.exporting.graph import OPSET, export_graph
from afina.inference.exporting.integers import quantize

__all__ = ["MOST_IN_FP32", "OPSET", "export_graph", "largest_differences", "quantize"]
