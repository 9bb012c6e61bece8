// Package agent is the long-running process: it owns state and providers, carries out plans, supervises what runs
// and answers the CLI on a unix socket. Everything is wired in New, which reads from top to bottom.
package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/nsynapse/recipe/executor/apply"
	"github.com/nsynapse/recipe/executor/bus"
	"github.com/nsynapse/recipe/executor/cgroup"
	"github.com/nsynapse/recipe/executor/directory"
	"github.com/nsynapse/recipe/executor/disk"
	"github.com/nsynapse/recipe/executor/local"
	"github.com/nsynapse/recipe/executor/otlp"
	"github.com/nsynapse/recipe/executor/port"
	"github.com/nsynapse/recipe/executor/router"
	"github.com/nsynapse/recipe/executor/sandbox"
	"github.com/nsynapse/recipe/executor/supervisor"
	"github.com/nsynapse/recipe/executor/token"
	"github.com/nsynapse/recipe/executor/vault"
	"github.com/nsynapse/recipe/providers/builtin"
	"github.com/nsynapse/recipe/providers/builtin/fetch"
	"github.com/nsynapse/recipe/providers/sdk"
	"github.com/nsynapse/recipe/recipes"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/library"
	"github.com/nsynapse/recipe/registry/store"
)

// Options are what the agent needs from its surroundings.
type Options struct {
	Home    string   // RECIPE_HOME, absolute; made when missing
	Program string   // the recipe binary, absolute: it also serves as router, bus and shim
	Shim    []string // the command line of the shim; nil for Program and "shim"
	Version string
	Build   string    // tells builds of one version apart
	Log     io.Writer // what the agent has to say about itself; nil drops it
	// Idle is how long the agent stays when there is no stack and nobody asks for anything; 0 for ever.
	Idle time.Duration
	// Ports are the first and the last port to hand out; zeros for port.Low and port.High, begun elsewhere for every home.
	Ports [2]int
	// Fronts are where the router answers routes.
	Fronts router.Addresses
	// AccessLog has the router log the requests of routes.
	AccessLog bool
	// Metrics is where, besides the socket, GET /metrics is answered: an address of this machine alone. "" is nowhere.
	Metrics string
}

// Agent is one agent, the only one of its RECIPE_HOME.
type Agent struct {
	Options
	owner      int    // the user that apps run as, -1 for our own
	program    string // the recipe binary for apps
	fsys       disk.FS
	lock       io.Closer
	key        vault.Key
	planKey    []byte
	store      *store.Store
	library    *library.Library
	ports      *port.Allotter
	directory  *directory.Directory
	supervisor *supervisor.Supervisor
	endpoints  *router.Endpoints
	fronts     *router.Routes
	routes     *routes
	roles      *roleKeeper
	local      *local.Provider
	cgroups    cgroup.Host
	sandbox    *sandbox.Policy
	token      token.Token  // what clients show
	provider   sdk.Provider // of the types in the box
	plugins    hosts
	events     *events
	outside    *outside // processes of other executors
	runs       runs

	collecting sync.RWMutex // held for reading by who plans or begins a run, for writing by collect

	mu     sync.Mutex
	stacks map[string]*stack

	background sync.WaitGroup // runs
	stop       context.CancelFunc
	running    context.Context
}

// ErrRunning means that another agent serves this RECIPE_HOME.
var ErrRunning = errors.New("another agent is running")

// New wires an agent. It holds the lock of its home; nothing runs yet.
func New(o Options) (*Agent, error) {
	if o.Shim == nil {
		o.Shim = []string{o.Program, "shim"}
	}
	if o.Log == nil {
		o.Log = io.Discard
	}
	a := &Agent{Options: o, owner: appUser(), fsys: disk.OS{}, stacks: map[string]*stack{}, directory: directory.New(), events: newEvents(), outside: newOutside()}
	if err := os.MkdirAll(filepath.Join(o.Home, "stacks"), 0o711); err != nil {
		return nil, fmt.Errorf("cannot make RECIPE_HOME: %w", err)
	}
	if err := reachable(o.Home, a.owner); err != nil {
		return nil, err
	}
	var err error
	if a.lock, err = lockHome(o.Home); err != nil {
		return nil, err
	}
	if o.Home, err = knownPath(a.fsys, o.Home); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	a.Home = o.Home
	if a.key, err = vaultKey(a.fsys, o.Home); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	if a.planKey, err = planKey(a.fsys, filepath.Join(o.Home, "plan.key")); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	if a.token, err = token.Load(a.fsys, tokenPath(o.Home)); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	if a.store, err = store.Open(filepath.Join(o.Home, "store")); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	if a.program, err = a.appProgram(); err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	fetcher, err := fetch.New(downloadsDir(o.Home), fetch.Options{})
	if err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	a.library = library.New(recipes.FS, a.store, registry.ReaderOf(o.Home))
	a.ports = portsFor(o.Home, o.Ports[0], o.Ports[1])
	a.cgroups = cgroup.Use()
	a.supervisor = supervisor.New(supervisor.Options{Shim: a.shim(), OnChange: a.unitChanged})
	a.routes, a.roles = newRoutes(a), newRoleKeeper(a)
	a.endpoints = router.NewEndpoints(a.ports, func(ctx context.Context, name string) error { return a.routes.publish(ctx, name) })
	a.fronts = router.NewRoutes(o.Fronts, a.routes.publish)
	a.sandbox = sandbox.New(o.Home)
	a.local = local.New(local.Options{Ports: a.ports, Units: a.supervisor, Changed: a.instanceChanged, Drain: a.drain, Cgroups: a.cgroups, Sandbox: a.sandbox, Gate: a.roles.gate})
	a.provider, err = sdk.Union(
		builtin.New(builtin.Options{Store: a.store, Fetcher: fetcher, Sandbox: a.sandbox}),
		bus.Provider(),
		a.local,
		a.endpoints,
		a.fronts,
	)
	if err != nil {
		return nil, errors.Join(err, a.lock.Close())
	}
	a.plugins = newHosts(o.Home, a.pluginSays)
	a.running, a.stop = context.WithCancel(context.Background())
	return a, nil
}

// Start brings everything recorded back: ports and endpoints are reserved, running processes adopted, stopped ones
// started in the order of their needs, and interrupted runs carried on.
func (a *Agent) Start() error {
	if err := a.sweepGone(); err != nil {
		fmt.Fprintf(a.Log, "cannot remove what an earlier agent left: %s\n", err)
	}
	names, err := os.ReadDir(filepath.Join(a.Home, "stacks"))
	if err != nil {
		return fmt.Errorf("cannot list the stacks: %w", err)
	}
	for _, entry := range names {
		_, err := a.open(entry.Name(), "")
		if errors.Is(err, apply.ErrNothing) {
			err = a.dropNothing(entry.Name())
		}
		if err != nil {
			// One damaged stack must not keep the others down.
			fmt.Fprintf(a.Log, "stack %s is left alone: %s\n", entry.Name(), err)
		}
	}
	a.plugins.terraform.Sweep()
	a.boot()
	a.background.Go(a.sweepPlugins)
	a.background.Go(a.look)
	a.background.Go(a.sweepSources)
	for _, s := range a.all() {
		if s.underWay() {
			if _, err := a.carry(s, otlp.Context{}, 0, true); err != nil {
				fmt.Fprintf(a.Log, "the run of stack %s cannot be carried on: %s\n", s.name, err)
			}
		} else if err := local.Purge(s.dir); err != nil { // an agent that was killed right after a run has not
			fmt.Fprintf(a.Log, "tidying up stack %s: %s\n", s.name, err)
		}
	}
	return nil
}

// Close stops soon and leaves all processes running, and runs recorded where they are.
func (a *Agent) Close() error { return a.close(func() error { return nil }) }

// Halt is Close, and ends all processes: each when those that need it are gone, and the routers last. The next agent starts
// them again. When ctx ends first, the rest is left running.
func (a *Agent) Halt(ctx context.Context) error {
	return a.close(func() error { return a.supervisor.Halt(ctx, isRouterUnit) })
}

// close is Close, with something done when no run is under way any more and before processes are left alone.
func (a *Agent) close(last func() error) error {
	a.stop()
	a.background.Wait()
	a.plugins.close()
	errs := []error{last()}
	a.supervisor.Close()
	a.routes.close()
	for _, s := range a.all() {
		errs = append(errs, s.close())
	}
	errs = append(errs, a.lock.Close())
	return errors.Join(errs...)
}
