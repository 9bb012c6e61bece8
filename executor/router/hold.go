package router

// A router that is killed has another one in its place soon, and nobody is to be refused meanwhile. So the agent keeps copies
// of what it listens with: connections wait in the kernel, and the next router takes the copies over. Both ways are the same
// request, an HTTP one whose answer is as in a handover, a line of JSON and then descriptors:
//
//	agent       POST /copies to router.sock, a JSON list of the listeners that it has no copies of
//	new router  POST /copies to hold.sock, which the agent answers; [] for all
//
// A copy never accepts. It is closed before the router hears that a port is not needed any more, so that one that was let go is
// free, and after holdFor without a router.

// holdFor is how long copies are kept while no router accepts: as long as a connection waits for an instance.
const holdFor = DefaultWait

const holdName = "hold.sock"

// handles are the listeners that the table asks for.
func (t Table) handles() map[handle]bool {
	all := map[handle]bool{}
	for _, e := range t.Endpoints {
		all[handle{Port: e.Port}] = true
	}
	for _, f := range t.Fronts {
		all[handle{Front: f}] = true
	}
	return all
}

// port is that of the listener.
func (h handle) port() int {
	if h.Front.Address != "" {
		return portOf(h.Front.Address)
	}
	return h.Port
}
