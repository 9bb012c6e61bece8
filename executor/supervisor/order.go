package supervisor

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// orderFile lies in the directory of a unit and names the order that its process was started by. It is written before
// the process is, when none runs; so it is true of any process that runs there. It need not survive a power cut, as no
// process does.
const orderFile = "order"

// noteOrder is called before the process of a unit is started.
func noteOrder(spec Spec) error {
	path := filepath.Join(spec.Dir, orderFile)
	if spec.Order == "" {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if err := os.WriteFile(path+".new", []byte(spec.Order), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// startedBy reports whether what runs in the directory of spec was started by the order of spec: by an attempt to carry it
// out that an earlier agent was killed in.
func startedBy(spec Spec) bool {
	if spec.Order == "" {
		return false
	}
	order, err := os.ReadFile(filepath.Join(spec.Dir, orderFile))
	return err == nil && string(order) == spec.Order
}

// rejoin goes on with a process that was started by the same order as spec: it is waited for, and not started again.
func (u *Unit) rejoin(spec Spec, c chan error) {
	u.takeOver(spec)
	u.starters, u.firstRun = append(u.starters, c), true
	u.adopted = true
	u.startBy = u.s.clock.Now().Add(spec.StartTimeout)
	if spec.Startup.Probe == nil {
		u.becomeReady(u.s.clock.Now())
		return
	}
	u.probers[startup].begin(spec.Startup, u.s.clock.Now(), true)
	u.enter(Starting, "")
	u.probe(u.s.clock.Now())
}
