# Everything that is built or run is built from here; every target works in a fresh clone.

GO      ?= go
VERSION ?= 0.1.0-dev
LDFLAGS  = -s -w -X main.version=$(VERSION)

.PHONY: build demo test check bench clean

build: ## bin/recipe, and beside it the small parent of apps
	$(GO) build -trimpath -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

demo: build ## brings up examples/shop and says where it answers
	bin/recipe apply -auto-approve examples/shop
	@echo
	@echo "Open $$(bin/recipe output -stack=shop url) in a browser."
	@echo "  bin/recipe ps                        what runs"
	@echo "  bin/recipe logs -stack=shop -f       what it says"
	@echo "  bin/recipe destroy -stack=shop       take it down again"

test: ## all tests
	$(GO) test ./...

check: ## what has to be true of every commit
	@test -z "$$(gofmt -l .)" || { echo "gofmt:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@for platform in darwin/amd64 darwin/arm64 windows/amd64 windows/arm64; do \
		echo "compiles for $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build ./cmd/... || exit 1; \
	done
	$(GO) test -race ./...

bench: ## the figures of docs/performance.md
	$(GO) test -run '^$$' -bench . -benchtime 3x -timeout 1h ./...

clean:
	rm -rf bin
