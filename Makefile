# Neural Networks, Twice. `make` alone lists what can be done here.
SHELL = /bin/sh
BIN = .venv/bin
PORT = 8000
.PHONY: help env book page test lab serve check full bench clean

help:
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

env: ## make .venv hold what requirements.lock names (PYTHON=python3.12 chooses the interpreter)
	@sh tools/environment.sh "$(PYTHON)"

book: env ## run the chapters that changed and build the book into _build/html
	@$(BIN)/python tools/make_book.py

page: env ## run and build one chapter: make page P=11
	@$(BIN)/python tools/make_book.py "$(P)"

test: book ## build the book if it is stale, then run every test
	@echo "Running the tests, on all cores; those that measure time run alone"
	@$(BIN)/python -m pytest -n auto --dist worksteal $(ARGS)

lab: env ## open the chapters in JupyterLab
	@echo "Starting JupyterLab on chapters/; Ctrl-C stops it"
	@$(BIN)/python -m jupyterlab --ServerApp.root_dir=chapters $(ARGS)

serve: ## serve the built book on 127.0.0.1 (PORT=8000)
	@test -f _build/html/index.html || { echo "There is no book yet: run make book first."; exit 1; }
	@echo "The book is at http://127.0.0.1:$(PORT)/; Ctrl-C stops the server"
	@$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

check: env ## lint, format and stripped notebooks, in seconds
	@echo "Checking the code, its format and the notebooks"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/nbstripout --verify --keep-id chapters/*.ipynb || { echo "Strip them: $(BIN)/nbstripout --keep-id chapters/*.ipynb"; exit 1; }
	@$(BIN)/python tools/rhythm.py chapters/*.ipynb

full: env ## the long runs and the paper's table: full MNIST, from the file that NNBOOK_MNIST names
	@test -f "$$NNBOOK_MNIST" || { echo "The long runs need full MNIST: NNBOOK_MNIST=/path/to/mnist.npz make full"; exit 1; }
	@echo "Running the long tests"
	@$(BIN)/python -m pytest -m full $(ARGS)
	@echo "Recomputing what is missing or stale in the paper's table; Ctrl-C loses one run at most"
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m papers

bench: env ## time the engine against all others, in an environment of its own (ARGS="--peers torch")
	@sh tools/bench_environment.sh
	@echo "Timing on one core: half an hour for everything"
	@$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove what was built; .venv stays
	@echo "Removing _build and the tools' caches (.venv stays)"
	@rm -rf _build .pytest_cache .ruff_cache .hypothesis
