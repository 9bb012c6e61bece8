package host

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
)

// record is what run/DIGEST holds of a running plugin, so that whoever comes after a host that was killed finds it.
type record struct {
	PID     int    `json:"pid"`
	Started uint64 `json:"started"` // when the process began, as startOf tells; with the PID it names one process only
	Sockets string `json:"sockets"` // the directory of its socket
	Socket  string `json:"socket"`
}

func (h *Host) recordFile(digest string) string { return filepath.Join(h.Dir, "run", digest) }

// note records a plugin that has started. A plugin that cannot be recorded is as good: it is only not found again.
func (h *Host) note(digest string, c *child) {
	r := record{PID: c.process.cmd.Process.Pid, Sockets: c.process.sockets, Socket: c.process.socket}
	if r.Started = startOf(r.PID); r.Started == 0 || r.Socket == "" {
		return
	}
	text, err := json.Marshal(r)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(h.recordFile(digest)), 0o700)
	}
	if err == nil {
		_ = os.WriteFile(h.recordFile(digest), text, 0o600)
	}
}

// noted returns the record of a plugin that still runs.
func (h *Host) noted(digest string) (r record, ok bool) {
	text, err := os.ReadFile(h.recordFile(digest))
	if err != nil || json.Unmarshal(text, &r) != nil || r.PID <= 1 {
		return r, false
	}
	return r, r.Started != 0 && startOf(r.PID) == r.Started
}

// adopt returns the plugin that an earlier host has left running; nil if there is none.
func (h *Host) adopt(digest string) link {
	r, ok := h.noted(digest)
	if !ok {
		return nil
	}
	connection, err := grpc.NewClient("unix:"+r.Socket, append(dialOptions(), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil
	}
	a := &adopted{record: r, connection: connection, calls: protocol.NewProviderClient(connection), over: make(chan struct{})}
	go a.watch()
	return a
}

// Sweep ends the plugins that an earlier host has left running and that nobody here has called.
func (h *Host) Sweep() {
	names, err := filepath.Glob(filepath.Join(h.Dir, "run", "*"))
	if err != nil {
		return // the pattern is ours
	}
	for _, name := range names {
		digest := filepath.Base(name)
		h.mu.Lock()
		p := h.plugins[digest]
		h.mu.Unlock()
		if p != nil && p.runs() {
			continue
		}
		if r, ok := h.noted(digest); ok {
			_ = killGroup(r.PID) // it may have ended just now
			_ = os.RemoveAll(r.Sockets)
		}
		_ = os.Remove(name) // the next start writes it anew
	}
}

// adopted is a plugin that an earlier host has started: it is no child of ours.
type adopted struct {
	record
	connection *grpc.ClientConn
	calls      protocol.ProviderClient
	over       chan struct{}
}

var _ link = (*adopted)(nil)

// watchEvery is how often we look whether an adopted plugin still runs: nobody tells us of its end.
const watchEvery = 100 * time.Millisecond

func (a *adopted) watch() {
	for startOf(a.PID) == a.Started {
		time.Sleep(watchEvery)
	}
	close(a.over)
	_ = a.connection.Close()
	_ = os.RemoveAll(a.Sockets)
}

func (a *adopted) client() protocol.ProviderClient { return a.calls }

func (a *adopted) ended() <-chan struct{} { return a.over }

func (a *adopted) kill() {
	if startOf(a.PID) == a.Started {
		_ = killGroup(a.PID) // it may have ended just now
	}
	<-a.over
}

func (a *adopted) post() error {
	<-a.over
	return fmt.Errorf("its process ended")
}
