"""A TensorFlow.js graph model turned into ONNX with numpy and onnx alone: no TensorFlow."""

from inference.tfjs.convert import Cut, convert

__all__ = ["Cut", "convert"]
