package web

import (
	"cmp"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/executor/router/upstream"
)

// table is all routes at one time; it is never changed.
type table struct {
	exact    map[string][]*rule // by host; the longest path first
	wild     map[string][]*rule // by what follows "*"
	replaced chan struct{}      // closed when there is another table
}

// rule is a route at one time, with what of it lasts longer.
type rule struct {
	Route
	*site
	upstreams []*upstream.Upstream
	retries   int
	by        string // in lower case: "client", or the name of a header or cookie
	byCookie  bool
	secure    bool   // it is answered over TLS only
	cookie    string // that keeps a client at its upstream
}

// site is what stays of a route while tables come and go.
type site struct {
	balance upstream.Balance
	budget  budget
	figures figures
}

// newTable makes a table in which routes of one name keep their sites.
func newTable(routes []Route, before *table, set *upstream.Set) *table {
	sites := map[string]*site{}
	for _, r := range before.rules() {
		sites[r.Name] = r.site
	}
	t := &table{exact: map[string][]*rule{}, wild: map[string][]*rule{}, replaced: make(chan struct{})}
	for _, r := range routes {
		s := sites[r.Name]
		if s == nil {
			s = &site{}
		}
		t.add(newRule(r, s, set.Get(r.Upstreams)))
	}
	for _, hosts := range []map[string][]*rule{t.exact, t.wild} {
		for _, rules := range hosts {
			slices.SortFunc(rules, func(a, b *rule) int { return cmp.Compare(len(b.Path), len(a.Path)) })
		}
	}
	return t
}

func newRule(r Route, s *site, upstreams []*upstream.Upstream) *rule {
	rule := &rule{Route: r, site: s, upstreams: upstreams, retries: DefaultRetries, secure: r.TLS != ""}
	if r.Retries != nil {
		rule.retries = *r.Retries
	}
	rule.Balance = cmp.Or(r.Balance, upstream.RoundRobin)
	rule.Timeout, rule.Wait = cmp.Or(r.Timeout, DefaultTimeout), cmp.Or(r.Wait, DefaultWait)
	rule.BodyLimit = cmp.Or(r.BodyLimit, DefaultBodyLimit)
	kind, name, _ := strings.Cut(r.By, ":")
	rule.by, rule.byCookie = strings.ToLower(cmp.Or(name, "client")), kind == "cookie"
	if rule.byCookie {
		rule.by = name // cookies do have a case
	}
	rule.cookie = stickyCookie
	return rule
}

// stickyCookie names the cookie by which a client stays at its upstream. It is the same for all routes: a path of its
// own keeps those of one host apart.
const stickyCookie = "recipe_upstream"

func (t *table) add(r *rule) {
	if below, ok := strings.CutPrefix(r.Host, "*"); ok {
		t.wild[below] = append(t.wild[below], r)
		return
	}
	t.exact[r.Host] = append(t.exact[r.Host], r)
}

func (t *table) rules() []*rule {
	var all []*rule
	if t == nil {
		return nil
	}
	for _, hosts := range []map[string][]*rule{t.exact, t.wild} {
		for _, rules := range hosts {
			all = append(all, rules...)
		}
	}
	return all
}

// find returns the route for a host, as it came in a request, and a path; nil if there is none. The host goes before the
// path: a name before a pattern, a longer pattern before a shorter one.
func (t *table) find(host, path []byte) *rule {
	var space [256]byte
	name := hostName(space[:0], host)
	if rules, ok := t.exact[string(name)]; ok {
		if r := match(rules, path); r != nil {
			return r
		}
	}
	if len(t.wild) == 0 {
		return nil
	}
	for i, c := range name {
		if c == '.' && i > 0 {
			if r := match(t.wild[string(name[i:])], path); r != nil {
				return r
			}
		}
	}
	return nil
}

// secured returns what TLS the routes of a host have, "" for none.
func (t *table) secured(host string) string {
	kind := ""
	look := func(rules []*rule) {
		for _, r := range rules {
			kind = cmp.Or(kind, r.TLS)
		}
	}
	look(t.exact[host])
	for i, c := range host {
		if c == '.' && i > 0 {
			look(t.wild[host[i:]])
		}
	}
	return kind
}

// hostName appends a host without its port and last dot, in lower case.
func hostName(to, host []byte) []byte {
	for i, c := range host {
		if c == ':' {
			host = host[:i]
			break
		}
	}
	if n := len(host); n > 0 && host[n-1] == '.' {
		host = host[:n-1]
	}
	for _, c := range host {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		to = append(to, c)
	}
	return to
}

func match(rules []*rule, path []byte) *rule {
	for _, r := range rules {
		if below(path, r.Path) {
			return r
		}
	}
	return nil
}

// below reports whether path is prefix or lies below it.
func below(path []byte, prefix string) bool {
	if len(path) < len(prefix) || string(path[:len(prefix)]) != prefix {
		return false
	}
	return len(path) == len(prefix) || prefix[len(prefix)-1] == '/' || path[len(prefix)] == '/'
}

// strip appends the target as the upstream gets it.
func (r *rule) strip(to, target []byte) []byte {
	if r.Strip {
		target = target[len(strings.TrimSuffix(r.Path, "/")):]
		if len(target) == 0 || target[0] != '/' {
			to = append(to, '/')
		}
	}
	return append(to, target...)
}

// key is what the route hashes of a request: the text that its client, header or cookie gave, or the ID that a cookie
// keeps.
func (r *rule) key(client string, header, cookie func(name string) []byte) uint64 {
	switch {
	case r.Balance == upstream.Sticky:
		return upstream.ParseToken(string(cookie(r.cookie)))
	case r.Balance != upstream.Hash:
		return 0
	case r.by == "client":
		return upstream.HashOf(client)
	case r.byCookie:
		return upstream.HashOf(string(cookie(r.by)))
	}
	return upstream.HashOf(string(header(r.by)))
}
