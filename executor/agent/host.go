package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/port"
)

// appUser is the user that apps run as: nobody when the agent is root, for no app needs to be root; else -1.
func appUser() int {
	if os.Geteuid() != 0 {
		return -1
	}
	if u, err := user.Lookup("nobody"); err == nil {
		if id, err := strconv.Atoi(u.Uid); err == nil {
			return id
		}
	}
	return 65534
}

// reachable makes RECIPE_HOME one that apps of another user can reach, or says which directory is in the way.
func reachable(home string, owner int) error {
	if owner < 0 {
		return nil
	}
	if err := os.Chmod(home, 0o711); err != nil {
		return fmt.Errorf("cannot open RECIPE_HOME to apps: %w", err)
	}
	if dir, err := closedAbove(home); err != nil {
		return err
	} else if dir != "" {
		return fmt.Errorf("apps run as the user nobody and cannot reach RECIPE_HOME: %s is closed to others; set RECIPE_HOME to another place, such as /var/lib/recipe", dir)
	}
	return nil
}

// closedAbove is the nearest directory above path that others cannot pass through, "" if there is none.
func closedAbove(path string) (string, error) {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return "", fmt.Errorf("cannot look at %s: %w", dir, err)
		}
		if info.Mode().Perm()&0o001 == 0 {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", nil
		}
	}
}

// appProgram is the recipe binary for components that are run by it, such as the bus: our own, or a copy in the
// store when apps could not reach that.
func (a *Agent) appProgram() (string, error) {
	if a.owner < 0 {
		return a.Program, nil
	}
	if dir, err := closedAbove(a.Program); err != nil || dir == "" {
		return a.Program, err
	}
	sum := sha256.Sum256([]byte(a.Build))
	directory, err := a.store.Add(context.Background(), "recipe-"+hex.EncodeToString(sum[:]), func(dir string) error {
		program, err := os.ReadFile(a.Program)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(dir, "recipe"), program, 0o755)
	})
	if err != nil {
		return "", fmt.Errorf("cannot put the program recipe where apps can reach it: %w", err)
	}
	return filepath.Join(directory, "recipe"), nil
}

// shim is the command line of a shim: that of the options, and the control group in which shims are to be.
func (a *Agent) shim() []string {
	if group := a.cgroups.Shims(); group != "" {
		return append(slices.Clone(a.Shim), group)
	}
	return a.Shim
}

// portsFor hands out the ports of an agent. The search begins elsewhere for every RECIPE_HOME, so that several agents of one
// machine seldom meet.
func portsFor(home string, low, high int) *port.Allotter {
	if low == 0 {
		low, high = port.Low, port.High
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(home))
	return port.New(low, high, low+int(h.Sum32()%uint32(high-low+1)))
}

// planKey reads the key that plans are signed with, making it on first use. The file is the key, a space, the SHA-256 of the
// key in hexadecimal, and a newline: with a key that rotted every saved plan would look changed by somebody.
func planKey(fsys disk.FS, path string) ([]byte, error) {
	content, err := disk.ReadFile(fsys, path)
	if errors.Is(err, fs.ErrNotExist) {
		key := rand.Text() + rand.Text()
		content = []byte(summed(key))
		err = disk.WriteFile(fsys, path, content, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the key that signs plans: %w", err)
	}
	key, _, _ := strings.Cut(string(content), " ")
	if key == "" || summed(key) != string(content) {
		return nil, fmt.Errorf("the key that signs plans, %s, is damaged: put back a copy of it, or remove it and make saved plans anew", path)
	}
	return []byte(key), nil
}

func summed(key string) string { return fmt.Sprintf("%s %x\n", key, sha256.Sum256([]byte(key))) }
