"""What people write: FastAPI and transformers' pipeline.

python benchmarks/_serving_pipeline.py RUN PORT
"""

import sys

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from transformers import pipeline

classifier = pipeline("text-classification", model=f"{sys.argv[1]}/model", device="cpu", top_k=None)
app = FastAPI()


class Request(BaseModel):
    """A text."""

    text: str


@app.post("/classify")
def classify(request: Request) -> list:
    """Its labels with their scores."""
    return classifier([request.text], truncation=True)


@app.get("/health")
def health() -> str:
    """The model is loaded when this answers."""
    return "ok"


uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[2]), log_level="warning", access_log=False)
