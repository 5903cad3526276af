"""Networks of Caffe (.prototxt), read as text: layers with their settings, without weights.

Caffe has its channels second, as torch.
"""

from designer.readers.caffe.network import read

__all__ = ["read"]
