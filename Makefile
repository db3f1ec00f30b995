# The habits of this project. `make` lists them.

.DEFAULT_GOAL := help
.PHONY: help format lint manifests unit test chaos containers check

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

format: ## format all Swift sources in place
	swift format --in-place --parallel --recursive Sources Tests Package.swift

lint: ## fail where the format differs
	swift format lint --strict --parallel --recursive Sources Tests Package.swift

manifests: ## render, lint and run docker-compose.yml and k8s/
	./scripts/check-manifests
	./scripts/check-manifests --run

unit: ## run the tests that need no server
	./scripts/test --unit

test: ## run all tests, on a private RabbitMQ and PostgreSQL
	./scripts/test

chaos: ## ten minutes of faults on a real system
	./scripts/chaos --minutes 10

containers: ## build the image, and run docker-compose.yml with it
	./scripts/check-containers

check: ## exactly what CI runs
	./.ci/run
