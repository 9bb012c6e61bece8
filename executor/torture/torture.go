// Package torture is the frame of the crash programme, which is the tests named TestT1… to TestT25… all over this
// module. It decides how long a test goes on, from which seed, and where the one line goes that the test prints.
//
// It reads three variables, which `make torture` sets:
//
//	RECIPE_TORTURE         "full" for the whole programme; anything else keeps each test to some seconds
//	RECIPE_TORTURE_SEED    the seed of every test, to replay a failure; otherwise each draws its own
//	RECIPE_TORTURE_REPORT  a file that the lines are appended to
//
// Only tests import it.
package torture

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Full reports whether the whole programme was asked for.
func Full() bool { return os.Getenv("RECIPE_TORTURE") == "full" }

// Pick returns what a test takes: bounded in an ordinary test run, whole in the whole programme.
func Pick[T any](bounded, whole T) T {
	if Full() {
		return whole
	}
	return bounded
}

// PickRaced is Pick with a third size for the race detector, which makes tests several times as long. It is for tests that do one
// thing at a time, where the detector has nothing to find, and for those that do the same again and again, where it finds it early.
func PickRaced[T any](raced, bounded, whole T) T {
	if RaceDetector && !Full() {
		return raced
	}
	return Pick(bounded, whole)
}

// Seed returns the seed for t. When t fails it says how to replay that.
func Seed(t testing.TB) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("RECIPE_TORTURE_SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatalf("RECIPE_TORTURE_SEED: %v", err)
		}
		seed = given
	}
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		mode := ""
		if Full() {
			mode = " RECIPE_TORTURE=full"
		}
		test, _, _ := strings.Cut(t.Name(), "/")
		t.Logf("to replay: RECIPE_TORTURE_SEED=%d%s go test -count=1 -run '^%s$' %s", seed, mode, test, thisPackage())
	})
	return seed
}

// thisPackage is the package under test as go test takes it at the root of the module.
func thisPackage() string {
	dir, err := os.Getwd() // that of the package, as go test says
	if err != nil {
		return "."
	}
	for root := dir; root != filepath.Dir(root); root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			return "." + strings.TrimPrefix(dir, root)
		}
	}
	return "."
}

// Random returns a source of random numbers that begins with Seed(t).
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := Seed(t)
	return rand.New(rand.NewPCG(seed, seed))
}

// Report prints the line of one test, unless the test has failed: its number in the programme and what was counted.
func Report(t testing.TB, number, format string, args ...any) {
	t.Helper()
	if t.Failed() {
		return
	}
	line := fmt.Sprintf("%-4s %-32s %s", number, t.Name(), fmt.Sprintf(format, args...))
	t.Log(line)
	name := os.Getenv("RECIPE_TORTURE_REPORT")
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(f, line); err != nil { // one write, since packages may be tested side by side
		t.Error(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
}
