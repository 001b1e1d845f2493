"""PCA of groups of similar blocks, and its eigensolver."""

import numpy as np
import pytest
import torch
from scipy import ndimage

pytest.importorskip("numba")
from NSN2NDenoiseLib.engine.filter import eigen
from NSN2NDenoiseLib.engine.filter.groups import cosine_transform
from NSN2NDenoiseLib.engine.filter.pca import pca_filter
from NSN2NDenoiseLib.engine.noise.model import NoiseModel
from NSN2NDenoiseLib.engine.runtime.compiled_code import compiled

from Testing.Engine.phantoms import noise_model

#: It is compiled into its caller; by itself that takes some seconds, so it is kept as the caller is.
vectors_above = compiled(eigen.vectors_above.py_func)


def noise(shape, sd, seed=0):
    return np.random.default_rng(seed).normal(0, sd, shape).astype(np.float32)


def filtered(noisy, guide, sd, excluded=None, within=None, progress=None):
    return pca_filter(noisy, guide, noise_model(noisy.shape, sd, within), excluded, progress=progress)


def anatomy(shape):
    k, j, i = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape), indexing="ij")
    return (0.5 + 0.2 * np.sign(np.sin(j / 4) * np.sin(i / 5 + k / 9))).astype(np.float32)


@pytest.mark.parametrize("rank", [0, 1, 5, 20, 40])
@pytest.mark.parametrize("contrast", [3.0, 300.0])
def test_eigenvectors_are_those_of_lapack(rank, contrast):
    random = np.random.default_rng(rank)
    values = random.normal(size=(64, 64)) + contrast * random.normal(size=(64, rank)) @ random.normal(size=(rank, 64))
    matrix = (values.T @ values / 64).astype(np.float32)
    expected, all_vectors = np.linalg.eigh(matrix.astype(np.float64))
    bound = np.float32(0.5 * (expected[63 - rank] + expected[min(64 - rank, 63)]) if rank else expected[-1] * 1.01)
    vectors = np.zeros(48 * 64, np.float32)
    assert vectors_above(matrix.ravel().copy(), bound, 48, vectors, np.zeros(12 * 64, np.float32)) == rank
    vectors, strong = vectors.reshape(48, 64)[:rank], all_vectors[:, 64 - rank :]
    assert vectors @ vectors.T == pytest.approx(np.eye(rank), abs=1e-5)
    assert vectors.T @ vectors == pytest.approx(strong @ strong.T, abs=1e-3)


def test_more_eigenvectors_than_wanted_are_only_counted():
    vectors, work = np.zeros(48 * 64, np.float32), np.zeros(12 * 64, np.float32)
    assert vectors_above(np.eye(64, dtype=np.float32).ravel(), np.float32(0.5), 48, vectors, work) == 64
    assert not vectors.any()


def test_it_is_the_truncated_singular_value_decomposition():
    """Where a stack has one slab, row and column of groups with the same blocks in each, the result is known."""
    shape = (4, 8, 8)
    noisy = anatomy(shape) + noise(shape, 0.05)
    found = filtered(noisy, np.zeros(shape, np.float32), 0.0)
    assert found == pytest.approx(noisy, abs=1e-5)  # a bound of 0: all is kept
    found = filtered(noisy, np.zeros(shape, np.float32), 100.0)
    assert found.std() < 0.5 * noisy.std()  # nothing exceeds the noise: means of groups


def test_noise_goes_and_anatomy_stays():
    shape = (10, 60, 61)
    clean = anatomy(shape)
    result = filtered(clean + noise(shape, 0.1), clean + noise(shape, 0.02, 1), 0.1)
    assert (result - clean).std() < 0.1 * 10 ** (-11 / 20)  # 11 dB
    assert np.abs(ndimage.uniform_filter(result - clean, 7)).max() < 0.06


def test_colored_noise_needs_its_spectrum():
    shape = (10, 60, 61)
    clean = anatomy(shape)
    colored = ndimage.gaussian_filter(noise(shape, 1.0), (0, 0.7, 0.7))
    colored *= 0.1 / colored.std()
    cut = np.lib.stride_tricks.sliding_window_view(colored, (4, 4, 4))[::3, ::3, ::3].reshape(-1, 64)
    within = (cut @ cosine_transform((4, 4, 4)).numpy().T).var(axis=0).reshape(4, 4, 4).mean(axis=0)
    white, known = (filtered(clean + colored, clean, 0.1, within=variances) for variances in (None, within))
    assert (known - clean).std() < 0.85 * (white - clean).std()


def test_whitening_changes_nothing_where_noise_is_white(monkeypatch):
    shape = (6, 30, 31)
    noisy = anatomy(shape) + noise(shape, 0.1)
    plain = filtered(noisy, anatomy(shape), 0.1)
    monkeypatch.setattr(NoiseModel, "is_white", False)
    assert filtered(noisy, anatomy(shape), 0.1) == pytest.approx(plain, abs=1e-4)


def test_the_local_noise_counts():
    """The noise of one half is ten times that of the other; a number in between keeps the one and hurts the other."""
    shape = (8, 40, 64)
    sd = np.where(np.arange(64) < 32, 0.02, 0.2).astype(np.float32)
    noisy, clean = anatomy(shape) + noise(shape, 1.0) * sd, anatomy(shape)
    local = filtered(noisy, clean, sd)
    assert (local - clean)[:, :, :24].std() < 0.01 and (local - clean)[:, :, 40:].std() < 0.08


def test_a_constant_stays():
    flat = np.full((5, 20, 21), 0.25, np.float32)
    assert filtered(flat, flat, 0.05) == pytest.approx(flat, abs=1e-6)


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 16, 17), (4, 8, 40), (5, 7, 40)])
def test_small_stacks(shape):
    result = filtered(0.5 + noise(shape, 0.1), np.full(shape, 0.5, np.float32), 0.1)
    assert np.isfinite(result).all() and result.std() < 0.06


def test_what_padding_holds_does_not_matter():
    shape = (6, 30, 32)
    noisy, guide, excluded = anatomy(shape) + noise(shape, 0.1), anatomy(shape), np.zeros(shape, bool)
    excluded[:, :7] = excluded[:, :, 25:] = True
    results = []
    for value in (-2.0, 7.0):
        noisy[excluded] = guide[excluded] = value
        results.append(filtered(noisy, guide, 0.1, excluded)[~excluded])
    assert np.array_equal(*results)


def test_threads_and_progress():
    shape, told = (6, 75, 40), []
    noisy, threads = anatomy(shape) + noise(shape, 0.1), torch.get_num_threads()
    try:
        results = []
        for count in (1, 3):
            torch.set_num_threads(count)
            results.append(filtered(noisy, anatomy(shape), 0.1, progress=told.append))
    finally:
        torch.set_num_threads(threads)
    assert np.array_equal(*results)
    assert told[-1] == 1 and told[: len(told) // 2] == sorted(told[: len(told) // 2])
