package router

import (
	"encoding/json"
	"net"
	"sync"
	"time"
)

// A router that is started where another one answers takes its listeners over, so that no connection is refused, and the
// other one ends when its connections have. They speak over one connection to router.sock:
//
//	new  POST /handover, an HTTP request without a body
//	old  a line of JSON, handed; then its listeners in the order of that line, as descriptors (SCM_RIGHTS) beside one
//	     byte for each 64 of them
//	new  a line: "serving". From here it accepts connections, and the old one does not
//
// The connection stays, so that the new one knows what is still in flight to an upstream, and the old one what the table
// is, for its clients may send further requests on the connections that they have:
//
//	new  {"count": "127.0.0.1:22001"}    old  {"open": 3}
//	new  {"table": {…}}                  old  {}

// handed is what the old router says.
type handed struct {
	Table     Table    `json:"table"`
	Listeners []handle `json:"listeners"`
}

// handle names one listener.
type handle struct {
	Control bool  `json:"control,omitempty"` // that of router.sock
	Port    int   `json:"port,omitempty"`    // of an endpoint
	Front   Front `json:"front,omitzero"`
}

// askOld and oldSays are what is said over the connection that stays.
type askOld struct {
	Count string `json:"count,omitempty"`
	Table *Table `json:"table,omitempty"`
}

type oldSays struct {
	Open int `json:"open"`
}

// askTimeout is for an elder to answer; one that does not is taken to be gone.
const askTimeout = 5 * time.Second

// elder is a router that was taken over from and still has connections.
type elder struct {
	mu      sync.Mutex
	conn    net.Conn
	encoder *json.Encoder
	decoder *json.Decoder
	ended   chan struct{} // closed when it has gone
}

// ask returns what the elder says; ok is false when it has gone.
func (e *elder) ask(q askOld) (answer oldSays, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-e.ended:
		return answer, false
	default:
	}
	e.conn.SetDeadline(time.Now().Add(askTimeout))
	if e.encoder.Encode(q) != nil || e.decoder.Decode(&answer) != nil {
		e.conn.Close()
		close(e.ended)
		return answer, false
	}
	return answer, true
}

// elders are all routers that one was taken over from, by itself or by those.
type elders struct {
	mu   sync.Mutex
	list []*elder
}

func (e *elders) add(one *elder) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, one)
}

// ask puts a question to all elders and adds up their answers; those that have gone are forgotten.
func (e *elders) ask(q askOld) (open int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	var left []*elder
	for _, one := range e.list {
		if answer, ok := one.ask(q); ok {
			open += answer.Open
			left = append(left, one)
		}
	}
	e.list = left
	return open
}

// none reports whether all have gone.
func (e *elders) none() bool {
	e.ask(askOld{Count: "-"})
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.list) == 0
}
