package agent

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peer starts the services of a fleet under supervisord, which knows no order and no probe, and returns how long it took until
// all of them took connections, and until all had ended. ok is false where it is not installed.
func (f fleet) peer(b *testing.B, bin string) (up, down time.Duration, ok bool) {
	program, err := exec.LookPath("supervisord")
	if err != nil {
		return 0, 0, false
	}
	dir := b.TempDir()
	config := filepath.Join(dir, "supervisord.conf")
	if err := os.WriteFile(config, []byte(f.supervisord(dir, bin)), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(program, "-n", "-c", config)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	for i := range f.count {
		if !connected(i) {
			b.Errorf("supervisord has not started service %d", i)
			break
		}
	}
	up = time.Since(began)
	began = time.Now()
	_ = cmd.Process.Signal(syscall.SIGTERM)
	_ = cmd.Wait()
	return up, time.Since(began), true
}

// firstPort is that of the first service.
const firstPort = 21000

// connected waits for a service to take a connection.
func connected(i int) bool {
	for end, pause := time.Now().Add(time.Minute), time.Millisecond; time.Now().Before(end); pause = min(2*pause, 50*time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprint("127.0.0.1:", firstPort+i)); err == nil {
			c.Close()
			return true
		}
		time.Sleep(pause)
	}
	return false
}

// supervisord is its configuration: all programs at once, each taken for started at once.
func (f fleet) supervisord(dir, bin string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "[supervisord]\nlogfile=/dev/null\nlogfile_maxbytes=0\npidfile=%s/pid\nchildlogdir=%s\nuser=%d\n", dir, dir, os.Getuid())
	for i := range f.count {
		fmt.Fprintf(&text, "[program:s%d]\ncommand=%s\nenvironment=PORT=\"%d\"\nstartsecs=0\n", i, filepath.Join(bin, "service"), firstPort+i)
	}
	return text.String()
}
