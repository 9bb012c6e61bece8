package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/nsynapse/recipe/executor/torture"
)

// TestT20Canaries goes with a stack full of secrets through a whole life: plans, a first apply whose agent is killed, an
// update, applies that fail in a step, in a process and in a provider, mistakes of the user, an agent that is aborted and
// dumps all that it does, and the end. At each point a judge looks for every secret, in many forms, in all files,
// answers, logs, command lines and environments.
func TestT20Canaries(t *testing.T) {
	t.Parallel()
	l := newSecretLife(t)
	lives := 1
	for range lives {
		for _, part := range []func(){l.plan, l.firstApply, l.look, l.logs, l.update, l.logs, l.failures, l.mistakes, l.abort, l.end} {
			if part(); t.Failed() {
				return
			}
		}
	}
	if len(l.secrets) < 20 || l.allowed == 0 {
		t.Errorf("only %d secrets were known, and %d files held any", len(l.secrets), l.allowed)
	}
	torture.Report(t, "T20", "%d lives: %d secrets, each in up to %d forms, looked for in %d files, %d answers, %d processes: 0 hits; %d deliveries with the right modes",
		lives, len(l.secrets), len(formsOf(l.phrase)), l.files, len(l.said), l.processes, l.allowed)
}

// plan makes plans, and looks at them in all ways.
func (l *secretLife) plan() {
	l.run(false, l.with("validate")...)
	l.run(false, l.with("graph")...)
	l.run(false, l.with("plan")...)
	l.run(false, l.with("plan", "-json")...)
	l.run(false, l.with("plan", "-out=first.plan")...)
	l.run(false, "show", "first.plan")
	l.run(false, "show", "-json", "first.plan")
	l.ask("POST", "/v1/plan", l.request())
	l.learn()
	l.judge("after the plans")
}

// firstApply carries the plan out while the API is listened to. The agent is killed when the app that comes last has
// got its secrets and is not ready yet.
func (l *secretLife) firstApply() {
	l.close()
	wait := l.start("apply", "first.plan")
	l.awaitLate()
	heard := make(chan struct{})
	go func() { defer close(heard); l.ask("GET", "/v1/stacks/canary/run", "") }()
	l.learn()
	l.judge("in the middle of the first apply")
	l.killAgent()
	<-heard
	if err := wait(); err == nil {
		l.Error("a command says that all is well whose agent was killed")
	}
	l.judge("after the kill")
	l.run(false, "ps")
	l.open()
	l.run(false, l.with("apply", "-auto-approve")...) // follows the run, and finds nothing more to do
	l.learn()
	l.judge("after the first apply")
}

// look asks for everything that can be asked for.
func (l *secretLife) look() {
	for _, args := range [][]string{{"ps"}, {"ps", "-json"}, {"output"}, {"output", "-json"}, {"output", "url"}, {"history"}, {"history", "-json"}, {"show"}, {"show", "-json"}} {
		l.run(false, args...)
	}
	for _, path := range []string{"", "/canary", "/canary/objects", "/canary/history", "/canary/outputs", "/canary/outputs?secrets=no"} {
		l.ask("GET", "/v1/stacks"+path, "")
	}
	for _, path := range []string{"/v1/units", "/v1/version", "/v1/stacks/canary/run", "/v1/stacks/no"} {
		l.ask("GET", path, "")
	}
	l.ask("POST", "/v1/apply", `{"plan":{"plan":{},"signature":"x"}}`)
	l.judge("after all questions")
}

// logs looks at what the apps have printed, before one of them has told its secrets.
func (l *secretLife) logs() {
	l.run(false, "logs")
	l.ask("GET", "/v1/logs?stack=canary&lines=1000", "")
	l.judge("in the logs")
}

// update gives the running stack other secrets.
func (l *secretLife) update() {
	l.renew()
	l.run(false, l.with("plan", "-json")...)
	l.run(false, l.with("apply", "-auto-approve", "-json")...)
	l.learn()
	l.judge("after the update")
	l.look()
}

// failures lets applies fail that have handed secrets over, each of which quotes them. All of them are taken back.
func (l *secretLife) failures() {
	for _, how := range []string{"step", "process", "provider"} {
		for _, form := range []string{"-json", "-json=false"} {
			l.newVersion()
			out := l.run(true, l.with("apply", "-auto-approve", "-var=fail="+how, form)...)
			if !strings.Contains(out, "(sensitive)") || !strings.Contains(out, "taken back") {
				l.Errorf("the failure of a %s does not quote what it was given, so that it shows nothing:\n%s", how, out)
			}
			l.learn()
			l.judge("after the failure of a " + how)
		}
	}
	l.look()
}

// mistakes are of a user who misspells what is secret. SECRET stands for that.
func (l *secretLife) mistakes() {
	secret := someSecret("mistaken")
	l.add(secret)
	for name, texts := range map[string][]string{
		"mistaken.vars": {`pin = "SECRET`, `pinn = "SECRET"`, `pin = "SECRET"`, `keys = { one = SECRET }`, `keys = "SECRET"`, `SECRET = 1 +`, `key = SECRET("x")`},
		"mistaken.json": {`{"pin": SECRET}`, `{"pinn": "SECRET"}`, `{"pin": "SECRET"}`, `{"key": "SECRET`, `{"key": "SECRET" "SECRET"}`, `["SECRET"]`},
	} {
		for _, text := range texts {
			l.must(os.WriteFile(filepath.Join(l.shared, name), []byte(strings.ReplaceAll(text, "SECRET", secret)+"\n"), 0o600))
			l.run(true, l.with("plan", "-var-file="+filepath.Join(l.shared, name))...)
			l.run(true, l.with("plan", "-json", "-var-file="+filepath.Join(l.shared, name))...)
		}
	}
	for _, text := range []string{"pin=SECRET", `pin="SECRET"`, `pin={ a = "SECRET`, `keys={ one = "SECRET`, "keys=SECRET", `keys="SECRET"`, "nothing=SECRET", "pin=12"} {
		text = strings.ReplaceAll(text, "SECRET", secret)
		l.run(true, l.with("plan", "-var="+text)...)
		l.run(true, l.with("validate", "-json", "-var="+text)...)
	}
	l.judge("after mistakes")
}

// abort aborts agents that may dump their memory, and tell what they do: one that has just started, and one in the
// middle of a run.
func (l *secretLife) abort() {
	l.run(false, "agent", "-stop")
	l.aborted(l.dumpable())
	l.judge("after the abort of an agent")

	agent := l.dumpable()
	l.close()
	wait := l.start(l.with("apply", "-auto-approve", "-replace=app.late[0].process.web")...)
	l.awaitLate()
	l.aborted(agent)
	_ = wait() // it has lost its agent
	l.judge("after an abort in the middle of a run")

	l.open()
	l.run(false, "ps")
	l.run(false, l.with("apply", "-auto-approve")...)
	l.judge("after another agent has gone on")
}

// aborted aborts an agent.
func (l *secretLife) aborted(agent *exec.Cmd) {
	l.Helper()
	l.must(agent.Process.Signal(syscall.SIGQUIT))
	_ = agent.Wait() // it says how it has ended
	status, ok := agent.ProcessState.Sys().(syscall.WaitStatus)
	cores, err := filepath.Glob(filepath.Join(agent.Dir, "core*"))
	if !ok || !status.Signaled() || status.CoreDump() || err != nil || cores != nil {
		l.Errorf("the agent has left its memory: %v %v %v", agent.ProcessState, cores, err)
	}
	log, err := os.ReadFile(filepath.Join(l.home, "agent.log"))
	if err != nil || !bytes.Contains(log, []byte("SIGQUIT")) || !bytes.Contains(log, []byte("goroutine ")) {
		l.Errorf("the agent does not tell what it did: %v", err)
	}
}

// end takes the stack down.
func (l *secretLife) end() {
	if out := l.mustRecipe("output", "token"); out != l.token+"\n" {
		l.Errorf("the output is %q", out)
	}
	l.run(false, "destroy", "-auto-approve")
	l.judge("after the end")
}
