package agent

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"
)

// floor is what hcl/v2 itself costs for a stack of writeStack: read, parse, decode the blocks, collect the references,
// sort, and evaluate each expression once where it has a value: the inputs of every component, and what the recipe
// makes of them. Nothing is checked, kept or compared.
func floor(dir string) error {
	body, err := parseFile(filepath.Join(dir, "stack.hcl"))
	if err != nil {
		return err
	}
	recipe, err := parseFile(filepath.Join(dir, "service", "recipe.hcl"))
	if err != nil {
		return err
	}
	process, err := processOf(recipe)
	if err != nil {
		return err
	}
	apps, err := appsOf(body)
	if err != nil {
		return err
	}
	for _, a := range sorted(apps) {
		if err := a.evaluate(process); err != nil {
			return err
		}
	}
	return nil
}

func parseFile(name string) (hcl.Body, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	file, diags := hclsyntax.ParseConfig(text, name, hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	return file.Body, nil
}

func schemaOf(block string, labels []string, attributes ...string) *hcl.BodySchema {
	s := &hcl.BodySchema{}
	if block != "" {
		s.Blocks = []hcl.BlockHeaderSchema{{Type: block, LabelNames: labels}}
	}
	for _, name := range attributes {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: name})
	}
	return s
}

// processOf returns the expressions of the recipe's only process.
func processOf(recipe hcl.Body) ([]hcl.Expression, error) {
	content, _, diags := recipe.PartialContent(schemaOf("process", []string{"name"}))
	if diags.HasErrors() {
		return nil, diags
	}
	inner, diags := content.Blocks[0].Body.Content(schemaOf("", nil, "command", "env"))
	if diags.HasErrors() {
		return nil, diags
	}
	return []hcl.Expression{inner.Attributes["command"].Expr, inner.Attributes["env"].Expr}, nil
}

type floorApp struct {
	name       string
	inputs     hcl.Expression
	references []*floorApp
	missing    int // references without a value yet, while sorting
	dependents []*floorApp
	value      cty.Value
}

func appsOf(body hcl.Body) ([]*floorApp, error) {
	content, _, diags := body.PartialContent(schemaOf("app", []string{"name"}))
	if diags.HasErrors() {
		return nil, diags
	}
	apps := make([]*floorApp, len(content.Blocks))
	byName := make(map[string]*floorApp, len(content.Blocks))
	for i, block := range content.Blocks {
		inner, diags := block.Body.Content(schemaOf("", nil, "source", "inputs"))
		if diags.HasErrors() {
			return nil, diags
		}
		if _, diags := inner.Attributes["source"].Expr.Value(nil); diags.HasErrors() {
			return nil, diags
		}
		apps[i] = &floorApp{name: block.Labels[0], inputs: inner.Attributes["inputs"].Expr}
		byName[apps[i].name] = apps[i]
	}
	for _, a := range apps {
		for _, t := range a.inputs.Variables() {
			on := byName[t[1].(hcl.TraverseAttr).Name]
			a.references, on.dependents = append(a.references, on), append(on.dependents, a)
			a.missing++
		}
	}
	return apps, nil
}

func sorted(apps []*floorApp) []*floorApp {
	order := make([]*floorApp, 0, len(apps))
	for _, a := range apps {
		if a.missing == 0 {
			order = append(order, a)
		}
	}
	for next := 0; next < len(order); next++ {
		for _, d := range order[next].dependents {
			if d.missing--; d.missing == 0 {
				order = append(order, d)
			}
		}
	}
	return order
}

var floorFunctions = map[string]function.Function{"join": stdlib.JoinFunc}

func (a *floorApp) evaluate(process []hcl.Expression) error {
	named := make(map[string]cty.Value, len(a.references))
	for _, r := range a.references {
		named[r.name] = r.value
	}
	inputs, diags := a.inputs.Value(&hcl.EvalContext{Variables: map[string]cty.Value{"app": cty.ObjectVal(named)}})
	if diags.HasErrors() {
		return diags
	}
	ctx := &hcl.EvalContext{Functions: floorFunctions, Variables: map[string]cty.Value{
		"input":   inputs,
		"package": cty.ObjectVal(map[string]cty.Value{"path": cty.StringVal("/service")}),
	}}
	for _, e := range process {
		if _, diags := e.Value(ctx); diags.HasErrors() {
			return fmt.Errorf("%s: %w", a.name, diags)
		}
	}
	a.value = cty.ObjectVal(map[string]cty.Value{"url": cty.StringVal("http://" + a.name)})
	return nil
}
