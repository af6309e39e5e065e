"""The museum: packs that come with openpoet, and recorded evaluations of their agents."""
