package deb

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestVersionsInOrder(t *testing.T) {
	ordered := []string{
		"0~~", "0~", "0", "0a", "0+", "1.0~beta1~svn1245", "1.0~beta1", "1.0", "1.0-0+b1", "1.0-1~bpo12+1", "1.0-1",
		"1.0-1+deb12u1", "1.0-1.1", "1.0-2", "1.0-10", "1.0a", "1.0.1", "1.1-rc-1", "1.10", "1:0.1", "10:0",
	}
	for i, a := range ordered {
		for j, b := range ordered {
			if got := compareVersions(a, b); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%s against %s: %d", a, b, got)
			}
		}
	}
	for _, same := range [][2]string{{"1.0", "0:1.0"}, {"1.0", "1.0-0"}, {"1.00", "1.0"}} {
		if got := compareVersions(same[0], same[1]); got != 0 {
			t.Errorf("%s against %s: %d", same[0], same[1], got)
		}
	}
}

func TestAptConf(t *testing.T) {
	conf := aptConf{}
	conf.parse(`// a comment
Acquire::http::Proxy "http://proxy.example.com:3128/"; # another
Acquire { /* more */ http { Proxy::direct.example.com "DIRECT"; Timeout "5"; }; Check-Valid-Until "false"; };
List { "a"; "b;c"; };
Broken "`)
	for address, want := range map[string]string{"http://a.example.com/": "http://proxy.example.com:3128/", "http://direct.example.com/": ""} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := conf.proxy(r)
		if err != nil || got == nil && want != "" || got != nil && got.String() != want {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
	if conf.checksValidUntil() {
		t.Error("Check-Valid-Until was not read")
	}
}

func TestReadSources(t *testing.T) {
	dir := t.TempDir()
	mirrors := filepath.Join(dir, "mirrors.txt")
	for name, text := range map[string]string{
		"mirrors.txt":  "http://one.example.com/ubuntu/\tpriority:1\nhttps://two.example.com/ubuntu\n",
		"sources.list": "deb [ signed-by=/a.gpg,/b.gpg arch=amd64,i386 ] http://h/debian/ bookworm main contrib # end\ndeb-src http://h/debian bookworm main\ndeb http://flat ./\n",
		"sources.list.d/x.sources": "Types: deb\nURIs: mirror+file:" + mirrors + "\nSuites: noble noble-updates\nComponents: main\nSigned-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n\n" +
			"Enabled: no\nTypes: deb\nURIs: http://off\nSuites: x\nComponents: y\n\nTypes: deb\nURIs: http://old\nSuites: x\nComponents: y\nCheck-Valid-Until: no\n",
		"sources.list.d/y.list.disabled": "deb http://disabled x y\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	sources, problems := readSources(dir, "amd64", aptConf{})
	if problems != nil {
		t.Fatal(problems)
	}
	var got []string
	for _, s := range sources {
		got = append(got, s.dir(s.uris[0])+" "+strings.Join(s.components, "+")+" "+strings.Join(s.signedBy, "+"))
	}
	want := []string{
		"http://h/debian/dists/bookworm main+contrib /a.gpg+/b.gpg", "http://flat/.  ",
		"http://one.example.com/ubuntu/dists/noble main ", "http://one.example.com/ubuntu/dists/noble-updates main ",
		"http://old/dists/x y ",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got %q", got)
	}
	if len(sources) == 5 && (len(sources[2].uris) != 2 || !strings.Contains(sources[2].key, "BLOCK-----\n\nabc") || sources[4].checkValidUntil) {
		t.Errorf("got %+v %+v", sources[2], sources[4])
	}
}

// TestResolve has a small language: "name version: dependencies; provides".
func TestResolve(t *testing.T) {
	for _, c := range []struct {
		name, offer, ask, want string
	}{
		{"closure", "a 1: b\nb 1: c\nc 1: a", "a", "a=1 b=1 c=1"},
		{"newest", "a 1:\na 10:\na 9:", "a", "a=10"},
		{"version asked for", "a 1:\na 10:", "a=1", "a=1"},
		{"condition", "a 1: b (<< 2)\nb 1:\nb 3:", "a", "a=1 b=1"},
		{"first that exists", "a 1: x | b | c\nb 1:\nc 1:", "a", "a=1 b=1"},
		{"met already", "a 1: c, b | c\nb 1:\nc 1:", "a", "a=1 c=1"},
		{"condition moves on", "a 1: b (>= 2) | c\nb 1:\nc 1:", "a", "a=1 c=1"},
		{"first provider", "a 1: v\nb 1:; v\nc 1:; v", "a", "a=1 b=1"},
		{"provider that is there", "a 1: c, v\nb 1:; v\nc 1:; v", "a", "a=1 c=1"},
		{"versioned provider", "a 1: v (>= 2)\nb 1:; v\nc 1:; v (= 2)", "a", "a=1 c=1"},
		{"any architecture", "a 1: b:any (>= 1)\nb 1:", "a", "a=1 b=1"},
		{"skipped", "a 1: adduser, libllvm14, b\nadduser 1: z\nlibllvm14 1:\nb 1:", "a", "a=1 b=1"},
		{"skipped but asked for", "a 1: adduser\nadduser 1:", "a adduser", "a=1 adduser=1"},
		{"virtual asked for", "b 1:; v", "v", "b=1"},
		{"missing", "a 1: b\nb 2: c (= 1)\nc 2:", "a", "error: a 1, which depends on b 2, which depends on c (= 1), which no source of this machine offers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			u, err := newUniverse([]*index{offer(c.offer)})
			if err != nil {
				t.Fatal(err)
			}
			w := wish{}
			for _, text := range strings.Fields(c.ask) {
				q, err := parseRequest(text)
				if err != nil {
					t.Fatal(err)
				}
				w.packages = append(w.packages, q)
			}
			m, err := u.choose(w, nil)
			got := strings.Join(m.pins(), " ")
			if err != nil {
				got = "error: " + err.Error()
			}
			if got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func offer(text string) *index {
	var b strings.Builder
	for line := range strings.Lines(text) {
		head, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		if colon := strings.Index(line, ":any"); colon >= 0 {
			head, rest, _ = strings.Cut(strings.TrimSpace(line), ": ")
		}
		name, version, _ := strings.Cut(head, " ")
		depends, provides, _ := strings.Cut(rest, ";")
		b.WriteString("Package: " + name + "\nVersion: " + version + "\nDepends: " + depends + "\nProvides: " + provides +
			"\nSize: 1\nFilename: f\nSHA256: " + strings.Repeat("0", 64) + "\n\n")
	}
	return &index{uris: []string{"file:///"}, text: b.String()}
}

func FuzzParagraphs(f *testing.F) {
	f.Add("Package: a\nDepends: b (>= 1) | c\n\nProvides: (")
	f.Add("A { B \"")
	f.Fuzz(func(t *testing.T, text string) {
		x := &index{uris: []string{"http://h"}, text: text}
		x.each(func(p string) {
			_, _ = x.parse(p)
			_ = field(p, "Package")
		})
		_ = parseListFile(text)
		aptConf{}.parse(text)
		_, _ = parseRelease(text, &source{}, time.Time{})
	})
}
