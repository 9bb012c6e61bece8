package plan_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/nsynapse/recipe/lang/addr"
	. "github.com/nsynapse/recipe/planner/plan"
	"github.com/nsynapse/recipe/planner/solve"
)

// at is the address that text prints as.
func at(t *testing.T, text string) addr.Instance {
	t.Helper()
	a, err := addr.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func component(t *testing.T, text string) addr.Component {
	t.Helper()
	return at(t, text).Component
}

// builder makes plans by hand: each change needs the ones whose addresses it names.
type builder struct {
	t    *testing.T
	plan *Plan
	ids  map[string]int32
}

func newPlan(t *testing.T) *builder {
	return &builder{t: t, ids: map[string]int32{}, plan: &Plan{FormatVersion: FormatVersion, Stack: "shop", Directory: "/home/ann/shop", Generation: 1}}
}

// add appends a change; the last one of an address is the one that later ones need.
func (b *builder) add(action Action, address, typ, reason string, needs ...string) *Change {
	c := Change{Addr: at(b.t, address), Type: typ, Action: action, Reason: reason}
	for _, need := range needs {
		id, ok := b.ids[need]
		if !ok {
			b.t.Fatalf("%s needs %s, which is not in the plan", address, need)
		}
		c.Needs = append(c.Needs, id)
	}
	b.ids[address] = int32(len(b.plan.Changes))
	b.plan.Changes = append(b.plan.Changes, c)
	return &b.plan.Changes[len(b.plan.Changes)-1]
}

func (b *builder) critical(estimate time.Duration, addresses ...string) {
	for _, a := range addresses {
		b.plan.CriticalPath = append(b.plan.CriticalPath, b.ids[a])
	}
	b.plan.Estimate = estimate
}

// lock is what the plans below were solved to.
func lock(t *testing.T) *solve.Lock {
	return &solve.Lock{
		Packages: []solve.Package{
			{Name: "acme/pricing", Version: "1.2.0", Origin: "library", Reason: "app.pricing is made from it"},
			{Name: "acme/shop", Version: "2.1.3", Origin: "./shop", Reason: "app.shop is made from it"},
			{Name: "postgresql", Version: "15.1.0", Origin: "library", Reason: "middleware.main is made from it"},
			{Name: "redis", Version: "7.2.0", Origin: "library", Reason: "middleware.redis is made from it"},
		},
		Components: []solve.Component{
			{Component: component(t, "middleware.main"), Package: 2},
			{Component: component(t, "app.pricing"), Package: 0},
			{Component: component(t, "app.shop"), Package: 1},
			{Component: component(t, "middleware.redis"), Package: 3, Added: "app.shop requires redis"},
		},
		Bindings: []solve.Binding{
			{Consumer: component(t, "app.shop"), Requirement: "database", Service: "sql", Implementation: component(t, "middleware.main"), Reason: "the stack binds it"},
			{Consumer: component(t, "app.shop"), Requirement: "pricing", Service: "acme/pricing", Implementation: component(t, "app.pricing"), Reason: "app.pricing provides acme/pricing in this stack"},
			{Consumer: component(t, "app.shop"), Requirement: "cache", Service: "redis", Implementation: component(t, "middleware.redis"), Reason: "nothing in the stack provides redis; redis is the default"},
		},
	}
}

// firstApply creates everything.
func firstApply(t *testing.T) *Plan {
	b := newPlan(t)
	b.plan.Lock = lock(t)
	b.add(Create, `package.postgresql["15.1.0"].install.deb.server`, "deb", "new")
	b.add(Create, `package.redis["7.2.0"].install.deb.server`, "deb", "new")
	for _, m := range []struct{ name, pkg string }{{"middleware.main", `package.postgresql["15.1.0"].install.deb.server`}, {"middleware.redis", `package.redis["7.2.0"].install.deb.server`}} {
		b.add(Create, m.name+".secret.admin", "secret", "new")
		b.add(Create, m.name+"[0]", "allocation", "new")
		b.add(Create, m.name+"[0].configure.template.config", "template", "new", m.pkg, m.name+"[0]", m.name+".secret.admin")
		b.add(Create, m.name+"[0].process.server", "instance", "new", m.name+"[0].configure.template.config")
		b.add(NoOp, m.name, "", "", m.name+"[0].process.server")
	}
	b.add(Create, "app.pricing[0]", "allocation", "new")
	b.add(Create, "app.pricing[0].process.web", "instance", "new", "app.pricing[0]")
	b.add(NoOp, "app.pricing", "", "", "app.pricing[0].process.web")
	b.add(Create, "app.shop.endpoint.web", "endpoint", "new")
	b.add(Create, "app.shop.bind.database.endpoint", "endpoint", "new")
	b.add(Create, "app.shop.bind.database.secret", "secret", "new")
	b.add(Create, "app.shop.bind.database.postgresql_database.database", "postgresql_database", "new", "middleware.main", "app.shop.bind.database.secret")
	b.add(Create, "app.shop.bind.cache.secret", "secret", "new")
	b.add(Create, "app.shop.bind.cache.redis_user.user", "redis_user", "new", "middleware.redis", "app.shop.bind.cache.secret")
	for i := range 2 {
		shop := fmt.Sprintf("app.shop[%d]", i)
		b.add(Create, shop, "allocation", "new")
		c := b.add(Create, shop+".configure.template.config", "template", "new", shop, "app.shop.bind.database.postgresql_database.database", "app.shop.bind.cache.redis_user.user", "app.pricing")
		c.After = json.RawMessage(`{"mode":"0600","path":{"$unknown":true},"vars":{"key":{"$secret":"7Qw"},"theme":"dark","token":{"$unknown":"sensitive"}}}`)
		b.add(Create, shop+".step.migrate", "command", "new", shop+".configure.template.config")
		b.add(Create, shop+".process.web", "instance", "new", shop+".step.migrate")
		b.add(Create, shop+".process.mailer", "instance", "new", shop+".step.migrate")
	}
	b.critical(0, `package.postgresql["15.1.0"].install.deb.server`, "middleware.main[0].configure.template.config", "middleware.main[0].process.server",
		"app.shop.bind.database.postgresql_database.database", "app.shop[0].configure.template.config", "app.shop[0].step.migrate", "app.shop[0].process.web")
	b.plan.Outputs = []OutputChange{{Name: "url", After: "(known after apply)"}}
	return b.plan
}

// allActions has one of each, with differences of all kinds.
func allActions(t *testing.T) *Plan {
	b := newPlan(t)
	b.plan.Lock, b.plan.Generation, b.plan.Kept = lock(t), 7, 31
	for i := range 3 {
		shop := fmt.Sprintf("app.shop[%d]", i)
		c := b.add(Update, shop+".configure.template.config", "template", "vars changes; it was changed outside recipe")
		c.Attributes = []Difference{
			{Path: "content_digest", Before: `"aa11"`, After: `"bb22"`, Drifted: true},
			{Path: "vars.key", Before: "(sensitive)", After: "(sensitive)"},
			{Path: "vars.theme", Before: `"light"`, After: `"dark"`},
		}
	}
	for i := range 3 {
		shop := fmt.Sprintf("app.shop[%d]", i)
		c := b.add(Restart, shop+".process.web", "instance", "its configuration, env change", shop+".configure.template.config")
		c.Effect = "restarts together with the other instances of app.shop; connections to it wait"
		c.Attributes = []Difference{
			{Path: "config_digest", Before: `"aa11"`, After: "(known after apply)"},
			{Path: "env.DEBUG", Before: `"1"`},
			{Path: "env.LOG_LEVEL", After: `"info"`},
			{Path: "env.NODE_OPTIONS", Before: `"--max-old-space-size=512 --enable-source-maps"`, After: `"--max-old-space-size=1024 --enable-source-maps --trace-warnings"`},
		}
	}
	b.add(Create, "app.shop[3]", "allocation", "new")
	b.add(Create, "app.shop[3].process.web", "instance", "new", "app.shop[3]")
	b.add(Create, "app.shop[1].process.mailer", "instance", "it is gone")
	c := b.add(Replace, "middleware.main[0].step.initdb", "command", "command changes, which needs a new one")
	c.Attributes = []Difference{{Path: "command", Before: `["initdb","-E","LATIN1"]`, After: `["initdb","-E","UTF8"]`}}
	c = b.add(Update, "app.shop.bind.cache.endpoint", "endpoint", "component changes")
	c.Attributes = []Difference{{Path: "component", Before: `"middleware.old"`, After: `"middleware.redis"`}}
	b.add(Forget, "app.shop.bind.search.redis_user.user", "redis_user", "it goes with middleware.old")
	b.add(Remove, "app.shop.bind.search.secret", "secret", "it is not wanted any more", "app.shop.bind.search.redis_user.user")
	b.add(Remove, "middleware.old[0].process.server", "instance", "middleware.old is not in the stack any more", "app.shop.bind.search.redis_user.user")
	c = b.add(Remove, "middleware.old[0]", "allocation", "middleware.old is not in the stack any more", "middleware.old[0].process.server")
	c.Data, c.Effect = true, "deletes its data in /var/lib/recipe/stacks/shop/old.0"
	c = b.add(Remove, `package.old["1.0.0"].install.deb.server`, "deb", `package.old["1.0.0"] is not in the stack any more`, "middleware.old[0].process.server")
	c.Effect = "stays in the store"
	b.critical(3200*time.Millisecond, "app.shop.bind.search.redis_user.user", "middleware.old[0].process.server", `package.old["1.0.0"].install.deb.server`)
	b.plan.Outputs = []OutputChange{{Name: "old", Before: `"gone"`}, {Name: "token", Before: "(sensitive)", After: "(sensitive)"}, {Name: "url", Before: `"http://a"`, After: `"http://b"`}}
	return b.plan
}

// many creates n apps that all need one middleware.
func many(t *testing.T, n int) *Plan {
	b := newPlan(t)
	b.add(Create, "middleware.main[0]", "allocation", "new")
	b.add(Create, "middleware.main[0].process.server", "instance", "new", "middleware.main[0]")
	b.add(NoOp, "middleware.main", "", "", "middleware.main[0].process.server")
	for i := range n {
		app := fmt.Sprintf("app.a%d[0]", i)
		b.add(Create, app, "allocation", "new")
		b.add(Create, app+".process.web", "instance", "new", app, "middleware.main")
	}
	return b.plan
}

// withBackups creates one app with a backup and one with two.
func withBackups(t *testing.T) *Plan {
	b := newPlan(t)
	for n, name := range []string{"app.two", "app.one"} {
		for i := range 3 {
			app := fmt.Sprintf("%s[%d]", name, i)
			b.add(Create, app, "allocation", "new")
			b.add(Create, app+".process.web", "instance", "new", app).After = json.RawMessage(fmt.Sprintf(`{"roles":{"cold":false,"primaries":%d}}`, n+1))
		}
	}
	return b.plan
}

// destroy removes a stack with n components that have data.
func destroy(t *testing.T, n int) *Plan {
	b := newPlan(t)
	b.plan.Destroy, b.plan.Generation = true, 8
	for i := range n {
		m := fmt.Sprintf("middleware.m%d[0]", i)
		b.add(Remove, m+".process.server", "instance", "the stack is destroyed")
		c := b.add(Remove, m, "allocation", "the stack is destroyed", m+".process.server")
		c.Data, c.Effect = true, "deletes its data in /srv/shop/"+fmt.Sprintf("m%d.0", i)
	}
	return b.plan
}

// rolls moves instances: three of one component, one of another that holds others back, and a middleware is removed after a
// backup.
func rolls(t *testing.T) *Plan {
	b := newPlan(t)
	b.plan.Generation, b.plan.Kept = 9, 20
	move := func(from, to, reason string, differences ...Difference) {
		b.plan.Rolls = append(b.plan.Rolls, Roll{From: at(t, from), To: at(t, to), Reason: reason, Attributes: differences})
		b.add(Create, to, "allocation", "new").Roll = true
		b.add(Create, to+".process.web", "instance", "new", to).Roll = true
		b.add(Remove, from+".process.web", "instance", "the new one takes over", to+".process.web").Roll = true
		b.add(Remove, from, "allocation", "the new one takes over", from+".process.web").Roll = true
	}
	for i := range 3 {
		shop := fmt.Sprintf("app.shop[%d]", i)
		move(shop, shop+"~b", "env changes", Difference{Path: "process.web env.THEME", Before: `"light"`, After: `"dark"`})
	}
	move("app.board[0]~b", "app.board[0]", "workdir changes")
	b.plan.Held = []addr.Instance{at(t, "app.board[1]"), at(t, "app.board[2]~b"), at(t, "app.other[4]")}
	b.add(Backup, "middleware.old[0].backup", "backup", "its data is deleted").Effect = "recipe restore middleware.old brings it back"
	b.add(Remove, "middleware.old[0].process.server", "instance", "middleware.old is not in the stack any more", "middleware.old[0].backup")
	c := b.add(Remove, "middleware.old[0]", "allocation", "middleware.old is not in the stack any more", "middleware.old[0].process.server")
	c.Data, c.Backup, c.Effect = true, true, "deletes its data in /srv/shop/old.0"
	return b.plan
}
