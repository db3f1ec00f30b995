# The habits of this project. `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help format lint unit test chaos check

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

format: ## format all Swift sources in place
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## fail where the format differs
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

unit: ## run the tests that need no server
	./scripts/test --unit

test: ## run all tests, on a private RabbitMQ and PostgreSQL
	./scripts/test

chaos: ## ten minutes of faults on a real system
	./scripts/chaos --minutes 10

check: ## exactly what CI runs
	./.ci/run
