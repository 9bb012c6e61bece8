package local

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/check"
	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/sdk"
)

// Spec translates the value of an instance or a schedule for the supervisor.
func (p *Provider) Spec(id sdk.Identity) (supervisor.Spec, error) {
	v := id.Known
	owner := number(v.GetAttr("owner"))
	dir := processDirectory(id)
	spec := supervisor.Spec{
		Address:   UnitName(id.Stack, id.Address),
		Component: UnitName(id.Stack, v.GetAttr("component").AsString()),
		Dir:       dir,
		Command:   texts(v.GetAttr("command")),
		WorkDir:   v.GetAttr("workdir").AsString(),
		UID:       owner,
		GID:       owner,
	}
	at := sandbox.Place{Instance: directory(v), Process: dir, Work: spec.WorkDir}
	if v.Type().HasAttribute("times") { // it is in no instance's directory
		at.Instance = ""
	}
	spec.Sandbox = p.sandbox.Domain(v.GetAttr("sandbox"), at)
	for _, need := range texts(v.GetAttr("needs")) {
		spec.Needs = append(spec.Needs, UnitName(id.Stack, need))
	}
	if err := p.limit(&spec, v.GetAttr("limits")); err != nil {
		return spec, err
	}
	env := environment(v, dir)
	spec.Env = env
	if codes := v.GetAttr("success_codes"); !codes.IsNull() {
		for _, code := range codes.AsValueSlice() {
			spec.SuccessCodes = append(spec.SuccessCodes, number(code))
		}
	}
	var err error
	if spec.Stop, err = stopOf(v.GetAttr("stop")); err != nil {
		return spec, err
	}
	if v.Type().HasAttribute("times") {
		if spec.Schedule, err = scheduleOf(v.GetAttr("times")); err == nil && spec.Cgroups != nil {
			spec.Schedule.Cgroups = p.groups(v.GetAttr("limits"))
		}
		return spec, err
	}
	spec.Free = func() error { return p.free(v) }
	if Roles(id) != nil {
		spec.Gate = func() ([]string, bool, error) { return p.gate(id) }
	}
	for name, to := range map[string]*supervisor.Check{"startup": &spec.Startup, "readiness": &spec.Readiness, "liveness": &spec.Liveness} {
		if *to, err = checkOf(v.GetAttr(name), env, spec); err != nil {
			return spec, fmt.Errorf("%s: %w", name, err)
		}
	}
	if timeout := v.GetAttr("startup"); !timeout.IsNull() {
		// A start may take as long as its check says in all; one probe is given a few seconds.
		if spec.StartTimeout, err = duration(timeout, "timeout"); err != nil {
			return spec, err
		}
		spec.Startup.Timeout = probeTimeout
	}
	return spec, nil
}

// probeTimeout bounds one probe of a start.
const probeTimeout = 5 * time.Second

// environment is the process's environment, sorted, with the root of its binding files.
func environment(v cty.Value, dir string) []string {
	var env []string
	for name, value := range elements(v.GetAttr("env")) {
		env = append(env, name+"="+value.AsString())
	}
	if !v.GetAttr("bindings").IsNull() {
		env = append(env, "SERVICE_BINDING_ROOT="+bindingsRoot(dir))
	}
	slices.Sort(env)
	return env
}

func stopOf(v cty.Value) (supervisor.Stop, error) {
	name := v.GetAttr("signal").AsString()
	signal, ok := signals[strings.TrimPrefix(name, "SIG")]
	if !ok {
		signal, ok = userSignals[strings.TrimPrefix(name, "SIG")]
	}
	if !ok {
		return supervisor.Stop{}, fmt.Errorf("%s is not a signal", name)
	}
	grace, err := duration(v, "grace")
	return supervisor.Stop{Signal: signal, Grace: grace}, err
}

func checkOf(v cty.Value, env []string, spec supervisor.Spec) (c supervisor.Check, err error) {
	if v.IsNull() {
		return c, nil
	}
	if c.Probe, err = probeOf(v, env, spec); err != nil {
		return c, err
	}
	c.SuccessThreshold, c.FailureThreshold = number(v.GetAttr("success_threshold")), number(v.GetAttr("failure_threshold"))
	for name, to := range map[string]*time.Duration{"initial_delay": &c.InitialDelay, "interval": &c.Interval, "timeout": &c.Timeout} {
		if *to, err = duration(v, name); err != nil {
			return c, err
		}
	}
	return c, nil
}

func probeOf(v cty.Value, env []string, spec supervisor.Spec) (supervisor.Probe, error) {
	port := number(v.GetAttr("port"))
	switch {
	case !v.GetAttr("http").IsNull():
		return check.HTTP{Port: port, Path: v.GetAttr("http").AsString()}, nil
	case !v.GetAttr("tcp").IsNull():
		return check.TCP{Port: number(v.GetAttr("tcp"))}, nil
	case !v.GetAttr("exec").IsNull():
		return check.Exec{Command: texts(v.GetAttr("exec")), Env: env, Dir: spec.WorkDir, UID: uint32(max(spec.UID, 0)), GID: uint32(max(spec.GID, 0)), Sandbox: spec.Sandbox.Open()}, nil
	case !v.GetAttr("postgresql").IsNull():
		return postgreSQLProbe(v.GetAttr("postgresql"), port, env), nil
	case !v.GetAttr("redis").IsNull():
		l := v.GetAttr("redis")
		return check.Redis{Port: port, Username: text(l, "username"), Password: text(l, "password")}, nil
	case !v.GetAttr("nats").IsNull():
		l := v.GetAttr("nats")
		return check.NATS{Port: port, Username: text(l, "username"), Password: text(l, "password")}, nil
	}
	return nil, errors.New("it has no probe")
}

// postgreSQLProbe asks for the primary only where there are roles: the environment says then where that is.
func postgreSQLProbe(l cty.Value, port int, env []string) check.PostgreSQL {
	probe := check.PostgreSQL{Port: port, Username: text(l, "username"), Password: text(l, "password"), Database: text(l, "database")}
	if lag := l.GetAttr("max_lag"); !lag.IsNull() {
		probe.MaxLag, _ = lag.AsBigFloat().Int64()
	}
	if probe.MaxLag == 0 && !l.GetAttr("follows").RawEquals(cty.True) {
		return probe
	}
	for _, line := range env {
		if at, ok := strings.CutPrefix(line, "PRIMARY_PORT="); ok {
			probe.Primary, _ = strconv.Atoi(at) // written by us
		}
	}
	return probe
}

func text(v cty.Value, attribute string) string {
	if a := v.GetAttr(attribute); !a.IsNull() {
		return a.AsString()
	}
	return ""
}

// duration is an attribute such as "10s"; 0 when it is not set.
func duration(v cty.Value, attribute string) (time.Duration, error) {
	s := text(v, attribute)
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("%s: %q is not a duration such as 10s", attribute, s)
	}
	return d, nil
}

func texts(v cty.Value) []string {
	if v.IsNull() {
		return nil
	}
	var all []string
	for _, e := range v.AsValueSlice() {
		if e.IsNull() {
			all = append(all, "")
			continue
		}
		all = append(all, e.AsString())
	}
	return all
}

// signals are the signals that can ask a process to end, by name.
var signals = map[string]syscall.Signal{"TERM": syscall.SIGTERM, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
