package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
	"github.com/zclconf/go-cty/cty"

	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/check"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/providers/sdk"
)

// unit is a process as systemd is to run it.
type unit struct {
	id         sdk.Identity
	name       string
	spec       supervisor.Spec
	properties []dbus.Property
	memory     int64  // the limit in bytes; 0 for none
	digest     string // of everything that a process is started anew for
}

// nobodys are the characters that a unit's name is not made of here.
var nobodys = regexp.MustCompile(`[^a-zA-Z0-9.]+`)

// nameOf is the name of a process's unit. The digest has the instance's directory in it, so that processes of two homes of recipe
// do not meet; the rest is for people.
func nameOf(id sdk.Identity) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{id.Known.GetAttr("directory").AsString(), id.Stack, id.Address}, "\x00")))
	words := nobodys.ReplaceAllString(id.Stack+"-"+id.Address, "-")
	return fmt.Sprintf("recipe-%.150s-%s.service", words, hex.EncodeToString(sum[:6]))
}

// descriptionOf is what systemctl shows of a unit, and by which it is known whose it is.
func descriptionOf(id sdk.Identity) string {
	return fmt.Sprintf("%s of the stack %s of recipe, in %s", id.Address, id.Stack, id.Known.GetAttr("directory").AsString())
}

// unit is the unit of an instance's process.
func (e executor) unit(id sdk.Identity) (unit, error) {
	v := id.Known
	if !v.GetAttr("roles").IsNull() {
		return unit{}, fmt.Errorf("its component has backups, and only the agent's own executor knows who of them is primary; take `backups` out, or the executor")
	}
	spec, err := e.box.Spec(id)
	if err != nil {
		return unit{}, err
	}
	spec.Dir, spec.Command = filepath.Clean(spec.Dir), append([]string(nil), spec.Command...)
	program, ok := check.Program(spec.Command[0], spec.Env)
	if !ok {
		return unit{}, fmt.Errorf("there is no program %s in PATH", spec.Command[0])
	}
	if !filepath.IsAbs(program) {
		program = filepath.Join(spec.WorkDir, program)
	}
	u := unit{id: id, name: nameOf(id), spec: spec}
	limits, err := u.limits(v.GetAttr("limits"))
	if err != nil {
		return unit{}, err
	}
	u.properties = append(u.base(id, program), limits...)
	if e.hides {
		u.properties = append(u.properties, hide(v, program)...)
	}
	u.digest, err = u.sum(v)
	return u, err
}

// base are the properties of a unit but its limits. systemd.service(5) and systemd.exec(5) say what they mean; the names and
// types are those of org.freedesktop.systemd1(5).
func (u unit) base(id sdk.Identity, program string) []dbus.Property {
	log := filepath.Join(u.spec.Dir, logFile)
	list := []dbus.Property{
		dbus.PropDescription(descriptionOf(id)),
		dbus.PropType("exec"), // the start has failed if the program cannot be executed
		property("ExecStartEx", []command{{program, u.spec.Command, []string{"no-env-expand"}}}),
		property("EnvironmentFiles", []optionalFile{{filepath.Join(u.spec.Dir, environmentFile), false}}),
		property("WorkingDirectory", u.spec.WorkDir),
		property("StandardOutputFileToAppend", log),
		property("StandardErrorFileToAppend", log),
		dbus.PropSlice("recipe.slice"),
		property("NoNewPrivileges", true),
		property("KillMode", "control-group"),
		property("KillSignal", int32(stopSignal(u.spec.Stop))),
		property("TimeoutStopUSec", uint64(grace(u.spec.Stop).Microseconds())),
		property("Restart", "always"),
		property("RestartUSec", uint64(restartPause.Microseconds())),
		property("StartLimitIntervalUSec", uint64(0)), // it goes on, as a process of the agent does
	}
	if u.spec.UID >= 0 {
		list = append(list, property("User", fmt.Sprint(u.spec.UID)), property("Group", fmt.Sprint(u.spec.GID)))
	}
	if codes := u.spec.SuccessCodes; len(codes) > 0 {
		done := exits{Codes: []int32{}, Signals: []int32{}}
		for _, c := range codes {
			done.Codes = append(done.Codes, int32(c))
		}
		list = append(list, dbus.PropRemainAfterExit(true), property("SuccessExitStatus", done), property("RestartPreventExitStatus", done))
	}
	return list
}

// The types of the properties that are not plain.
type (
	command struct { // (sasas)
		Path    string
		Args    []string
		Options []string
	}
	optionalFile struct { // (sb)
		Path     string
		Optional bool
	}
	exits struct { // (aiai)
		Codes   []int32
		Signals []int32
	}
)

func property(name string, value any) dbus.Property {
	return dbus.Property{Name: name, Value: godbus.MakeVariant(value)}
}

// limits are the properties for what the process may take of the machine.
func (u *unit) limits(v cty.Value) ([]dbus.Property, error) {
	if v.IsNull() {
		return nil, nil
	}
	var list []dbus.Property
	if memory := v.GetAttr("memory"); !memory.IsNull() {
		bytes, ok := cgroup.ParseMemory(memory.AsString())
		if !ok {
			return nil, fmt.Errorf("limits: memory is %q, and has to be a size such as 256MiB", memory.AsString())
		}
		u.memory = bytes
		list = append(list, property("MemoryMax", uint64(bytes)), property("MemorySwapMax", uint64(0)), property("OOMPolicy", "kill"))
	}
	if cpu := v.GetAttr("cpu"); !cpu.IsNull() {
		processors, _ := cpu.AsBigFloat().Float64()
		list = append(list, property("CPUQuotaPerSecUSec", uint64(processors*1e6)))
	}
	if n := whole(v.GetAttr("pids")); n > 0 {
		list = append(list, property("TasksMax", n))
	}
	if n := whole(v.GetAttr("open_files")); n > 0 {
		list = append(list, property("LimitNOFILE", n), property("LimitNOFILESoft", n))
	}
	return list, nil
}

func whole(v cty.Value) uint64 {
	if v.IsNull() {
		return 0
	}
	n, _ := v.AsBigFloat().Uint64()
	return n
}

// sum is the digest of all that the process has to be started anew for. The bindings are files beside it, and read at its start.
func (u unit) sum(v cty.Value) (string, error) {
	var said [][2]string
	for _, p := range u.properties {
		said = append(said, [2]string{p.Name, p.Value.String()})
	}
	text, err := json.Marshal([]any{said, u.spec.Env, fmt.Sprintf("%#v", v.GetAttr("bindings")), fmt.Sprintf("%#v", v.GetAttr("config_digest"))})
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), err
}

func stopSignal(s supervisor.Stop) syscall.Signal {
	if s.Signal == 0 {
		return syscall.SIGTERM
	}
	return s.Signal
}
