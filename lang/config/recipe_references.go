package config

import (
	"maps"

	"github.com/hashicorp/hcl/v2"
)

// checkReferences checks every name in the expressions of the recipe.
func (d *recipeDecoder) checkReferences() {
	r := d.recipe
	for service, a := range d.ports {
		if p := r.Provides[service]; p.Port != "" {
			d.checkTraversal(traversal(a.Expr), &scope{what: "name", children: map[string]*scope{"port": d.portScope()}})
		}
	}
	for _, in := range sortedByRange(r.Inputs, func(v *Variable) hcl.Range { return v.Range }) {
		d.checkValidations(in, "input")
	}
	all := d.scope()
	locals := sortedByRange(r.Locals, func(l *Local) hcl.Range { return l.Range })
	for _, l := range locals {
		d.check(l.Expr, all)
	}
	for _, p := range sortedByRange(r.Ports, func(p *Port) hcl.Range { return p.Range }) {
		d.check(p.Number, &scope{what: "name", children: map[string]*scope{"input": all.children["input"]}})
	}
	install := d.installScope(all)
	d.checkResources(r.Install, install)
	d.checkResources(r.Configure, all)
	d.checkProviders(r.Providers, d.providerScope(all))
	for _, s := range r.Steps {
		d.checkAttributes(s.Attributes, all)
	}
	for _, c := range []*Command{r.Backup, r.Restore, r.Promote} {
		if c != nil {
			d.checkAttributes(c.Attributes, all)
		}
	}
	d.checkBackup()
	settled := all.without("configure")
	settled.advice = "The commands of the configure block run in the sandbox, so what it makes cannot be used here. It is allowed anyway."
	for _, e := range r.Sandbox.Expressions() {
		d.check(e, settled)
	}
	for _, p := range r.Processes {
		for _, e := range p.Expressions() {
			d.check(e, all)
		}
		d.checkHealth(p.Health, all)
	}
	d.checkHealth(r.Health, all)
	d.checkBinder(all)
	d.checkCycles(d.nodes())
}

func traversal(expr hcl.Expression) hcl.Traversal {
	t, _ := hcl.AbsTraversalForExpr(expr)
	return t
}

func (d *recipeDecoder) checkResources(all []*Resource, s *scope) {
	for _, r := range all {
		d.checkAttributes(r.Attributes, s)
	}
}

func (d *recipeDecoder) checkAttributes(attrs hcl.Attributes, s *scope) {
	for _, a := range ordered(attrs) {
		d.check(a.Expr, s)
	}
}

func (d *recipeDecoder) checkHealth(h *Health, s *scope) {
	if h == nil {
		return
	}
	for _, c := range []*Check{h.Startup, h.Readiness, h.Liveness} {
		if c != nil {
			d.checkAttributes(c.Attributes, s)
		}
	}
}

// checkBinder checks the bind block, which knows its consumer and, beside the others, its own resources.
func (d *recipeDecoder) checkBinder(all *scope) {
	b := d.recipe.Bind
	if b == nil {
		return
	}
	inner := all.with(map[string]*scope{
		"consumer": fixed("attribute of consumer", "name", "identifier", "password", "host", "port", "requirement"),
		"bind":     resourceScope("bind", b.Resources),
	})
	d.checkResources(b.Resources, inner)
	d.check(b.Attributes, inner)
}

// scope holds every name that a recipe may use outside of install.
func (d *recipeDecoder) scope() *scope {
	r := d.recipe
	return &scope{what: "name", children: map[string]*scope{
		"input":     declared("input", "Declare it with an input block.", r.Inputs),
		"local":     declared("local", "Define it in a locals block.", r.Locals),
		"port":      d.portScope(),
		"secret":    declared("secret", "Declare it with a secret block.", r.Secrets),
		"package":   d.packageScope(),
		"binding":   declared("requirement", "Declare it with a requires block.", r.Requirements),
		"instance":  fixed("attribute of instance", "index", "name", "directory", "data", "config"),
		"install":   resourceScope("install", r.Install),
		"configure": resourceScope("configure", r.Configure),
		"stack":     fixed("attribute of stack", "name"),
		"component": fixed("attribute of component", "name", "address", "instances", "backups"),
		"agent":     fixed("attribute of agent", "executable"),
	}}
}

// providerScope is what the configuration of a provider may use: what is settled before the first of its things.
func (d *recipeDecoder) providerScope(all *scope) *scope {
	s := all.without("configure")
	s.advice = "A provider is configured before what it makes, so what the configure block makes cannot be used here."
	return s
}

func (d *recipeDecoder) portScope() *scope {
	return declared("port", `Declare it with a port block.`, d.recipe.Ports)
}

// packageScope has the attributes of this package and, as package["acme/theme"].path, those of the packages it
// depends on.
func (d *recipeDecoder) packageScope() *scope {
	s := fixed("attribute of package or dependency", "name", "version", "path")
	s.advice = `Another package needs a depends block.`
	for name := range d.recipe.Depends {
		s.children[name] = fixed("attribute of another package", "path")
	}
	return s
}

// resourceScope has the resources of a block by type and name.
func resourceScope(block string, all []*Resource) *scope {
	s := &scope{what: "resource", advice: "No such resource stands in the " + block + " block.", children: map[string]*scope{}}
	for _, r := range all {
		t := s.children[r.Type]
		if t == nil {
			t = &scope{what: "resource", advice: s.advice, children: map[string]*scope{}}
			s.children[r.Type] = t
		}
		t.children[r.Name] = leaf()
	}
	return s
}

// installScope is what is the same for all instances of all components: the package, and the locals that use
// nothing else.
func (d *recipeDecoder) installScope(all *scope) *scope {
	locals := declared("local", "Only a local that uses nothing but package and install can be used in install: what is installed is shared by all components.", d.sharedLocals())
	return &scope{
		what: "name",
		advice: "What is installed is shared by all components, so install blocks know only package, local and install. " +
			"What depends on one component belongs into configure.",
		children: map[string]*scope{
			"package": all.children["package"],
			"install": all.children["install"],
			"local":   locals,
		},
	}
}

// sharedLocals returns the locals whose values are the same for all components of the package: those that use nothing
// but package, install and each other.
func (d *recipeDecoder) sharedLocals() map[string]*Local {
	shared := maps.Clone(d.recipe.Locals)
	users := map[string][]string{} // of each local
	var lost []string
	for name, l := range d.recipe.Locals {
		for _, t := range l.Expr.Variables() {
			switch root := t.RootName(); {
			case root == "package" || root == "install":
			case root == "local" && len(t) > 1:
				used, _ := stepName(t[1])
				users[used] = append(users[used], name)
			default:
				lost = append(lost, name)
			}
		}
	}
	for len(lost) > 0 {
		name := lost[len(lost)-1]
		lost = lost[:len(lost)-1]
		if shared[name] != nil {
			delete(shared, name)
			lost = append(lost, users[name]...)
		}
	}
	return shared
}

// nodes lists the values that may name each other.
func (d *recipeDecoder) nodes() []node {
	r := d.recipe
	out := localNodes(r.Locals)
	out = append(out, resourceNodes("install", r.Install)...)
	out = append(out, resourceNodes("configure", r.Configure)...)
	if r.Bind != nil {
		out = append(out, resourceNodes("bind", r.Bind.Resources)...)
	}
	return out
}

func resourceNodes(block string, all []*Resource) []node {
	var out []node
	for _, r := range all {
		n := node{name: block + "." + r.Type + "." + r.Name, at: r.Range}
		for _, a := range ordered(r.Attributes) {
			n.exprs = append(n.exprs, a.Expr)
		}
		out = append(out, n)
	}
	return out
}
