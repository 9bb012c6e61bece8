package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/agent"

	programme "github.com/nsynapse/recipe/executor/torture"
)

// TestT4Disk fills the disk that RECIPE_HOME is on, in the middle of applies and between them, under apps that log all
// the time. They run on, what fails says where there is no room and what to do, and once there is room again the next
// command just works.
func TestT4Disk(t *testing.T) {
	needVolumes(t)
	t.Parallel()
	random := programme.Random(t)
	rounds := programme.Pick(2, 25)
	s := newShortage(t, random, func(base string) { newVolume(t, base, 24, "commit=5") })
	s.theme("light")
	told := 0
	for round := range rounds {
		before := s.pids()
		fill := s.fill(random.IntN(3) > 0)
		theme := fmt.Sprint("theme", round)
		out, err := s.recipe("apply", "-auto-approve", "-var=theme="+theme)
		if err != nil {
			told++
			s.explained(out, "no space left on device", "disk is full", s.home)
		}
		s.alive(before, err == nil)
		fill()
		s.theme(theme)
	}
	s.log()
	programme.Report(t, "T4", "disk full %d times, %d in or under an apply that says where and what to do; 0 apps lost, the next command worked each time", rounds, told)
}

// TestT4Files takes the agent its open files, in the middle of applies.
func TestT4Files(t *testing.T) {
	t.Parallel()
	random := programme.Random(t)
	rounds := programme.Pick(1, 8)
	s := newShortage(t, random, func(string) {})
	s.theme("light")
	told := 0
	for round := range rounds {
		before := s.pids()
		theme := fmt.Sprint("theme", round)
		s.mustRecipe("plan") // it knows the agent before it runs short
		restore := s.limit(unix.RLIMIT_NOFILE, uint64(s.openFiles()+random.IntN(6)))
		out, err := s.within(5*time.Second, "apply", "-auto-approve", "-var=theme="+theme)
		if err != nil && out != "" {
			told++
		}
		s.alive(before, err == nil)
		restore()
		s.theme(theme)
	}
	programme.Report(t, "T4", "%d times no more open files for the agent, %d applies failed for it; 0 apps lost, the next command worked each time", rounds, told)
}

// TestT4Processes takes an ordinary user its processes.
func TestT4Processes(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: it runs as a user that nobody else has processes of")
	}
	t.Parallel()
	random := programme.Random(t)
	rounds := programme.Pick(1, 10)
	const user = 54321
	s := newShortage(t, random, func(string) {})
	s.user = user
	for _, dir := range []string{filepath.Dir(s.home), s.stack, s.shared} {
		s.must(os.Chown(dir, user, user))
	}
	s.theme("light")
	ended := 0
	for round := range rounds {
		before := s.pids()
		theme := fmt.Sprint("theme", round)
		s.await("every shim has an app", func() bool { return !s.spareShim() }) // one that is ready could start an app without a new process
		restore := s.limitProcesses(1)
		out, err := s.recipe("apply", "-auto-approve", "-var=theme="+theme)
		if err == nil {
			t.Errorf("it started an app without a process:\n%s", out)
		}
		switch { // Go gives up a program that needs a thread and gets none
		case strings.Contains(out, "the agent ended in the middle of the run"):
			ended++
			s.explained(out, "recipe apply finishes it", "", "")
		case strings.Contains(out, agent.ErrBroken.Error()):
			ended++
			s.explained(out, "the agent has ended", "the next command starts another one", "agent.log")
		default:
			s.explained(out, "resource temporarily unavailable", "processes", "")
		}
		s.alive(before, false)
		restore()
		s.theme(theme)
	}
	programme.Report(t, "T4", "%d times no more processes for an ordinary user, all told, %d of them by the end of the agent; 0 apps lost, the next command worked each time", rounds, ended)
}

const shortageStack = `
stack "short" {}
variable "theme" {
  type    = string
  default = "light"
}
app "one" {
  source = "./web"
  inputs = { theme = "fixed" }
}
app "two" {
  source = "./web"
  inputs = { theme = var.theme }
}
`

const shortageRecipe = `
package {
  name    = "test/web"
  version = "1.0.0"
}
input "theme" { type = string }
port "web" {}
configure {
  file "settings" { content = join(" ", [input.theme, "$FILLING"]) }
}
process "web" {
  command = ["$APP"]
  env     = { NAME = input.theme, SPEAK = "2ms" }
}
`

// shortage is a place that runs short of something.
type shortage struct {
	*place
	random *rand.Rand
	user   uint32 // that commands run as; 0 for our own
}

func newShortage(t testing.TB, random *rand.Rand, mount func(base string)) *shortage {
	t.Helper()
	s := &shortage{place: newPlace(t), random: random}
	mount(filepath.Dir(s.home))
	t.Cleanup(func() { // before the disk goes
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.home, "agent.log"))
			t.Logf("the agent's log:\n%s", log[max(0, len(log)-3000):])
		}
		if left, err := endAll(s.home); err != nil || len(left) > 0 {
			t.Errorf("processes are left: %v %v", left, err)
		}
		if found := races(s.shared); found != "" {
			t.Error(found)
		}
	})
	for _, dir := range []string{s.stack, s.shared} {
		s.must(os.MkdirAll(dir, 0o755))
	}
	s.must(openTo(filepath.Dir(s.home), s.shared))
	s.write("stack.hcl", shortageStack)
	s.write("web/recipe.hcl", strings.ReplaceAll(shortageRecipe, "$FILLING", strings.Repeat("filling ", 1000)))
	return s
}

// recipe is that of place, as the user of s.
func (s *shortage) recipe(args ...string) (string, error) { return s.within(time.Minute, args...) }

// within is recipe with a time limit; what has not ended by then is killed.
func (s *shortage) within(limit time.Duration, args ...string) (string, error) {
	cmd := s.command(args...)
	if s.user != 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user, Gid: s.user}}
	}
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return "", err
	}
	timer := time.AfterFunc(limit, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	err := cmd.Wait()
	return text.String(), err
}

func (s *shortage) mustRecipe(args ...string) string {
	s.Helper()
	out, err := s.recipe(args...)
	if err != nil {
		s.Fatalf("recipe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// theme demands that the next command just works: at most it reports the end of the run that was cut short before.
func (s *shortage) theme(theme string) {
	s.Helper()
	out, err := s.recipe("apply", "-auto-approve", "-var=theme="+theme)
	if err != nil && strings.Contains(out, "was taken back") {
		out, err = s.recipe("apply", "-auto-approve", "-var=theme="+theme)
	}
	if err != nil {
		s.Fatalf("with room again: %v\n%s", err, out)
	}
	if out, err := s.recipe("plan", "-detailed-exitcode", "-var=theme="+theme); err != nil {
		s.Fatalf("something is left to do: %v\n%s", err, out)
	}
	if got := s.answer("app.two"); !strings.HasPrefix(got, theme+" of") {
		s.Fatalf("app.two says %q, not %q", got, theme)
	}
}

// explained demands that a failure names its cause, the way out, and a path below dir.
func (s *shortage) explained(out, cause, wayOut, dir string) {
	s.Helper()
	flat := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " ")
	for _, want := range []string{cause, wayOut, dir} {
		if !strings.Contains(flat, want) {
			s.Errorf("it does not say %q:\n%s", want, out)
		}
	}
}

// pids are the processes of the apps by component.
func (s *shortage) pids() map[string]int {
	s.Helper()
	units, err := s.client().Units(context.Background(), "short")
	s.must(err)
	pids := map[string]int{}
	for _, u := range units {
		if u.Address != "router" {
			pids[u.Component] = u.PID
		}
	}
	return pids
}

// alive demands that apps run as they did before, by their own word; app.two may have been restarted if that was
// applied or taken back.
func (s *shortage) alive(before map[string]int, _ bool) {
	s.Helper()
	pid := before["app.one"]
	if err := unix.Kill(pid, 0); err != nil || pid == 0 {
		s.Errorf("app.one (process %d) is gone: %v", pid, err)
	}
	if got, want := s.answerOf(pid), fmt.Sprintf("of %d", pid); !strings.Contains(got, want) {
		s.Errorf("app.one answers %q", got)
	}
}

// answer asks a component over its port, which its agent tells.
func (s *shortage) answer(component string) string {
	s.Helper()
	return s.answerOf(s.pids()[component])
}

// answerOf asks an app over the port that its environment names.
func (s *shortage) answerOf(pid int) string {
	s.Helper()
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		return err.Error()
	}
	for variable := range strings.SplitSeq(string(environment), "\x00") {
		if port, ok := strings.CutPrefix(variable, "PORT="); ok {
			response, err := http.Get("http://127.0.0.1:" + port)
			if err != nil {
				return err.Error()
			}
			defer response.Body.Close()
			text, err := io.ReadAll(response.Body)
			s.must(err)
			return string(text)
		}
	}
	return "it has no port"
}

// fill takes all the room of the disk, now or, if later, while something else runs, and keeps it until the returned
// function is called.
func (s *shortage) fill(later bool) (free func()) {
	s.Helper()
	name := filepath.Join(filepath.Dir(s.home), "filling")
	f, err := os.Create(name)
	s.must(err)
	wait := time.Duration(0)
	if later {
		wait = time.Duration(s.random.Int64N(int64(300 * time.Millisecond)))
	}
	stop, ended, full := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-stop:
			return
		case <-time.After(wait):
		}
		block, told := make([]byte, 64<<10), false
		for {
			if _, err := f.Write(block); err != nil && !errors.Is(err, syscall.ENOSPC) {
				s.Error(err)
				return
			} else if err != nil && len(block) > 512 {
				block = block[:len(block)/2]
			} else if err != nil && !told {
				told = true
				close(full)
			}
			if !told {
				continue
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond): // what others free is taken too
			}
		}
	}()
	if !later {
		<-full
	}
	return func() {
		close(stop)
		<-ended
		s.must(f.Close())
		s.must(os.Remove(name))
	}
}

// log demands that an app has gone on to write, and that what could not be kept was counted.
func (s *shortage) log() {
	s.Helper()
	out := s.mustRecipe("logs", "app.one")
	if !strings.Contains(out, "line ") {
		s.Errorf("app.one has no log:\n%.500s", out)
	}
}

// limit gives the agent a soft limit until the returned function is called.
func (s *shortage) limit(resource int, value uint64) (restore func()) {
	s.Helper()
	pid := s.agentPID()
	var old unix.Rlimit
	s.must(unix.Prlimit(pid, resource, nil, &old))
	s.must(unix.Prlimit(pid, resource, &unix.Rlimit{Cur: value, Max: old.Max}, nil))
	return func() {
		if err := unix.Prlimit(pid, resource, &old, nil); err != nil && !errors.Is(err, unix.ESRCH) {
			s.Error(err)
		}
	}
}

// limitProcesses is limit for the processes of the agent's user. It is done as that user, since root cannot do it to the
// processes of others without CAP_SYS_RESOURCE.
func (s *shortage) limitProcesses(value uint64) (restore func()) {
	s.Helper()
	agent := strconv.Itoa(s.agentPID())
	prlimit := func(args ...string) string {
		cmd := exec.Command("prlimit", append([]string{"--pid", agent}, args...)...)
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: s.user, Gid: s.user}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			s.Fatalf("prlimit %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	old := prlimit("--nproc", "--raw", "--noheadings", "--output", "SOFT")
	prlimit(fmt.Sprintf("--nproc=%d:", value))
	return func() { prlimit("--nproc=" + old + ":") }
}

// spareShim reports whether the agent has a child without a child: a shim for a start that may come soon.
func (s *shortage) spareShim() bool {
	for _, child := range childrenOf(s.agentPID()) {
		if len(childrenOf(child)) == 0 {
			return true
		}
	}
	return false
}

// childrenOf are the processes that a process has started, or that have come to it.
func childrenOf(pid int) (pids []int) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, thread := range threads {
		list, _ := os.ReadFile(thread) // nothing of a thread that has ended
		for word := range strings.FieldsSeq(string(list)) {
			if child, err := strconv.Atoi(word); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

// openFiles is how many files the agent has open.
func (s *shortage) openFiles() int {
	s.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.agentPID()))
	s.must(err)
	return len(entries)
}
