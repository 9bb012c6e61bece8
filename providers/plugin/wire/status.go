package wire

import (
	"fmt"
	"math"
	"regexp"
	"time"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// maxMessage bounds why a process is not ready, in bytes.
const maxMessage = 4 << 10

// stateWord is what a state looks like.
var stateWord = regexp.MustCompile(`^[a-z][a-z-]{0,30}$`)

// FromStatus makes a message of a status; nil of nil.
func FromStatus(s *sdk.Status) *protocol.Status {
	if s == nil {
		return nil
	}
	m := &protocol.Status{State: s.State, Ready: s.Ready, Pid: int64(s.PID), Restarts: int64(s.Restarts), Message: Text(s.Message, maxMessage)}
	if !s.Since.IsZero() {
		m.Since = s.Since.UnixNano()
	}
	return m
}

// ToStatus makes a status of a message; nil of none. It is refused if its numbers or its state cannot be.
func ToStatus(m *protocol.Status) (*sdk.Status, error) {
	if m == nil {
		return nil, nil
	}
	if !stateWord.MatchString(m.GetState()) {
		return nil, fmt.Errorf("its state %q is not a word such as ready", Text(m.GetState(), 100))
	}
	if m.GetPid() < 0 || m.GetPid() > math.MaxInt32 || m.GetRestarts() < 0 || m.GetRestarts() > math.MaxInt32 || m.GetSince() < 0 {
		return nil, fmt.Errorf("its status has a number that cannot be: process %d, restarts %d, since %d", m.GetPid(), m.GetRestarts(), m.GetSince())
	}
	s := &sdk.Status{State: m.GetState(), Ready: m.GetReady(), PID: int(m.GetPid()), Restarts: int(m.GetRestarts()), Message: Text(m.GetMessage(), maxMessage)}
	if m.GetSince() > 0 {
		s.Since = time.Unix(0, m.GetSince())
	}
	return s, nil
}
