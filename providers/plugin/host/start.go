package host

import (
	"fmt"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
)

// dialect is how plugins of recipe are spoken to.
var dialect = child.Dialect{
	CookieKey: protocol.CookieKey, CookieValue: protocol.CookieValue, Versions: []int{protocol.Version}, MaxMessage: protocol.MaxMessage,
	Unspoken: fmt.Sprintf("it does not speak version %d of the protocol, the only one that this recipe speaks; use a build for this recipe", protocol.Version),
}

// started is a plugin that runs below us.
type started struct {
	*child.Child
	calls protocol.ProviderClient
}

var _ link = (*started)(nil)

func begin(p child.Program) (*started, error) {
	c, err := p.Start()
	if err != nil {
		return nil, err
	}
	return &started{c, callsOver(c.Connection())}, nil
}

// client implements link.
func (s *started) client() protocol.ProviderClient { return s.calls }

// ended implements link.
func (s *started) ended() <-chan struct{} { return s.Ended() }

// kill implements link.
func (s *started) kill() { s.Kill() }

// post implements link.
func (s *started) post() error { return s.Post() }
