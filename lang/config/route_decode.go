package config

import (
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Route is a way from a host and a path to a component.
type Route struct {
	Attributes map[string]*hcl.Attribute // host is among them
	Range      hcl.Range                 // of the block's header
}

// Certificates is who makes the certificates of names that are real.
type Certificates struct {
	Email     string // of who is told when something is wrong with one; "" for nobody
	Directory string // the address of the ACME server; "" for the usual one
	Agree     bool   // to the terms of that server
	Range     hcl.Range
}

func (d *stackDecoder) route(c *Component, b *hcl.Block) {
	schema := attributes("path", "strip", "port", "balance", "by", "timeout", "wait", "body_limit", "retries", "limit", "tls")
	schema.Attributes = append(schema.Attributes, hcl.AttributeSchema{Name: "host", Required: true})
	content := d.content(b.Body, schema)
	d.checkDuration(content.Attributes["timeout"])
	d.checkDuration(content.Attributes["wait"])
	if content.Attributes["host"] != nil {
		c.Routes = append(c.Routes, &Route{Attributes: content.Attributes, Range: b.DefRange})
	}
}

// acme reads the block of that name in a stack block.
func (d *stackDecoder) acme(b *hcl.Block) {
	if first := d.stack.Certificates; first != nil {
		d.duplicate("acme block", first.Range, b.DefRange)
		return
	}
	c := d.content(b.Body, attributes("email", "agree", "directory"))
	made := &Certificates{Email: d.text(c.Attributes["email"]), Directory: d.text(c.Attributes["directory"]), Agree: d.boolean(c.Attributes["agree"]), Range: b.DefRange}
	d.stack.Certificates = made
	if a := c.Attributes["directory"]; a != nil && made.Directory != "" && !strings.HasPrefix(made.Directory, "https://") {
		d.fault(a.Expr.Range().Ptr(), "Not an address", `directory must be the address of an ACME server, such as "https://acme-v02.api.letsencrypt.org/directory".`)
	}
	if !made.Agree {
		d.fault(&b.DefRange, "Terms not agreed to", "Certificates are made only for who agrees to the terms of the ACME server: write agree = true into this block.")
	}
}
