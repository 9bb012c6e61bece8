//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/torture"
)

// T2: the agent is killed at random moments of applies: of the first one with its installation, of an update that adds,
// changes and removes, of one that fails and is taken back, and of the destruction. After each, what is there has to
// be what it is in a life that nobody disturbs. The judge looks at processes, files and a ledger that the apps write.
func TestT2KilledApplies(t *testing.T) {
	t.Parallel()
	seed := torture.Seed(t)
	want := live(t, nil, nil)
	if t.Failed() {
		return
	}
	var kills, lives atomic.Int64
	enough, atOnce := torture.PickRaced(1, 6, 200), torture.Pick(1, 2)
	t.Run("at once", func(t *testing.T) {
		for n := range atOnce {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(seed, uint64(n)))
				done := 0
				for ; done < enough/atOnce && !t.Failed(); lives.Add(1) {
					t.Run("life", func(t *testing.T) { done += liveKilled(t, random, want) })
				}
				kills.Add(int64(done))
			})
		}
	})
	torture.Report(t, "T2", "%d kills in %d lives of %d operations: 0 differences in processes, files, ledger", kills.Load(), lives.Load(), len(stages))
}

// liveKilled compares a life in which the agent is killed with what is wanted, and returns how often it was.
func liveKilled(t *testing.T, random *rand.Rand, want []string) (kills int) {
	k := &killer{random: random, most: torture.Pick(4, 12)}
	got := live(t, k, want)
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("after %s and %d kills, and undisturbed:\n%s", stages[i].name, k.kills, difference(got[i], want[i]))
		}
	}
	return k.kills
}

// difference lists the lines that only one of two texts has, or has more often.
func difference(got, want string) string {
	count := map[string]int{}
	for line := range strings.Lines(got + "\n") {
		count[line]++
	}
	for line := range strings.Lines(want + "\n") {
		count[line]--
	}
	var b strings.Builder
	for _, line := range slices.Sorted(maps.Keys(count)) {
		switch n := count[line]; {
		case n > 0:
			fmt.Fprintf(&b, "%d more  %s", n, line)
		case n < 0:
			fmt.Fprintf(&b, "%d less  %s", -n, line)
		}
	}
	return b.String()
}

// stage is one operation of a life.
type stage struct {
	name  string
	args  []string
	stack string
	fails bool
}

var stages = []stage{
	{"the first apply", []string{"apply", "-auto-approve"}, lifeStack("one", "", true, false), false},
	{"the update", []string{"apply", "-auto-approve"}, lifeStack("two", "", false, true), false},
	{"the failing update", []string{"apply", "-auto-approve"}, lifeStack("three", "no licence", true, true), true},
	{"the destruction", []string{"destroy", "-auto-approve"}, lifeStack("two", "", false, true), false},
}

// lifeStack is the stack of a stage: with a text, an app that fails, and apps that come and go.
func lifeStack(text, fail string, third, fourth bool) string {
	s := `
stack "life" {}
app "one" {
  source = "./web"
  inputs = { text = "` + text + `" }
}
app "two" {
  source     = "./web"
  instances  = 2
  inputs     = { text = "` + text + `" }
  depends_on = [app.one]
}
output "url" { value = app.two.url }
`
	for name, there := range map[string]bool{"three": third, "four": fourth} {
		if there {
			s += fmt.Sprintf("app %q {\n  source = \"./web\"\n  depends_on = [app.two]\n}\n", name)
		}
	}
	if fail != "" {
		s += fmt.Sprintf("app \"last\" {\n  source = \"./web\"\n  inputs = { fail = %q }\n  depends_on = [app.three, app.four]\n}\n", fail)
	}
	return s
}

const lifeRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
requires "events" { service = "bus" }
input "text" {
  type    = string
  default = "same"
}
input "fail" {
  type    = string
  default = ""
}
port "web" {}
secret "key" { length = 30 }
install {
  archive "data" {
    source   = "file://$ARCHIVE"
    checksum = "sha256:$SUM"
  }
}
configure {
  file "settings" { content = "text ${input.text}, data ${install.archive.data.path}" }
}
step "prepare" {
  command = ["/bin/sh", "-c", "echo $RECIPE_COMPONENT.$RECIPE_INSTANCE stepped >> $SHARED/ledger"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = "${component.name}.${instance.index}", LEDGER = "$SHARED/ledger", TEXT = input.text, KEY = secret.key, FAIL = input.fail }
}
sandbox { write = ["$SHARED"] }
`

// killer kills an agent at random moments.
type killer struct {
	random *rand.Rand
	most   int // kills of one operation
	kills  int
}

// live goes through all stages in a fresh place and returns what is there after each. k may be nil; want is what is waited
// for, nil in the undisturbed life.
func live(t *testing.T, k *killer, want []string) []string {
	p := newPlace(t)
	archive, sum := someArchive(t)
	path := filepath.Join(p.stack, "data.tar")
	p.must(os.WriteFile(path, archive, 0o644))
	p.write("web/recipe.hcl", strings.NewReplacer("$ARCHIVE", path, "$SUM", sum).Replace(lifeRecipe))
	var seen []string
	for i, s := range stages {
		p.write("stack.hcl", s.stack)
		p.must(os.WriteFile(filepath.Join(p.shared, "ledger"), nil, 0o666))
		p.must(os.Chmod(filepath.Join(p.shared, "ledger"), 0o666))
		p.carry(s, k)
		settled := func(picture string) bool {
			return want != nil && picture == want[i] || want == nil && (s.name != "the destruction" || picture == nothing)
		}
		seen = append(seen, p.picture(s, settled))
		if t.Failed() {
			break
		}
	}
	return seen
}

// someArchive is a tar archive of some files, and its sum.
func someArchive(t *testing.T) (content []byte, sum string) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range 40 {
		text := bytes.Repeat([]byte{byte('a' + i%26)}, 20_000)
		if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("data/%d.txt", i), Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(b.Bytes())
	return b.Bytes(), hex.EncodeToString(digest[:])
}

// carry runs the operation of a stage until it has come to its end without a kill.
func (p *place) carry(s stage, k *killer) {
	p.Helper()
	for attempt := 0; ; attempt++ {
		stop, killed := make(chan struct{}), make(chan bool, 1)
		if k != nil && attempt < k.most {
			wait := time.Duration(k.random.Int64N(int64(700 * time.Millisecond)))
			go func() { killed <- p.killAgentAfter(wait, stop) }()
		} else {
			killed <- false
		}
		out, err := p.recipe(s.args...)
		close(stop)
		if <-killed {
			k.kills++
			continue
		}
		switch {
		case s.name == "the destruction" && attempt > 0 && err != nil && strings.Contains(out, "no stack"):
			// The run went on without us and left nothing to destroy.
		case s.fails != (err != nil), s.fails && !strings.Contains(out, "taken back"):
			p.Errorf("%s ends with %v:\n%s", s.name, err, out)
		}
		return
	}
}

// killAgentAfter kills the agent after a while, and reports whether it did before stop.
func (p *place) killAgentAfter(wait time.Duration, stop chan struct{}) bool {
	select {
	case <-stop:
		return false
	case <-time.After(wait):
	}
	pid := p.agentPID()
	return pid != 0 && syscall.Kill(pid, syscall.SIGKILL) == nil
}

// nothing is the picture of a place where nothing is left.
const nothing = "\n\n"

// picture is what is there once things have settled, or patience has ended: processes, the starts that apps have recorded,
// and the files of the home.
func (p *place) picture(s stage, settled func(picture string) bool) string {
	p.Helper()
	var b strings.Builder
	if s.name != "the destruction" {
		if out, err := p.recipe("ps"); err != nil { // an agent that was killed comes back first
			p.Errorf("%v\n%s", err, out)
		}
	}
	for deadline := time.Now().Add(scriptPatience); ; time.Sleep(20 * time.Millisecond) {
		b.Reset()
		fmt.Fprintf(&b, "%s\n%s\n%s", p.running(), p.started(s), p.files())
		if settled(b.String()) {
			return b.String()
		}
		if time.Now().After(deadline) {
			p.Logf("the agent says:\n%s", p.agentState())
			return b.String()
		}
	}
}

// agentState ends the agent in a way that makes it tell what it is at, and returns the end of its log.
func (p *place) agentState() string {
	p.Helper()
	if pid := p.agentPID(); pid != 0 {
		p.must(syscall.Kill(pid, syscall.SIGQUIT))
		for deadline := time.Now().Add(5 * time.Second); p.agentPID() == pid && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
	}
	log, err := os.ReadFile(filepath.Join(p.home, "agent.log"))
	if err != nil {
		return err.Error() // an agent that had nothing left to do has taken it along
	}
	return string(log[max(0, len(log)-20_000):])
}

// running lists the processes of the home by what they are.
func (p *place) running() string {
	list, err := processesOf(p.home)
	p.must(err)
	var kinds []string
	for _, process := range list {
		words := strings.Fields(process.command)
		kind := filepath.Base(words[0])
		if kind == "recipe" && len(words) > 1 {
			kind += " " + words[1]
		}
		if kind == filepath.Base(os.Getenv("APP")) {
			environ, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", process.pid))
			for _, variable := range strings.Split(string(environ), "\x00") {
				if strings.HasPrefix(variable, "NAME=") || strings.HasPrefix(variable, "TEXT=") {
					kind += " " + variable
				}
			}
		}
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return strings.Join(kinds, "\n")
}

// started lists the starts in the ledger. Of a run that is taken back it is not said which starts it came to.
func (p *place) started(s stage) string {
	if s.fails {
		return ""
	}
	ledger, err := os.ReadFile(filepath.Join(p.shared, "ledger"))
	p.must(err)
	lines := strings.Split(strings.TrimSpace(string(ledger)), "\n")
	slices.Sort(lines)
	// A command that was cut off is run again, since nobody knows how far it came; a process is never started twice.
	var kept []string
	for i, line := range lines {
		if i == 0 || line != lines[i-1] || strings.HasSuffix(line, "started") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

var bindingsOf = regexp.MustCompile(`/bindings/\.\.[0-9]+`)

// files lists what is below the home, without what differs from life to life.
func (p *place) files() string {
	var list []string
	err := filepath.WalkDir(p.home, func(path string, d os.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it has just gone: things have not settled yet
			return nil
		}
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(p.home, path) // it lies below
		switch {
		case strings.HasPrefix(name, "store/.work/lock-"), strings.HasPrefix(name, "store/stack-"), name == "store/.downloads/lock":
			return nil
		case strings.HasPrefix(name, "store/") && d.IsDir() && strings.Count(name, "/") > 1:
			return filepath.SkipDir
		}
		// The digest of a package is another one where its recipe names another path.
		if kind, _, ok := strings.Cut(strings.TrimPrefix(name, "store/"), "-"); ok && strings.HasPrefix(name, "store/") {
			name = "store/" + kind
		}
		// The directory that the link ..data leads to has a random name.
		list = append(list, bindingsOf.ReplaceAllString(name, "/bindings/.."))
		return nil
	})
	p.must(err)
	slices.Sort(list)
	if slices.Equal(list, []string{"."}) || slices.IndexFunc(list, func(name string) bool { return name != "." && !strings.HasPrefix(name, "store") }) < 0 {
		return "" // nothing but the store
	}
	return strings.Join(list, "\n")
}
