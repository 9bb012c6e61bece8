package host

import (
	"github.com/nsynapse/recipe/providers/plugin/protocol"
)

// link is a running plugin.
type link interface {
	// client calls it.
	client() protocol.ProviderClient
	// ended is closed when it runs no more.
	ended() <-chan struct{}
	// kill ends it at once, and returns when it has ended.
	kill()
	// post says after its end how it ended: "it was killed by SIGSEGV".
	post() error
}

// open starts a plugin, or finds one that runs. It takes seconds at most.
type open func() (link, error)
