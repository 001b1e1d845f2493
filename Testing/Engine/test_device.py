"""Which device a run takes, and what becomes of one that runs out of memory, without a GPU."""

from importlib import import_module

import pytest
import torch
from NSN2NDenoiseLib import engine
from NSN2NDenoiseLib.engine import denoise_volume, speckle
from NSN2NDenoiseLib.engine.runtime import device
from NSN2NDenoiseLib.engine.stages import STAGES

from Testing.Engine.phantoms import phantom

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


def a_card(monkeypatch, free_mb: float, kept_mb: float = 0.0) -> None:
    """A CUDA card with so much memory free, of which torch keeps a part for itself."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _: (int(1e6 * free_mb), int(24e9)))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda _: int(1e6 * kept_mb))
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda _: 0)


def test_auto_never_takes_mps(monkeypatch):
    monkeypatch.setattr(device, "_problem", lambda name: None if name == "mps" else "none here")
    assert device.choose_device("auto") == CPU
    assert device.choose_device("mps") == torch.device("mps")


@pytest.mark.parametrize(("card", "precision"), [((7, 5), torch.float32), ((8, 0), torch.bfloat16)])
def test_a_card_that_only_emulates_bfloat16_takes_float32(monkeypatch, card, precision):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)  # as newer torch says of any card
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda _: card)
    monkeypatch.setattr(torch.version, "hip", None)
    assert device.choose_precision("auto", CUDA) == precision


def test_a_full_card_is_left_alone_by_auto(monkeypatch):
    a_card(monkeypatch, free_mb=900)
    chosen, warnings = device.device_with_memory(CUDA, "auto", 1000)
    assert chosen == CPU and "0.9 GB free" in warnings[0] and "on the CPU instead" in warnings[0]
    chosen, warnings = device.device_with_memory(CUDA, "cuda", 1000)
    assert chosen == CUDA and "may run out of memory" in warnings[0]


def test_a_card_with_room_is_taken_without_a_word(monkeypatch):
    a_card(monkeypatch, free_mb=900, kept_mb=200)
    assert device.device_with_memory(CUDA, "auto", 1000) == (CUDA, [])
    assert device.device_with_memory(CPU, "auto", 1e9) == (CPU, [])


def test_a_run_says_that_the_card_was_full(monkeypatch):
    a_card(monkeypatch, free_mb=100)
    monkeypatch.setattr(denoise_volume, "choose_device", lambda _: CUDA)
    result = denoise_volume.denoise(phantom(slices=6, side=48)[1], engine.Settings.from_preset("fast"))
    assert result.report["device"].startswith("cpu")
    assert any("on the CPU instead" in text for text in result.report["warnings"])


OUT_OF_MEMORY = [
    MemoryError(),
    RuntimeError("[enforce fail at alloc_cpu.cpp:117] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    RuntimeError("[enforce fail] . DefaultCPUAllocator: not enough memory: you tried to allocate 9 bytes."),
    RuntimeError("could not create a primitive"),
    RuntimeError("CUDA error: out of memory"),
    RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"),
    torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
]
FAST = engine.Settings.from_preset("fast", device="cpu")

spare = import_module("NSN2NDenoiseLib.engine.stages.spare")  # the name in the package is the function


def fails_with(error):
    def fail(*_, **__):
        raise error

    return fail


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: str(error)[-20:])
def test_every_kind_of_lacking_memory_is_a_clear_error(monkeypatch, error):
    monkeypatch.setitem(STAGES, "match", fails_with(error))
    with pytest.raises(engine.RunError, match=r"out of memory .*\(6, 48, 48\); crop it"):
        engine.denoise(phantom(slices=6, side=48)[1], FAST)


STEPS = ["take_look", "make_plan", "first", "learn", "refine", "limit", "spare", "judge", "to_volume", "make_report"]


@pytest.mark.parametrize("step", STEPS)
def test_memory_that_runs_out_anywhere_is_a_clear_error(monkeypatch, step):
    for name in ("first", "learn", "refine"):  # none of them is what is tested
        monkeypatch.setitem(STAGES, name, lambda state, _, name=name: state.with_result(state.low_passed, name))
    monkeypatch.setattr(spare, "denoise_region", lambda network, region, *_: region)
    if step in STAGES:
        monkeypatch.setitem(STAGES, step, fails_with(OUT_OF_MEMORY[1]))
    else:
        monkeypatch.setattr(denoise_volume, step, fails_with(OUT_OF_MEMORY[1]))
    with pytest.raises(engine.RunError, match=r"out of memory .*\(6, 48, 48\); crop it"):
        engine.denoise(phantom(slices=6, side=48)[1], engine.Settings(device="cpu", learn=True))


def test_memory_that_runs_out_beside_the_stages_is_a_clear_error(monkeypatch):
    monkeypatch.setattr(speckle, "measure_speckle", fails_with(MemoryError()))
    with pytest.raises(engine.RunError, match=r"out of memory .*\(6, 48, 48\); crop it"):
        engine.denoise(phantom(slices=6, side=48)[1], engine.Settings.from_preset("ultrasound", device="cpu"))


OTHERS = [
    "mat1 and mat2 shapes cannot be multiplied",
    "could not create a primitive descriptor for a convolution forward propagation primitive",
]


@pytest.mark.parametrize("words", OTHERS)
def test_other_errors_of_torch_stay_what_they_are(monkeypatch, words):
    monkeypatch.setitem(STAGES, "match", fails_with(RuntimeError(words)))
    with pytest.raises(RuntimeError, match=words) as caught:
        engine.denoise(phantom(slices=6, side=48)[1], FAST)
    assert not isinstance(caught.value, engine.NSN2NError)


def test_a_torch_that_does_not_know_this_numpy_is_told(monkeypatch):
    """What torch 2.2 says beside numpy 2."""

    def fail(_):
        raise RuntimeError("Numpy is not available")

    monkeypatch.setattr(torch.Tensor, "numpy", fail)
    with pytest.raises(engine.RunError, match=r"torch .* can't work with numpy .*Numpy is not available.*numpy<2"):
        engine.denoise(phantom(slices=6, side=48)[1], engine.Settings.from_preset("fast"))
