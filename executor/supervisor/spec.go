package supervisor

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/nsynapse/recipe/executor/landlock"
	"github.com/nsynapse/recipe/executor/shim"
)

// Spec is one process that is to be kept running.
type Spec struct {
	Address   string   // the stable name: "app.shop[0].process.web"
	Component string   // what it is a part of: "app.shop"
	Needs     []string // components that must be ready before it starts
	Dir       string   // the directory of the unit, absolute; made if missing
	Command   []string
	Env       []string // the whole environment as key=value; may hold secrets in clear
	WorkDir   string   // "" is the root directory
	UID, GID  int      // -1 leaves user and group as they are
	Groups    []int    // supplementary groups; looked at only if UID or GID is given
	Limits    []shim.Limit
	Cgroups   []shim.Cgroup
	Sandbox   *landlock.Domain // what it may do with files; nil is everything that its user may
	Log       shim.Log

	// Free tells before each start whether what the process needs for itself alone, such as a port, can be had; its error
	// is why not. Somebody else who has it could pass for the process. It is called from any goroutine; nil is always free.
	Free func() error

	// Gate is asked before each start, when certainly nothing of the unit runs: whether it may start now, and what to add to
	// its environment. A unit that may not stands by until Wake. Gate is called in the unit's goroutine, which it may hold
	// up for a write to disk, and must not call the Supervisor. Nil is always open.
	Gate func() (env []string, open bool, err error)

	// Order names what asks for this process to run in this way. A process that was started by the same order is not
	// started again by Start and Replace: an agent that was killed meanwhile had come so far. "" is no order.
	Order string
	// Waits makes Boot take over the process if it runs, and otherwise not start it: an order is about to come.
	Waits bool

	// StartTimeout is how long the unit may take to become ready; 0 is one minute.
	StartTimeout time.Duration
	Startup      Check
	Readiness    Check
	Liveness     Check

	Stop    Stop
	Restart Restart
	// Schedule lets the process run at times only; nil keeps it running. Checks and Restart are then not looked at.
	Schedule *Schedule
	// SuccessCodes are the exit statuses that mean that the work is done: the unit is then finished and not restarted.
	SuccessCodes []int
}

// Probe looks whether a process does its work. Run is called from any goroutine, never twice at a time for one check;
// it returns soon after ctx ends. An error with a method Undecided() bool that returns true says that the probe cannot tell
// at the moment: a process that starts has then started, and one that runs stays what it is.
type Probe interface {
	Run(ctx context.Context) error
}

func undecided(err error) bool {
	u, ok := errors.AsType[interface {
		error
		Undecided() bool
	}](err)
	return ok && u.Undecided()
}

// Check is a probe that is made again and again. A Check without a Probe is none.
type Check struct {
	Probe            Probe
	InitialDelay     time.Duration // before the first probe
	Interval         time.Duration // between two probes; 0 is one second. Startup checks use it as an upper bound
	Timeout          time.Duration // of one probe; 0 is one second
	SuccessThreshold int           // successes in a row that make it pass; 0 is 1
	FailureThreshold int           // failures in a row that make it fail; 0 is 3. Startup checks have StartTimeout instead
}

// Stop says how a process is asked to end.
type Stop struct {
	Signal syscall.Signal // to the whole process group; 0 is SIGTERM
	Grace  time.Duration  // before it is killed; 0 is 10 seconds
}

// Restart bounds the restarts.
type Restart struct {
	Max int // restarts in a row after which the unit has failed; 0 is no bound
}

const (
	defaultStartTimeout = time.Minute
	defaultInterval     = time.Second
	defaultTimeout      = time.Second
	defaultGrace        = 10 * time.Second
	defaultFailures     = 3
	aliveAfter          = 300 * time.Millisecond // without any check
)

// withDefaults returns s with every zero replaced by what it stands for.
func (s Spec) withDefaults() Spec {
	if s.StartTimeout <= 0 {
		s.StartTimeout = defaultStartTimeout
	}
	if s.Stop.Signal == 0 {
		s.Stop.Signal = syscall.SIGTERM
	}
	if s.Stop.Grace <= 0 {
		s.Stop.Grace = defaultGrace
	}
	for _, c := range []*Check{&s.Startup, &s.Readiness, &s.Liveness} {
		c.fill()
	}
	if s.Startup.Probe == nil {
		s.Startup = s.Readiness
	}
	return s
}

func (c *Check) fill() {
	if c.Interval <= 0 {
		c.Interval = defaultInterval
	}
	if c.Timeout <= 0 {
		c.Timeout = defaultTimeout
	}
	if c.SuccessThreshold <= 0 {
		c.SuccessThreshold = 1
	}
	if c.FailureThreshold <= 0 {
		c.FailureThreshold = defaultFailures
	}
}

// gated returns s as it is to start, with what Gate adds, and whether it may.
func (s Spec) gated() (Spec, bool, error) {
	if s.Gate == nil {
		return s, true, nil
	}
	env, open, err := s.Gate()
	s.Env = append(slices.Clip(s.Env), env...)
	return s, open, err
}

func (s Spec) shimSpec() shim.Spec {
	return shim.Spec{
		Dir: s.Dir, Command: s.Command, Env: s.Env, WorkDir: s.WorkDir, UID: s.UID, GID: s.GID, Groups: s.Groups,
		Limits: s.Limits, Cgroups: s.Cgroups, Sandbox: s.Sandbox, Log: s.Log,
	}
}
