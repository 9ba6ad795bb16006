.DEFAULT_GOAL := help
.PHONY: help run test check fmt bench docs lock

help: ## Show what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Start the demo: a central system and eight charge points (Ctrl-C ends it)
	@./dev run $(ARGS)

test: ## Format, lint, types and all tests
	@./dev test $(ARGS)

check: ## What `make test` does, without the tests that start servers
	@./dev check $(ARGS)

fmt: ## Format the code and apply the safe fixes
	@./dev fmt

bench: ## Measure against the speed goals and the peers
	@./dev bench $(ARGS)

docs: ## Write the reference pages under docs/reference
	@./dev docs

lock: ## Renew the hashed locks (ARGS=--upgrade for newer versions)
	@./dev lock $(ARGS)
