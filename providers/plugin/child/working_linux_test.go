package child

import (
	"os/exec"
	"testing"
	"time"
)

// A program that works is told from one that waits.
func TestWorking(t *testing.T) {
	for script, want := range map[string]bool{"while :; do :; done": true, "exec sleep 1000": false} {
		c := exec.Command("/bin/sh", "-c", script)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(time.Minute); working(c.Process.Pid) != want; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%q works: %t", script, !want)
				break
			}
		}
		_ = c.Process.Kill()
		_ = c.Wait()
	}
	if working(1 << 30) {
		t.Error("nobody works")
	}
}
