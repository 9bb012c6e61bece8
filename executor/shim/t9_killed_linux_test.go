package shim_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
	"github.com/nsynapse/recipe/executor/shim/protocol"
	"github.com/nsynapse/recipe/executor/torture"
)

// T9: shims are killed while they start an app, carry much output, take the status of an app that ends, and rescue; and
// the same together with the process that uses them. The app is not to notice.
//
// One thing cannot be known: how an app ended when nobody lived who could see it, as shim and user were killed before; or
// when its shim is killed in the instant between that end and its note of it, and a user had not looked at the app yet.
// What it wrote is there all the same. The test aims at these instants, counts such ends and bounds them; everywhere else
// the status has to be known.
func TestT9KilledShims(t *testing.T) {
	v := newVillain(t)
	rounds := []struct {
		play func()
		name string
	}{
		{v.whileStarting, "starting"}, {v.whileWriting, "writing"}, {v.whileEnding, "ending"},
		{v.userWhileStarting, "starting beside a user"}, {v.bothWhileStarting, "starting, with the user"}, {v.bothWhileWriting, "writing, with the user"}, {v.bothWhileEnding, "ending, with the user"},
	}
	began := time.Now()
	for enough := torture.PickRaced(8, 15, 300); v.kills < enough; {
		for _, r := range rounds {
			r.play()
			if t.Failed() {
				t.Fatalf("while %s, after %d kills", r.name, v.kills)
			}
		}
	}
	v.checkNothingLeft()
	if most := 3 + v.apps*3/100; v.unseen > most {
		t.Errorf("%d of %d ends are unseen, and may be %d", v.unseen, v.apps, most)
	}
	torture.Report(t, "T9", "%d shims and %d users killed in %.1f s, %d apps: 0 ran twice, 0 of %d lines lost or doubled, %d statuses right, %d ended unseen; nothing left",
		v.kills, v.users, time.Since(began).Seconds(), v.apps, v.lines, v.statuses, v.unseen)
}

// whileStarting kills a shim between its own start and the end of a start of an app. A start that fails leaves nothing,
// and the next one works.
func (v *villain) whileStarting() {
	unit := v.newUnit()
	brief, words := v.coin(), []string{"rush=20", "until-term=5"}
	if brief {
		words[1] = "exit=5" // at once
	}
	prepared, err := shim.Prepare(program())
	v.must(err)
	killed := v.later(8*time.Millisecond, func() { v.killShim(prepared.PID()) })
	p, err := prepared.Start(v.Context(), unit.spec(words...))
	<-killed
	if err != nil {
		eventually(v, "nothing left of a failed start", func() bool { return len(protocol.Marked(unit.dir)) == 0 })
		p, err = shim.Start(v.Context(), program(), unit.spec(words...))
		v.must(err)
	}
	if !brief {
		eventually(v, "up", func() bool { return slices.Contains(unit.runs(), p.PID()) })
		terminate(p)
	}
	exit := wait(v, p)
	if brief {
		unit.checkSeen(exit, 5)
	} else {
		unit.checkExit(exit, 5)
	}
	unit.checkLastRun(20)
}

// whileWriting kills one shim after the other beside an app that writes as fast as it can.
func (v *villain) whileWriting() {
	const count = 30_000
	unit := v.newUnit()
	p := start(v, unit.spec("rush="+strconv.Itoa(count), "until-term=5"))
	for range 1 + v.IntN(5) {
		last := shimOf(v, unit.dir)
		<-v.later(6*time.Millisecond, func() { v.killShim(last) })
		eventually(v, "another shim", func() bool { return shimOf(v, unit.dir) != last })
	}
	unit.awaitLines(count)
	terminate(p)
	unit.checkExit(wait(v, p), 5)
	unit.checkOneRun(p.PID(), count)
}

// whileEnding kills a shim at about the time at which its app ends.
func (v *villain) whileEnding() {
	unit := v.newUnit()
	p := start(v, unit.spec("rush=20", "until-term=5"))
	unit.awaitLines(20)
	killed := v.later(3*time.Millisecond, func() { v.killShim(shimOf(v, unit.dir)) })
	terminate(p)
	unit.checkExit(wait(v, p), 5)
	<-killed
	unit.checkOneRun(p.PID(), 20)
}

// bothWhileStarting kills shim and user, and then does what the next user would: take over what runs, or start it.
func (v *villain) bothWhileStarting() {
	unit := v.newUnit()
	user := v.newUser(unit, "rush=20", "until-term=5")
	<-v.later(15*time.Millisecond, func() { v.killBoth(user, unit) })
	p := unit.takeOver(func() (*shim.Process, error) {
		return shim.Start(v.Context(), program(), unit.spec("rush=20", "until-term=5"))
	})
	unit.awaitRun()
	terminate(p)
	unit.checkExit(wait(v, p), 5)
	unit.checkOneRun(p.PID(), 20)
}

// userWhileStarting starts a unit some times over at about the time at which a user does, who is killed. One of all these
// starts counts.
func (v *villain) userWhileStarting() {
	unit := v.newUnit()
	user := v.newUser(unit, "rush=20", "until-term=5")
	killed := v.later(15*time.Millisecond, func() { v.killUser(user) })
	eventually(v, "the user's shim", func() bool { return len(childrenOf(user.Pid)) > 0 || closed(killed) })
	p := unit.startAtOnce(4, "rush=20", "until-term=5")
	<-killed
	unit.awaitRun()
	terminate(p)
	unit.checkExit(wait(v, p), 5)
	unit.checkOneRun(p.PID(), 20)
}

// startAtOnce starts the unit so many times, and takes over what runs if another was faster than all of them.
func (u *unit) startAtOnce(times int, words ...string) *shim.Process {
	u.v.Helper()
	s := u.spec(words...)
	won := make(chan *shim.Process, times)
	var group sync.WaitGroup
	for range times {
		group.Go(func() {
			p, err := shim.Start(u.v.Context(), program(), s)
			switch {
			case err == nil:
				won <- p
			case !errors.Is(err, shim.ErrBusy):
				u.v.Error(err)
			}
		})
	}
	group.Wait()
	select {
	case p := <-won:
		return p
	default:
		return u.takeOver(func() (*shim.Process, error) { return shim.Start(u.v.Context(), program(), s) })
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// bothWhileWriting kills shim and user beside an app that writes as fast as it can.
func (v *villain) bothWhileWriting() {
	const count = 30_000
	unit := v.newUnit()
	user := v.newUser(unit, "rush="+strconv.Itoa(count), "until-term=5")
	pid := unit.awaitRun()
	<-v.later(6*time.Millisecond, func() { v.killBoth(user, unit) })
	p := unit.takeOver(nil)
	unit.awaitLines(count)
	terminate(p)
	unit.checkExit(wait(v, p), 5)
	unit.checkOneRun(pid, count)
}

// bothWhileEnding kills shim and user at about the time at which the app ends.
func (v *villain) bothWhileEnding() {
	unit := v.newUnit()
	user := v.newUser(unit, "rush=20", "until-term=5")
	unit.awaitLines(20)
	pid := unit.runs()[0]
	killed := v.later(3*time.Millisecond, func() { v.killBoth(user, unit) })
	v.must(syscall.Kill(pid, syscall.SIGTERM))
	<-killed
	unit.checkSeen(unit.exit(), 5)
	unit.checkOneRun(pid, 20)
}

// exit returns how the app in a unit without a user has ended.
func (u *unit) exit() shim.Exit {
	u.v.Helper()
	p, err := shim.Adopt(u.v.Context(), program(), u.dir, shim.Log{})
	if err == nil {
		return wait(u.v, p)
	}
	if !errors.Is(err, shim.ErrNotRunning) {
		u.v.Fatal(err)
	}
	found, err := shim.Find(u.dir)
	u.v.must(err)
	return found.Exit
}

// terminate is what until-term waits for. An app that ends by itself may have done so.
func terminate(p *shim.Process) { _ = p.Signal(syscall.SIGTERM) }

// killBoth kills the user and, if there is one yet, its shim; in either order.
func (v *villain) killBoth(user *os.Process, unit *unit) {
	userFirst := v.coin()
	if userFirst {
		v.killUser(user)
	}
	if id, ok := protocol.ReadID(unit.dir); ok {
		v.killShim(id.ShimPID)
	}
	if !userFirst {
		v.killUser(user)
	}
}

func (u *unit) spec(words ...string) shim.Spec {
	s := spec(u.v, u.dir, append([]string{"once=" + filepath.Join(u.dir, "once")}, words...)...)
	s.Log = shim.Log{MaxBytes: 100 << 10, Files: 100}
	return s
}
