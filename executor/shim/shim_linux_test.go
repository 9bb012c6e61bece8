package shim_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/shim/shimmain"
	"github.com/nsynapse/recipe/executor/torture"
)

// TestMain makes the test binary play shim and app.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "shim":
			os.Exit(shimmain.Main(os.Args[2:]))
		case "app":
			os.Exit(app(os.Args[2:]))
		case "user":
			os.Exit(user(os.Args[2], os.Args[3:]))
		case "fading-shim":
			os.Exit(fadingShim(os.Args[2]))
		case "crowd":
			os.Exit(crowd(os.Args[2], os.Args[3:]))
		}
	}
	os.Exit(m.Run())
}

// app is a supervised program: each word tells it one thing to do.
func app(words []string) int {
	for _, word := range words {
		verb, value, _ := strings.Cut(word, "=")
		n, _ := strconv.Atoi(value)
		switch verb {
		case "say":
			fmt.Println(value)
		case "count": // n numbered lines, slowly enough to be killed in between
			for i := range n {
				fmt.Printf("line %d\n", i)
				if i%50 == 49 {
					time.Sleep(time.Millisecond)
				}
			}
		case "rush": // n numbered lines, as fast as can be
			for i := range n {
				fmt.Printf("line %d\n", i)
			}
		case "until-term": // n is the status
			<-terms
			return n
		case "once":
			once(value)
		case "alone":
			signal.Notify(terms, syscall.SIGTERM)
			return alone(value)
		case "flood": // n KiB
			line := []byte(strings.Repeat("x", 1023) + "\n")
			for range n {
				_, _ = os.Stdout.Write(line)
			}
		case "eat": // memory without an end
			eat()
		case "breed": // children without an end; says how many when there can be no more
			fmt.Println(breed())
		case "torrent": // n MiB of lines, lines of 1 MiB and bytes of all kinds, which the last byte of a line never is
			torrent(n)
		case "env":
			for _, v := range os.Environ() {
				fmt.Println(v)
			}
		case "limit":
			var l syscall.Rlimit
			_ = syscall.Getrlimit(syscall.RLIMIT_CORE, &l)
			fmt.Println(l.Cur, l.Max)
		case "ids":
			wd, _ := os.Getwd()
			fmt.Println(os.Getuid(), os.Getgid(), wd)
		case "signals":
			c := make(chan os.Signal, 1)
			signal.Notify(c, syscall.SIGTERM)
			go trap(c)
		case "drip": // a line again and again, without an end
			for ; ; time.Sleep(5 * time.Millisecond) {
				fmt.Println(value)
			}
		case "touch":
			if err := os.WriteFile(value, nil, 0o600); err != nil {
				panic(err)
			}
		case "wait": // until the file exists
			for {
				if _, err := os.Stat(value); err == nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
		case "tree": // a child in a session of its own, and a grandchild in another
			c := exec.Command(os.Args[0], "app", "leaf="+value)
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			_ = c.Start()
		case "leaf":
			c := exec.Command("/bin/sleep", "1000")
			c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			_ = c.Start()
			_ = os.WriteFile(value+".new", []byte(strconv.Itoa(os.Getpid())+" "+strconv.Itoa(c.Process.Pid)), 0o600)
			_ = os.Rename(value+".new", value)
			time.Sleep(time.Hour) // select {} would end it: nothing else goes on here
		case "exit":
			return n
		case "sleep":
			time.Sleep(time.Hour)
		}
	}
	return 0
}

// terms is told of a SIGTERM since once.
var terms = make(chan os.Signal, 1)

// once leaves the number of this process in a file, and another file if a second process of the app runs.
func once(path string) {
	signal.Notify(terms, syscall.SIGTERM)
	runs, err := os.OpenFile(path+".runs", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = fmt.Fprintln(runs, os.Getpid())
	}
	if err != nil {
		fmt.Println(err)
	}
	fd, err := unix.Open(path, unix.O_CREAT|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil || unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) != nil { // fd stays open
		_ = os.WriteFile(path+".twice", nil, 0o600)
	}
}

func trap(c <-chan os.Signal) {
	<-c
	fmt.Println("terminated")
	os.Exit(7)
}

// noWait keeps a test binary with the race detector from sleeping for a second when it ends.
const noWait = "GORACE=atexit_sleep_ms=0"

func program() shim.Program { return shim.Program{"/usr/bin/env", noWait, os.Args[0], "shim"} }

func spec(t testing.TB, dir string, words ...string) shim.Spec {
	t.Helper()
	return shim.Spec{Dir: dir, Command: append([]string{os.Args[0], "app"}, words...), Env: []string{noWait}, UID: -1, GID: -1}
}

func start(t testing.TB, s shim.Spec) *shim.Process {
	t.Helper()
	p, err := shim.Start(t.Context(), program(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(p) })
	return p
}

func kill(p *shim.Process) {
	if err := p.SignalGroup(syscall.SIGKILL); err == nil {
		<-p.Done()
	}
}

func wait(t testing.TB, p *shim.Process) shim.Exit {
	t.Helper()
	select {
	case <-p.Done():
		return p.Exit()
	case <-time.After(time.Minute):
		t.Fatal("the process does not end")
		return shim.Exit{}
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never: " + what)
		}
	}
}

func lines(t testing.TB, dir string) []string {
	t.Helper()
	all, err := shim.Tail(dir, 1<<30/1024)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// shimOf returns the number of the shim in dir.
func shimOf(t testing.TB, dir string) int {
	t.Helper()
	id, ok := protocol.ReadID(dir)
	if !ok {
		t.Fatal("no id in " + dir)
	}
	return id.ShimPID
}

func TestExitStatus(t *testing.T) {
	for _, c := range []struct {
		word string
		sig  syscall.Signal
		want string
	}{
		{"exit=0", 0, "exit status 0"},
		{"exit=3", 0, "exit status 3"},
		{"sleep", syscall.SIGKILL, "signal: killed"},
		{"sleep", syscall.SIGTERM, "signal: terminated"},
	} {
		dir := t.TempDir()
		p := start(t, spec(t, dir, c.word))
		if c.sig != 0 {
			if err := p.Signal(c.sig); err != nil {
				t.Fatal(err)
			}
		}
		if got := wait(t, p).String(); got != c.want {
			t.Errorf("%s: got %s, want %s", c.word, got, c.want)
		}
		found, err := shim.Find(dir)
		eventually(t, "lock free", func() bool {
			found, err = shim.Find(dir)
			return found.State != shim.Running
		})
		if err != nil || found.State != shim.Finished || found.Exit.String() != c.want {
			t.Errorf("%s: found %v %v", c.word, found, err)
		}
		if err := p.Signal(syscall.SIGTERM); !errors.Is(err, shim.ErrEnded) {
			t.Errorf("a late signal gives %v", err)
		}
	}
}

func TestStartErrors(t *testing.T) {
	dir := t.TempDir()
	scripts := t.TempDir()
	text := filepath.Join(scripts, "text")
	for name, content := range map[string]string{"text": "#!/no/such/interpreter\n", "windows": "#!/bin/sh\r\ntrue\r\n", "bare": "true\n"} {
		if err := os.WriteFile(filepath.Join(scripts, name), []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	in := func(s *shim.Spec, command string) { s.WorkDir, s.Command = scripts, []string{command} }
	for _, c := range []struct {
		name   string
		change func(*shim.Spec)
		want   string
		is     error
	}{
		{"no program", func(s *shim.Spec) { s.Command = []string{"/no/such"} }, "execute /no/such", fs.ErrNotExist},
		{"not in path", func(s *shim.Spec) { s.Command = []string{"no-such-program"} }, "find the program no-such-program in the PATH /", fs.ErrNotExist},
		{"one line", func(s *shim.Spec) { s.Command = []string{"python3 -m http.server"} }, `each argument for itself, ["python3", …]`, fs.ErrNotExist},
		{"no right", func(s *shim.Spec) { s.Command = []string{"/etc/passwd"} }, "execute /etc/passwd (it is not executable: chmod +x)", fs.ErrPermission},
		{"line ends of Windows", func(s *shim.Spec) { in(s, "./windows") }, "execute ./windows (its first line ends in CR LF", fs.ErrNotExist},
		{"no first line", func(s *shim.Spec) { in(s, "./bare") }, "such as #!/bin/sh", syscall.ENOEXEC},
		{"below its directory", func(s *shim.Spec) { in(s, "./text") }, "./text (its interpreter is missing)", fs.ErrNotExist},
		{"no interpreter", func(s *shim.Spec) { s.Command = []string{text} }, "interpreter is missing", fs.ErrNotExist},
		{"no directory", func(s *shim.Spec) { s.WorkDir = "/no/dir" }, "working directory /no/dir", fs.ErrNotExist},
		{"empty", func(s *shim.Spec) { s.Command = nil }, "empty command", nil},
		{"limited", func(s *shim.Spec) {
			s.Command = []string{"/no/such"}
			s.Limits = []shim.Limit{{Resource: syscall.RLIMIT_CORE}}
		}, "execute /no/such", fs.ErrNotExist},
		{"bad limit", func(s *shim.Spec) { s.Limits = []shim.Limit{{Resource: 99}} }, "set the limit 99:0:0", syscall.EINVAL},
	} {
		s := spec(t, dir, "exit=0")
		c.change(&s)
		_, err := shim.Start(t.Context(), program(), s)
		var e *shim.StartError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v", c.name, err)
		}
		if found, err := shim.Find(dir); err != nil || found.State != shim.None {
			t.Errorf("%s: left %v, %v", c.name, found, err)
		}
	}
}

func TestAppSeesItsSpec(t *testing.T) {
	dir := t.TempDir()
	s := spec(t, dir, "env", "limit", "ids")
	s.Env = []string{"A=1", "SECRET=x y"}
	s.Limits = []shim.Limit{{Resource: syscall.RLIMIT_CORE, Soft: 5, Hard: 9}}
	s.WorkDir = "/usr"
	want := []string{"A=1", "SECRET=x y", "RECIPE_UNIT=" + dir, "5 9", fmt.Sprint(os.Getuid(), os.Getgid(), " /usr")}
	if os.Getuid() == 0 {
		s.UID, s.GID = 65534, 65534
		want[4] = "65534 65534 /usr"
		// The app's own program must be in reach of its user.
		copied := "/usr/bin/env"
		s.Command = []string{copied, "sh", "-c", `env | grep -v -e ^PWD -e ^SHLVL -e ^_ -e ^OLDPWD; echo $(ulimit -S -c) $(ulimit -H -c); echo $(id -u) $(id -g) $(pwd); echo again > /dev/stdout`}
		want[3] = "" // in blocks of a shell's own size
		want = append(want, "again")
	}
	p := start(t, s)
	wait(t, p)
	got := strings.Join(lines(t, dir), "\n")
	for _, line := range want {
		if !strings.Contains(got, line) {
			t.Errorf("%q is missing in:\n%s", line, got)
		}
	}
	if strings.Contains(got, "GOMAXPROCS") {
		t.Error("the shim's own environment has come through")
	}
}

func TestExactlyOneOfManyStarts(t *testing.T) {
	dir := t.TempDir()
	var mu sync.Mutex
	var won []*shim.Process
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			p, err := shim.Start(t.Context(), program(), spec(t, dir, "sleep"))
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				won = append(won, p)
			} else if !errors.Is(err, shim.ErrBusy) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(won) != 1 {
		t.Fatalf("%d starts have won", len(won))
	}
	if marked := protocol.Marked(dir); len(marked) != 1 || marked[0] != won[0].PID() {
		t.Errorf("%v run, want only %d", marked, won[0].PID())
	}
	kill(won[0])
}

// A shim that comes to the lock after its user has died must not start what the next user may have started, and ended.
func TestShimOfDeadUserStartsNothing(t *testing.T) {
	dir := t.TempDir()
	s := spec(t, dir, "once="+filepath.Join(dir, "once"))
	answer, toUser, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer toUser.Close()
	if err := answer.Close(); err != nil { // as the death of the user does
		t.Fatal(err)
	}
	late := exec.Command(program()[0], program()[1:]...)
	late.Stdin, late.ExtraFiles = bytes.NewReader(s.Encode()), []*os.File{toUser}
	if err := late.Run(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "once.runs")); err == nil {
		t.Error("the app ran")
	}
}

func TestAdoptKeepsProcess(t *testing.T) {
	dir, flag := t.TempDir(), filepath.Join(t.TempDir(), "go")
	p := start(t, spec(t, dir, "say=one", "wait="+flag, "say=two", "exit=4"))
	p.Release()
	again, err := shim.Adopt(t.Context(), program(), dir, shim.Log{})
	if err != nil {
		t.Fatal(err)
	}
	if again.PID() != p.PID() {
		t.Errorf("got process %d, want %d", again.PID(), p.PID())
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, again); got.Code != 4 {
		t.Errorf("got %v", got)
	}
	if got := strings.Join(lines(t, dir), " "); got != "one two" {
		t.Errorf("log: %s", got)
	}
	if _, err := shim.Adopt(t.Context(), program(), dir, shim.Log{}); !errors.Is(err, shim.ErrNotRunning) {
		t.Errorf("got %v", err)
	}
}

// The shim is killed again and again while the app writes; the Process rescues it by itself.
func TestKilledShimLosesNothing(t *testing.T) {
	count := torture.PickRaced(20_000, 60_000, 60_000)
	dir := t.TempDir()
	s := spec(t, dir, "count="+strconv.Itoa(count), "exit=5")
	s.Log = shim.Log{MaxBytes: 100 << 10, Files: 100}
	p := start(t, s)
	kills := 0
	for last := 0; ; {
		select {
		case <-p.Done():
		default:
			if pid := shimOf(t, dir); pid != last {
				last = pid
				time.Sleep(time.Duration(kills%7) * time.Millisecond)
				if syscall.Kill(pid, syscall.SIGKILL) == nil {
					kills++
				}
			}
			continue
		}
		break
	}
	if got := p.Exit(); got.Code != 5 || !got.Known {
		t.Errorf("exit: %v", got)
	}
	checkCount(t, lines(t, dir), count)
	t.Logf("%d shims killed", kills)
}

// A rotation that was cut off has left a number free. All files are read, and the next rotation fills the gap.
func TestRotationThatWasCutOff(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("log.3", "line 0\n")
	write("log.2", "line 1\n")
	write("log", "line 2\n")
	followed := func() (got []string) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := shim.Follow(ctx, dir, true, func(line []byte) bool {
			got = append(got, string(line))
			return len(got) < 3
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	checkCount(t, lines(t, dir), 3)
	checkCount(t, followed(), 3)
	s := spec(t, dir, "say=line 3")
	s.Log = shim.Log{MaxBytes: 8, Files: 5}
	wait(t, start(t, s))
	checkCount(t, lines(t, dir), 4)
	for name, text := range map[string]string{"log.3": "line 0\n", "log.2": "line 1\n", "log.1": "line 2\n", "log": "line 3\n"} {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func checkCount(t testing.TB, got []string, count int) {
	t.Helper()
	for i, line := range got {
		if want := fmt.Sprintf("line %d", i); line != want {
			t.Fatalf("at %d of %d: got %q", i, len(got), line)
		}
	}
	if len(got) != count {
		t.Errorf("%d lines, want %d", len(got), count)
	}
}

// Both shim and user are gone; a new user finds the orphan.
func TestOrphanIsRescued(t *testing.T) {
	dir, flag := t.TempDir(), filepath.Join(t.TempDir(), "go")
	p := start(t, spec(t, dir, "say=one", "wait="+flag, "say=two", "exit=6"))
	p.Release()
	shimPID := shimOf(t, dir)
	if err := syscall.Kill(shimPID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_, _ = unix.Wait4(shimPID, nil, 0, nil)
	found, err := shim.Find(dir)
	if err != nil || found.State != shim.Orphaned || found.PID != p.PID() {
		t.Fatalf("found %v, %v", found, err)
	}
	again, err := shim.Adopt(t.Context(), program(), dir, shim.Log{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, again); got.Known && got.Code != 6 || again.PID() != p.PID() {
		t.Errorf("got %v", got)
	}
	if got := strings.Join(lines(t, dir), " "); got != "one two" {
		t.Errorf("log: %s", got)
	}
}

// The shim was killed before it could write down the app's number.
func TestOrphanWithoutNumberIsFound(t *testing.T) {
	dir := t.TempDir()
	p := start(t, spec(t, dir, "sleep"))
	id, _ := protocol.ReadID(dir)
	p.Release()
	_ = syscall.Kill(id.ShimPID, syscall.SIGKILL)
	_, _ = unix.Wait4(id.ShimPID, nil, 0, nil)
	number := id.PID
	if err := os.Remove(filepath.Join(dir, protocol.IDFile)); err != nil { // what the shim wrote first is still there
		t.Fatal(err)
	}
	again, err := shim.Adopt(t.Context(), program(), dir, shim.Log{})
	if err != nil {
		t.Fatal(err)
	}
	if again.PID() != number {
		t.Errorf("got %d, want %d", again.PID(), number)
	}
	kill(again)
}

func TestWholeTreeIsKilled(t *testing.T) {
	for _, rescued := range []bool{false, true} {
		dir, file := t.TempDir(), filepath.Join(t.TempDir(), "pids")
		p := start(t, spec(t, dir, "tree="+file, "sleep"))
		var leaf, grand int
		eventually(t, "the tree stands", func() bool {
			b, err := os.ReadFile(file)
			if err != nil {
				return false
			}
			_, err = fmt.Sscan(string(b), &leaf, &grand)
			return err == nil
		})
		if rescued {
			old := shimOf(t, dir)
			_ = syscall.Kill(old, syscall.SIGKILL)
			eventually(t, "rescue", func() bool {
				locked, _ := protocol.Locked(filepath.Join(dir, protocol.LockFile))
				return shimOf(t, dir) != old && locked
			})
		}
		if err := p.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		wait(t, p)
		for _, pid := range []int{leaf, grand} {
			eventually(t, "process "+strconv.Itoa(pid)+" ends", func() bool {
				_, err := protocol.StartTime(pid)
				return errors.Is(err, protocol.ErrGone)
			})
		}
	}
}

func TestGraceful(t *testing.T) {
	dir := t.TempDir()
	p := start(t, spec(t, dir, "signals", "say=up", "sleep"))
	eventually(t, "up", func() bool { return len(lines(t, dir)) > 0 })
	if err := p.SignalGroup(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if got := wait(t, p); got.Code != 7 {
		t.Errorf("got %v", got)
	}
	if got := strings.Join(lines(t, dir), " "); got != "up terminated" {
		t.Errorf("log: %s", got)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	s := spec(t, dir, "flood=300", "say=end")
	s.Log = shim.Log{MaxBytes: 10000, Files: 4}
	wait(t, start(t, s))
	var total int64
	for i, name := range []string{"log", "log.1", "log.2", "log.3"} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 10000 || i > 0 && info.Size() != 9*1024 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
		total += info.Size()
	}
	if _, err := os.Stat(filepath.Join(dir, "log.4")); err == nil {
		t.Error("too many files")
	}
	got, err := shim.Tail(dir, 20)
	if err != nil || len(got) != 20 || got[19] != "end" || len(got[0]) != 1023 {
		t.Errorf("tail: %d lines, %v", len(got), err)
	}
	if all := lines(t, dir); int64(len(all)-1)*1024+4 != total {
		t.Errorf("%d lines for %d bytes", len(all), total)
	}
}

// An app on a full disk goes on; what is dropped is counted.
// waiting returns how many bytes of output nobody has taken yet.
func waiting(t *testing.T, fifo string) int {
	f, err := os.OpenFile(fifo, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n, err := unix.IoctlGetInt(int(f.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("mounting a small disk needs root")
	}
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=256k"); err != nil {
		t.Skip("cannot mount a small disk: ", err)
	}
	defer func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }()
	flag := filepath.Join(t.TempDir(), "go")
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 100<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	flooded := filepath.Join(t.TempDir(), "flooded")
	p := start(t, spec(t, dir, "flood=1000", "say=flooded", "touch="+flooded, "wait="+flag, "say=after"))
	eventually(t, "flooded", func() bool {
		_, err := os.Stat(flooded)
		return err == nil && waiting(t, filepath.Join(dir, "out")) == 0
	})
	if err := os.Remove(filepath.Join(dir, "ballast")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(flag, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	exit := wait(t, p)
	got := lines(t, dir)
	if got[len(got)-1] != "after" {
		t.Errorf("the last line is %q", got[len(got)-1])
	}
	var told int64
	for _, line := range got {
		var n int64
		if _, err := fmt.Sscanf(line, "recipe: %d bytes of output dropped", &n); err == nil {
			told += n
		}
	}
	if exit.Dropped == 0 || told != exit.Dropped {
		t.Errorf("dropped %d, told %d", exit.Dropped, told)
	}
}

func TestFollow(t *testing.T) {
	const count = 20000
	dir := t.TempDir()
	s := spec(t, dir, "count="+strconv.Itoa(count), "say=end")
	s.Log = shim.Log{MaxBytes: 50 << 10, Files: 50}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	start(t, s)
	var got []string
	err := shim.Follow(ctx, dir, true, func(line []byte) bool {
		got = append(got, string(line))
		return string(line) != "end"
	})
	if err != nil {
		t.Fatal(err)
	}
	checkCount(t, got[:len(got)-1], count)
}

func TestFollowFromNow(t *testing.T) {
	dir := t.TempDir()
	start(t, spec(t, dir, "say=old", "drip=new")) // nobody tells when Follow has begun
	eventually(t, "old", func() bool { return len(lines(t, dir)) > 0 })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var got string
	err := shim.Follow(ctx, dir, false, func(line []byte) bool {
		got = string(line)
		return false
	})
	if err != nil || got != "new" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCancelledStartLeavesNothing(t *testing.T) {
	for range 20 {
		dir := t.TempDir()
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(os.Getpid()%5+1)*time.Millisecond)
		p, err := shim.Start(ctx, program(), spec(t, dir, "sleep"))
		cancel()
		if err == nil {
			kill(p)
			continue
		}
		eventually(t, "nothing left", func() bool { return len(protocol.Marked(dir)) == 0 })
	}
}

// The second round sees what the first leaves behind: descriptors and zombies.
func TestManyRestartsLeaveNothing(t *testing.T) {
	dir := t.TempDir()
	round := func(n int) {
		for range n {
			wait(t, start(t, spec(t, dir, "exit=0")))
		}
	}
	round(5)
	before := descriptors(t)
	round(torture.PickRaced(50, 200, 200))
	eventually(t, "descriptors closed", func() bool { return descriptors(t) <= before })
	eventually(t, "no zombies", func() bool { return len(zombies(t)) == 0 }) // the last shim ends a little later than its app
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func zombies(t *testing.T) []string {
	t.Helper()
	var found []string
	stats, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, path := range stats {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		var zombie, ours bool
		for s := bufio.NewScanner(f); s.Scan(); {
			zombie = zombie || strings.HasPrefix(s.Text(), "State:\tZ")
			ours = ours || s.Text() == "PPid:\t"+strconv.Itoa(os.Getpid())
		}
		_ = f.Close()
		if zombie && ours {
			found = append(found, path)
		}
	}
	return found
}

func BenchmarkStart(b *testing.B) {
	for b.Loop() {
		p, err := shim.Start(b.Context(), program(), spec(b, b.TempDir(), "sleep"))
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		kill(p)
		b.StartTimer()
	}
}
