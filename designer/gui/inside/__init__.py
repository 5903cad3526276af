"""Looking into networks: pictures tried out, feature maps, statistics and times of layers."""
