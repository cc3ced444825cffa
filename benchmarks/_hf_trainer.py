"""The other side of the speed benchmark: fine-tuning with the Hugging Face `Trainer`, as its own examples do.

What is set here is set by every script that uses it; everything else is left as the library has it, which is recorded.
On a CPU without `bf16=True` it trains all weights in fp32, with dropout, fused AdamW and a linear decay from step 1.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any

import torch
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    DataCollatorWithPadding,
    Trainer,
    TrainerCallback,
    TrainingArguments,
    default_data_collator,
)

from afina.data import TextDataset
from afina.modeling import locate

BATCH_TEXTS, LEARNING_RATE = 16, 5e-5
_DEFAULTS = (
    "optim", "bf16", "fp16", "lr_scheduler_type", "warmup_steps", "weight_decay", "max_grad_norm", "use_cpu",
    "dataloader_num_workers", "dataloader_pin_memory", "train_sampling_strategy", "torch_compile",
)  # fmt: skip


class _Clock(TrainerCallback):
    """Seconds between the beginning of the first step and the end of the last."""

    def on_train_begin(self, *unused: Any, **more: Any) -> None:
        self._started = time.perf_counter()

    def on_train_end(self, *unused: Any, **more: Any) -> None:
        self.seconds = time.perf_counter() - self._started


def load(name: str, *, n_labels: int, seed: int) -> tuple[Any, Any]:
    """Model and tokenizer as the library loads them: afina's own loading would change how the model computes."""
    source = locate(name)
    torch.manual_seed(seed)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=n_labels)
    return model, AutoTokenizer.from_pretrained(source)


def train_with_trainer(
    model: Any,
    tokenizer: Any,
    train: TextDataset,
    *,
    max_tokens: int,
    epochs: float,
    seed: int,
    grouped: bool,
    bf16: bool = False,
) -> dict[str, Any]:
    """Fine-tune in place.

    Args:
        model: The model with its new head and its own dropout.
        tokenizer: Its tokenizer.
        train: Texts to train on.
        max_tokens: Tokens kept of a text.
        epochs: Passes over the texts.
        seed: Seed of the order of texts and of dropout.
        grouped: Pad each batch to its longest text and group texts by length; otherwise pad every text to `max_tokens`.
        bf16: Train in mixed precision.

    Returns:
        `seconds` from first step to last, `steps`, and the `settings` in force, defaults of the library included.
    """
    from datasets import Dataset

    encoded = tokenizer(
        list(train.texts), truncation=True, max_length=max_tokens, padding=False if grouped else "max_length"
    )
    dataset = Dataset.from_dict({**encoded, "labels": train.label_ids.tolist()})
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            output_dir=folder,
            num_train_epochs=epochs,
            per_device_train_batch_size=BATCH_TEXTS,
            learning_rate=LEARNING_RATE,
            seed=seed,
            train_sampling_strategy="group_by_length" if grouped else "random",
            bf16=bf16,
            # The library takes bf16 without a GPU only where it is told that this is meant.
            use_cpu=bf16,
            logging_strategy="no",
            save_strategy="no",
            eval_strategy="no",
            report_to="none",
            disable_tqdm=True,
        )
        clock = _Clock()
        trainer = Trainer(
            model=model,
            args=arguments,
            train_dataset=dataset,
            processing_class=tokenizer,
            data_collator=DataCollatorWithPadding(tokenizer) if grouped else default_data_collator,
            callbacks=[clock],
        )
        trainer.train()
    # Mixed precision was put around the model; it is tested without.
    trainer.accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    settings = {name: getattr(arguments, name) for name in _DEFAULTS}
    return {
        "seconds": clock.seconds,
        "steps": trainer.state.global_step,
        "settings": {
            **{
                name: value if isinstance(value, bool | int | float) else str(value) for name, value in settings.items()
            },
            "device": str(arguments.device),
            "dropout": model.config.hidden_dropout_prob,
            "attention": model.config._attn_implementation,
            "collator": type(trainer.data_collator).__name__ if grouped else "default_data_collator",
        },
    }
