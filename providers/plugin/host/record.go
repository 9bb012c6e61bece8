package host

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/nsynapse/recipe/providers/plugin/child"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
)

// recordFile holds a plugin that runs, so that whoever comes after a host that was killed finds it.
func (h *Host) recordFile(digest string) string { return filepath.Join(h.Dir, "run", digest) }

// adopt returns the plugin that an earlier host has left running; nil if there is none. say hears what it says.
func (h *Host) adopt(digest string, say func(line string)) link {
	r, ok := child.Noted(h.recordFile(digest))
	if !ok {
		return nil
	}
	connection, err := grpc.NewClient("unix:"+r.Socket, append(child.DialOptions(protocol.MaxMessage), grpc.WithTransportCredentials(insecure.NewCredentials()))...)
	if err != nil {
		return nil
	}
	a := &adopted{Record: r, connection: connection, calls: callsOver(connection), over: make(chan struct{})}
	go a.watch()
	a.Listen(connection, a.over, say)
	return a
}

// Sweep ends the plugins that an earlier host has left running and that nobody here has called.
func (h *Host) Sweep() {
	names, err := filepath.Glob(filepath.Join(h.Dir, "run", "*"))
	if err != nil {
		return // the pattern is ours
	}
	for _, name := range names {
		h.mu.Lock()
		p := h.plugins[filepath.Base(name)]
		h.mu.Unlock()
		if p != nil && p.runs() {
			continue
		}
		if r, ok := child.Noted(name); ok {
			r.Kill()
			r.Clean()
		}
		_ = os.Remove(name) // the next start writes it anew
	}
}

// adopted is a plugin that an earlier host has started: it is no child of ours.
type adopted struct {
	child.Record
	connection *grpc.ClientConn
	calls      protocol.ProviderClient
	over       chan struct{}
}

var _ link = (*adopted)(nil)

// watchEvery is how often we look whether an adopted plugin still runs: nobody tells us of its end.
const watchEvery = 100 * time.Millisecond

func (a *adopted) watch() {
	for a.Runs() {
		time.Sleep(watchEvery)
	}
	close(a.over)
	_ = a.connection.Close()
	a.Clean()
}

func (a *adopted) client() protocol.ProviderClient { return a.calls }

func (a *adopted) ended() <-chan struct{} { return a.over }

func (a *adopted) kill() {
	a.Kill()
	<-a.over
}

func (a *adopted) post() error {
	<-a.over
	return fmt.Errorf("its process ended")
}
