"""What several pages use: the sidebar and its choice, datasets, trained models, signals, stored scores, labels, caches, errors."""
