"""Low-rank updates of a frozen model (LoRA), by peft: put in, saved alone, and merged into the weights.

Method: Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", ICLR 2022.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from afina.errors import ConfigError
from afina.modeling.anatomy import head_modules, linear_names
from afina.modeling.quantization import is_quantized, quiet_bitsandbytes, unpacked_weight


def add_lora(model: Any, *, rank: int, alpha: float, dropout: float = 0.0, targets: Sequence[str] | None = None) -> Any:
    """Freeze a classifier, and put trainable low-rank updates beside its linear modules.

    The head is trained in full and belongs to the adapter: an adapter without it would come back with a random head.

    Args:
        model: A Hugging Face classifier; it is changed in place, and stays callable.
        rank: Rank of the updates.
        alpha: Updates are scaled by alpha / rank.
        dropout: Dropout on the input of the updates.
        targets: Last names of the linear modules to update (`query`, `dense`); all in the layers if not given.
            XLNet's attention is made of plain matrices, so there these are the feed-forward modules.

    Returns:
        peft's `PeftModel` around the model, for `save_adapter` and `merge_lora`.

    Raises:
        ConfigError: The targets match nothing.
    """
    quiet_bitsandbytes()
    from peft import LoraConfig, TaskType, get_peft_model

    names = linear_names(model)
    wanted = names if targets is None else [name for name in names if _matches(name, targets)]
    if not wanted:
        kinds = sorted({name.rsplit(".", 1)[-1] for name in names})
        raise ConfigError(
            f"LoRA targets match nothing in a {model.config.model_type} model: {', '.join(targets or ())}",
            hint=f"its linear modules are {', '.join(kinds)}",
        )
    config = LoraConfig(
        task_type=TaskType.SEQ_CLS,
        r=rank,
        lora_alpha=alpha,
        lora_dropout=dropout,
        target_modules=wanted,
        modules_to_save=head_modules(model),
        fan_in_fan_out=any(type(model.get_submodule(name)).__name__ == "Conv1D" for name in wanted),
    )
    with warnings.catch_warnings():
        # peft asks transformers by a name that is going away.
        warnings.simplefilter("ignore", FutureWarning)
        return get_peft_model(model, config)


def save_adapter(adapted: Any, folder: Path, *, base: str) -> None:
    """Save the updates and the head alone, as `peft.PeftModel.from_pretrained` loads them.

    Args:
        adapted: What `add_lora` returned, before it is merged.
        folder: Folder to write.
        base: Hub id or name of the pretrained model, for whoever loads the adapter.
    """
    config = adapted.peft_config["default"]
    before, config.base_model_name_or_path = config.base_model_name_or_path, base
    try:
        with warnings.catch_warnings():
            # peft looks for the base model on the Hub to see whether its vocabulary has grown, which it never has here.
            warnings.simplefilter("ignore")
            adapted.save_pretrained(folder, save_embedding_layers=False)
    finally:
        config.base_model_name_or_path = before
    # peft's model card is an empty form.
    (folder / "README.md").unlink(missing_ok=True)


def merge_lora(adapted: Any) -> Any:
    """The classifier with its updates added to its weights, without a trace of peft.

    Raises:
        FloatingPointError: A merged weight is not finite.
    """
    try:
        return adapted.merge_and_unload(safe_merge=True)
    except ValueError as error:
        raise FloatingPointError(str(error)) from error


@torch.no_grad()
def merge_into(plain: Any, quantized: Any) -> None:
    """Write what a quantized classifier with updates computes with into a plain one of the same kind.

    Merging in 8 or 4 bits would round the updates away; here the weights are unpacked to fp32 first.

    Args:
        plain: The same classifier without quantization and updates; its linear modules and its head are overwritten.
        quantized: The classifier that was trained, by `add_lora` or by its head alone.
    """
    from peft.tuners.lora import LoraLayer
    from peft.utils.other import ModulesToSaveWrapper

    for name in head_modules(plain):
        module = quantized.get_submodule(name)
        if not isinstance(module, ModulesToSaveWrapper):
            plain.get_submodule(name).load_state_dict(module.state_dict())
    for name, target in plain.named_modules():
        module = quantized.get_submodule(name)
        if isinstance(module, ModulesToSaveWrapper):
            target.load_state_dict(module.modules_to_save["default"].state_dict())
        elif isinstance(module, LoraLayer):
            update = module.get_delta_weight("default").to(torch.float32)
            _set_weight(target, unpacked_weight(module.get_base_layer()) + update)
        elif is_quantized(module):
            _set_weight(target, unpacked_weight(module))


def _set_weight(target: Any, weight: torch.Tensor) -> None:
    # GPT-2's own kind of linear module has its weight the other way round; a quantized one has it as torch does.
    target.weight.copy_(weight.T if type(target).__name__ == "Conv1D" else weight)


def _matches(name: str, targets: Sequence[str]) -> bool:
    return any(name == target or name.endswith(f".{target}") for target in targets)
