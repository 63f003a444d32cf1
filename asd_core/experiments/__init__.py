"""Experiments: detectors trained and heard under changed conditions, stored so that they are shown without computing."""
