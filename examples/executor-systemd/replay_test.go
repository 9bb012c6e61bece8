package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	godbus "github.com/godbus/dbus/v5"
)

// A replay is systemd as it was recorded. Calls that change something have to be those that were recorded, in their order; they
// are answered, and followed by news, as they were then. Who asks how a unit is gets one recorded answer after the other until the next
// such call, and then the last one again: how often one asks is a matter of time.
type replay struct {
	*testing.T
	replace, restore *strings.Replacer // to the names in the recording, and back

	mu     sync.Mutex
	rest   recording
	now    entry          // the answer to who asks
	peers  map[*peer]bool // who gets the news
	serial uint32
}

// play listens in place of systemd and returns where.
func (r *replay) play() string {
	r.peers = map[*peer]bool{}
	return listen(r.T, func(p peer) {
		r.mu.Lock()
		r.peers[&p] = true
		r.mu.Unlock()
		for {
			f, err := p.read()
			if err != nil {
				break
			}
			if f.Type == godbus.TypeMethodCall {
				r.answer(&p, f)
			}
		}
		r.mu.Lock()
		delete(r.peers, &p)
		r.mu.Unlock()
	})
}

// step goes on to where the test did this, when it was recorded.
func (r *replay) step(words string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.rest) > 0 {
		e := r.rest[0]
		r.rest = r.rest[1:]
		switch {
		case e.kind == '#' && e.name == words:
			r.news()
			return
		case e.kind == '>' && changes(e.name):
			r.Errorf("before %q the executor has not called\n%s", words, e)
		}
	}
	r.Errorf("it was not recorded that %q", words)
}

func (r *replay) answer(p *peer, f frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	method := member(f.Message)
	if passing(method) {
		r.reply(p, f, entry{kind: '<'})
		return
	}
	if !changes(method) {
		r.tell(p, f)
		return
	}
	asked := entry{kind: '>', name: method, object: r.replace.Replace(header(f.Message, godbus.FieldPath))}
	for _, text := range valueTexts(f.Body) {
		asked.arguments = append(asked.arguments, r.replace.Replace(text))
	}
	for len(r.rest) > 0 && !(r.rest[0].kind == '>' && changes(r.rest[0].name)) && r.rest[0].kind != '#' {
		r.rest = r.rest[1:] // who asked less often than it was recorded
	}
	if len(r.rest) < 2 || r.rest[0].String() != asked.String() {
		r.Errorf("the executor calls\n%s\nand it was recorded\n%s", asked, r.rest[:min(len(r.rest), 1)])
		r.reply(p, f, entry{kind: '!', name: "org.freedesktop.DBus.Error.Failed", arguments: []string{`"not as recorded"`}})
		return
	}
	answer := r.rest[1]
	r.rest = r.rest[2:]
	r.reply(p, f, answer)
	r.news()
}

// tell answers who asks how a unit is.
func (r *replay) tell(p *peer, f frame) {
	if len(r.rest) > 1 && r.rest[0].kind == '>' && !changes(r.rest[0].name) {
		r.now, r.rest = r.rest[1], r.rest[2:]
	}
	r.reply(p, f, r.now)
	r.news()
}

// news sends the signals that come next.
func (r *replay) news() {
	for len(r.rest) > 0 && r.rest[0].kind == '*' {
		e := r.rest[0]
		r.rest = r.rest[1:]
		name := e.name[strings.LastIndexByte(e.name, '.')+1:]
		m := &godbus.Message{Type: godbus.TypeSignal, Headers: map[godbus.HeaderField]godbus.Variant{
			godbus.FieldPath:      godbus.MakeVariant(godbus.ObjectPath(r.restore.Replace(e.object))),
			godbus.FieldInterface: godbus.MakeVariant(strings.TrimSuffix(e.name, "."+name)), godbus.FieldMember: godbus.MakeVariant(name),
		}, Body: r.body(e)}
		for p := range r.peers {
			r.send(p, m)
		}
	}
}

func (r *replay) reply(p *peer, f frame, e entry) {
	m := &godbus.Message{Type: godbus.TypeMethodReply, Headers: map[godbus.HeaderField]godbus.Variant{godbus.FieldReplySerial: godbus.MakeVariant(f.Serial())}, Body: r.body(e)}
	if e.kind == '!' {
		m.Type = godbus.TypeError
		m.Headers[godbus.FieldErrorName] = godbus.MakeVariant(e.name)
	}
	r.send(p, m)
}

func (r *replay) body(e entry) []any {
	var texts []string
	for _, a := range e.arguments {
		texts = append(texts, r.restore.Replace(a))
	}
	body, err := values(texts)
	if err != nil {
		r.Error(fmt.Errorf("%s: %w", e, err))
	}
	return body
}

func (r *replay) send(p *peer, m *godbus.Message) {
	r.serial++
	_ = p.send(r.serial, m) // who has hung up does not want it
}
