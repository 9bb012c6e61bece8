//go:build unix

package child

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"testing"
)

// A program that writes to its standard error while nobody listens is not ended by that, and who comes later hears it.
func TestStandardErrorOutlivesItsReader(t *testing.T) {
	sockets := t.TempDir()
	r, w, err := errPipe(sockets)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-c", "echo first >&2; read word; echo alone >&2; echo said; read word; echo after >&2; read word")
	cmd.Stderr = w
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	hears(t, bufio.NewReader(r), "first\n")
	_ = r.Close() // whoever started it is killed
	fmt.Fprintln(in, "go")
	hears(t, bufio.NewReader(out), "said\n")
	again, err := openErr(sockets)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	later := bufio.NewReader(again)
	hears(t, later, "alone\n")
	fmt.Fprintln(in, "go")
	hears(t, later, "after\n")
	fmt.Fprintln(in, "go")
	if err := cmd.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if rest, err := io.ReadAll(later); err != nil || len(rest) > 0 {
		t.Errorf("behind its end there is %q, %v", rest, err)
	}
}

func hears(t *testing.T, from *bufio.Reader, want string) {
	t.Helper()
	if line, err := from.ReadString('\n'); err != nil || line != want {
		t.Fatalf("it says %q, %v; want %q", line, err, want)
	}
}
