package plan

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"github.com/nsynapse/recipe/planner/state"
)

// Encode writes p as JSON, byte for byte as json.Marshal does, which would read every value again to see that it is right.
func Encode(p *Plan) ([]byte, error) {
	if len(p.Changes) == 0 {
		return json.Marshal(p)
	}
	shell := *p
	shell.Changes = []Change{}
	frame, err := json.Marshal(&shell)
	if err != nil {
		return nil, err
	}
	field := []byte(`"changes":[`)
	at := bytes.LastIndex(frame, field) + len(field) // nothing behind it can be called so, as a variable before it can
	size := len(frame)
	for i := range p.Changes {
		c := &p.Changes[i]
		size += len(c.Before) + len(c.After) + 4*len(c.Needs) + 256
	}
	w := writer{out: append(make([]byte, 0, size), frame[:at]...)}
	for i := range p.Changes {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.change(&p.Changes[i])
	}
	return append(w.out, frame[at:]...), w.err
}

// writer writes changes as JSON. Its err is the first one.
type writer struct {
	out []byte
	err error
}

func (w *writer) change(c *Change) {
	w.out = append(w.out, `{"addr":`...)
	w.text(c.Addr.String())
	w.optional(`,"type":`, c.Type)
	w.out = append(w.out, `,"action":`...)
	w.text(string(c.Action))
	for i, need := range c.Needs {
		w.out = append(w.out, [2]string{`,"needs":[`, `,`}[min(i, 1)]...)
		w.out = strconv.AppendInt(w.out, int64(need), 10)
	}
	if len(c.Needs) > 0 {
		w.out = append(w.out, ']')
	}
	w.value(`,"before":`, c.Before)
	w.value(`,"after":`, c.After)
	w.optional(`,"reason":`, c.Reason)
	w.optional(`,"effect":`, c.Effect)
	if len(c.Attributes) > 0 {
		w.out = append(w.out, `,"attributes":`...)
		w.marshal(c.Attributes)
	}
	w.flag(`,"data":true`, c.Data)
	w.flag(`,"backup":true`, c.Backup)
	w.flag(`,"roll":true`, c.Roll)
	w.out = append(w.out, '}')
}

func (w *writer) flag(member string, set bool) {
	if set {
		w.out = append(w.out, member...)
	}
}

// optional writes a member unless its text is empty.
func (w *writer) optional(name, text string) {
	if text != "" {
		w.out = append(w.out, name...)
		w.text(text)
	}
}

// text writes a string. The common case of plain ASCII is copied.
func (w *writer) text(s string) {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ', c == '"', c == '\\', c == '<', c == '>', c == '&', c >= utf8.RuneSelf, c == 0x7f:
			w.marshal(s)
			return
		}
	}
	w.out = append(w.out, '"')
	w.out = append(w.out, s...)
	w.out = append(w.out, '"')
}

// value writes a member unless there is no value. state.Encode has written it without spaces.
func (w *writer) value(name string, v state.Encoded) {
	if len(v) == 0 {
		return
	}
	w.out = append(w.out, name...)
	for _, escaped := range []byte("<>&\xe2") { // the last begins U+2028 and U+2029
		if bytes.IndexByte(v, escaped) >= 0 {
			var b bytes.Buffer
			json.HTMLEscape(&b, v)
			v = b.Bytes()
			break
		}
	}
	w.out = append(w.out, v...)
}

func (w *writer) marshal(v any) {
	encoded, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.out = append(w.out, encoded...)
}
