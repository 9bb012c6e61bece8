package deb

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// aptConf holds the settings of apt by lower-case name: "acquire::http::proxy". Lists are not kept.
type aptConf map[string]string

// readAptConf reads apt.conf.d and apt.conf in the directory, as apt does; files that cannot be read are left out.
func readAptConf(dir string) aptConf {
	conf := aptConf{}
	names, _ := filepath.Glob(filepath.Join(dir, "apt.conf.d", "*"))
	for _, name := range append(names, filepath.Join(dir, "apt.conf")) {
		if ext := filepath.Ext(name); ext != "" && ext != ".conf" {
			continue
		}
		if text, err := os.ReadFile(name); err == nil {
			conf.parse(string(text))
		}
	}
	return conf
}

// parse reads `A::B "v";` and `A { B "v"; };`.
func (c aptConf) parse(text string) {
	var scopes []string
	var words []string
	full := func(name string) string {
		return strings.ToLower(strings.Join(append(append([]string(nil), scopes...), name), "::"))
	}
	for _, token := range aptTokens(text) {
		switch token {
		case "{":
			scopes = append(scopes, strings.Join(words, "::"))
			words = nil
		case "}":
			if len(scopes) > 0 {
				scopes = scopes[:len(scopes)-1]
			}
			words = nil
		case ";":
			if len(words) == 2 {
				c[full(words[0])] = words[1]
			}
			words = nil
		default:
			words = append(words, strings.Trim(token, `"`))
		}
	}
}

// aptTokens splits a configuration into words, quoted strings and the signs { } ; and leaves out comments.
func aptTokens(text string) []string {
	var tokens []string
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		n := 1
		switch {
		case strings.HasPrefix(text, "//") || text[0] == '#':
			_, text, _ = strings.Cut(text, "\n")
			continue
		case strings.HasPrefix(text, "/*"):
			_, text, _ = strings.Cut(text, "*/")
			continue
		case text[0] == '"':
			if end := strings.IndexByte(text[1:], '"'); end >= 0 {
				n = end + 2
			}
		case !strings.ContainsRune("{};", rune(text[0])):
			if n = strings.IndexAny(text, " \t\r\n{};\""); n < 0 {
				n = len(text)
			}
		}
		tokens = append(tokens, text[:n])
		text = text[n:]
	}
	return tokens
}

// proxy names the proxy for a request: apt's setting for the host, its setting for all hosts, or the environment's.
func (c aptConf) proxy(r *http.Request) (*url.URL, error) {
	setting := "acquire::" + r.URL.Scheme + "::proxy"
	for _, name := range []string{setting + "::" + strings.ToLower(r.URL.Hostname()), setting} {
		switch value := c[name]; {
		case strings.EqualFold(value, "DIRECT"):
			return nil, nil
		case value != "":
			return url.Parse(value)
		}
	}
	return http.ProxyFromEnvironment(r)
}

// checksValidUntil reports whether a Release file past its Valid-Until is refused, as it is unless the user turned it off.
func (c aptConf) checksValidUntil() bool {
	return !paragraph(c).no("acquire::check-valid-until")
}

func missing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
