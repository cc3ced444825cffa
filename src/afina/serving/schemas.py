"""What requests and answers look like: the source of /openapi.json."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

_GOOD, _BAD = "A quiet film that stays with you.", "Two hours I will never get back."
_SCORES = [{"label": "positive", "score": 0.98}, {"label": "negative", "score": 0.02}]


class Given(BaseModel):
    """Base of what native routes take: exact types, no unknown fields."""

    model_config = ConfigDict(strict=True, extra="forbid", use_attribute_docstrings=True)


class Told(BaseModel):
    """Base of what routes answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class GivenElsewhere(BaseModel):
    """Base of what other servers' clients send: fields that mean nothing here are passed over, as those servers do."""

    model_config = ConfigDict(strict=True, extra="ignore", use_attribute_docstrings=True)


def _texts(value: object) -> object:
    if isinstance(value, str) or (isinstance(value, list) and value and all(isinstance(each, str) for each in value)):
        return value
    raise ValueError("give a text, or a list of texts that is not empty")


_TEXT_SCHEMA = {"type": "string", "minLength": 1}
_LIST_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 128}
Texts = Annotated[
    str | list[str],
    BeforeValidator(_texts),
    WithJsonSchema({"anyOf": [_TEXT_SCHEMA, _LIST_SCHEMA]}),
]
"""A text, or a list of texts."""
Name = Annotated[str, Field(examples=["reviews"])]


class ClassifyRequest(Given):
    """Texts to classify."""

    text: Texts = Field(examples=[[_GOOD, _BAD]])
    """A text, or up to 128 of them."""
    model: Name | None = None
    """A name that /v1/models lists; the first of them if not given."""
    top_k: int | None = Field(None, ge=1)
    """Most labels to list; all if not given."""
    long_text: Literal["truncate", "chunk", "error"] = "truncate"
    """A text longer than its model reads: `truncate` reads it as the model was trained to, `chunk` asks that all of
    it is read, in pieces (only models with `long_text: windows` do), `error` refuses what would be cut."""
    explain: bool = False
    """Whether to tell by how much each word moved the answer."""
    threshold: float | None = Field(None, ge=0, le=1)
    """Least probability of a sure answer; the model's own if not given."""


class Score(Told):
    """A label and its calibrated probability."""

    label: str = Field(examples=["positive"])
    score: float = Field(ge=0, le=1, examples=[0.98])


class Word(Told):
    """A word and what it did."""

    text: str
    start: int
    """Where it begins in the text that was sent, in characters."""
    end: int
    weight: float | None
    """By how much it moved the answer towards the label, in log-odds."""
    read: bool
    """Whether the model read it: the end of a long text may not be."""


class Result(Told):
    """What a model says of a text."""

    label: str
    """The most probable label."""
    score: float = Field(ge=0, le=1)
    """Its probability, calibrated."""
    scores: list[Score]
    """Labels by falling probability."""
    truncated: bool
    """Whether some part of the text was not read."""
    tokens: int
    """Tokens of the whole text."""
    uncertain: bool | None
    """Whether the score is below the threshold of sure answers; null where the model has no such threshold."""
    words: list[Word] | None = None
    """Only with `explain`."""


class Unanswered(Told):
    """The place of a text that cannot be classified."""

    error: Literal["empty"]


class TimingTold(Told):
    """Where the time went, in milliseconds."""

    tokenize_ms: float
    queue_ms: float
    infer_ms: float


class ClassifyResponse(Told):
    """Results in the order of the texts."""

    model: str
    revision: str
    results: list[Result | Unanswered]
    timing: TimingTold


class ExplainRequest(Given):
    """A text whose answer is to be explained."""

    text: Annotated[str, WithJsonSchema(_TEXT_SCHEMA)] = Field(examples=["Not bad at all."])
    model: Name | None = None
    """A name that /v1/models lists; the first of them if not given."""
    target: str | None = None
    """The label to explain; the most probable one if not given."""
    method: Literal["occlusion", "ig"] = "occlusion"
    """`occlusion` leaves words out and asks again; `ig`, integrated gradients, needs a model that PyTorch computes."""


class ExplainResponse(Told):
    """By how much each word moved the answer."""

    model: str
    label: str
    score: float
    target: str
    words: list[Word]
    method: str
    evals: int
    """How many times the model was asked."""
    completeness: dict[str, Any] | None
    comprehensiveness: float | None
    sufficiency: float | None


class CompareRequest(Given):
    """Texts for several models."""

    text: Texts = Field(examples=[[_GOOD]])
    """A text, or up to 128 of them."""
    models: list[str] = Field(min_length=2, max_length=4, examples=[["reviews", "tweets"]])
    """2 to 4 different names that /v1/models lists."""


class ComparedResult(Told):
    """What one of the models says."""

    label: str
    score: float
    scores: list[Score]
    uncertain: bool | None


class Comparison(Told):
    """What all of them say of a text."""

    models: dict[str, ComparedResult]
    agree: bool
    """Whether all give the same label."""
    delta: float | None
    """The largest difference in the probability of a label; null where they have no label in common."""


class CompareResponse(Told):
    """Comparisons in the order of the texts."""

    results: list[Comparison | Unanswered]


class ModelTold(Told):
    """A model that is served."""

    name: str
    labels: list[str]
    revision: str
    max_tokens: int
    long_text: str
    temperature: float
    threshold: float | None
    backend: str
    warnings: list[str]
    details: dict[str, Any]


class ModelsResponse(Told):
    """All models that are served."""

    models: list[ModelTold]
    default: str


class TextInput(GivenElsewhere):
    """A text as an object."""

    text: str
    text_pair: None = None
    """A second text cannot be read: the models classify single texts."""


_TEXT_INPUT_SCHEMA = {
    "type": "object",
    "properties": {"text": _TEXT_SCHEMA, "text_pair": {"type": "null"}},
    "required": ["text"],
}


def _hub_inputs(value: object) -> object:
    given = value if isinstance(value, list) else [value]
    if not given:
        raise ValueError("give a text, or a list of texts that is not empty")
    texts = []
    for each in given:
        if isinstance(each, dict):
            if each.get("text_pair") is not None:
                raise ValueError("pairs of texts are not read")
            each = each.get("text")
        if not isinstance(each, str):
            raise ValueError("give a text, or a list of texts")
        texts.append(each)
    return texts


class HubParameters(GivenElsewhere):
    """How scores are to be given."""

    top_k: int | None = Field(None, ge=1)
    function_to_apply: Literal["softmax", "sigmoid", "none"] | None = None
    """`softmax` gives calibrated probabilities, `none` logits (with mean 0), `sigmoid` their sigmoid."""


class HubRequest(GivenElsewhere):
    """What clients of Hugging Face's inference API send."""

    inputs: Annotated[
        list[str],
        BeforeValidator(_hub_inputs),
        WithJsonSchema(
            {
                "anyOf": [
                    _TEXT_SCHEMA,
                    _TEXT_INPUT_SCHEMA,
                    {**_LIST_SCHEMA, "items": {"anyOf": [_TEXT_SCHEMA, _TEXT_INPUT_SCHEMA]}},
                ]
            }
        ),
    ] = Field(examples=[_GOOD])
    parameters: HubParameters | None = None


class LabelScore(Told):
    """A label and its score, which is no probability where something else was asked for."""

    label: str
    score: float


HubResponse = Annotated[list[list[LabelScore]], Field(examples=[[_SCORES]])]


def _tei_inputs(value: object) -> object:
    if isinstance(value, str):
        return value
    if not isinstance(value, list) or not value:
        raise ValueError("give a text, or a list of texts that is not empty")
    texts = []
    for each in value:
        if isinstance(each, list):
            if len(each) != 1:
                raise ValueError("pairs of texts are not read")
            each = each[0]
        if not isinstance(each, str):
            raise ValueError("give a text, or a list of texts")
        texts.append(each)
    return texts


_NESTED_SCHEMA = {"type": "array", "items": _TEXT_SCHEMA, "minItems": 1, "maxItems": 1}


class PredictRequest(GivenElsewhere):
    """What clients of Text Embeddings Inference send to /predict."""

    inputs: Annotated[
        str | list[str],
        BeforeValidator(_tei_inputs),
        WithJsonSchema({"anyOf": [_TEXT_SCHEMA, {**_LIST_SCHEMA, "items": {"anyOf": [_TEXT_SCHEMA, _NESTED_SCHEMA]}}]}),
    ] = Field(examples=[[_GOOD, _BAD]])
    """A text, or several: a flat list is a batch, and never a pair of texts."""
    truncate: bool | None = False
    """Whether to cut what is too long; it is refused otherwise."""
    raw_scores: bool = False
    """Whether to give logits (with mean 0) instead of probabilities."""


PredictResponse = Annotated[list[LabelScore] | list[list[LabelScore]], Field(examples=[_SCORES])]


class Place(Told):
    """A place in a request, and what is wrong there."""

    loc: list[str | int]
    msg: str


class ProblemTold(Told):
    """Why a request was not answered."""

    error: str = Field(examples=["No model of this name is served; GET /v1/models lists those that are"])
    """A sentence for people."""
    error_type: str = Field(examples=["unknown_model"])
    """What programs tell problems apart by."""
    request_id: str = Field(examples=["3f2b8c1e5d6f4a7b9c0d1e2f3a4b5c6d"])
    """What the server's log knows the request by."""
    detail: list[Place] | None = None


_PROBLEMS = {
    400: "The body cannot be read",
    401: "A token is missing or unknown",
    403: "The token, the host name or the web page is not allowed",
    404: "There is no such model, job or address",
    405: "The address does not answer to this method",
    406: "The answer's type is not accepted",
    408: "The body came too slowly",
    411: "The length of the body is missing",
    413: "The body or a text is too large, or there are too many texts",
    415: "The body is of a wrong type or packed",
    422: "A value makes no sense",
    429: "Too much waits, or the client asks too often; see Retry-After",
    500: "The server failed",
    503: "The server is loading, draining, or has no worker; see Retry-After",
    504: "The time for an answer was up",
    507: "The disk is full",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Problems of these statuses, for the `responses` of a route; all of them if none are named."""
    return {status: {"model": ProblemTold, "description": _PROBLEMS[status]} for status in statuses or tuple(_PROBLEMS)}
