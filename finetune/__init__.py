"""Training on a company's own history: from exported logs to artefacts that serving loads without torch."""

import os

# Large pages for what torch allocates: on processors training is a fifth faster by it (benchmarks/training.py). Torch
# looks at it once, with the first tensor it makes.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
