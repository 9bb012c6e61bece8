// Package supervisor keeps processes running on this machine: it starts them in the order of their needs, checks that
// they are ready and alive, restarts them when they end, and stops them.
//
// One process is a Unit. A Unit is a state machine in a goroutine of its own:
//
//	          start             needs ready              startup check passes
//	stopped ────────▶ waiting ───────────────▶ starting ─────────────────────▶ ready ◀────▶ unready
//	   ▲                 ▲ ▲                      │                              │  readiness  │
//	   │ ended           │ │                      └──────── process ends ────────┴─────────────┘
//	   │                 │ │                                     │
//	stopping ◀── stop    │ └── a need is down: not counted ──────┤
//	   │  (any state)    │                                       │
//	   │                 └─ pause over ── backoff, crash-loop ◀──┤
//	   │ liveness or startup failed: as if it had ended          │
//	   └─────────────────────────────────────────────────────────┤
//	                                    finished ◀── success code ┤
//	                                    failed   ◀── max restarts, or the first start
//
// A unit with a Gate that is closed stands by instead of starting, until Wake: it is one for whose work another one is
// responsible.
//
// Every process runs under a shim and does not notice when the supervisor ends. Close leaves all of them running; Boot
// takes them over again, as ready or unready as they were: a process that hangs meanwhile has as many failures as ever, and
// not the time of a start.
//
// # Needs
//
// A unit starts once every component that it needs has a ready unit, or no unit at all that this supervisor knows. A
// unit that has finished counts as ready. A unit that runs is left alone when a need goes down; only if it ends
// meanwhile does it wait, and that end is not held against it.
//
// # Schedules
//
// A unit with a Schedule starts at times: it is scheduled and running by turns. Where its runs may overlap, each is a unit
// of its own, which is finished or failed when it is over and is then forgotten; see abreast.go.
//
// # Ready
//
// With a startup check a unit is ready when that passes; without one, when its readiness check passes; with neither,
// when it has lived for 300 ms. The first probe is made at once, the next after 1 ms, and then the pause grows with
// the time that has passed, up to the interval of the check.
//
// # Restarts
//
// The first restart comes at once, the next after 0.5 s, doubling up to 60 s, each ±20 %. A unit that was ready for a
// minute begins anew. Five ends within 60 s make it a crash-loop, which is shown but goes on.
package supervisor
