package deb

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// source is one suite of a package source of the machine.
type source struct {
	uris            []string // where the same files are, best first; without a slash at the end
	suite           string   // "bookworm"; for a flat source a path that ends in a slash
	components      []string // empty for a flat source
	signedBy        []string // files and fingerprints; empty means all trusted keys
	key             string   // the armored key itself, when it is written in the source
	checkValidUntil bool
}

func (s *source) String() string { return redactedURL(s.uris[0]) + " " + s.suite }

// dir is where the Release file of the suite lies, below uri.
func (s *source) dir(uri string) string {
	if len(s.components) == 0 {
		return uri + "/" + strings.Trim(s.suite, "/")
	}
	return uri + "/dists/" + s.suite
}

// origin says where the packages of a list come from, by the names that its publisher gave and not by a mirror's address.
func (s *source) origin(r *release, dir string) string {
	component, _, _ := strings.Cut(dir, "/binary-")
	words := strings.Fields(r.origin + " " + component)
	for _, w := range words {
		if !originPattern.MatchString(w) {
			return ""
		}
	}
	return strings.Join(words, " ")
}

// readSources reads sources.list, sources.list.d/*.list and *.sources in apt's directory. Problems are about sources
// that it left out.
func readSources(dir, architecture string, conf aptConf) (sources []*source, problems []error) {
	lists, _ := filepath.Glob(filepath.Join(dir, "sources.list.d", "*"))
	for _, name := range append([]string{filepath.Join(dir, "sources.list")}, lists...) {
		parse := parseSourcesFile
		switch filepath.Ext(name) {
		case ".list":
			parse = parseListFile
		case ".sources":
		default:
			continue
		}
		text, err := os.ReadFile(name)
		if missing(err) {
			continue
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("cannot read package sources: %w", err))
			continue
		}
		for _, p := range parse(string(text)) {
			found, err := p.sources(architecture, conf)
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", name, err))
			}
			sources = append(sources, found...)
		}
	}
	return sources, problems
}

// parseListFile turns lines like "deb [signed-by=F] http://h/debian bookworm main" into paragraphs.
func parseListFile(text string) []paragraph {
	var all []paragraph
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		kind, rest, _ := strings.Cut(line, " ")
		p := paragraph{"types": kind}
		rest = strings.TrimSpace(rest)
		if strings.HasPrefix(rest, "[") {
			var options string
			options, rest, _ = strings.Cut(rest[1:], "]")
			for _, option := range strings.Fields(options) {
				name, value, _ := strings.Cut(option, "=")
				p[listOption(name)] = strings.ReplaceAll(value, ",", " ")
			}
		}
		if words := strings.Fields(rest); len(words) >= 2 {
			p["uris"], p["suites"], p["components"] = words[0], words[1], strings.Join(words[2:], " ")
			all = append(all, p)
		}
	}
	return all
}

func listOption(name string) string {
	if name == "arch" {
		return "architectures"
	}
	return name
}

func parseSourcesFile(text string) []paragraph {
	var all []paragraph
	for _, block := range paragraphs(text) {
		all = append(all, parseParagraph(block))
	}
	return all
}

func (p paragraph) sources(architecture string, conf aptConf) ([]*source, error) {
	architectures := p.words("architectures")
	if !slices.Contains(p.words("types"), "deb") || p.no("enabled") ||
		len(architectures) > 0 && !slices.Contains(architectures, architecture) {
		return nil, nil
	}
	var all []*source
	var problem error
	for _, text := range p.words("uris") {
		uris, err := expandURI(text)
		if err != nil {
			problem = err
			continue
		}
		for _, suite := range p.words("suites") {
			s := &source{uris: uris, suite: suite, checkValidUntil: conf.checksValidUntil() && !p.no("check-valid-until")}
			if !strings.HasSuffix(suite, "/") {
				s.components = p.words("components")
			}
			if key := p["signed-by"]; strings.Contains(key, "BEGIN PGP") {
				s.key = unfoldKey(key)
			} else {
				s.signedBy = strings.Fields(key)
			}
			all = append(all, s)
		}
	}
	return all, problem
}

// unfoldKey gives the armored key back its empty lines, which a control file writes as dots.
func unfoldKey(folded string) string {
	lines := strings.Split(strings.TrimSpace(folded), "\n")
	for i, line := range lines {
		if line == "." {
			lines[i] = ""
		}
	}
	return strings.Join(lines, "\n") + "\n"
}

// expandURI returns the addresses that a source's address stands for: itself, or those listed in a mirror file.
func expandURI(text string) ([]string, error) {
	list, isList := strings.CutPrefix(text, "mirror+file:")
	if !isList {
		if !knownURI(text) {
			return nil, fmt.Errorf("source %s is left out: only http, https and file sources are known", redactedURL(text))
		}
		return []string{strings.TrimRight(text, "/")}, nil
	}
	content, err := os.ReadFile("/" + strings.TrimLeft(list, "/"))
	if err != nil {
		return nil, fmt.Errorf("source %s is left out: %w", text, err)
	}
	var uris []string
	for line := range strings.Lines(string(content)) {
		if words := strings.Fields(line); len(words) > 0 && knownURI(words[0]) {
			uris = append(uris, strings.TrimRight(words[0], "/"))
		}
	}
	if uris == nil {
		return nil, fmt.Errorf("source %s is left out: the file names no http, https or file mirror", text)
	}
	return uris, nil
}

func knownURI(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https" || u.Scheme == "file")
}

func redactedURL(text string) string {
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return "a source whose address cannot be read"
}
