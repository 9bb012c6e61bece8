package terraform

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/nsynapse/recipe/providers/terraform/tfplugin6"
)

// nesting is how often a block may stand, and by what its objects are told apart.
type nesting int

const (
	one   nesting = iota + 1 // none or one
	list                     // in an order
	set                      // in none
	named                    // each under a key
	group                    // always one
)

// block is the attributes and blocks of a type, or of a nested block.
type block struct {
	attributes map[string]*attribute
	blocks     map[string]*nested
}

// attribute is one attribute. One with attributes of its own has a nested object.
type attribute struct {
	ty                                                 cty.Type
	object                                             *block  // nil for one of a plain type
	nesting                                            nesting // of object
	description                                        string
	required, optional, computed, sensitive, writeOnly bool
}

// nested is a block within another.
type nested struct {
	block
	nesting     nesting
	description string
	required    bool
}

// maxNesting bounds the blocks within blocks of a schema.
const maxNesting = 32

// toBlock reads a block of a schema.
func toBlock(m *tfplugin6.Schema_Block, depth int) (*block, error) {
	if depth > maxNesting {
		return nil, fmt.Errorf("its blocks are nested more than %d deep", maxNesting)
	}
	b := &block{blocks: map[string]*nested{}}
	var err error
	if b.attributes, err = toAttributes(m.GetAttributes(), depth); err != nil {
		return nil, err
	}
	for _, inner := range m.GetBlockTypes() {
		read, err := toBlock(inner.GetBlock(), depth+1)
		if err != nil {
			return nil, fmt.Errorf("block %s: %w", inner.GetTypeName(), err)
		}
		n := nesting(inner.GetNesting())
		if n < one || n > group {
			return nil, fmt.Errorf("block %s: it is nested in a way that this recipe does not know", inner.GetTypeName())
		}
		b.blocks[inner.GetTypeName()] = &nested{block: *read, nesting: n, description: inner.GetBlock().GetDescription(), required: inner.GetMinItems() > 0}
	}
	return b, nil
}

func toAttributes(all []*tfplugin6.Schema_Attribute, depth int) (map[string]*attribute, error) {
	read := make(map[string]*attribute, len(all))
	for _, m := range all {
		a := &attribute{description: m.GetDescription(), required: m.GetRequired(), optional: m.GetOptional(), computed: m.GetComputed(),
			sensitive: m.GetSensitive(), writeOnly: m.GetWriteOnly()}
		err := a.shape(m, depth)
		if err != nil {
			return nil, fmt.Errorf("attribute %s: %w", m.GetName(), err)
		}
		read[m.GetName()] = a
	}
	return read, nil
}

// shape finds the type of an attribute.
func (a *attribute) shape(m *tfplugin6.Schema_Attribute, depth int) (err error) {
	o := m.GetNestedType()
	if o == nil {
		a.ty, err = ctyjson.UnmarshalType(m.GetType())
		return err
	}
	if depth > maxNesting {
		return fmt.Errorf("it is nested more than %d deep", maxNesting)
	}
	if a.nesting = nesting(o.GetNesting()); a.nesting < one || a.nesting > named {
		return fmt.Errorf("it is nested in a way that this recipe does not know")
	}
	a.object = &block{}
	if a.object.attributes, err = toAttributes(o.GetAttributes(), depth+1); err != nil {
		return err
	}
	a.ty = a.nesting.of(a.object.object())
	return nil
}

// of is the type of several objects of type o.
func (n nesting) of(o cty.Type) cty.Type {
	switch n {
	case list:
		return cty.List(o)
	case set:
		return cty.Set(o)
	case named:
		return cty.Map(o)
	}
	return o
}

// object is the type of the values of a block.
func (b *block) object() cty.Type {
	types := make(map[string]cty.Type, len(b.attributes)+len(b.blocks))
	for name, a := range b.attributes {
		types[name] = a.ty
	}
	for name, n := range b.blocks {
		types[name] = n.nesting.of(n.object())
	}
	return cty.Object(types)
}

// absent is the value of a block that nobody has written.
func (n *nested) absent() cty.Value {
	switch o := n.object(); n.nesting {
	case list:
		return cty.ListValEmpty(o)
	case set:
		return cty.SetValEmpty(o)
	case named:
		return cty.MapValEmpty(o)
	case group:
		return n.normal(cty.NullVal(o))
	default:
		return cty.NullVal(o)
	}
}

// secret reports whether anything in the block is sensitive.
func (b *block) secret() bool {
	for _, a := range b.attributes {
		if a.secret() {
			return true
		}
	}
	for _, n := range b.blocks {
		if n.secret() {
			return true
		}
	}
	return false
}

func (a *attribute) secret() bool {
	return a.sensitive || a.writeOnly || a.object != nil && a.object.secret()
}

// writesOnly reports whether any attribute of the block, or of blocks in it, is write-only.
func (b *block) writesOnly() bool {
	for _, a := range b.attributes {
		if a.writeOnly || a.object != nil && a.object.writesOnly() {
			return true
		}
	}
	for _, n := range b.blocks {
		if n.writesOnly() {
			return true
		}
	}
	return false
}

// hasDynamic reports whether values of type ty may hold values of any type.
func hasDynamic(ty cty.Type) bool {
	switch {
	case ty == cty.DynamicPseudoType:
		return true
	case ty.IsCollectionType():
		return hasDynamic(ty.ElementType())
	case ty.IsTupleType():
		for _, e := range ty.TupleElementTypes() {
			if hasDynamic(e) {
				return true
			}
		}
	case ty.IsObjectType():
		for _, a := range ty.AttributeTypes() {
			if hasDynamic(a) {
				return true
			}
		}
	}
	return false
}
