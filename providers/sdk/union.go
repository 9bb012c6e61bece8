package sdk

import "fmt"

// Union makes one provider of several. It fails when two of them supply the same type.
func Union(providers ...Provider) (Provider, error) {
	u := union{schema: Schema{Types: map[string]TypeSchema{}}, owner: map[string]Provider{}}
	for _, p := range providers {
		for name, t := range p.Schema().Types {
			if u.owner[name] != nil {
				return nil, fmt.Errorf("internal error: two providers supply the resource type %s", name)
			}
			u.schema.Types[name], u.owner[name] = t, p
		}
	}
	return u, nil
}

type union struct {
	schema Schema
	owner  map[string]Provider
}

func (u union) Schema() Schema { return u.schema }

func (u union) Resource(name string) Resource {
	if p := u.owner[name]; p != nil {
		return p.Resource(name)
	}
	return nil
}
