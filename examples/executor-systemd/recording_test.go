package main

import (
	"fmt"
	"strings"

	godbus "github.com/godbus/dbus/v5"
)

// A recording is a conversation with systemd as text, an entry a line:
//
//	# WORDS                what the test did then
//	> METHOD OBJECT        a call of ours; its arguments follow, each in a line that begins with a tab
//	< VALUE                the answer, if it is one value
//	! NAME TEXT            the answer, if it is an error
//	* SIGNAL OBJECT        news from systemd, with its arguments as of a call
//
// Values are written as GVariant texts, https://docs.gtk.org/glib/gvariant-text-format.html. Of the properties of units those alone are
// kept that somebody asks for. What differs from one recording to the next has a name in its place: DIR and UNIT.
type recording []entry

type entry struct {
	kind      byte
	name      string // of the method, the signal or the error; the words
	object    string
	arguments []string
}

// the properties of units that are kept.
var telling = map[string]bool{"LoadState": true, "ActiveState": true, "SubState": true, "Description": true, "Transient": true, "MainPID": true,
	"NRestarts": true, "Result": true, "ExecMainCode": true, "ExecMainStatus": true, "StateChangeTimestamp": true}

func (r recording) String() string {
	var text strings.Builder
	for _, e := range r {
		text.WriteString(strings.TrimRight(fmt.Sprintf("%c %s %s", e.kind, e.name, e.object), " ") + "\n")
		for _, a := range e.arguments {
			text.WriteString("\t" + a + "\n")
		}
	}
	return text.String()
}

// parseRecording is the inverse of String.
func parseRecording(text string) (recording, error) {
	var r recording
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if argument, ok := strings.CutPrefix(line, "\t"); ok && len(r) > 0 {
			r[len(r)-1].arguments = append(r[len(r)-1].arguments, argument)
			continue
		}
		if line == "" || !strings.Contains("#><!*", line[:1]) {
			return nil, fmt.Errorf("a recording has no line such as %q", line)
		}
		e := entry{kind: line[0], name: strings.TrimPrefix(line[1:], " ")}
		if e.kind == '>' || e.kind == '*' || e.kind == '!' {
			e.name, e.object, _ = strings.Cut(e.name, " ")
		}
		r = append(r, e)
	}
	return r, nil
}

// short is r without the questions how a unit is that were answered as the one before.
func (r recording) short() recording {
	var few recording
	for i := 0; i < len(r); i++ {
		n := len(few)
		if i+1 < len(r) && r[i].kind == '>' && !changes(r[i].name) && n > 1 && (recording{r[i], r[i+1]}).String() == few[n-2:].String() {
			i++
			continue
		}
		few = append(few, r[i])
	}
	return few
}

// changes reports whether a call is no question.
func changes(method string) bool { return !strings.HasSuffix(method, ".GetAll") }

// valueTexts are the texts of arguments. A list of pairs, such as the properties of a unit to start, has a line for each.
func valueTexts(body []any) []string {
	var all []string
	for _, v := range body {
		if pairs, ok := v.([][]any); ok {
			for _, p := range pairs {
				all = append(all, "  "+godbus.MakeVariant(p).String())
			}
			continue
		}
		all = append(all, godbus.MakeVariant(kept(v)).String())
	}
	return all
}

// kept leaves those properties out that nobody asks for.
func kept(v any) any {
	properties, ok := v.(map[string]godbus.Variant)
	if !ok {
		return v
	}
	few := map[string]godbus.Variant{}
	for name, value := range properties {
		if telling[name] {
			few[name] = value
		}
	}
	return few
}

// values is the inverse of valueTexts for what has no pairs.
func values(texts []string) ([]any, error) {
	var all []any
	for _, text := range texts {
		v, err := godbus.ParseVariant(text, godbus.Signature{})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		all = append(all, v.Value())
	}
	return all, nil
}
