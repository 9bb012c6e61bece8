package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	programme "github.com/nsynapse/recipe/executor/torture"
	"github.com/nsynapse/recipe/registry/store"
)

// TestT3Programs cuts the power while the real programs apply, update and take down a stack that lies on the disk with
// everything it makes. What was reported done is there after the cut, without another apply; the rest is finished
// or taken back, and in the end an apply leaves what one without a cut would.
func TestT3Programs(t *testing.T) {
	needVolumes(t)
	t.Parallel()
	random := programme.Random(t)
	var total outage
	for _, part := range []struct {
		options string
		cuts    int
	}{{"commit=300", programme.Pick(2, 40)}, {"defaults", programme.Pick(0, 15)}} {
		if part.cuts == 0 {
			continue
		}
		o := newOutage(t, random, part.options)
		for o.cuts < part.cuts {
			o.round()
			if t.Failed() {
				return
			}
		}
		total.cuts += o.cuts
		total.again += o.again
		total.done += o.done
	}
	programme.Report(t, "T3", "%d cuts under applies, updates and destroys, %d of them in a recovery; %d after success, 0 of those lost; 0 left half done",
		total.cuts, total.again, total.done)
}

// outage is a place whose disk loses its power.
type outage struct {
	*place
	random *rand.Rand
	disk   *volume
	told   []string // what the commands had to say
	cuts   int
	again  int // cuts in the recovery from a cut
	done   int // cuts after the command had reported success
}

func newOutage(t testing.TB, random *rand.Rand, options string) *outage {
	t.Helper()
	o := &outage{place: newPlace(t), random: random}
	o.disk = newVolume(t, filepath.Dir(o.home), 64, options)
	t.Cleanup(func() { // before the disk goes
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(o.home, "agent.log"))
			t.Logf("the last commands:\n%s\nthe agent's log:\n%s", strings.Join(o.told[max(0, len(o.told)-4):], "\n"), log[max(0, len(log)-4000):])
		}
		if left, err := endAll(o.home); err != nil || len(left) > 0 {
			t.Errorf("processes are left: %v %v", left, err)
		}
		o.noRaces()
	})
	for _, dir := range []string{o.stack, o.shared} {
		o.must(os.Mkdir(dir, 0o755))
	}
	o.must(openTo(filepath.Dir(o.home), o.shared))
	o.write("stack.hcl", outageStack)
	o.write("web/recipe.hcl", strings.ReplaceAll(outageRecipe, "$LINES", settingsLines))
	unix.Sync() // the stack is not what is tried here
	return o
}

func (o *outage) noRaces() {
	if found := races(o.shared); found != "" {
		o.Error(found)
	}
}

const outageStack = `
stack "outage" {}
variable "theme" { type = string }
app "one" {
  source    = "./web"
  inputs    = { theme = var.theme }
}
app "two" {
  source     = "./web"
  inputs     = { theme = var.theme }
  depends_on = [app.one]
}
`

const outageRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
requires "events" { service = "bus" }
input "theme" { type = string }
secret "token" {}
port "web" {}
configure {
  directory "cache" {}
  file "settings" {
    file    = "deep/settings"
    content = <<END
begin ${input.theme}
$LINESend ${input.theme}
END
  }
  file "token" {
    content = secret.token
    mode    = "0400"
  }
}
step "prepare" {
  command = ["/bin/sh", "-c", "echo prepared $RECIPE_COMPONENT >$HOME/prepared && echo $RECIPE_COMPONENT >>$SHARED/steps"]
}
process "web" {
  command = ["$APP"]
  env     = { NAME = "${component.name} ${input.theme}", TOKEN = secret.token }
}
sandbox { write = ["$SHARED"] }
`

// settingsLines are more than fits into one page: a file that was cut short is told from a whole one.
var settingsLines = strings.Repeat("a line of a file that has many of them\n", 200)

// round is one command, the power cut in it or after it, and the way back.
func (o *outage) round() {
	o.Helper()
	theme := []string{"light", "dark", "blue"}[o.random.IntN(3)]
	command := []string{"apply", "-auto-approve", "-var=theme=" + theme}
	down := o.random.IntN(6) == 0
	if down {
		command = []string{"destroy", "-auto-approve"}
	}
	finished := o.interrupt(command)
	if o.Failed() {
		return
	}
	if finished && !down {
		o.done++
		if out, err := o.recipe("plan", "-detailed-exitcode", "-var=theme="+theme); err != nil {
			o.Errorf("what was reported done is not: %v\n%s", err, out)
		}
		o.check(theme)
	}
	for o.random.IntN(3) == 0 { // the power goes off again in the recovery
		o.again++
		o.interrupt(command)
	}
	// The first apply may only see the end of the interrupted run, which can be that all of it was taken back.
	out, err := o.recipe(command...)
	o.told = append(o.told, out)
	if err != nil && !strings.Contains(out, "was taken back") {
		o.Fatalf("after a power cut: %v\n%s", err, out)
	}
	o.mustRecipe(command...)
	if down {
		o.checkGone()
		return
	}
	if out, err := o.recipe("plan", "-detailed-exitcode", "-var=theme="+theme); err != nil {
		o.Errorf("something is left to do: %v\n%s", err, out)
	}
	o.check(theme)
}

// interrupt runs a command and cuts the power in the middle of it, or just after it has succeeded.
func (o *outage) interrupt(command []string) (finished bool) {
	o.Helper()
	var wait <-chan time.Time // for ever: until the end of the command
	if o.random.IntN(3) > 0 {
		wait = time.After(time.Duration(o.random.Int64N(int64(900 * time.Millisecond))))
	}
	cmd := o.command(command...)
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	o.must(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil && o.cuts == 0 {
			o.Fatalf("before any power cut: %v\n%s", err, text.String())
		}
		finished = err == nil
		ended <- nil
	case <-wait:
	}
	o.cut()
	<-ended
	o.told = append(o.told, fmt.Sprintf("cut %d in %v:\n%s", o.cuts, command, text.String()))
	return finished
}

// cut is the moment without power: nobody runs any more, and of the disk there is what had reached it.
func (o *outage) cut() {
	o.Helper()
	o.cuts++
	o.stopAll()
	content := o.disk.content()
	o.noRaces()
	if left, err := endAll(o.home); err != nil || len(left) > 0 {
		o.Fatalf("processes are left: %v %v", left, err)
	}
	o.disk.put(content)
}

// stopAll stops all processes of the home, and those that they start meanwhile.
func (o *outage) stopAll() {
	o.Helper()
	stopped := map[int]bool{}
	for {
		list, err := processesOf(o.home)
		o.must(err)
		fresh := false
		for _, p := range list {
			if !stopped[p.pid] {
				fresh, stopped[p.pid] = true, true
				_ = unix.Kill(p.pid, unix.SIGSTOP) // it may have ended
			}
		}
		if !fresh {
			break
		}
	}
	for pid := range stopped {
		halt(o, pid)
	}
}

// check demands what an apply without a power cut leaves, from the files and from the apps.
func (o *outage) check(theme string) {
	o.Helper()
	want := "begin " + theme + "\n" + settingsLines + "end " + theme + "\n"
	units, err := o.client().Units(context.Background(), "outage")
	o.must(err)
	apps := 0
	for _, u := range units {
		name, isApp := strings.CutPrefix(u.Component, "app.")
		if !isApp {
			continue
		}
		apps++
		if got := o.get(u.Ports["web"], "/"); !strings.HasPrefix(got, name+" "+theme+" of ") {
			o.Errorf("%s answers %q", name, got)
		}
		o.checkEnvironment(name, u.Ports["web"])
	}
	if apps != 2 {
		o.Errorf("%d apps run", apps)
	}
	o.checkFiles("deep/settings", func(_, text string) bool { return text == want })
	o.checkFiles("token", func(_, text string) bool { return len(text) >= 20 })
	steps, err := os.ReadFile(filepath.Join(o.shared, "steps"))
	o.must(err)
	for _, name := range []string{"app.one", "app.two"} {
		if !strings.Contains(string(steps), strings.TrimPrefix(name, "app.")) {
			o.Errorf("%s is recorded as prepared, and is not: %q", name, steps)
		}
	}
	o.checkStore()
}

// checkEnvironment holds what a process finds in files against what it was given otherwise.
func (o *outage) checkEnvironment(name string, port int) {
	o.Helper()
	environment := map[string]string{}
	for line := range strings.Lines(o.get(port, "/env")) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		environment[key] = value
	}
	password := environment["EVENTS_PASSWORD"]
	files := o.get(port, "/bindings")
	if len(password) < 20 || !strings.Contains(files, "events/password 0400 "+password+"\n") {
		o.Errorf("the binding files of %s are not what they should be:\n%s", name, files)
	}
	if text, err := os.ReadFile(filepath.Join(environment["HOME"], "prepared")); err != nil || string(text) != "prepared "+environment["RECIPE_COMPONENT"]+"\n" {
		o.Errorf("%s is recorded as prepared, and has %q, %v", name, text, err)
	}
}

// checkFiles looks at one configuration file of both apps.
func (o *outage) checkFiles(name string, right func(path, text string) bool) {
	o.Helper()
	found := 0
	o.must(filepath.WalkDir(filepath.Join(o.home, "stacks", "outage"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "/config/"+name) {
			return err
		}
		found++
		text, err := os.ReadFile(path)
		if err == nil && !right(path, string(text)) {
			o.Errorf("%s has %d bytes that are wrong: %.40q", path, len(text), text)
		}
		return err
	}))
	if found != 2 {
		o.Errorf("there are %d files %s", found, name)
	}
}

// checkStore demands that every entry of the store whose name is the digest of its content has that content.
func (o *outage) checkStore() {
	o.Helper()
	entries, err := filepath.Glob(filepath.Join(o.home, "store", "src-*"))
	o.must(err)
	for _, entry := range entries {
		if digest, err := store.HashTree(os.DirFS(entry), nil); err != nil || "src-"+digest != filepath.Base(entry) {
			o.Errorf("%s is not whole: %v", entry, err)
		}
	}
}

// checkGone demands that nothing of the stack is left.
func (o *outage) checkGone() {
	o.Helper()
	// Empty directories may stay until the agent finds the time.
	err := filepath.WalkDir(filepath.Join(o.home, "stacks", "outage", "instances"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			o.Errorf("%s is left", path)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		o.Error(err)
	}
	list, err := processesOf(o.home)
	o.must(err)
	for _, p := range list {
		if strings.Contains(p.command, os.Getenv("APP")) {
			o.Errorf("it still runs: %s", p)
		}
	}
}

// get asks an app for a page. It may come up again at this moment.
func (o *outage) get(port int, path string) string {
	o.Helper()
	var last error
	for end := time.Now().Add(scriptPatience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d%s", port, path))
		if err != nil {
			last = err
			continue
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err == nil {
			return string(text)
		}
		last = err
	}
	o.Error(last)
	return ""
}
