package plugin

import (
	"sync"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// maxLines is how many lines wait to be sent before further ones are dropped.
const maxLines = 1000

// news sends what a call reports, without keeping the reporter waiting. Of progress only the last is sent.
type news struct {
	send func(*protocol.ApplyResponse) error
	wake chan struct{} // holds one
	sent chan struct{} // closed when everything is sent

	mu     sync.Mutex
	last   *protocol.Progress // nil when it was sent
	lines  []string
	closed bool
}

func newNews(send func(*protocol.ApplyResponse) error) *news {
	n := &news{send: send, wake: make(chan struct{}, 1), sent: make(chan struct{})}
	go n.run()
	return n
}

func (n *news) progress(p sdk.Progress) {
	n.add(func() { n.last = &protocol.Progress{Text: p.Text, Done: p.Done, Total: p.Total} })
}

func (n *news) log(line string) {
	n.add(func() {
		if len(n.lines) < maxLines {
			n.lines = append(n.lines, line)
		}
	})
}

// close waits until everything is sent; later news are dropped.
func (n *news) close() {
	n.add(func() { n.closed = true })
	<-n.sent
}

func (n *news) add(change func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return
	}
	change()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// run sends until the news are closed, or nobody takes them any more.
func (n *news) run() {
	defer close(n.sent)
	for range n.wake {
		messages, closed := n.take()
		for _, m := range messages {
			if n.send(m) != nil {
				return // the caller is gone, and the call is told by its context
			}
		}
		if closed {
			return
		}
	}
}

func (n *news) take() (messages []*protocol.ApplyResponse, closed bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, line := range n.lines {
		messages = append(messages, &protocol.ApplyResponse{Message: &protocol.ApplyResponse_Log{Log: &protocol.Log{Line: line}}})
	}
	if n.last != nil {
		messages = append(messages, &protocol.ApplyResponse{Message: &protocol.ApplyResponse_Progress{Progress: n.last}})
	}
	n.last, n.lines = nil, nil
	return messages, n.closed
}
