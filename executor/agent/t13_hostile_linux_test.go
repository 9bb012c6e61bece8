package agent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// hostileChild says that this process is to check inputs: "SEED FIRST COUNT DIRECTORY".
const hostileChild = "RECIPE_HOSTILE"

// T13: texts that were stacks and recipes once. No text may panic, exhaust the stack, the memory or the patience. They
// are tried in processes of their own, since nothing catches some of these.
func TestT13HostileInputs(t *testing.T) {
	if job := os.Getenv(hostileChild); job != "" {
		checkHostile(t, job)
		return
	}
	const batch = 500
	seed, total := torture.Seed(t), torture.Pick(500, 10_000)
	var slowest time.Duration
	var peak int64
	for first := 0; first < total; first += batch {
		dir := t.TempDir()
		cmd := exec.Command(os.Args[0], "-test.run=^TestT13HostileInputs$", "-test.timeout=5m")
		cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %d %s", hostileChild, seed, first, batch, dir))
		out, err := cmd.CombinedOutput()
		progress, _ := os.ReadFile(filepath.Join(dir, "progress"))
		if err != nil {
			t.Fatalf("seed %d: %v at input %s:\n%.4000s", seed, err, progress, out)
		}
		took, err := strconv.ParseInt(strings.TrimSpace(string(progress)), 10, 64)
		if err != nil {
			t.Fatalf("the child ended with %q:\n%s", progress, out)
		}
		slowest = max(slowest, time.Duration(took))
		peak = max(peak, cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss>>10)
	}
	torture.Report(t, "T13", "%d inputs: 0 panics; the slowest took %d ms, a process at most %d MiB", total, slowest.Milliseconds(), peak)
}

// checkHostile is the child: it writes which input it tries, and in the end how many nanoseconds the slowest took.
func checkHostile(t *testing.T, job string) {
	var seed uint64
	var first, count int
	var dir string
	if _, err := fmt.Sscan(job, &seed, &first, &count, &dir); err != nil {
		t.Fatal(err)
	}
	progress := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "progress"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "web"), 0o700); err != nil {
		t.Fatal(err)
	}
	var slowest time.Duration
	for i := first; i < first+count; i++ {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		for name, text := range map[string]string{"stack.hcl": fuzzedStack, "web/recipe.hcl": fuzzedRecipe} {
			if random.IntN(3) > 0 {
				text = spoil(random, text)
			}
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		progress(fmt.Sprint(i))
		hung := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("input %d hangs", i)) })
		began := time.Now()
		_, _ = Check(context.Background(), dir, PlanRequest{Path: dir, Recipe: "0.1.0"}) // what it says does not matter
		slowest = max(slowest, time.Since(began))
		hung.Stop()
	}
	progress(fmt.Sprint(int64(slowest)))
}

// pieces are what hostile texts are made of.
var pieces = []string{"${", "}", "{", "[", "]", "(", ")", "\"", "<<EOT\n", "\nEOT\n", "%{ for x in ", "%{ if true }", "%{ endfor }", "[for x in range(1000) : ", "{for k, v in local.names : k => ",
	" if x ", "local.names", "local.x", "var.n", "app.web", "app.web.url", "each.value", "count.index", "self", "bind.events.uri", "secret.key.value", "port.web", "configure.file.page.path",
	"input.text", "null", "true", "-1", "1e300", "1e999999", strings.Repeat("9", 70), "0x10", "\x00", "\xff", "\u202e", "/*", "*/", "#", "//", "? 1 : 2", "...", "[*]", ".*", "&&", "!", "==", ">= ",
	"range(1000000)", "join(\"\", local.names)", "setproduct(local.names, local.names)", "jsonencode(app.web)", "format(\"%s\", ", "merge({}, ", "\napp \"web\" {}\n", "\nlocals { x = local.x }\n",
	"\nstack \"t\" {}\n", "for_each = ", "count = ", "instances = ", "depends_on = [app.web]\n", "source = \"../../..\"\n", "type = list(list(string))\n", "sensitive = true\n", "\nport \"web\" {}\n",
	"\nprocess \"web\" {}\n", "\nrequires \"events\" { service = \"sql\" }\n", "health {\n liveness { exec = [] }\n}\n", "\nconfigure {\n  file \"page\" {}\n}\n"}

// spoil changes a text at some places.
func spoil(random *rand.Rand, text string) string {
	b := []byte(text)
	for range 1 + random.IntN(6) {
		at := random.IntN(len(b) + 1)
		end := min(len(b), at+random.IntN(40))
		piece := pieces[random.IntN(len(pieces))]
		switch random.IntN(7) {
		case 0: // gone
			b = slices.Delete(b, at, end)
		case 1: // twice
			b = slices.Insert(b, at, slices.Clone(b[at:end])...)
		case 2: // another place
			cut := slices.Clone(b[at:end])
			b = slices.Delete(b, at, end)
			b = slices.Insert(b, random.IntN(len(b)+1), cut...)
		case 3: // deep
			b = slices.Insert(b, at, []byte(strings.Repeat(piece, 1+random.IntN(150)))...)
		case 4:
			if at < len(b) {
				b[at] = byte(random.Uint32())
			}
		default:
			b = slices.Insert(b, at, []byte(piece)...)
		}
	}
	return string(b)
}
