package program

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/providers/plugin/host"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/registry"
)

// schema is what a program supplies.
type schema struct {
	text  []byte   // as wire.WriteSchema writes it
	types []string // sorted
}

// learn runs the program for this machine.
func learn(ctx context.Context, name string, stages []stage, work string) (schema, error) {
	s, err := here(name, stages)
	if err != nil {
		return schema{}, err
	}
	program, err := filepath.Abs(s.program())
	if err != nil {
		return schema{}, err
	}
	digest, err := host.Digest(program)
	if err != nil {
		return schema{}, fmt.Errorf("cannot read the program: %w", err)
	}
	h := host.New(host.Options{Dir: filepath.Join(work, "plugins")})
	defer h.Close()
	p, err := h.Open(ctx, name, program, digest)
	if err != nil {
		return schema{}, err
	}
	types := slices.Sorted(maps.Keys(p.Schema().Types))
	if err := own(name, types); err != nil {
		return schema{}, err
	}
	text, err := wire.WriteSchema(p.Schema())
	return schema{text, types}, err
}

// here is the stage whose program runs on this machine.
func here(name string, stages []stage) (stage, error) {
	var others []string
	for _, s := range stages {
		if s.platform == registry.Platform() || s.platform == registry.AnyPlatform {
			return s, nil
		}
		others = append(others, s.platform)
	}
	return stage{}, fmt.Errorf("%s is for %s, and this is %s: the program is run once to learn its types, so publish it on one of its platforms, or build it for this one too",
		name, strings.Join(others, ", "), registry.Platform())
}

// own checks that the types, which are sorted, have the names that a plugin may give them. An executor has instances alone.
func own(name string, types []string) error {
	if len(types) == 1 && types[0] == "instance" {
		return nil
	}
	prefix := config.Prefix(name)
	for _, t := range types {
		if t != prefix && !strings.HasPrefix(t, prefix+"_") {
			return fmt.Errorf("it supplies the type %s, and the types of a provider called %s begin with %s_; use another name", t, name, prefix)
		}
	}
	if len(types) == 0 {
		return fmt.Errorf("it supplies no types")
	}
	return nil
}
