package program

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nsynapse/recipe/lang/config"
	"github.com/nsynapse/recipe/providers/plugin/protocol"
	"github.com/nsynapse/recipe/providers/plugin/wire"
	"github.com/nsynapse/recipe/registry"
	"github.com/nsynapse/recipe/registry/store"
)

// stage is the files of a plugin for one platform.
type stage struct {
	platform string
	recipe   *config.Recipe
	from     string // the author's directory
	dir      string // the files as they are published
}

// Stage makes the directories that are published of the plugin m, one for each platform, below work, which is empty. dirs has the
// author's directory for each platform, or one for all of them. The program for this machine is run once, to learn what it
// supplies, which is added to m.
func Stage(ctx context.Context, m *registry.Manifest, dirs map[string]string, work string) (map[string]string, error) {
	stages, err := plan(dirs, work)
	if err != nil {
		return nil, err
	}
	for _, s := range stages {
		if err := s.fill(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", s.what(), err)
		}
	}
	schema, err := learn(ctx, m.Name, stages, work)
	if err != nil {
		return nil, err
	}
	m.Plugin = registry.NewPlugin(schema.text, schema.types, protocol.Version)
	made := map[string]string{}
	for _, s := range stages {
		made[s.platform] = s.dir
		if err := os.WriteFile(filepath.Join(s.dir, wire.SchemaFile), schema.text, 0o644); err != nil {
			return nil, fmt.Errorf("cannot write the schema: %w", err)
		}
	}
	return made, nil
}

// plan tells which platforms there are files for: those of the directories, or those of the programs that the recipe names.
func plan(dirs map[string]string, work string) ([]stage, error) {
	var stages []stage
	for _, platform := range slices.Sorted(maps.Keys(dirs)) {
		recipe, diags := config.LoadRecipe(os.DirFS(dirs[platform]), ".")
		if diags.HasErrors() {
			return nil, diags
		}
		platforms := []string{platform}
		if platform == registry.AnyPlatform {
			platforms = slices.Sorted(maps.Keys(recipe.Programs))
		}
		for _, p := range platforms {
			if recipe.Program(p) == "" {
				return nil, fmt.Errorf("the recipe in %s names no program for %s", dirs[platform], p)
			}
			stages = append(stages, stage{p, recipe, dirs[platform], filepath.Join(work, strings.ReplaceAll(p, "/", "-"))})
		}
	}
	return stages, nil
}

// what names the program that is at fault, with the file that names it.
func (s stage) what() string {
	text := filepath.Join(s.from, "recipe.hcl") + ": the program of the plugin"
	if s.platform != registry.AnyPlatform {
		text += " for " + s.platform
	}
	return text
}

// program is the path of the program, absolute.
func (s stage) program() string {
	return filepath.Join(s.dir, filepath.FromSlash(s.recipe.Program(s.platform)))
}

// fill copies what belongs to the package, without the programs for other platforms.
func (s stage) fill(ctx context.Context) error {
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		return err
	}
	var others []string
	for _, file := range s.recipe.Programs {
		if file != s.recipe.Program(s.platform) {
			others = append(others, file)
		}
	}
	// What the list of ignored files says is done here, and must not meet what is added.
	skip := func(path string, _ bool) bool { return path == store.IgnoreFile || slices.Contains(others, path) }
	if err := store.CopyTree(ctx, s.from, s.dir, skip); err != nil {
		return err
	}
	for _, file := range others {
		s.tidy(path.Dir(file))
	}
	return s.check()
}

// tidy removes the directories that nothing is in any more, from dir upwards.
func (s stage) tidy(dir string) {
	for ; dir != "." && os.Remove(filepath.Join(s.dir, filepath.FromSlash(dir))) == nil; dir = path.Dir(dir) {
		continue
	}
}

// check looks at the program.
func (s stage) check() error {
	file := s.recipe.Program(s.platform)
	info, err := os.Lstat(s.program())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no program %s in the package; build it first, and see that %s does not leave it out", file, store.IgnoreFile)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no file; name the program itself", file)
	case info.Mode()&0o111 == 0 && !strings.HasPrefix(s.platform, "windows/"):
		return fmt.Errorf("%s cannot be executed; allow it: chmod +x %s", file, file)
	}
	if _, err := os.Lstat(filepath.Join(s.dir, wire.SchemaFile)); err == nil {
		return fmt.Errorf("%s is in the way: publishing makes that file", wire.SchemaFile)
	}
	if s.platform == registry.AnyPlatform && s.recipe.Platforms == nil {
		return s.portable()
	}
	return nil
}

// portable refuses what has been built for one platform where it is said to run on all.
func (s stage) portable() error {
	f, err := os.Open(s.program())
	if err != nil {
		return err
	}
	defer f.Close()
	var begin [2]byte
	if _, err := f.Read(begin[:]); err != nil || string(begin[:]) != "#!" {
		return fmt.Errorf("%s is no script, so it does not run everywhere; say for which platforms it is: program = { %q = %q }",
			s.recipe.Program(s.platform), registry.Platform(), s.recipe.Program(s.platform))
	}
	return nil
}
