package protocol

import (
	"encoding/binary"
	"errors"

	"github.com/nsynapse/recipe/executor/landlock"
)

// Spec is one app to run, and where.
type Spec struct {
	Dir     string   // the directory of the unit: absolute, present, writable by the shim
	Command []string // argv; the program is looked up in the PATH of Env if it holds no slash
	Env     []string // the whole environment as key=value, except Marker, which the shim adds
	WorkDir string   // "" is the root directory
	UID     int      // -1 runs the app as the user of the shim
	GID     int      // -1 runs the app with the group of the shim
	Groups  []int    // the supplementary groups; looked at only if UID or GID is given
	Limits  []Limit
	Log     Log
	// NewPrivileges lets the app gain rights by executing setuid programs.
	NewPrivileges bool
	// Rescued is the app that a rescuing shim adopts; PID 0 starts a new one.
	Rescued ID
	// Unseen says that the rescued app ended before anybody had a pidfd of it: there is none on AppFD.
	Unseen bool
	// Cgroups are the control groups that the app is put into before its first step. A rescuing shim finds them noted in the
	// directory.
	Cgroups []Cgroup
	// Sandbox is what the app may do with files; nil is everything that its user may. Its program and its output, which the shim
	// knows, need no rule. A kernel without landlock goes without.
	Sandbox *landlock.Domain
}

// Limit is one resource limit of the app, as in setrlimit(2).
type Limit struct {
	Resource   int // RLIMIT_NOFILE and so on
	Soft, Hard uint64
}

// Log bounds what is kept of the app's output.
type Log struct {
	MaxBytes int64 // size of one file; 0 is 10 MiB
	Files    int   // how many files, the current one included; 0 is 5
}

const magic = "recipe-shim 4\n"

// ErrSpec says that a shim was given something that is not a Spec of its own version.
var ErrSpec = errors.New("not a request to this version of the shim")

// Encode returns the spec as a shim reads it: magic, then the fields in the order of the struct. A number is 8 bytes,
// little endian; a text is its length and its bytes; a list is its length and its elements; a domain is a list of none or one.
func (s *Spec) Encode() []byte {
	e := encoder(magic)
	e.text(s.Dir)
	e.texts(s.Command)
	e.texts(s.Env)
	e.text(s.WorkDir)
	e.number(uint64(s.UID))
	e.number(uint64(s.GID))
	e.number(uint64(len(s.Groups)))
	for _, g := range s.Groups {
		e.number(uint64(g))
	}
	e.number(uint64(len(s.Limits)))
	for _, l := range s.Limits {
		e.number(uint64(l.Resource))
		e.number(l.Soft)
		e.number(l.Hard)
	}
	e.number(uint64(s.Log.MaxBytes))
	e.number(uint64(s.Log.Files))
	e.bool(s.NewPrivileges)
	e.text(string(s.Rescued.Encode()))
	e.bool(s.Unseen)
	e.number(uint64(len(s.Cgroups)))
	for _, g := range s.Cgroups {
		e.text(g.Dir)
		e.number(uint64(len(g.Set)))
		for _, set := range g.Set {
			e.text(set.File)
			e.text(set.Value)
			e.bool(set.Optional)
		}
	}
	e.domain(s.Sandbox)
	return e
}

// DecodeSpec is the inverse of Encode. It fails with ErrSpec.
func DecodeSpec(b []byte) (*Spec, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, ErrSpec
	}
	d := decoder{rest: b[len(magic):]}
	s := &Spec{Dir: d.text(), Command: d.texts(), Env: d.texts(), WorkDir: d.text(), UID: d.int(), GID: d.int()}
	for n := d.length(8); n > 0; n-- {
		s.Groups = append(s.Groups, d.int())
	}
	for n := d.length(24); n > 0; n-- {
		s.Limits = append(s.Limits, Limit{d.int(), d.number(), d.number()})
	}
	s.Log = Log{MaxBytes: int64(d.number()), Files: d.int()}
	s.NewPrivileges = d.number() == 1
	s.Rescued, _ = DecodeID([]byte(d.text()))
	s.Unseen = d.number() == 1
	for n := d.length(16); n > 0; n-- {
		g := Cgroup{Dir: d.text()}
		for m := d.length(24); m > 0; m-- {
			g.Set = append(g.Set, Setting{File: d.text(), Value: d.text(), Optional: d.number() == 1})
		}
		s.Cgroups = append(s.Cgroups, g)
	}
	s.Sandbox = d.domain()
	if d.failed || len(d.rest) > 0 || s.Dir == "" {
		return nil, ErrSpec
	}
	return s, nil
}

type encoder []byte

func (e *encoder) number(n uint64) { *e = binary.LittleEndian.AppendUint64(*e, n) }

func (e *encoder) bool(b bool) {
	if b {
		e.number(1)
	} else {
		e.number(0)
	}
}

func (e *encoder) text(s string) {
	e.number(uint64(len(s)))
	*e = append(*e, s...)
}

func (e *encoder) texts(list []string) {
	e.number(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

func (e *encoder) domain(d *landlock.Domain) {
	e.bool(d != nil)
	if d == nil {
		return
	}
	e.bool(d.Scoped)
	for _, rules := range [][]landlock.Rule{d.Base, d.Rules} {
		e.number(uint64(len(rules)))
		for _, r := range rules {
			e.text(r.Path)
			e.number(uint64(r.Access))
			e.bool(r.Optional)
		}
	}
}

// A decoder remembers its first failure and from then on returns zero values.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) number() uint64 {
	if len(d.rest) < 8 {
		d.failed, d.rest = true, nil
		return 0
	}
	n := binary.LittleEndian.Uint64(d.rest)
	d.rest = d.rest[8:]
	return n
}

func (d *decoder) int() int { return int(int64(d.number())) }

// length reads the length of a list whose elements take at least size bytes each; a longer one cannot be true.
func (d *decoder) length(size int) int {
	n := d.number()
	if n > uint64(len(d.rest)/size) {
		d.failed, d.rest = true, nil
		return 0
	}
	return int(n)
}

func (d *decoder) text() string {
	n := d.length(1)
	s := string(d.rest[:n])
	d.rest = d.rest[n:]
	return s
}

func (d *decoder) texts() []string {
	n := d.length(8)
	if n == 0 {
		return nil
	}
	list := make([]string, 0, n)
	for ; n > 0; n-- {
		list = append(list, d.text())
	}
	return list
}

func (d *decoder) domain() *landlock.Domain {
	if d.number() != 1 {
		return nil
	}
	domain := &landlock.Domain{Scoped: d.number() == 1}
	for _, rules := range []*[]landlock.Rule{&domain.Base, &domain.Rules} {
		for n := d.length(24); n > 0; n-- {
			*rules = append(*rules, landlock.Rule{Path: d.text(), Access: landlock.Access(d.number()), Optional: d.number() == 1})
		}
	}
	return domain
}
