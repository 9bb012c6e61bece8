package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/torture"
)

// secretLife is a stack whose user gives it secrets: token by a flag, phrase by the environment, the others in a file.
type secretLife struct {
	*watched
	token, phrase, key, pin, keyed string
	version                        int // of the app late
}

func newSecretLife(t *testing.T) *secretLife {
	l := &secretLife{watched: newWatched(newPlace(t))}
	l.delivered = func(path string) bool {
		name, err := filepath.Rel(filepath.Join(l.home, "stacks", "canary", "instances"), path)
		return err == nil && deliveries.MatchString(name)
	}
	l.asked = askers.Match
	l.write("stack.hcl", secretStack)
	l.write("web/recipe.hcl", strings.Replace(secretWeb, "$REQUIRES", servers(), 1))
	l.write("stranger/recipe.hcl", secretStranger)
	l.newVersion()
	l.renew()
	return l
}

// deliveries are the files that secrets are meant to be in, below the instances of the stack.
var deliveries = regexp.MustCompile(`^(` + strings.Join([]string{
	`(web|late)\.0(\.b)?/process/web/bindings/\.\.[0-9]+/[a-z]+/[a-z]+`,
	`(web|late)\.0(\.b)?/config/(settings|note)`, // what the recipes write
	`postgresql\.0/config/passwords`,             // of the administrator, for initdb and copies; the data have SCRAM keys
	`redis\.0/config/users\.acl`,                 // its SHA-256, which is made from a secret; the data have these alone
	`late\.0(\.b)?/process/web/log`,              // what the app itself prints, shown to people who ask for it
}, "|") + `)$`)

// askers are the environments that secrets are meant to be in: those of apps that ask for them, and that of the bus,
// whose recipe gives it the password of its administrator.
var askers = regexp.MustCompile(`(^|\x00)(NAME=(web|late)|RECIPE_BUS_USERNAME=recipe)\x00`)

// servers are the requirements that real servers meet, for the whole programme where they can be installed.
func servers() string {
	if there, err := condition("packages"); !torture.Full() || err != nil || !there {
		return ""
	}
	return "requires \"cache\" { service = \"redis\" }\nrequires \"database\" { service = \"sql\" }"
}

// newVersion makes the step of the app late run again.
func (l *secretLife) newVersion() {
	l.version++
	l.write("late/recipe.hcl", strings.Replace(secretLate, "$VERSION", fmt.Sprintf("1.0.%d", l.version), 1))
}

// someSecret is a text that occurs nowhere else.
func someSecret(name string) string { return "canary-" + name + "-" + rand.Text() }

// somePIN is a number that occurs nowhere else.
func somePIN() string {
	n, _ := rand.Int(rand.Reader, big.NewInt(8e15)) // the reader never fails
	return fmt.Sprint(1e15 + n.Int64())
}

// renew gives the stack other secrets.
func (l *secretLife) renew() {
	l.token, l.keyed, l.pin = someSecret("token"), someSecret("keyed"), somePIN()
	l.phrase = someSecret("phrase") + ` "q" & <b>/+ü% \ ` + someSecret("end")
	l.key = someSecret("first") + "\n" + someSecret("second") + "\n"
	for _, secret := range []string{l.token, l.phrase, l.pin, l.keyed} {
		l.add(secret)
	}
	l.addLines(l.key)
	values, err := json.Marshal(map[string]any{"key": l.key, "pin": json.Number(l.pin), "keys": map[string]string{"one": l.keyed}})
	l.must(err)
	l.must(os.WriteFile(l.values(), values, 0o600))
	l.env = slices.DeleteFunc(l.env, isVariable)
	l.env = append(l.env, variablePrefix+"phrase="+l.phrase)
}

func isVariable(setting string) bool { return strings.HasPrefix(setting, variablePrefix) }

// values is the user's file of values. It is no business of recipe's.
func (l *secretLife) values() string { return filepath.Join(l.shared, "values.json") }

// with is a command with the secrets that are not in the environment.
func (l *secretLife) with(command string, args ...string) []string {
	return append([]string{command, "-var=token=" + l.token, "-var-file=" + l.values()}, args...)
}

// request is what the command plan asks the agent for.
func (l *secretLife) request() string {
	values, err := os.ReadFile(l.values())
	l.must(err)
	text, err := json.Marshal(agent.PlanRequest{Path: l.stack, Variables: []agent.VariableValue{
		{Name: "token", Text: l.token, From: "-var"}, {Name: "phrase", Text: l.phrase, From: "-var"}, {Text: string(values), From: "values.json"}}})
	l.must(err)
	return string(text)
}

func (l *secretLife) learn() { l.learnFrom("canary") }

func (l *secretLife) gate() string   { return filepath.Join(l.shared, "gate") }
func (l *secretLife) ledger() string { return filepath.Join(l.shared, "ledger") }

// close keeps the app late from becoming ready, and forgets its starts.
func (l *secretLife) close() {
	l.must(os.RemoveAll(l.gate()))
	l.must(os.RemoveAll(l.ledger()))
}

// open lets late become ready.
func (l *secretLife) open() { l.must(os.WriteFile(l.gate(), nil, 0o644)) }

// awaitLate waits until late was started, after servers were installed.
func (l *secretLife) awaitLate() {
	l.Helper()
	for deadline := time.Now().Add(5 * scriptPatience); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if text, _ := os.ReadFile(l.ledger()); bytes.Contains(text, []byte("late started")) {
			return
		}
	}
	l.Fatal("the app late is not started")
}

func (l *secretLife) killAgent() {
	l.Helper()
	l.must(syscall.Kill(l.agentPID(), syscall.SIGKILL))
}

// dumpable starts an agent in a directory of its own, and with all that a process needs to leave its memory there when
// it is aborted.
func (l *secretLife) dumpable() *exec.Cmd {
	l.Helper()
	dir := filepath.Join(l.shared, "dump")
	l.must(os.MkdirAll(dir, 0o755))
	log, err := os.OpenFile(filepath.Join(l.home, "agent.log"), os.O_APPEND|os.O_WRONLY, 0)
	l.must(err)
	defer log.Close()
	agent := exec.Command("/bin/sh", "-c", "ulimit -c unlimited && exec recipe agent")
	agent.Dir, agent.Stderr = dir, log
	agent.Env = append(slices.DeleteFunc(append(os.Environ(), l.env...), isVariable), "GOTRACEBACK=crash")
	l.must(agent.Start())
	for deadline := time.Now().Add(scriptPatience); l.agentPID() != agent.Process.Pid; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.Fatal("the agent does not start")
		}
	}
	return agent
}
