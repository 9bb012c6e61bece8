package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/json"
)

// The names of the file that makes a directory a package.
const (
	recipeFile     = "recipe.hcl"
	recipeFileJSON = "recipe.hcl.json"
)

// Load reads a stack: one file, or a directory with all its .hcl and .hcl.json files in the order of their names.
// A recipe.hcl and hidden files in that directory are not part of the stack. What could be read is returned beside
// the diagnostics; it is never nil, and complete when they hold no error.
func Load(fsys fs.FS, name string) (*Stack, hcl.Diagnostics) {
	l := newLoader(fsys)
	name = path.Clean(name)
	files := l.stackFiles(name)
	d := &stackDecoder{loader: l, stack: newStack(l.sources)}
	for _, file := range files {
		d.file(l.parse(file, maxStackBytes))
	}
	d.finish(name, len(files))
	return d.stack, l.diags
}

// LoadRecipe reads the recipe.hcl or recipe.hcl.json in dir. What could be read is returned beside the diagnostics;
// it is never nil, and complete when they hold no error.
func LoadRecipe(fsys fs.FS, dir string) (*Recipe, hcl.Diagnostics) {
	l := newLoader(fsys)
	d := &recipeDecoder{loader: l, recipe: newRecipe(l.sources)}
	name := path.Join(dir, recipeFile)
	if _, err := fs.Stat(fsys, name); errors.Is(err, fs.ErrNotExist) {
		if twin := path.Join(dir, recipeFileJSON); exists(fsys, twin) {
			name = twin
		}
	}
	if body := l.parse(name, maxRecipeBytes); body != nil {
		d.file(body)
		d.finish(body)
	}
	return d.recipe, l.diags
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

func isJSON(filename string) bool { return strings.HasSuffix(filename, ".json") }

// loader reads and parses files and gathers the diagnostics of everything.
type loader struct {
	fsys    fs.FS
	sources map[string][]byte
	diags   hcl.Diagnostics
	// constraints remembers those read before: thousands of components share a few, and reading one is costly.
	constraints map[string]*Constraint
	torn        bool // a file is left out because of a character that HCL does not know
}

func newLoader(fsys fs.FS) *loader {
	return &loader{fsys: fsys, sources: map[string][]byte{}, constraints: map[string]*Constraint{}}
}

// stackFiles lists the files of the stack at name.
func (l *loader) stackFiles(name string) []string {
	info, err := fs.Stat(l.fsys, name)
	if err != nil {
		l.unreadable("stack", name, err)
		return nil
	}
	if !info.IsDir() {
		return []string{name}
	}
	entries, err := fs.ReadDir(l.fsys, name) // sorted
	if err != nil {
		l.unreadable("stack", name, err)
		return nil
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && isStackFile(e.Name()) {
			files = append(files, path.Join(name, e.Name()))
		}
	}
	if len(files) > maxFiles {
		l.fault(nil, "Too many files", "%s has %d .hcl files; a stack may have %d.", name, len(files), maxFiles)
		files = files[:maxFiles]
	}
	return files
}

func isStackFile(base string) bool {
	return !strings.HasPrefix(base, ".") && base != recipeFile && base != recipeFileJSON &&
		(strings.HasSuffix(base, ".hcl") || strings.HasSuffix(base, ".hcl.json"))
}

// parse reads one file of at most max bytes; nil when it cannot be read at all, and when a strange character in it leaves open
// which blocks it has.
func (l *loader) parse(name string, max int) hcl.Body {
	src, err := l.read(name, max)
	if err != nil {
		l.unreadable("file", name, err)
		return nil
	}
	l.sources[name] = src
	if diags := checkLimits(src, name, max); diags != nil {
		l.diags = append(l.diags, diags...)
		return nil
	}
	body, diags := parseText(src, name)
	l.diags = append(l.diags, Shorten(diags, src)...)
	if strangeCharacter(diags) != nil {
		l.torn = true
		return nil
	}
	return body
}

// parseText parses a file that keeps the limits, in the syntax that its name says; nil if nothing of it could be read.
func parseText(src []byte, name string) (hcl.Body, hcl.Diagnostics) {
	if !isJSON(name) {
		body, diags := parseNative(src, name)
		if body == nil {
			return nil, diags // and not an interface that holds nil
		}
		return body, diags
	}
	file, diags := json.Parse(src, name)
	if file == nil {
		return nil, diags
	}
	return file.Body, diags
}

// read returns the file's content, cut right behind max bytes.
func (l *loader) read(name string, max int) ([]byte, error) {
	// Asked before it is opened: a pipe that nobody writes to would be waited for.
	if info, err := fs.Stat(l.fsys, name); err != nil {
		return nil, err
	} else if !info.Mode().IsRegular() {
		return nil, errNoFile
	}
	f, err := l.fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(max)+1))
}

var errNoFile = errors.New("it is not a regular file")

func (l *loader) unreadable(what, name string, err error) {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	l.fault(nil, "Cannot read "+what, "%s cannot be read: %s.", name, err)
}

// fault adds an error; rng is nil when it concerns no place in a file.
func (l *loader) fault(rng *hcl.Range, summary, format string, args ...any) {
	l.diags = append(l.diags, &hcl.Diagnostic{
		Severity: hcl.DiagError, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rng,
	})
}

// duplicate reports that what was defined at first is defined again at again.
func (l *loader) duplicate(what string, first, again hcl.Range) {
	l.fault(&again, "Duplicate "+what, "This %s was defined at %s already. Remove or rename one of them.", what, place(first))
}

// place is a range as people write it: file and line.
func place(r hcl.Range) string { return fmt.Sprintf("%s:%d", r.Filename, r.Start.Line) }
