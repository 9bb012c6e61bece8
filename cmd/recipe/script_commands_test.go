//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/nsynapse/recipe/executor/agent"
	"github.com/nsynapse/recipe/executor/router/certs"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/planner/plan"
)

type scriptCommand = func(ts *testscript.TestScript, neg bool, args []string)

func scriptCommands() map[string]scriptCommand {
	return map[string]scriptCommand{
		"changes":     changesCommand,
		"eventual":    eventualCommand,
		"fingerprint": fingerprintCommand,
		"get":         getCommand,
		"collector":   collectorCommand,
		"gone":        goneCommand,
		"jsonl":       jsonlCommand,
		"lines":       linesCommand,
		"pid":         pidCommand,
		"signal":      signalCommand,
		"team":        teamCommand,
		"terraform":   terraformCommand,
		"trim":        trimCommand,
		"unseen":      unseenCommand,
	}
}

// trim VAR FILE sets a variable to the text of a file, without space around it. FILE may be stdout.
func trimCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: trim VAR FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// fingerprint sets FINGERPRINT to the first one in the last standard output.
func fingerprintCommand(ts *testscript.TestScript, neg bool, args []string) {
	found := regexp.MustCompile("SHA256:[A-Za-z0-9+/]{43}").FindString(ts.ReadFile("stdout"))
	if neg || len(args) > 0 || found == "" {
		ts.Fatalf("usage: fingerprint, after a command that prints one")
	}
	ts.Setenv("FINGERPRINT", found)
}

// changes [FLAGS...] plans, with the flags of recipe plan, and prints "action address" of each change, sorted, and "roll
// address to address" for those that are a part of that. The text for people is tested elsewhere; this is the plan itself.
func changesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! changes")
	}
	file := ts.MkAbs("changes.plan")
	ts.Check(ts.Exec("recipe", append([]string{"plan", "-out=" + file}, args...)...))
	ts.Check(ts.Exec("recipe", "show", "-json", file))
	var p plan.Plan
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &p))
	var list []string
	for i := range p.Changes {
		if c := &p.Changes[i]; c.Does() && !c.Roll {
			list = append(list, fmt.Sprintf("%s %s\n", c.Action, c.Addr))
		}
	}
	for _, r := range p.Rolls {
		list = append(list, fmt.Sprintf("roll %s to %s\n", r.From, r.To))
	}
	slices.Sort(list)
	_, err := io.WriteString(ts.Stdout(), strings.Join(list, ""))
	ts.Check(err)
}

// get URL [TEXT] prints what an HTTP GET answers, once it answers 200 with TEXT in it. ! get URL demands that, in
// the end, there is no answer.
func getCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: get URL [TEXT]")
	}
	timeout := 5 * time.Second
	if neg {
		timeout = time.Second // the router keeps connections for a while when nobody is there to take them
	}
	client := http.Client{Timeout: timeout, Transport: &http.Transport{DisableKeepAlives: true, DialContext: dialHere, TLSClientConfig: trustingCA(ts)}}
	var text string
	await(ts, func() error {
		body, err := fetchText(&client, args[0])
		switch {
		case neg && err != nil:
			return nil
		case neg:
			return fmt.Errorf("%s still answers", args[0])
		case err == nil && len(args) == 2 && !strings.Contains(body, args[1]):
			return fmt.Errorf("%s answers without %q:\n%s", args[0], args[1], body)
		}
		text = body
		return err
	})
	_, err := io.WriteString(ts.Stdout(), text)
	ts.Check(err)
}

// trustingCA trusts the local CA of the script's home, if there is one.
func trustingCA(ts *testscript.TestScript) *tls.Config {
	text, err := os.ReadFile(certs.CertificatePath(agent.CertificatesDir(ts.Getenv("RECIPE_HOME"))))
	if err != nil {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return &tls.Config{RootCAs: roots}
}

// dialHere finds every name below localhost on this machine, as browsers do.
func dialHere(ctx context.Context, network, address string) (net.Conn, error) {
	if host, port, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".localhost") {
		address = net.JoinHostPort("127.0.0.1", port)
	}
	return (&net.Dialer{}).DialContext(ctx, network, address)
}

func fetchText(client *http.Client, url string) (string, error) {
	response, err := client.Get(url)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s\n%s", url, response.Status, body)
	}
	return string(body), err
}

// eventual COMMAND... runs a program again and again until it succeeds. ! eventual waits until it fails.
func eventualCommand(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: eventual COMMAND...")
	}
	await(ts, func() error {
		err := ts.Exec(args[0], args[1:]...)
		switch {
		case neg && err == nil:
			return fmt.Errorf("%s goes on to succeed", args[0])
		case neg:
			return nil
		}
		return err
	})
}

// await calls try until it returns nil, and ends the script with its last error when that takes too long.
func await(ts *testscript.TestScript, try func() error) {
	deadline := time.Now().Add(scriptPatience)
	for {
		err := try()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v", err)
		}
		time.Sleep(20 * time.Millisecond) // a poll: nobody tells us of processes that are not ours
	}
}

// jsonl FILE demands that every line of the file, or of stdout, is a JSON object.
func jsonlCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: jsonl FILE")
	}
	text := ts.ReadFile(args[0])
	if text == "" {
		ts.Fatalf("%s is empty", args[0])
	}
	for _, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		var object map[string]any
		if err := json.Unmarshal([]byte(line), &object); err != nil {
			ts.Fatalf("not a JSON object: %q: %v", line, err)
		}
	}
}

// lines N FILE demands that a file has so many lines.
func linesCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines N FILE")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if text := ts.ReadFile(args[1]); strings.Count(text, "\n") != want {
		ts.Fatalf("%s does not have %d lines:\n%s", args[1], want, text)
	}
}

// pid VAR [ADDRESS] sets a variable to the process id of the agent, or of the process with that address, in whatever slot
// unless it says ~b.
func pidCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: pid VAR [ADDRESS]")
	}
	client := agent.Dial(ts.Getenv("RECIPE_HOME"))
	if len(args) == 1 {
		info, err := client.Version(context.Background())
		ts.Check(err)
		ts.Setenv(args[0], strconv.Itoa(info.PID))
		return
	}
	units, err := client.Units(context.Background(), "")
	ts.Check(err)
	wanted, err := addr.Parse(args[1])
	ts.Check(err)
	for _, u := range units {
		if a, err := addr.Parse(u.Address); err == nil && wanted.Contains(a) && u.PID != 0 {
			ts.Setenv(args[0], strconv.Itoa(u.PID))
			return
		}
	}
	ts.Fatalf("%s does not run: %+v", args[1], units)
}

// signal NAME PID sends KILL, STOP or CONT to a process, and after KILL waits until it is gone.
func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	if neg || len(args) != 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal KILL|STOP|CONT PID")
	}
	pid, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
	if args[0] != "KILL" {
		return
	}
	await(ts, func() error {
		if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil && !bytes.Contains(stat, []byte(") Z ")) {
			return fmt.Errorf("process %d is still there", pid)
		}
		return nil
	})
}

// gone demands that, in the end, no process of RECIPE_HOME is left, the agent included, and no file but the store and what is trusted.
func goneCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 0 {
		ts.Fatalf("usage: gone")
	}
	home := ts.Getenv("RECIPE_HOME")
	await(ts, func() error {
		left, err := processesOf(home)
		if err != nil || len(left) > 0 {
			return errors.Join(err, fmt.Errorf("processes are left: %v", left))
		}
		return onlyStore(home)
	})
}

func onlyStore(home string) error {
	entries, err := os.ReadDir(home)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if e.Name() != "store" && e.Name() != "certificates" { // a CA that was trusted stays
			out, _ := exec.Command("find", home, "-not", "-path", home+"/store/*").CombinedOutput()
			return fmt.Errorf("files are left:\n%s", out)
		}
	}
	return err
}
