"""A sweep by MPI, started by ``mpiexec -n 64 python -m mpi4py.futures mpi_sweep.py``."""

from mpi4py.futures import MPIPoolExecutor

import mlp

if __name__ == "__main__":
    train, held_out = mlp.datasets.load_digits().split(0.2, seed=0)
    net = mlp.MLP.from_sizes([64, 32, 10], output="softmax", loss="cross_entropy", seed=0)
    parameters = {"lr": [0.03, 0.1, 0.3], "momentum": [0.0, 0.9]}
    with MPIPoolExecutor() as executor:
        runs = mlp.sweep(
            net, *train, parameters, epochs=2, validation=tuple(held_out), executor=executor
        )
    runs.to_csv("runs.csv")
    print(runs)
