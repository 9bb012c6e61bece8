package supervisor

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nsynapse/recipe/executor/shim"
)

// Each run writes who it is into a file and waits for a file of that name.
const abreast = `name=$$; touch began.$name; until [ -e end ] || [ -e end.$name ]; do sleep 0.01; done`

func newAbreast(t *testing.T, most int) *keeper {
	return newKeeper(t, abreast, Schedule{Overlap: Allow, MaxRuns: most})
}

// under are the processes of the runs that go on, by address, as soon as there are so many.
func (k *keeper) under(want int) map[string]int {
	k.t.Helper()
	var runs map[string]int
	k.until(strconv.Itoa(want)+" at a time", func(Status) bool {
		runs = map[string]int{}
		for _, s := range k.Statuses() {
			if s.Address != "job" && s.State == Running {
				runs[s.Address] = s.PID
			}
		}
		return len(runs) == want
	})
	return runs
}

// began are the files that runs have written.
func (k *keeper) began() []string {
	k.t.Helper()
	files, err := filepath.Glob(filepath.Join(k.dir, "began.*"))
	if err != nil {
		k.t.Fatal(err)
	}
	return files
}

// next lets a time of the schedule come and be seen to.
func (k *keeper) next() {
	k.t.Helper()
	before, _ := k.Status("job")
	k.pass()
	k.until("seen", func(s Status) bool { return s.Next.After(before.Next) })
}

func TestAbreast(t *testing.T) {
	k := newAbreast(t, 3)
	k.start()
	for n := 1; n <= 3; n++ {
		k.next()
		k.under(n)
	}
	k.next()
	k.expect("skipped   ")
	if _, err := k.RunNow(t.Context(), "job"); !errors.Is(err, ErrUnderWay) {
		t.Error(err)
	}
	runs := k.under(3)
	k.touch("end." + strconv.Itoa(runs["job.2"]))
	k.expect("skipped succeeded  ")
	if got := k.under(2); got["job.1"] != runs["job.1"] || got["job.3"] != runs["job.3"] {
		t.Errorf("%v, and before %v", got, runs)
	}
	k.next()
	if got := k.under(3); got["job.4"] == 0 {
		t.Errorf("%v", got)
	}
	// Each has a log of its own.
	for n := 1; n <= 4; n++ {
		if _, err := shim.Tail(RunDir(k.spec.Dir, n), 1); err != nil {
			t.Error(err)
		}
	}
	if err := k.Stop(t.Context(), "job"); err != nil {
		t.Fatal(err)
	}
	if s, _ := k.Status("job"); s.State != Stopped || len(k.Statuses()) != 1 {
		t.Errorf("%+v", k.Statuses())
	}
	k.expect("skipped succeeded stopped stopped stopped")
}

// All runs outlive their supervisor, none is begun twice, and what ended meanwhile is known.
func TestAbreastAdopted(t *testing.T) {
	k := newAbreast(t, 10)
	k.start()
	for range 4 {
		k.next()
	}
	before := k.under(4)
	k.until("their files", func(Status) bool { return len(k.began()) == 4 })
	k.again(0)
	if got := k.under(4); !maps.Equal(got, before) {
		t.Fatalf("%v, and before %v", got, before)
	}
	k.Close()
	ended := filepath.Join(RunDir(k.spec.Dir, 2), "exit")
	k.touch("end." + strconv.Itoa(before["job.2"]))
	if err := syscall.Kill(before["job.3"], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		_, two := os.Stat(ended)
		_, three := os.Stat(filepath.Join(RunDir(k.spec.Dir, 3), "exit"))
		if two == nil && three == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("they do not end")
		}
	}
	k.again(0)
	k.until("two noted", func(Status) bool {
		got := strings.Fields(k.outcomes())
		slices.Sort(got)
		return slices.Equal(got, []string{"failed", "succeeded"})
	})
	if got := k.under(2); got["job.1"] != before["job.1"] || got["job.4"] != before["job.4"] {
		t.Errorf("%v, and before %v", got, before)
	}
	k.touch("end")
	k.until("all over", func(Status) bool { return len(k.Statuses()) == 1 })
	if began := k.began(); len(began) != 4 {
		t.Errorf("%v", began)
	}
}

// A supervisor that was killed while it stopped one run, or all of them, has one after it that goes on with that.
func TestAbreastStopIsCarriedOn(t *testing.T) {
	k := newAbreast(t, 10)
	k.start()
	for range 3 {
		k.next()
	}
	before := k.under(3)
	k.Close()
	if err := os.WriteFile(filepath.Join(RunDir(k.spec.Dir, 2), stopFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k.again(0)
	k.until("one stopped", func(Status) bool { return strings.TrimSpace(k.outcomes()) == "stopped" })
	if got := k.under(2); got["job.1"] != before["job.1"] || got["job.3"] != before["job.3"] {
		t.Errorf("%v, and before %v", got, before)
	}
	k.Close()
	if err := os.WriteFile(filepath.Join(k.spec.Dir, stopFile), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	k.again(0)
	k.expect("stopped stopped stopped")
	k.state(Stopped)
}

// A time that a run of its own has answered is not answered again, also if the supervisor ended before it wrote that down.
func TestAbreastAnswered(t *testing.T) {
	k := newAbreast(t, 10)
	k.spec.Schedule.CatchUp = true
	k.start()
	k.next()
	k.under(1)
	k.again(time.Minute)
	k.under(1)
	k.touch("end")
	k.expect("succeeded")
	k.again(0)
	k.expect("succeeded")
	if s := k.state(Scheduled); len(k.Statuses()) != 1 {
		t.Errorf("%+v", s)
	}
}

// A run that was begun when the machine went down is lost, and its number is not given again.
func TestAbreastLost(t *testing.T) {
	k := newAbreast(t, 10)
	k.start()
	k.Close()
	for _, number := range []int{3, 4} {
		l := ledger{Kept: k.clock.Now(), Run: &Run{Number: number, Due: k.clock.Now(), Began: k.clock.Now()}}
		if number == 4 { // damaged: nobody knows when it began
			l.Run = nil
		}
		if err := l.write(k.Supervisor.disk, RunDir(k.spec.Dir, number)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(RunDir(k.spec.Dir, 4), timesFile), []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	k.again(0)
	k.expect("lost lost")
	k.next()
	if got := k.under(1); got["job.5"] == 0 {
		t.Errorf("%v", got)
	}
}

// The directories of runs go with what is remembered of them.
func TestAbreastForgotten(t *testing.T) {
	k := newKeeper(t, "true", Schedule{Overlap: Allow, MaxRuns: 10})
	k.start()
	for range keptRuns + 3 {
		k.next()
		k.until("over", func(Status) bool { return len(k.Statuses()) == 1 })
	}
	k.until("removed", func(Status) bool {
		kept, err := os.ReadDir(filepath.Join(k.spec.Dir, runsDir))
		return err == nil && len(kept) == keptRuns
	})
	if _, err := os.Stat(RunDir(k.spec.Dir, 3)); !os.IsNotExist(err) {
		t.Error(err)
	}
}

// Whether runs may overlap can change while some go on: those that do not may not begin beside them.
func TestAbreastNoMore(t *testing.T) {
	k := newAbreast(t, 10)
	k.start()
	k.next()
	k.next()
	k.under(2)
	only := *k.spec.Schedule
	only.Overlap = Queue
	k.spec.Schedule = &only
	if err := k.Replace(t.Context(), k.spec); err != nil {
		t.Fatal(err)
	}
	k.next()
	k.under(2)
	k.touch("end")
	k.until("queued", func(s Status) bool { return strings.Count(k.outcomes(), "succeeded") == 3 })
}
