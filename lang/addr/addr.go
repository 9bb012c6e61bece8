// Package addr names things: components, instances and every resource of a stack. Addresses are comparable values
// that print and parse, and they stay the same from the first plan to the last log line.
//
//	app.shop                                         a component
//	app.shop["eu"]                                   one of a component with for_each (or ["1"] with count)
//	app.shop[0]                                      its first instance, whose resource is the allocation
//	app.shop[0].process.web                          a part of an instance
//	app.shop[0]~b.process.web                        the same part in the instance's other slot
//	app.shop.bind.database                           a part of a component
//	package.postgresql["15.1.0"].install.deb.server  a part of a package, shared by all who use it
package addr

import (
	"fmt"
	"strconv"
	"strings"
)

// Kind says what a component is.
type Kind uint8

const (
	App        Kind = iota + 1 // something of the user's own
	Middleware                 // something that serves apps
	Package                    // not a component: what is installed once for all components of a package
)

func (k Kind) String() string {
	switch k {
	case App:
		return "app"
	case Middleware:
		return "middleware"
	case Package:
		return "package"
	}
	return "unknown"
}

// ParseKind is the inverse of String; ok is false for any other word.
func ParseKind(s string) (k Kind, ok bool) {
	for _, k := range []Kind{App, Middleware, Package} {
		if k.String() == s {
			return k, true
		}
	}
	return 0, false
}

// Component names one component of a stack, or a package. The zero value names nothing.
type Component struct {
	Kind Kind
	Name string
	// Key tells apart what for_each or count made of one block: "" for neither, else a quoted string as it stands
	// between the brackets. For a package it is the quoted version.
	Key string
}

// StringKey is the Key of a for_each element or of a package version.
func StringKey(s string) string { return strconv.Quote(s) }

// NumberKey is the Key of a count element. It is quoted too: a bare number in brackets is always an instance.
func NumberKey(n int) string { return StringKey(strconv.Itoa(n)) }

func (c Component) String() string {
	if c == (Component{}) {
		return ""
	}
	s := c.Kind.String() + "." + c.Name
	if c.Key != "" {
		s += "[" + c.Key + "]"
	}
	return s
}

// Block is the component without its key: the block of the stack file it comes from.
func (c Component) Block() Component { return Component{Kind: c.Kind, Name: c.Name} }

// Slug is the component as a file name: letters, digits, dots and dashes only, different for different components
// of one stack but for exotic keys, which are told apart by their escapes.
func (c Component) Slug() string {
	var b strings.Builder
	b.WriteString(c.Name)
	if c.Key == "" {
		return b.String()
	}
	b.WriteByte('-')
	key := c.Key
	if unquoted, err := strconv.Unquote(key); err == nil {
		key = unquoted
	}
	for i := 0; i < len(key); i++ {
		ch := key[i]
		if ch >= 'a' && ch <= 'z' || ch >= 'A' && ch <= 'Z' || ch >= '0' && ch <= '9' {
			b.WriteByte(ch)
		} else {
			fmt.Fprintf(&b, "_%02x", ch)
		}
	}
	return b.String()
}

// Whole is the Index of what belongs to a component and not to one of its instances.
const Whole = -1

// Slot tells the two places apart that an instance can live in: its next version starts in the other one, beside it.
type Slot uint8

const (
	SlotA Slot = iota // prints as nothing
	SlotB             // prints as ~b
)

// Other is the other one.
func (s Slot) Other() Slot { return SlotB - s }

func (s Slot) String() string {
	if s == SlotB {
		return "~b"
	}
	return ""
}

// Instance names one running copy of a component, or any part of a component: every resource has one. The name is
// the architecture's; a part without an instance has Index Whole.
type Instance struct {
	Component Component
	Index     int    // from 0, or Whole
	Slot      Slot   // SlotA for what belongs to no slot
	Part      string // what follows: "process.web", "bind.database.secret"; "" for the instance or component itself
}

// Of returns the address of a part of the whole component.
func (c Component) Of(part string) Instance { return Instance{Component: c, Index: Whole, Part: part} }

// At returns the address of a part of the instance with that index.
func (c Component) At(index int, part string) Instance {
	return Instance{Component: c, Index: index, Part: part}
}

// In returns the address of the same in a slot.
func (i Instance) In(s Slot) Instance {
	i.Slot = s
	return i
}

// Whole returns the address of the instance that i is a part of, in the same slot.
func (i Instance) Whole() Instance {
	i.Part = ""
	return i
}

func (i Instance) String() string {
	if i == (Instance{}) {
		return ""
	}
	s := i.Component.String()
	if i.Index != Whole {
		s += "[" + strconv.Itoa(i.Index) + "]" + i.Slot.String()
	}
	if i.Part != "" {
		s += "." + i.Part
	}
	return s
}

// Contains reports whether other is i or a part of it: a component contains its instances, a block without a key
// contains what all its keys name, and an instance without ~b what is in either of its slots.
func (i Instance) Contains(other Instance) bool {
	if i.Component != other.Component && (i.Component.Key != "" || i.Component != other.Component.Block()) {
		return false
	}
	if i.Index != Whole && i.Index != other.Index || i.Slot == SlotB && other.Slot != SlotB {
		return false
	}
	return i.Part == "" || i.Part == other.Part || strings.HasPrefix(other.Part, i.Part+".")
}

// Parse reads an address as String prints it. Users of count write app.web[1] for what prints as app.web["1"];
// callers that look one up try AsKey too.
func Parse(s string) (Instance, error) {
	bad := func(why string) (Instance, error) {
		return Instance{}, fmt.Errorf("%q is not an address: %s; an address looks like app.shop, app.shop[0] or app.shop[0].process.web", s, why)
	}
	word, rest, found := strings.Cut(s, ".")
	kind, ok := ParseKind(word)
	if !found && s != "" && !strings.ContainsAny(s, "[ ") {
		return Instance{}, fmt.Errorf("%q is not an address; it may be app.%s or middleware.%s that is meant", s, s, s)
	}
	if !ok || !found {
		return bad(`it starts with neither "app." nor "middleware."`)
	}
	end := strings.IndexAny(rest, ".[")
	if end < 0 {
		end = len(rest)
	}
	if end == 0 {
		return bad("the name is missing")
	}
	i := Instance{Component: Component{Kind: kind, Name: rest[:end]}, Index: Whole}
	rest = rest[end:]
	var brackets []string
	for strings.HasPrefix(rest, "[") {
		text, after, err := bracket(rest)
		if err != nil {
			return bad(err.Error())
		}
		brackets, rest = append(brackets, text), after
	}
	if err := i.place(brackets); err != nil {
		return bad(err.Error())
	}
	if after, ok := strings.CutPrefix(rest, SlotB.String()); ok && i.Index != Whole {
		i.Slot, rest = SlotB, after
	}
	if rest == "" {
		return i, nil
	}
	if rest[0] != '.' || len(rest) == 1 {
		return bad("something is missing at its end")
	}
	i.Part = rest[1:]
	return i, nil
}

// AsKey reads the index of i as a component key: app.web[1] as the component that count made.
func (i Instance) AsKey() (Instance, bool) {
	if i.Index == Whole || i.Component.Key != "" {
		return i, false
	}
	i.Component.Key, i.Index = NumberKey(i.Index), Whole
	return i, true
}

func (i *Instance) place(brackets []string) error {
	if len(brackets) > 0 && brackets[0][0] == '"' {
		i.Component.Key = brackets[0]
		brackets = brackets[1:]
	}
	if len(brackets) == 0 {
		return nil
	}
	n, err := strconv.Atoi(brackets[0])
	if err != nil || n < 0 || len(brackets) > 1 {
		return fmt.Errorf("what stands in brackets is not a quoted key and an index")
	}
	i.Index = n
	return nil
}

// bracket splits `[…]rest` into the text between the brackets and the rest.
func bracket(s string) (text, rest string, err error) {
	if strings.HasPrefix(s, `["`) {
		quoted, err := strconv.QuotedPrefix(s[1:])
		if err != nil || !strings.HasPrefix(s[1+len(quoted):], "]") {
			return "", "", fmt.Errorf("a quoted key is not closed")
		}
		return quoted, s[len(quoted)+2:], nil
	}
	text, rest, found := strings.Cut(s[1:], "]")
	if !found || text == "" {
		return "", "", fmt.Errorf("a bracket is not closed or empty")
	}
	return text, rest, nil
}

// MarshalText writes i as String does.
func (i Instance) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (i *Instance) UnmarshalText(text []byte) (err error) {
	if len(text) == 0 {
		*i = Instance{}
		return nil
	}
	*i, err = Parse(string(text))
	return err
}

// MarshalText writes c as String does.
func (c Component) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Component) UnmarshalText(text []byte) error {
	i, err := Parse(string(text))
	if err != nil {
		return err
	}
	if i.Index != Whole || i.Part != "" {
		return fmt.Errorf("%q is not a component", text)
	}
	*c = i.Component
	return nil
}
