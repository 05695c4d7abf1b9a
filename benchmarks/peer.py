"""One library on the texts and questions of `benchmarks.peers`, in a process of its own: prints one line of JSON.

    python -m benchmarks.peer NAME --model FOLDER --texts FILE.jsonl --questions FILE.jsonl

It runs in the environment of the library, so it imports nothing of kefu but in kefu's own adapter, and nothing of a
library before it is timed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

#: Hits that each question brings.
HITS = 10

#: Questions before the clock starts, asked one after the other, and asked by so many at once.
WARM_UP, ALONE, TOGETHER, WAITING = 20, 500, 1024, 64

#: Seconds after which no more questions are asked: a library that takes a third of one each has been measured by then.
ENOUGH = 20.0

#: A text with its id.
Row = tuple[str, str]


class Peer(Protocol):
    """What each library is asked to do, in the way that is fastest for it."""

    def ingest(self, rows: Sequence[Row]) -> None:
        """Make ``rows`` searchable."""

    def search(self, question: str) -> list[str]:
        """Return the ids of the best hits, best first."""

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Return the same for questions that wait at the same time."""


class Kefu:
    """kefu: not only the hits, but the whole reply, through the dispatcher."""

    def __init__(self, model: Path) -> None:
        """Load the encoder; ``model`` is the one it was exported from."""
        from bot.library import Library, Progress
        from bot.settings import Knowledge, Settings, State

        self._folder = Path(tempfile.mkdtemp())
        knowledge = Knowledge(sources=(self._folder / "faq",), watch=False)
        self._settings = Settings(knowledge=knowledge, state=State(folder=self._folder / "state"))
        self._progress = Progress()
        self._library = Library.load(self._settings, self._progress)
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def ingest(self, rows: Sequence[Row]) -> None:
        """Write the rows as entries, index them, and run a bot on them."""
        from benchmarks.customers import Customers
        from bot.app import running

        (self._folder / "faq").mkdir()
        with (self._folder / "faq" / "entries.jsonl").open("w", encoding="utf-8") as file:
            for name, text in rows:
                question, answer = text.split("\n", 1)
                file.write(json.dumps({"id": name, "question": question, "answer": answer}) + "\n")
        index, _ = self._library.index(self._settings, self._progress)
        bot = self._runner.run(self._stack.enter_async_context(running(self._settings, self._library, index)))
        self._customers = Customers(bot)

    def search(self, question: str) -> list[str]:
        """Send one message."""
        return [c.id for c in self._runner.run(self._customers.ask(question)).candidates]

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Send messages from as many customers."""

        async def all_of_them() -> list[list[str]]:
            replies = await asyncio.gather(*map(self._customers.ask, questions))
            return [[candidate.id for candidate in reply.candidates] for reply in replies]

        return self._runner.run(all_of_them())


class LangChain:
    """LangChain's FAISS store."""

    def __init__(self, model: Path) -> None:
        """Load the model."""
        from langchain_huggingface import HuggingFaceEmbeddings

        self._model = HuggingFaceEmbeddings(model_name=str(model), encode_kwargs={"normalize_embeddings": True})

    def ingest(self, rows: Sequence[Row]) -> None:
        """Embed and index."""
        from langchain_community.vectorstores import FAISS

        self._store = FAISS.from_texts([t for _, t in rows], self._model, metadatas=[{"id": i} for i, _ in rows])

    def search(self, question: str) -> list[str]:
        """Search as its documentation shows."""
        return [document.metadata["id"] for document in self._store.similarity_search(question, k=HITS)]

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Embed all at once; the store takes one vector at a time."""
        vectors = self._model.embed_documents(list(questions))
        found = (self._store.similarity_search_by_vector(vector, k=HITS) for vector in vectors)
        return [[document.metadata["id"] for document in documents] for documents in found]


class Haystack:
    """Haystack's pipeline over its document store in memory."""

    def __init__(self, model: Path) -> None:
        """Load the model, once for documents and once for questions."""
        from haystack import Pipeline
        from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
        from haystack.document_stores.in_memory import InMemoryDocumentStore
        from haystack_integrations.components.embedders import sentence_transformers as embedders

        self._store = InMemoryDocumentStore(embedding_similarity_function="cosine")
        self._documents = embedders.SentenceTransformersDocumentEmbedder(model=str(model), progress_bar=False)
        embedder = embedders.SentenceTransformersTextEmbedder(model=str(model), progress_bar=False)
        self._pipeline = Pipeline()
        self._pipeline.add_component("embedder", embedder)
        self._pipeline.add_component("retriever", InMemoryEmbeddingRetriever(self._store, top_k=HITS))
        self._pipeline.connect("embedder.embedding", "retriever.query_embedding")
        self._documents.warm_up()
        self._pipeline.warm_up()

    def ingest(self, rows: Sequence[Row]) -> None:
        """Embed and write."""
        from haystack import Document

        documents = [Document(id=name, content=text) for name, text in rows]
        self._store.write_documents(self._documents.run(documents)["documents"])

    def search(self, question: str) -> list[str]:
        """Run the pipeline."""
        found = self._pipeline.run({"embedder": {"text": question}})
        return [document.id for document in found["retriever"]["documents"]]

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Embed all at once, as documents; the store takes one vector at a time."""
        from haystack import Document

        asked = self._documents.run([Document(content=question) for question in questions])["documents"]
        return [[d.id for d in self._store.embedding_retrieval(q.embedding, top_k=HITS)] for q in asked]


class LlamaIndex:
    """LlamaIndex with its simple vector store."""

    def __init__(self, model: Path) -> None:
        """Load the model."""
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding

        self._model = HuggingFaceEmbedding(model_name=str(model), embed_batch_size=32)

    def ingest(self, rows: Sequence[Row]) -> None:
        """Embed and index."""
        from llama_index.core import VectorStoreIndex
        from llama_index.core.schema import TextNode

        nodes = [TextNode(id_=name, text=text) for name, text in rows]
        index = VectorStoreIndex(nodes, embed_model=self._model)
        self._retriever = index.as_retriever(similarity_top_k=HITS)

    def search(self, question: str) -> list[str]:
        """Ask the retriever."""
        return [node.node_id for node in self._retriever.retrieve(question)]

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Embed all at once; the store takes one vector at a time."""
        from llama_index.core import QueryBundle

        vectors = self._model.get_text_embedding_batch(list(questions))
        bundles = (QueryBundle(q, embedding=v) for q, v in zip(questions, vectors, strict=True))
        return [[node.node_id for node in self._retriever.retrieve(bundle)] for bundle in bundles]


class Txtai:
    """The embeddings database of txtai, on its default index."""

    def __init__(self, model: Path) -> None:
        """Load the model."""
        from txtai import Embeddings

        self._database = Embeddings(path=str(model), method="sentence-transformers")

    def ingest(self, rows: Sequence[Row]) -> None:
        """Embed and index."""
        self._database.index((name, text, None) for name, text in rows)

    def search(self, question: str) -> list[str]:
        """Search for one."""
        return [name for name, _ in self._database.search(question, HITS)]

    def search_many(self, questions: Sequence[str]) -> list[list[str]]:
        """Search for all at once."""
        return [[name for name, _ in found] for found in self._database.batchsearch(list(questions), HITS)]


PEERS: dict[str, Callable[[Path], Peer]] = {
    "kefu": Kefu,
    "langchain": LangChain,
    "haystack": Haystack,
    "llamaindex": LlamaIndex,
    "txtai": Txtai,
}


def measure(make: Callable[[Path], Peer], model: Path, rows: list[Row], questions: list[Row]) -> dict[str, float]:
    """Return what the library takes, in seconds, milliseconds, questions per second and MB."""
    start = time.perf_counter()
    peer = make(model)
    loaded = time.perf_counter()
    peer.ingest(rows)
    ingested = time.perf_counter()
    for _, question in questions[:WARM_UP]:
        peer.search(question)
    times, first = [], 0
    for name, question in questions[WARM_UP : WARM_UP + ALONE]:
        begun = time.perf_counter()
        found = peer.search(question)
        times.append((time.perf_counter() - begun) * 1000)
        first += found[:1] == [name]
        if sum(times) > ENOUGH * 1000:
            break
    waiting = [question for _, question in questions[WARM_UP + ALONE : WARM_UP + ALONE + TOGETHER]]
    begun, answered = time.perf_counter(), 0
    while answered < len(waiting) and time.perf_counter() - begun < ENOUGH:
        peer.search_many(waiting[answered : answered + WAITING])
        answered += WAITING
    return {
        "load_s": loaded - start,
        "ingest_s": ingested - loaded,
        "p50_ms": statistics.median(times),
        "p99_ms": statistics.quantiles(times, n=100)[98],
        "per_s": answered / (time.perf_counter() - begun),
        "found_first": first / len(times),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        return [(row["id"], row["text"]) for row in map(json.loads, lines)]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=PEERS)
    parser.add_argument("--model", type=Path, required=True, help="folder of the sentence-transformers model")
    parser.add_argument("--texts", type=Path, required=True, help='rows of {"id", "text"} to search')
    parser.add_argument("--questions", type=Path, required=True, help='rows of {"id", "text"} to ask')
    options = parser.parse_args()
    figures = measure(PEERS[options.name], options.model, _read(options.texts), _read(options.questions))
    print(json.dumps(figures), flush=True)
    # A bot that still runs, and threads of libraries: nothing here needs an orderly end.
    sys.stdout.close()
    os._exit(0)


if __name__ == "__main__":
    main()
