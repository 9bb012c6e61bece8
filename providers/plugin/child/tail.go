package child

import (
	"strings"
	"sync"

	"github.com/nsynapse/recipe/providers/plugin/wire"
)

// tail keeps the last bytes of what a plugin says before it has started. What comes later goes on to rest.
type tail struct {
	rest   lines
	mu     sync.Mutex
	text   []byte
	closed bool
}

// maxTail is how much is kept, in bytes.
const maxTail = 2 << 10

// Write implements io.Writer. It never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return t.rest.Write(p)
	}
	t.text = append(t.text, p[max(0, len(p)-maxTail):]...)
	t.text = t.text[max(0, len(t.text)-maxTail):]
	return len(p), nil
}

// close forgets everything.
func (t *tail) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.text, t.closed = nil, true
}

// String is what was said, as it may be shown.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(wire.Text(string(t.text), maxTail))
}
