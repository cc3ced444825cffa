"""A model set up for training on this machine, and what of it is trained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from afina.config import RunConfig
from afina.data import TextDataset
from afina.errors import ConfigError, TrainingError
from afina.inference import Classifier
from afina.inference.torch_backend import TorchBackend
from afina.modeling import (
    HEAD_ONLY,
    Anatomy,
    Prefix,
    PrefixStates,
    PretrainedClassifier,
    add_lora,
    check_quantization,
    dissect,
    fold_into_adapter,
    fold_temperature,
    freeze,
    freeze_all_but_head,
    hub_id,
    load_pretrained,
    merge_into,
    merge_lora,
    save_adapter,
    try_dissect,
)
from afina.planning import (
    FROZEN,
    HEAD,
    LORA,
    CachePlan,
    Settings,
    choose_bits,
    choose_dropout,
    choose_method,
    choose_precision,
    choose_settings,
    has_bf16,
    has_fast_bf16,
)
from afina.planning.choices import Task
from afina.protocols import Predictor
from afina.recipes.own_plan import check_memory, is_open, plan_own, with_choice
from afina.recipes.resources import describe_resources
from afina.recipes.speed import mean_length
from afina.tokenization import Encoder, Encodings
from afina.training import Feed, make_accelerator, make_optimizer, seed_everything

# Texts in a batch where nothing but the head is trained: it sees one kept state a text, and not its tokens.
_HEAD_TEXTS = 32
# Texts whose logits show that a temperature has gone into the weights.
_PROBES = 8


@dataclass
class Session:
    """Everything that training works on."""

    pretrained: PretrainedClassifier
    model: Any
    """The model as `accelerator` prepared it."""
    optimizer: Any
    accelerator: Any
    encoder: Encoder
    settings: Settings
    fp32_forward: Any
    """The model's forward pass as it was before mixed precision was put around it."""
    prefix: Prefix | None
    """The frozen layers whose states can be kept; None where there are none."""
    adapted: Any
    """peft's wrapping of the model, where low-rank updates are trained."""
    reload: Callable[[], PretrainedClassifier]
    """Loads the pretrained model once more, in fp32."""
    base_name: str
    """Hub id of the pretrained model, or its name."""
    resources: dict[str, Any]
    """What of the model is trained, and what it takes (`describe_resources`)."""

    def feed(
        self,
        encodings: Encodings,
        cache: CachePlan,
        *,
        file: Path,
        on_texts: Callable[[int], None] = lambda done: None,
    ) -> Feed:
        """Texts on their way into the model, from kept states on where the plan says so.

        Args:
            encodings: Token ids of the texts.
            cache: Whether and how states are kept; they are computed now.
            file: Where to keep them, if on disk.
            on_texts: Called with the number of texts whose states are computed.
        """
        pad_id, side, device = self.pretrained.pad_id, self.pretrained.padding_side, self.accelerator.device
        states, batch_tokens = None, self.settings.batch_tokens
        if cache.is_on and self.prefix is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            states = PrefixStates(
                self.prefix, encodings, precision=cache.precision, pad_id=pad_id, padding_side=side,
                file=file if cache.on_disk else None, device=device, on_texts=on_texts,
            )  # fmt: skip
            encodings = states.encodings
            if self.prefix.is_whole_base:
                batch_tokens = _HEAD_TEXTS
        return Feed(self.model, encodings, pad_id, side, batch_tokens, device, states)

    def finish(self, adapter: Path | None = None) -> Classifier:
        """The trained model out of everyone's hands again, in plain fp32, as a classifier.

        Args:
            adapter: Folder to save low-rank updates alone to, where they were trained.
        """
        self.pretrained.model = self.accelerator.unwrap_model(self.model, keep_fp32_wrapper=False)
        if self.adapted is not None and adapter is not None:
            save_adapter(self.adapted, adapter, base=self.base_name)
        if self.settings.bits is not None:
            plain = self.reload()
            merge_into(plain.model, self.pretrained.model)
            self.pretrained.model = plain.model.to(self.accelerator.device)
        elif self.adapted is not None:
            try:
                self.pretrained.model = merge_lora(self.adapted)
            except FloatingPointError:
                raise TrainingError(
                    "The low-rank updates are not finite, so they cannot be merged", hint="lower --learning-rate"
                ) from None
        self.pretrained.model.activation_checkpointing_disable()
        return self.classifier()

    def fold(self, temperature: float, texts: Sequence[str], *, adapter: Path) -> bool:
        """Divide the logits of the trained model, after `finish`, by a temperature that its weights hold from then on.

        Args:
            temperature: The temperature, above 0.
            texts: Texts of which the first are used to check the logits.
            adapter: Folder that `finish` may have saved low-rank updates to, which are changed alike.

        Returns:
            Whether the logits are as they should be; otherwise nothing is changed.
        """
        backend, probes = TorchBackend(self.pretrained), self.encoder.encode(texts[:_PROBES])
        layer = fold_temperature(self.pretrained.model, temperature, logits=lambda: backend.logits(probes))
        if layer is not None and adapter.is_dir():
            fold_into_adapter(adapter, layer, temperature)
        return layer is not None

    def classifier(
        self,
        *,
        temperature: float = 1.0,
        baseline: Predictor | None = None,
        baseline_weight: float = 0.0,
        blend_temperature: float = 1.0,
        threshold: float | None = None,
    ) -> Classifier:
        """The trained model, after `finish`, as a classifier; arguments as those of `Classifier`."""
        return Classifier(
            TorchBackend(self.pretrained),
            self.encoder,
            self.pretrained.labels,
            temperature=temperature,
            baseline=baseline,
            baseline_weight=baseline_weight,
            blend_temperature=blend_temperature,
            threshold=threshold,
        )


def set_up(
    config: RunConfig,
    train: TextDataset,
    *,
    settings: Settings | None = None,
    seconds_left: float | None = None,
    task: Task | None = None,
) -> Session:
    """Load the model, choose the method and the settings left open, and prepare all for the device.

    Args:
        config: The user's settings.
        train: Training texts.
        settings: Settings of the run that is resumed.
        seconds_left: Seconds of the budget left, by which a method is chosen; None where there is no budget.
        task: How much there is to train, score and test on: with it training is planned in the time that is left, and a
            model that does not fit in memory is refused before it is loaded.

    Raises:
        ConfigError: Settings contradict each other or this model.
        ModelError: The model cannot be loaded, or not in so few bits on this device.
        MachineLimitError: Training it cannot fit in memory.
        TrainingError: Started as several processes, or in an arithmetic that the device has not.
    """
    seed, bits = config.training.seed, choose_bits(config)
    name, catalog = config.modeling.name, config.modeling.catalog
    device = make_accelerator("fp32").device
    _check_precision(config.training.precision, device)
    if bits is not None:
        check_quantization(bits, device)
    on_cpu, fast_bf16 = device.type == "cpu", has_fast_bf16(device)
    precision = choose_precision(config, fast_bf16=fast_bf16)
    dropout = choose_dropout(config, on_cpu=on_cpu)

    def load(bits: int | None = None) -> PretrainedClassifier:
        return load_pretrained(name, train.labels, seed=seed, dropout=dropout, bits=bits, catalog=catalog)

    if task is not None:
        check_memory(config, task)
    pretrained = load(bits)
    accelerator = make_accelerator(precision if settings is None else settings.precision)
    if accelerator.num_processes > 1:
        raise TrainingError(
            f"Training on {accelerator.num_processes} processes is not supported yet", hint="start one process"
        )
    fp32_forward = pretrained.model.forward
    model = accelerator.prepare(pretrained.model)
    n_weights = pretrained.n_weights
    frozen_wished = config.modeling.method == FROZEN or config.modeling.freeze_layers not in (None, 0)
    parts = dissect(pretrained.model) if frozen_wished else try_dissect(pretrained.model)
    if settings is None:
        if on_cpu and config.modeling.freeze_embeddings is not False:
            freeze(pretrained.model, embeddings=True)
        if seconds_left is not None and task is not None and is_open(config):
            choice = plan_own(
                config, pretrained, train, task, seconds_left=seconds_left, precision=precision, on_cpu=on_cpu
            )
            config = config if choice is None else with_choice(config, choice)
        settings = choose_settings(
            config,
            method=choose_method(config.modeling),
            n_texts=len(train),
            n_layers=parts.n_layers if parts else 0,
            max_context=pretrained.max_context,
            mean_tokens=mean_length(config, pretrained, train),
            on_cpu=on_cpu,
            fast_bf16=fast_bf16,
        )
    pretrained.tokenizer.model_max_length = settings.max_tokens
    adapted = _choose_trained(pretrained.model, config, settings, parts)
    seed_everything(seed)
    optimizer = make_optimizer(
        pretrained.model,
        learning_rate=settings.learning_rate,
        weight_decay=config.training.weight_decay,
        layer_decay=config.training.layer_decay,
    )
    return Session(
        pretrained=pretrained,
        model=model,
        optimizer=accelerator.prepare(optimizer),
        accelerator=accelerator,
        encoder=Encoder(
            pretrained.backend_tokenizer,
            settings.max_tokens,
            long_text=settings.long_text,
            max_windows=settings.max_windows,
        ),
        settings=settings,
        fp32_forward=fp32_forward,
        prefix=_prefix(model, pretrained.model, settings, parts),
        adapted=adapted,
        reload=load,
        base_name=hub_id(name, catalog=catalog),
        resources={"all": n_weights, **describe_resources(pretrained.model)},
    )


def _choose_trained(model: Any, config: RunConfig, settings: Settings, parts: Anatomy | None) -> Any:
    """Freeze what is not trained, or put low-rank updates in; peft's wrapping of the model then, else None."""
    modeling = config.modeling
    if modeling.gradient_checkpointing:
        if not model.supports_gradient_checkpointing:
            raise ConfigError(
                f"A model of the family {model.config.model_type} cannot compute activations twice",
                hint="leave modeling.gradient_checkpointing out, and lower --batch-tokens",
            )
        model.activation_checkpointing_enable()
        # That also asks for gradients of the embeddings, which would lead the backward pass through frozen layers.
        model.disable_input_require_grads()
    if settings.method == LORA:
        return add_lora(
            model,
            rank=modeling.lora_rank,
            alpha=modeling.lora_alpha,
            dropout=modeling.lora_dropout,
            targets=modeling.lora_targets,
        )
    if settings.method == HEAD or (parts is not None and settings.freeze_layers == parts.n_layers):
        freeze_all_but_head(model)
    else:
        freeze(model, embeddings=settings.freeze_embeddings, layers=settings.freeze_layers)
    return None


def _prefix(model: Any, plain: Any, settings: Settings, parts: Anatomy | None) -> Prefix | None:
    # A family is known where it is known what its head reads; of others the layers may be called in another way.
    if parts is None or parts.pooling is None:
        return None
    if settings.method == HEAD or settings.freeze_layers == parts.n_layers:
        return Prefix(model, plain, HEAD_ONLY)
    return Prefix(model, plain, settings.freeze_layers) if settings.freeze_layers else None


def _check_precision(precision: str, device: torch.device) -> None:
    if precision == "fp16" and device.type == "cpu":
        raise TrainingError("A CPU does not train in fp16", hint="use --precision auto, fp32 or bf16")
    if precision == "bf16" and not has_bf16(device):
        raise TrainingError(
            f"The device {device.type!r} does not multiply bf16 in hardware, and would be far slower than in fp32",
            hint="use --precision auto or fp32",
        )
