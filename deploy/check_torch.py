"""Ends the build where torch is not the CPU's, unless ``check_torch.py any`` says that this is meant."""

import runpy
import sys
from importlib.metadata import distribution

# Read, not imported: that would need its other packages.
build = runpy.run_path(str(distribution("torch").locate_file("torch/version.py")))
if (build.get("cuda") or build.get("hip")) and sys.argv[1] == "cpu":
    sys.exit(
        "This torch is a CUDA build, of several GB: build with --build-arg PIP_EXTRA_INDEX_URL=CPU_INDEX, the CPU index that "
        "PyTorch's 'Get started' page names, or with --build-arg TORCH=any if it is meant."
    )
