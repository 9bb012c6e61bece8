package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"filippo.io/age"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/journal"
	"github.com/nsynapse/recipe/executor/token"
)

// watched is a place whose secrets are looked for everywhere. It learns them from the vaults, which it opens by itself.
type watched struct {
	*place
	*canaries
	said      []said
	delivered func(path string) bool        // whether a file below the home is where secrets are meant to be
	asked     func(environment []byte) bool // whether an environment is
	given     map[int]bool                  // commands that the user gave a secret to

	files, allowed, processes int // that were looked at; allowed are files with secrets
}

// newWatched watches a place where secrets are meant to be nowhere.
func newWatched(p *place) *watched {
	return &watched{place: p, canaries: newCanaries(), given: map[int]bool{},
		delivered: func(string) bool { return false }, asked: func([]byte) bool { return false }}
}

// said is one answer of a command or of the API.
type said struct {
	by   string
	text []byte
}

// learnFrom adds all that is in the vault of a stack.
func (w *watched) learnFrom(stack string) {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.home, "vault.key"))
	w.must(err)
	key, err := age.ParseX25519Identity(strings.TrimSpace(string(text)))
	w.must(err)
	kept, err := journal.Read(disk.OS{}, filepath.Join(w.home, "stacks", stack, "vault"))
	w.must(err)
	for _, entry := range append([][]byte{kept.Snapshot}, kept.Records...) {
		if entry == nil {
			continue
		}
		clear, err := age.Decrypt(bytes.NewReader(entry), key)
		w.must(err)
		list, err := io.ReadAll(clear)
		w.must(err)
		for _, secret := range secretsIn(texts(list)) {
			w.add(secret)
		}
	}
}

// secretsIn are the secrets of an entry of a vault: its values, and the key of the IDs, which lets values be tried out.
func secretsIn(entry []string) []string {
	if strings.HasPrefix(entry[0], "recipe vault") {
		return entry[2:] // the lineage, which is none, comes second
	}
	return entry[1:]
}

// texts takes apart what an entry of a vault holds: texts, each after its length.
func texts(list []byte) []string {
	var all []string
	for len(list) >= 4 {
		n := 4 + int(binary.LittleEndian.Uint32(list))
		all = append(all, string(list[4:n]))
		list = list[n:]
	}
	return all
}

// run runs a command, which has to fail or not. What it says is kept for the judge.
func (w *watched) run(fails bool, args ...string) string {
	w.Helper()
	out, err := w.recipe(args...)
	if fails != (err != nil) {
		w.Fatalf("recipe %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	w.said = append(w.said, said{"recipe " + args[0], []byte(out)})
	return out
}

// start starts a command. wait waits for its end, and keeps what it has said.
func (w *watched) start(args ...string) (wait func() error) {
	w.Helper()
	cmd := w.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	w.must(cmd.Start())
	w.given[cmd.Process.Pid] = true
	return func() error {
		err := cmd.Wait()
		delete(w.given, cmd.Process.Pid)
		w.said = append(w.said, said{"recipe " + args[0], out.Bytes()})
		return err
	}
}

// ask sends a request to the agent as any program could, and keeps the answer.
func (w *watched) ask(method, path, body string) {
	w.Helper()
	w.said = append(w.said, said{method + " " + path, w.answer(method, path, body)})
}

// answer is what the agent answers to a request. A stream is read to its end, or until it breaks.
func (w *watched) answer(method, path, body string) []byte {
	w.Helper()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(w.home, "agent.sock"))
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequest(method, "http://agent"+path, strings.NewReader(body))
	w.must(err)
	token.Show(request, filepath.Join(w.home, "agent.token"))
	answer, err := client.Do(request)
	for tries := 0; errors.Is(err, fs.ErrNotExist) && tries < 5; tries++ { // an agent without a stack ends when nobody asks for a while
		w.run(false, "ps")
		request.Body, _ = request.GetBody()
		answer, err = client.Do(request)
	}
	w.must(err)
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusUnauthorized {
		w.Fatalf("the agent does not answer %s %s", method, path)
	}
	text, _ := io.ReadAll(answer.Body) // an agent that is killed breaks it
	return text
}

// judge looks everywhere for all that is known.
func (w *watched) judge(when string) {
	w.Helper()
	for _, s := range w.said {
		if found := w.in(s.text); found != nil {
			w.Errorf("%s: %s says %s:\n%s", when, s.by, found, s.text)
		}
	}
	w.judgeFiles(when, w.home)
	w.judgeFiles(when, w.stack)
	w.judgeProcesses(when)
}

func (w *watched) judgeFiles(when, root string) {
	w.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // it went meanwhile
		}
		if err != nil {
			return err
		}
		if found := w.in([]byte(path)); found != nil {
			w.Errorf("%s: a file is called %s: %s", when, path, found)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		w.files++
		if found := w.in(content); found != nil {
			w.judgeFile(when, path, found)
		}
		return nil
	})
	w.must(err)
}

// judgeFile judges a file that holds secrets. What is delivered lies where only its app gets at it; what an app says lies
// beside its bindings, to which there is a way.
func (w *watched) judgeFile(when, path string, found []needle) {
	w.Helper()
	if !w.delivered(path) {
		w.Errorf("%s: %s holds %s", when, path, found)
		return
	}
	w.allowed++
	closed := []string{path, filepath.Dir(path)}
	if filepath.Base(path) == "log" {
		closed = closed[:1]
	}
	for _, name := range closed {
		info, err := os.Stat(name)
		w.must(err)
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			w.Errorf("%s: %s, which holds secrets, has the mode %04o", when, name, mode)
		}
	}
}

// judgeProcesses looks at the command lines and environments of all processes of the machine.
func (w *watched) judgeProcesses(when string) {
	w.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	w.must(err)
	for _, dir := range dirs {
		pid, err := strconv.Atoi(filepath.Base(dir))
		w.must(err)
		// What ends meanwhile has neither, and strangers are none of ours.
		command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
		environment, _ := os.ReadFile(filepath.Join(dir, "environ"))
		w.processes++
		if w.given[pid] {
			continue
		}
		if found := w.in(command); found != nil {
			w.Errorf("%s: the command line of process %d, %q, has %s", when, pid, command, found)
		}
		if found := w.in(environment); found != nil && !w.asked(environment) {
			w.Errorf("%s: the environment of process %d, %q, has %s", when, pid, command, found)
		}
	}
}
