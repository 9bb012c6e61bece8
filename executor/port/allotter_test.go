package port

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// listen opens a listener on a port of the kernel's choice and returns both.
func listen(t *testing.T) (*net.TCPListener, int) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener), l.Addr().(*net.TCPAddr).Port
}

func TestParallelAllotmentsDoNotMeet(t *testing.T) {
	const n = 1000
	a := New(0, 0, 25000)
	var got [n]int
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			p, err := a.Allot(fmt.Sprint("owner ", i), 0)
			if err != nil {
				t.Error(err)
			}
			got[i] = p
		})
	}
	group.Wait()
	seen := map[int]bool{}
	for _, p := range got {
		if p < Low || p > High || seen[p] {
			t.Fatalf("port %d is outside the range or was given twice", p)
		}
		seen[p] = true
	}
}

func TestOwnerKeepsItsPort(t *testing.T) {
	a := New(0, 0, 0)
	first, err := a.Allot("db", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, wanted := range []int{0, first} {
		if p, err := a.Allot("db", wanted); err != nil || p != first {
			t.Errorf("asking again for %d: got %d, %v; want %d", wanted, p, err, first)
		}
	}
	a.Release("db")
	if p, err := a.Allot("cache", 0); err != nil || p == first {
		t.Errorf("a port that was just released was given away: %d, %v", p, err)
	}
	if p, err := a.Allot("cache", first); err != nil || p != first {
		t.Errorf("a released port cannot be had: %d, %v", p, err)
	}
}

func TestMovingGivesBackTheOldPort(t *testing.T) {
	a := New(0, 0, 0)
	first, err1 := a.Allot("db", 0)
	second, err2 := a.Allot("other", 0)
	a.Release("other")
	if _, err := a.Allot("db", second); errors.Join(err1, err2, err) != nil {
		t.Fatal(errors.Join(err1, err2, err))
	}
	if p, err := a.Allot("cache", first); err != nil || p != first {
		t.Errorf("got %d, %v; want %d", p, err, first)
	}
}

func TestTakenByAnotherOwner(t *testing.T) {
	a := New(0, 0, 0)
	if err := a.Reserve("app.shop.port.web", 20080); err != nil {
		t.Fatal(err)
	}
	_, err := a.Allot("db", 20080)
	if want := "port 20080 is taken by app.shop.port.web"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := a.Reserve("db", 20080); err == nil {
		t.Error("a port was reserved twice")
	}
}

func TestTakenByAProcess(t *testing.T) {
	_, p := listen(t)
	_, err := New(0, 0, 0).Allot("db", p)
	var taken *TakenError
	if !errors.As(err, &taken) || taken.Port != p {
		t.Fatalf("got %v, want a TakenError for %d", err, p)
	}
	if taken.Holder != "this process" {
		t.Errorf("the holder is said to be %q", taken.Holder)
	}
	if p, err := New(p, p, p).Allot("db", 0); err == nil {
		t.Errorf("a taken port was handed out: %d", p)
	}
}

// TestMain serves as the process that holds a port: with HOLD set it inherits a listener and waits for its end.
func TestMain(m *testing.M) {
	if os.Getenv("HOLD") != "" {
		os.Stdin.Read(make([]byte, 1))
		return
	}
	os.Exit(m.Run())
}

func TestHolderNamesAnotherProcess(t *testing.T) {
	l, p := listen(t)
	file, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{"HOLD=1"}
	cmd.ExtraFiles = []*os.File{file}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { stdin.Close(); cmd.Wait() }()
	want := fmt.Sprintf("port %d is taken by process %d (", p, cmd.Process.Pid)
	for _, ours := range []bool{true, false} { // whether this process has it as well
		if _, err := New(0, 0, 0).Allot("db", p); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("ours %v: got %v, want %s...", ours, err, want)
		}
		l.Close()
		file.Close()
	}
}

// The side that closes first rests in TIME_WAIT; here it is the side of the port.
func TestTimeWaitIsFree(t *testing.T) {
	l, p := listen(t)
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	server.Close()
	client.Read(make([]byte, 1)) // until its end: the server's end came first
	client.Close()
	l.Close()
	if table, err := os.ReadFile("/proc/net/tcp"); err == nil && !hasState(string(table), p, "06") {
		t.Fatal("no connection rests in TIME_WAIT: the test shows nothing")
	}
	if _, err := New(0, 0, 0).Allot("db", p); err != nil {
		t.Error(err)
	}
}

func hasState(table string, p int, state string) bool {
	for line := range strings.Lines(table) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", p)) && fields[3] == state {
			return true
		}
	}
	return false
}
