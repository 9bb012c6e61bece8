package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/nsynapse/recipe/planner/semver"
)

// Recipe is the recipe.hcl of a package as it was written: structure and references checked, nothing evaluated.
type Recipe struct {
	Name        string // "namespace/name", or "name" in the library in the box
	Version     *semver.Version
	Description string
	NameRange   hcl.Range
	Requires    *Constraint // on recipe itself; nil for none
	Coexist     bool        // versions of different majors may be in one stack
	Platforms   []string    // "linux/amd64"; nil for all
	// PlatformsRange is what names them, if there are some: the line of the platforms, or of the programs of a plugin.
	PlatformsRange hcl.Range
	Kind           string            // PluginKind; "" for what apps and middleware are made from
	Programs       map[string]string // of a plugin: the paths of its programs by platform, with slashes, or one for AnyPlatform

	Depends      map[string]*Depend      // by package name
	Providers    map[string]*Provider    // plugins that the package uses, by name
	Requirements map[string]*Requirement // by the name the recipe calls them
	Provides     map[string]*Provided    // by service
	Contracts    map[string]*Contract    // that the package defines, by service
	Inputs       map[string]*Variable
	Locals       map[string]*Local
	Ports        map[string]*Port
	Secrets      map[string]*Secret
	Install      []*Resource // evaluated once per package version
	Configure    []*Resource // evaluated per instance
	Steps        []*Step
	Processes    []*Process // in written order
	Backup       *Command   // writes the data of an instance aside; nil if it has none that has to be
	Restore      *Command   // brings it back; set together with Backup
	Promote      *Command   // makes a primary of a backup that runs; nil if its file of roles is word enough
	Bind         *Binder    // nil: consumers get host, port and uri
	Health       *Health    // of the main process; nil for the default checks
	Stop         *Stop      // default of all processes
	Update       *Update    // nil for the usual; what the stack says goes before
	Sandbox      *Sandbox   // nil for the usual; the stack may add to it

	Sources map[string][]byte // the text of each file by its name, for snippets
}

// Depend is a need for the files of another package.
type Depend struct {
	Package    string
	Constraint *Constraint // nil for any version
	Range      hcl.Range
}

// Requirement is a need for a service.
type Requirement struct {
	Name       string
	Service    string
	Constraint *Constraint // nil for any version
	Range      hcl.Range
}

// Provided is a service on offer.
type Provided struct {
	Service string
	Version *semver.Version
	Port    string // the name of the port that serves it; "" for a service without one
	Scheme  string // of the default uri: "http" unless said otherwise
	Range   hcl.Range
}

// Port is a port that the agent allots to each instance.
type Port struct {
	Name   string
	Number hcl.Expression // nil: any free one
	Range  hcl.Range
}

// Secret is a random value made once per component.
type Secret struct {
	Name   string
	Length int // bytes of randomness; 0 for the default
	Range  hcl.Range
}

// Resource is a block of install, configure or bind: `template "config" { … }`.
type Resource struct {
	Type       string
	Name       string
	Attributes map[string]*hcl.Attribute
	Range      hcl.Range // of the block's header
}

// Step is a journalled one-shot command before the start of the processes.
type Step struct {
	Name       string
	Attributes map[string]*hcl.Attribute // command, env, directory, timeout, creates, undo
	OncePer    string                    // "instance" (default) or "version"
	Range      hcl.Range
}

// Process is one process of each instance.
type Process struct {
	Name         string
	Kind         string         // "web", "worker" or "schedule"
	Command      hcl.Expression // list of strings
	Env          hcl.Expression // map of strings; nil for none
	Directory    hcl.Expression // working directory; nil: the package's own directory
	Root         bool           // stay root when the agent is root
	Standby      string         // "warm": it runs in a backup too; "cold": it does not; "" for the usual
	SuccessCodes []int          // exit codes of a clean end; 0 alone when empty
	Health       *Health        // nil: the recipe's for the main process, else the default
	Stop         *Stop          // nil: the recipe's
	Limits       *Bounds        // nil: none
	Schedule     *Schedule      // of the kind "schedule"; nil for others
	Range        hcl.Range
}

// Expressions are those that are evaluated for each instance, nil for what was not written; checks aside.
func (p *Process) Expressions() []hcl.Expression {
	all := []hcl.Expression{p.Command, p.Env, p.Directory}
	if s := p.Schedule; s != nil {
		all = append(all, s.Cron, s.Every, s.Zone)
	}
	return all
}

// Main is the process that the recipe's ports and checks belong to: the first that always runs. It is nil if none does.
func (r *Recipe) Main() *Process {
	for _, p := range r.Processes {
		if p.Schedule == nil {
			return p
		}
	}
	return nil
}

// Schedule is when a process runs that does not always run. One of Cron and Every is set.
type Schedule struct {
	Cron    hcl.Expression // a cron expression of five fields
	Every   hcl.Expression // a duration
	Zone    hcl.Expression // the time zone of Cron; nil is UTC
	Overlap string         // what becomes of a run while the one before goes on: "skip", "queue", "replace" or "allow"
	MaxRuns int            // with "allow", how many may go on at a time; else 0
	Missed  string         // what becomes of the last run that nobody was there to begin: "skip" or "run"
	Timeout string         // after which a run is stopped; "" is never
	Range   hcl.Range
}

// When is the one of Cron and Every that is set; nil only for a schedule with mistakes.
func (s *Schedule) When() hcl.Expression {
	if s.Cron != nil {
		return s.Cron
	}
	return s.Every
}

// Health is how the agent knows that a process works.
type Health struct {
	Startup   *Check // nil for the default
	Readiness *Check
	Liveness  *Check
	Range     hcl.Range
}

// Check is one check: exactly one of the probe attributes http, tcp, exec, postgresql, redis, nats, and its timing
// (port, initial_delay, interval, timeout, success_threshold, failure_threshold).
type Check struct {
	Attributes map[string]*hcl.Attribute
	Range      hcl.Range
}

// Stop is how a process is asked to end.
type Stop struct {
	Signal string // "SIGTERM" unless said otherwise
	Grace  string // a duration; "10s" unless said otherwise
	Range  hcl.Range
}

// Command is a program that an instance runs when it is asked to.
type Command struct {
	Attributes map[string]*hcl.Attribute // command; of a backup also env, directory, timeout; of promote also timeout
	Range      hcl.Range
}

// Binder makes what one consumer needs to use the services: its bind block.
type Binder struct {
	Resources  []*Resource    // evaluated per consumer and binding; deleted when the binding ends
	Attributes hcl.Expression // an object: the contract's attributes
	Range      hcl.Range
}
