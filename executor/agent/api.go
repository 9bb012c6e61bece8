package agent

import (
	"encoding/json"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/lang/addr"
	"github.com/nsynapse/recipe/lang/diag"
	"github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/state"
)

// The API is HTTP with JSON over the socket RECIPE_HOME/agent.sock. Only the agent's own user and root are answered; the
// kernel names who asks (SO_PEERCRED). Bodies of answers are one JSON value, or one JSON object a line where a stream is said.
// Errors are a Problem with a status of 4xx or 5xx.
//
//	POST /v1/plan                     PlanRequest -> PlanAnswer
//	POST /v1/apply                    ApplyRequest -> stream of RunLine
//	GET  /v1/stacks/NAME/run          stream of RunLine: the run under way, from its beginning; 404 without one
//	POST /v1/stacks/NAME/run/stop     ends the run under way where it is
//	GET  /v1/stacks                   []StackInfo
//	GET  /v1/stacks/NAME              StackInfo
//	GET  /v1/stacks/NAME/objects      []state.Object; secrets are references
//	GET  /v1/stacks/NAME/history      []state.Generation
//	GET  /v1/stacks/NAME/outputs      map of OutputInfo; ?secrets=NAME shows that one in clear
//	GET  /v1/backups                  []BackupInfo; ?stack=NAME&instance=ADDRESS, of stacks that are gone too
//	GET  /v1/backups/content          the archive of one; ?stack=&instance=&id=, encrypted for ?recipient=
//	GET  /v1/backups/verify           BackupInfo of one, if its sums are right; ?stack=&instance=&id=
//	POST /v1/backups/prune            PruneBackupsRequest -> []BackupInfo
//	POST /v1/stacks/NAME/backup       BackupRequest -> BackupInfo
//	POST /v1/stacks/NAME/restore      BackupRequest -> BackupInfo
//	POST /v1/stacks/NAME/restore/check  the same, and nothing is changed
//	GET  /v1/units                    []UnitInfo; ?stack=NAME
//	GET  /v1/routes                   []RouteInfo; ?stack=NAME
//	POST /v1/units/{restart,stop,start}  UnitRequest -> UnitAnswer
//	GET  /v1/units/runs               []TimedRun of scheduled processes; ?stack=&target=
//	POST /v1/units/take-over          UnitRequest of one instance -> UnitAnswer, when it serves as primary
//	POST /v1/units/run-now            UnitRequest -> TimedRun, when it has ended
//	POST /v1/commands                 CommandRequest; see command.go
//	GET  /v1/events                   stream of Event; ?stack=&follow=1
//	GET  /v1/logs                     stream of LogLine; ?stack=&component=&follow=1&lines=N
//	GET  /metrics                     figures in the text format of Prometheus
//	GET  /v1/version                  VersionInfo
//	POST /v1/shutdown                 ends the agent; apps go on. Refused while a run is under way
const apiVersion = "v1"

// Problem is why a request failed.
type Problem struct {
	Message     string            `json:"message"`
	Hint        string            `json:"hint,omitempty"` // what to do about it
	Kind        string            `json:"kind,omitempty"` // "busy", "stale", "not-found", "not-trusted", "other-directory"
	Diagnostics []diag.Diagnostic `json:"diagnostics,omitempty"`
}

func (p *Problem) Error() string { return p.Message }

// PlanRequest asks for a plan. The agent reads the stack's files itself.
type PlanRequest struct {
	Path      string          `json:"path"`             // of the stack's file or directory, absolute; "" for the stack of that name as it was applied
	Stack     string          `json:"stack,omitempty"`  // with Destroy or Kept, and no Path
	Kept      *KeptRequest    `json:"kept,omitempty"`   // from what the agent keeps of a generation
	Recipe    string          `json:"recipe,omitempty"` // the version that the user runs, for requires_recipe
	Variables []VariableValue `json:"variables,omitempty"`
	Targets   []addr.Instance `json:"targets,omitempty"`
	Replace   []addr.Instance `json:"replace,omitempty"`
	Import    *ImportRequest  `json:"import,omitempty"` // with Path: take over a thing that is there already
	Destroy   bool            `json:"destroy,omitempty"`
	NoBackup  bool            `json:"no_backup,omitempty"` // delete data without writing it aside before
	Trust     bool            `json:"trust,omitempty"`     // do not look at what is there
	Upgrade   []string        `json:"upgrade,omitempty"`   // packages that the lock file does not hold; "*" for all of them
	Locked    bool            `json:"locked,omitempty"`    // it is an error when the lock file would change
	Fresh     bool            `json:"fresh,omitempty"`     // ask registries also about what is locked and kept on this machine
}

// ImportRequest names a thing that is there already, and what it becomes in the stack.
type ImportRequest struct {
	Addr addr.Instance `json:"addr"`
	ID   string        `json:"id"` // as the provider of its type knows it
}

// PruneSourcesRequest says what of the packages that were got by addresses is removed; see origin.Bounds.
type PruneSourcesRequest struct {
	Unused time.Duration `json:"unused"`
	Bytes  int64         `json:"bytes,omitempty"`
}

// CollectRequest says what of the store is removed: never what a stack needs now, or a generation that it can go back to.
type CollectRequest struct {
	Keep   int           `json:"keep,omitempty"`    // how many generations of each stack, the newest, can be gone back to afterwards; 0 for all
	Unused time.Duration `json:"unused"`            // what was made or asked for since then stays, since somebody may be planning with it
	DryRun bool          `json:"dry_run,omitempty"` // tell it, and remove nothing
}

// Collected is what was removed of the store, or would be.
type Collected struct {
	Removed   []StoreEntry     `json:"removed"`        // the largest first
	Downloads int              `json:"downloads"`      // files that entries were made of
	Lost      map[string][]int `json:"lost,omitempty"` // generations by stack that could be gone back to, and cannot any more
	Freed     int64            `json:"freed"`          // in bytes, downloads included
	Left      int              `json:"left"`           // entries
	Bytes     int64            `json:"bytes"`          // of what is left, without downloads
	Recent    int              `json:"recent"`         // entries that stay only because they were asked for a short while ago
}

// StoreEntry is one entry of the store.
type StoreEntry struct {
	Key   string `json:"key"`
	What  string `json:"what"` // what it holds, for people
	Bytes int64  `json:"bytes"`
}

// VariableValue is one value given from outside. Later ones win.
type VariableValue struct {
	Name string `json:"name"`           // "" for a whole file
	Text string `json:"text"`           // the value as given, or the file's text
	From string `json:"from"`           // "-var", "RECIPE_VAR_x", the file's name
	Hint bool   `json:"hint,omitempty"` // from the environment: no error when the stack has no such variable
}

// PlanAnswer is a plan, or the diagnostics why there is none.
type PlanAnswer struct {
	Plan        *SignedPlan       `json:"plan,omitempty"`
	Lock        string            `json:"lock,omitempty"` // the text that the lock file gets when the plan is carried out; "" if it stays
	Diagnostics []diag.Diagnostic `json:"diagnostics,omitempty"`
}

// SignedPlan is a plan that the agent made and that nobody changed since: it signs the plan's exact bytes.
type SignedPlan struct {
	Plan      json.RawMessage `json:"plan"`
	Signature string          `json:"signature"` // HMAC-SHA256 with a key of the agent's, hexadecimal
}

// Decode reads the plan without checking the signature; the agent does that.
func (s *SignedPlan) Decode() (*plan.Plan, error) {
	return plan.Decode(s.Plan)
}

// ApplyRequest begins a run.
type ApplyRequest struct {
	Plan     *SignedPlan `json:"plan"`
	Parallel int         `json:"parallel,omitempty"`
	Trace    string      `json:"trace,omitempty"` // the traceparent of the run; tasks are the parts of it that their addresses name
}

// RunLine is one line of the news of a run. Exactly one part is set; the last line has Result.
type RunLine struct {
	Begin  *RunBegin    `json:"begin,omitempty"`
	Event  *apply.Event `json:"event,omitempty"`
	Result *RunResult   `json:"result,omitempty"`
}

// RunBegin is the first line.
type RunBegin struct {
	Stack   string        `json:"stack"`
	Started time.Time     `json:"started"`
	By      *apply.Client `json:"by,omitempty"` // who began it; nil if that cannot be told
	Tasks   int           `json:"tasks"`
	Resumed bool          `json:"resumed,omitempty"`
	Destroy bool          `json:"destroy,omitempty"`
}

// RunResult is the last line.
type RunResult struct {
	Generation state.Generation      `json:"generation"`
	Outputs    map[string]OutputInfo `json:"outputs,omitempty"`
	Hint       string                `json:"hint,omitempty"`  // the way out of the error, of this one or of the generation's
	Error      string                `json:"error,omitempty"` // the agent could not carry on; the run stays recorded
}

// OutputInfo is the value of an output.
type OutputInfo struct {
	Value     json.RawMessage `json:"value"` // null for one that is sensitive and was not asked for by name
	Text      string          `json:"text"`
	Sensitive bool            `json:"sensitive,omitempty"`
}

// StackInfo tells of one stack.
type StackInfo struct {
	Name       string    `json:"name"`
	Directory  string    `json:"directory"`
	Generation int       `json:"generation"`
	Resources  int       `json:"resources"`
	Serial     uint64    `json:"serial"`
	Running    bool      `json:"running"` // a run is under way
	Changed    time.Time `json:"changed"` // end of the last run; zero before it
}

// UnitInfo tells of one process.
type UnitInfo struct {
	Stack     string         `json:"stack"`
	Address   string         `json:"address"`
	Component string         `json:"component"`
	State     string         `json:"state"`
	Ready     bool           `json:"ready"`
	Role      string         `json:"role,omitempty"` // "primary" or "backup", if its component has backups
	PID       int            `json:"pid,omitempty"`
	Since     time.Time      `json:"since"`
	Restarts  int            `json:"restarts"`
	Ports     map[string]int `json:"ports,omitempty"`
	Held      bool           `json:"held,omitempty"`         // it keeps its version until it is promoted
	Message   string         `json:"message,omitempty"`      // what keeps it from being ready, or from changing
	CPU       float64        `json:"cpu_seconds,omitempty"`  // used by it and its descendants so far
	Memory    int64          `json:"memory_bytes,omitempty"` // resident now, of them all
	Next      *time.Time     `json:"next,omitempty"`         // of a scheduled one: when it runs next
	Run       int            `json:"run,omitempty"`          // it is one run of a schedule whose runs may overlap: its number
	Last      *TimedRun      `json:"last,omitempty"`         // of a scheduled one: its last run that is over
	Executor  string         `json:"executor,omitempty"`     // the plugin that runs it; the rest is then as it was when it was looked at last
}

// UnitRequest names the units to act on: all whose address Target contains.
type UnitRequest struct {
	Stack  string `json:"stack"`
	Target string `json:"target"` // an address; "" for the whole stack
}

// UnitAnswer lists the units that were acted on, in the order of the acting.
type UnitAnswer struct {
	Units []string `json:"units"`
}

// LogLine is one line that a process wrote.
type LogLine struct {
	Unit string `json:"unit"`
	Line string `json:"line"`
}

// VersionInfo tells who answers.
type VersionInfo struct {
	Version string       `json:"version"`
	Build   string       `json:"build"`
	PID     int          `json:"pid"`
	Program string       `json:"program"`
	Cgroups cgroup.Offer `json:"cgroups"`
}
