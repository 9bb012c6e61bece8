package host_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/sdk"
)

// draft is a note that knows beforehand how long it will be. One that gets shorter is a new one.
type draft struct{ note }

var _ sdk.Planner = draft{}

func draftSchema() sdk.TypeSchema {
	t := noteSchema
	t.Plans = true
	return t
}

func (d draft) Plan(_ context.Context, q sdk.PlanRequest) (sdk.Planned, sdk.Diagnostics) {
	switch d.fault {
	case "crashes-planning":
		os.Exit(7)
	case "hangs-planning":
		select {}
	case "panics-planning":
		panic("the ink is dry")
	case "refuses-planning":
		return sdk.Planned{}, sdk.Errorf("there is no paper", "not before Monday")
	}
	if !q.Before.IsNull() && q.Before.GetAttr("text").RawEquals(q.Wanted.GetAttr("text")) && q.Before.GetAttr("path").RawEquals(q.Wanted.GetAttr("path")) {
		v := q.Before.AsValueMap()
		v["seal"] = q.Wanted.GetAttr("seal")
		return sdk.Planned{After: cty.ObjectVal(v)}, nil
	}
	v := q.Wanted.AsValueMap()
	v["size"], v["label"] = cty.UnknownVal(cty.Number), cty.UnknownVal(cty.String)
	if text := v["text"]; text.IsKnown() {
		v["size"] = cty.NumberIntVal(int64(len(text.AsString())))
	}
	p := sdk.Planned{After: cty.ObjectVal(v), Reason: "it is\nrewritten"}
	if q.Before.IsNull() {
		return p, nil
	}
	if v["size"].IsKnown() && v["size"].LessThan(q.Before.GetAttr("size")).True() {
		p.Replace = append(p.Replace, "text")
	}
	if !v["path"].RawEquals(q.Before.GetAttr("path")) {
		p.Replace = append(p.Replace, "path")
	}
	return p, nil
}

func (d draft) Apply(ctx context.Context, r sdk.ApplyRequest) (cty.Value, sdk.Diagnostics) {
	if !r.Undo && !r.After.IsNull() && d.fault != "lies" {
		p, diags := d.Plan(ctx, sdk.PlanRequest{Before: r.Before, Wanted: r.After})
		if diags.HasErrors() {
			return cty.NilVal, diags
		}
		if err := noteSchema.Held(r.Planned, p.After); err != nil {
			return r.Before, sdk.Errorf("it would turn out otherwise", "%s", err)
		}
	}
	v, diags := d.note.Apply(ctx, r)
	if d.fault == "lies" && !v.IsNull() {
		all := v.AsValueMap()
		all["size"] = cty.NumberIntVal(1)
		v = cty.ObjectVal(all)
	}
	return v, diags
}

// badPlans are answers that no planner could give through the sdk, or none that keeps its promises.
var badPlans = map[string]func(wanted map[string]any) *protocol.PlanResponse{
	"plans-garbage":    func(map[string]any) *protocol.PlanResponse { return prospect([]byte("\x00\xff{{{"), "") },
	"plans-nothing":    func(map[string]any) *protocol.PlanResponse { return &protocol.PlanResponse{} },
	"plans-absence":    func(map[string]any) *protocol.PlanResponse { return prospect([]byte("null"), "") },
	"plans-fog":        func(map[string]any) *protocol.PlanResponse { return prospect([]byte("null"), "[[]]") },
	"plans-other":      foreseeing(func(v map[string]any) { v["text"] = "another" }, ""),
	"plans-foreign":    foreseeing(func(v map[string]any) { v["colour"] = "blue" }, ""),
	"plans-null":       foreseeing(func(v map[string]any) { v["size"] = nil }, ""),
	"plans-nowhere":    foreseeing(func(map[string]any) {}, `[["colour"]]`),
	"plans-hidden":     foreseeing(func(v map[string]any) { v["text"] = nil }, `[["text"]]`),
	"plans-indiscreet": foreseeing(func(v map[string]any) { v["label"] = fmt.Sprint("sealed with ", v["seal"]) }, ""),
	"plans-bomb": func(map[string]any) *protocol.PlanResponse {
		return prospect([]byte(`{}`), `[`+strings.Repeat(`["a"],`, 600_000)+`["a"]]`)
	},
	"plans-anew":  replacing("size"),
	"plans-many":  replacing("size", "size", "size", "size", "size", "size"),
	"plans-crowd": replacing(make([]string, crowd)...),
	"plans-secret": func(v map[string]any) *protocol.PlanResponse {
		m := foreseeing(func(map[string]any) {}, "")(v)
		m.Reason = fmt.Sprint("sealed with ", v["seal"])
		return m
	},
}

func prospect(value []byte, unknown string) *protocol.PlanResponse {
	return &protocol.PlanResponse{After: &protocol.Prospect{Value: value, Unknown: []byte(unknown)}}
}

func foreseeing(change func(map[string]any), unknown string) func(map[string]any) *protocol.PlanResponse {
	return func(v map[string]any) *protocol.PlanResponse {
		v["size"], v["label"] = 1, "x"
		change(v)
		text, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return prospect(text, unknown)
	}
}

func replacing(names ...string) func(map[string]any) *protocol.PlanResponse {
	return func(v map[string]any) *protocol.PlanResponse {
		m := foreseeing(func(map[string]any) {}, "")(v)
		m.Replace = names
		return m
	}
}

func (r raw) Plan(_ context.Context, q *protocol.PlanRequest) (*protocol.PlanResponse, error) {
	bad := badPlans[r.fault]
	if bad == nil {
		return nil, status.Error(codes.Unimplemented, "there is no Plan")
	}
	var wanted map[string]any
	if err := json.Unmarshal(q.GetWanted().GetValue(), &wanted); err != nil {
		return nil, err
	}
	return bad(wanted), nil
}
