# Everything that is built or run is built from here; every target works in a fresh clone.

GO       ?= go
TEST     ?= $(GO) test
PACKAGES ?= ./...
VERSION  ?= 0.1.0-dev
LDFLAGS   = -s -w -X main.version=$(VERSION)

.PHONY: build demo test check torture vm bench proto clean

build: ## bin/recipe, and beside it the small parent of apps
	$(GO) build -trimpath -tags timetzdata -ldflags "$(LDFLAGS)" -o bin/ ./cmd/...

demo: build ## brings up examples/shop and says where it answers
	bin/recipe apply -auto-approve examples/shop
	@echo
	@echo "Open $$(bin/recipe output -stack=shop url) in a browser."
	@echo "  bin/recipe ps                        what runs"
	@echo "  bin/recipe logs -stack=shop -f       what it says"
	@echo "  bin/recipe destroy -stack=shop       take it down again"

test: ## all tests
	$(TEST) -timeout 20m $(PACKAGES)

check: ## what has to be true of every commit
	@test -z "$$(gofmt -l .)" || { echo "gofmt:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	@for platform in darwin/arm64 windows/amd64; do \
		echo "compiles for $$platform"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} $(GO) build -o /dev/null ./cmd/recipe || exit 1; \
	done
	$(TEST) -race -vet=off -timeout 30m $(PACKAGES)

torture: REPORT := $(shell mktemp)
torture: PACKAGES = $(shell grep -rlE --include='*_test.go' '^func TestT[0-9]' . | xargs -n1 dirname | sort -u)
torture: ## the whole crash programme of docs/reliability.md; a line for each test, then one for each package with its time
	@tail -f $(REPORT) & lines=$$!; \
	RECIPE_TORTURE=full RECIPE_TORTURE_REPORT=$(REPORT) $(GO) test -count=1 -vet=off -timeout 20m -run '^TestT[0-9]' $(PACKAGES) >$(REPORT).log 2>&1; \
	status=$$?; sleep 1; kill $$lines; \
	cat $(REPORT).log; \
	rm -f $(REPORT) $(REPORT).log; exit $$status

vm: ## the agent under a real systemd, in a machine of its own; needs root and apt-get install mmdebstrap e2fsprogs, and qemu-system-x86 or user-mode-linux with gcc
	RECIPE_VM=$${RECIPE_VM:-any} $(GO) test -count=1 -timeout 1h -v -run '^TestVM' ./executor/systemd/vmtest

bench: ## the figures of docs/performance.md
	$(GO) test -run '^$$' -bench . -benchtime 3x -timeout 1h ./...

proto: ## generates the code of the plugin protocols anew; needs protoc
	protoc --plugin=protoc-gen-go="$$($(GO) tool -n protoc-gen-go)" --plugin=protoc-gen-go-grpc="$$($(GO) tool -n protoc-gen-go-grpc)" \
		--go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative \
		providers/plugin/protocol/plugin.proto
	protoc --plugin=protoc-gen-go="$$($(GO) tool -n protoc-gen-go)" --go_out=. --go_opt=paths=source_relative \
		providers/terraform/tfplugin5/tfplugin5.proto providers/terraform/tfplugin6/tfplugin6.proto
	protoc --proto_path=providers/plugin/protocol --python_out=examples/plugin-python plugin.proto

clean:
	rm -rf bin
